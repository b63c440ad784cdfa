"""Screens ask the database the same number of questions, however big the house is."""

import functools

from odoo.service.model import call_kw
from odoo.tests import tagged

from ...models.run.run_outlook import RunOutlook
from .. import screens
from ..common import EpdCommon

SMALL, BIG = 10, 60
# far above what is needed today, far below one query a row
BOUND = 120


@tagged("post_install", "-at_install", "epd_mailing")
class TestQueries(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.list = cls.env.ref("epd_mailing.account_list_all_open")
        cls.billing_run = cls.env["epd.billing.run"].create(
            {"period_id": cls.period.id, "list_ids": [(6, 0, cls.list.ids)]}
        )
        cls.mailing = cls.env["epd.mailing"].create(
            {
                "subject": "Тема",
                "body": "x",
                "period_id": cls.period.id,
                "run_id": cls.billing_run.id,
            }
        )
        cls.documents = cls.env["epd.payment.document"]

    def _grow(self, size):
        """Make the house ``size`` accounts big, each with a document, letters and a consent."""
        first = len(self.accounts)
        partners = self.env["res.partner"].create(
            [
                {"name": f"Жилец {number}", "email": f"tenant{number}@example.com"}
                for number in range(first, size)
            ]
        )
        more = self.env["epd.personal.account"].create(
            [
                {
                    "number": f"01{number:04d}",
                    "building_id": self.building.id,
                    "company_id": self.company.id,
                    "premises": str(number),
                    "area": 38.4,
                    "date_open": "2020-01-01",
                    "partner_id": partner.id,
                }
                for number, partner in enumerate(partners, start=first)
            ]
        )
        self._make_charges(more)
        type(self).accounts = self.accounts | more
        fresh = self.accounts.filtered(lambda account: not account.document_ids)
        self.env["epd.delivery.consent"].create(
            [{"account_id": a.id, "date": "2026-01-10", "basis": "Заявление"} for a in fresh]
        )
        made = self.documents.sudo()._form_documents(
            fresh, self.period, "epd", values={"run_id": self.billing_run.id}
        )
        documents = self.documents.browse([document.id for document, _ in made.values()])
        self.billing_run._add_accounts()
        self.mailing._add_documents(documents)
        # letters in every state, so that no branch of a compute stays asleep
        for place, state in enumerate(("delivered", "opened", "bounced")):
            letters = self.mailing.letter_ids[place::4]
            letters._unlocked().write({"state": state})

    def _call(self, model, call):
        method, arguments, keywords = call
        return call_kw(self.env[model].with_user(self.viewer), method, list(arguments), keywords)

    def _load_action(self, number):
        kind = self.env["ir.actions.actions"].sudo().browse(number).type
        return self.env[kind].sudo().browse(number)._get_action_dict()

    def _find_screens(self, user):
        """Yield every screen of a user but the lists sorted anew: those differ in nothing else."""
        self.viewer = user
        account = self.accounts[0]
        words = screens.Words(
            number=account.number,
            payer=account.partner_id.name,
            street="Примерная",
            flat=account.premises,
            email=account.address_ids[:1].email or "a@example.com",
        )
        records = {
            "epd.billing.run": self.billing_run.id,
            "epd.mailing": self.mailing.id,
            "epd.personal.account": account.id,
            "epd.mailing.letter": self.mailing.letter_ids[0].id,
            "epd.payment.document": account.document_ids[0].id,
            "epd.building": self.building.id,
            "epd.billing.period": self.period.id,
        }
        context = {
            **self.env["res.users"].with_user(user).context_get(),
            "uid": user.id,
            "allowed_company_ids": user.company_id.ids,
        }
        finder = screens.Screens(self._call, self._load_action, records, words, context)
        menus = self.env["ir.ui.menu"].with_user(user).load_menus(False)
        root = self.env.ref("epd_mailing.epd_mailing_menu_root").id
        own = [m for m in menus.values() if m.get("app_id") == root and m.get("action_id")]
        yield from (s for s in finder.find(own) if ": sorted by " not in s.name)

    def _ask(self, screen):
        for model, call in screen.calls:
            self._call(model, call)

    def _count(self, ask, known=None):
        """Return how many queries ``ask`` makes when what is kept between requests is warm.

        :param known: how many it made before; more may come of cold caches, then it is asked again
        """
        count = self._count_once(ask)
        return count if known is not None and count <= known else self._count_once(ask)

    def _count_once(self, ask):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        ask()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def _count_all(self, known):
        counts = {
            screen.name: self._count(functools.partial(self._ask, screen), known.get(screen.name))
            for screen in self._find_screens(self.manager)
        }
        run = self.billing_run.with_user(self.operator)
        for what, ask in (
            ("before saving", run.action_confirm_prepare),
            ("before mailing", run.action_confirm_mailing),
            ("readiness", lambda: run.env["epd.run.readiness"]._find_problems(run)),
            ("who gets what", RunOutlook(run).get_counts),
        ):
            counts[what] = self._count(ask, known.get(what))
        return counts

    def test_same_number_of_queries_at_two_sizes(self):
        """A list that fills its page counts the records behind it: one query more, of those that grew."""
        self._grow(SMALL)
        few = self._count_all({})
        self._grow(BIG)
        self.assertEqual(len(self.billing_run.line_ids), BIG)
        many = self._count_all(few)
        self.assertGreater(len(few), 300)
        grown = {n: (few[n], many[n]) for n in few if n in many and many[n] > few[n] + 1}
        self.assertFalse(grown)
        self.assertFalse({name: count for name, count in many.items() if count > BOUND})
