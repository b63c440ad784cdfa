import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odoo.exceptions import UserError
from odoo.tests import tagged

from ...tools.address_text import read_addresses
from ..common import EpdCommon

SEQUENCES = int(os.environ.get("FUZZ_ODOO_SEQUENCES", "60"))
TEXTS = st.sampled_from(
    [False, "a@x.ru", "b@x.ru", "A@X.ru., b@x.ru", "b@x.ru; c@x.ru", "a b@x.ru", "c@х.ru"]
)
PEOPLE = st.integers(0, 2)
EVENTS = st.one_of(
    st.tuples(st.just("email"), PEOPLE, TEXTS),
    st.tuples(st.just("owner"), PEOPLE),
    st.tuples(st.just("type"), TEXTS),
    st.tuples(st.just("lose"), st.sampled_from(["bounced", "unsubscribed"])),
    st.tuples(st.just("close")),
    st.tuples(st.just("reopen")),
    st.tuples(st.just("archive"), PEOPLE),
    st.tuples(st.just("api"), TEXTS),
    st.tuples(st.just("merge"), PEOPLE, PEOPLE),
)


@tagged("post_install", "-at_install", "epd_mailing")
class TestAddressSequences(EpdCommon):
    """The events of ``address_life`` through the ORM, in made-up order: what holds after each.

    ``tests_unit/test_address_life.py`` drives the table itself through thousands of sequences.
    """

    def test_the_right_person_or_nobody(self):
        @settings(
            max_examples=SEQUENCES,
            deadline=None,
            database=None,
            derandomize=SEQUENCES < 100,  # new lives are made up by the long form alone
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(EVENTS, min_size=1, max_size=12))
        def live_through(events):
            with self.cr.savepoint() as point:
                self.account = self.accounts[0].with_env(self.env)
                self.people = list(self.accounts[:3].partner_id)
                self.typed = set()
                for number, event in enumerate(events):
                    name, *arguments = event
                    self.number = number
                    getattr(self, f"do_{name}")(*arguments)
                    self.check()
                point.rollback()
            self.env.invalidate_all()

        live_through()

    def get_live(self):
        return self.account.address_ids.filtered(lambda address: address.state != "closed")

    def check(self):
        self.env.flush_all()
        self.env.invalidate_all()
        live = self.get_live()
        mailboxes = live.filtered("email_normalized").mapped("email_normalized")
        self.assertEqual(len(mailboxes), len(set(mailboxes)))
        person = self.account.partner_id
        present = set(read_addresses(person.email).normals)
        for address in live:
            self.assertEqual(address.partner_id, person)
            if address.source == "partner" and address.email_normalized:
                self.assertIn(address.email_normalized, present)
            elif address.source == "manual":
                self.assertIn(address.email_normalized, self.typed)
            self.assertEqual(bool(address.problem), not address.email_normalized)
        if read_addresses(person.email).problems:
            # also where the office has closed it
            self.assertTrue(self.account.address_ids.filtered("problem"), "a person sees it")

    def do_email(self, person, text):
        partner, account = self.people[person], self.account
        given = set(read_addresses(text).normals) - set(read_addresses(partner.email).normals)
        partner.email = text
        if partner == account.partner_id:  # whoever gives a good address receives
            receiving = account.address_ids.filtered("can_receive").mapped("email_normalized")
            self.assertLessEqual(given, set(receiving))

    def do_owner(self, person):
        if self.account.partner_id != self.people[person]:
            self.account.partner_id = self.people[person]
            self.typed = set()

    def do_type(self, text):
        addresses = self.env["epd.delivery.address"].with_user(self.operator)
        try:
            with self.cr.savepoint():
                addresses.create({"account_id": self.account.id, "email": text})
        except UserError:
            return
        self.typed |= set(read_addresses(text).normals)

    def do_lose(self, state):
        # with no letter to whoever is to look into it
        self.get_live()[:1].with_context(mail_activity_quick_update=True)._lose(state, "x")

    def do_close(self):
        self.get_live()[:1].action_close()

    def do_reopen(self):
        self.get_live()[:1].action_reopen()

    def do_archive(self, person):
        self.people[person].active = not self.people[person].active

    def do_api(self, text):
        payer = {"name": self.account.partner_id.name, "email": text or ""}
        api = self.env["epd.api"].with_user(self.manager).with_company(self.company)
        entry = {"number": self.account.number, "payer": payer}
        answer = api.put_accounts(f"s-{self.number}", [entry])
        self.assertEqual(answer["left_out"], 0, answer)

    def do_merge(self, gone, stays):
        if self.people[gone] == self.people[stays]:
            return
        gone_partner, partner = self.people[gone], self.people[stays]
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((gone_partner | partner).ids, partner, extra_checks=False)
        self.people = [partner if p == gone_partner else p for p in self.people]
