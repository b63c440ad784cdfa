from odoo.tests import tagged

from ...models.account.address_rereading import AddressRereading
from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestAddressRereading(EpdCommon):
    """Rows as the version before left them: closed with a reason where it had misread them."""

    def put(self, account, contact, **row):
        """Leave an account with one row and a contact as an earlier version would."""
        self.cr.execute(
            "UPDATE res_partner SET email = %s WHERE id = %s", (contact, account.partner_id.id)
        )
        row = {"source": "partner", "partner_id": account.partner_id.id, "state": "active", **row}
        account.address_ids[:1]._unlocked().write(row)
        self.env.flush_all()
        self.env.invalidate_all()

    def reread(self):
        AddressRereading(self.env(context={"lang": "en_US"})).run()
        self.env.invalidate_all()

    def rows(self, account):
        return [
            (address.email, address.email_normalized, address.state)
            for address in account.address_ids.sorted("id")
        ]

    def test_a_stranger_is_closed_and_the_text_is_shown(self):
        account, text = self.accounts[0], "ivan petrov@mail.example"
        self.put(account, text, email=text, email_normalized="petrov@mail.example")
        self.reread()
        closed, shown = account.address_ids.sorted("id")
        self.assertEqual(closed.state, "closed")
        self.assertIn(text, closed.state_reason)
        self.assertIn("petrov@mail.example", closed.state_reason)
        self.assertEqual(
            (shown.email, shown.email_normalized, shown.problem), (text, False, "space")
        )
        self.assertFalse(account.address_ids.filtered("can_receive"))

    def test_typed_by_hand(self):
        account = self.accounts[3]
        for email, normalized in (
            ("q nov@mail.ru", "nov@mail.ru"),
            ("b@x.ru; c@x.ru", "b@x.ru"),
            ("d@x.ru.", "d@x.ru."),
        ):
            self.env["epd.delivery.address"]._unlocked().create(
                {"account_id": account.id, "email": email, "email_normalized": normalized}
            )
        self.reread()
        self.assertEqual(
            sorted(account.address_ids.filtered("can_receive").mapped("email_normalized")),
            ["b@x.ru", "c@x.ru", "d@x.ru"],
        )
        closed = account.address_ids.filtered(lambda address: address.state == "closed")
        self.assertIn("q nov@mail.ru", closed.state_reason)
        live = account.address_ids - closed
        self.assertEqual(live.partner_id, account.partner_id)

    def test_removed_but_still_mailed(self):
        account = self.accounts[0]
        self.put(account, None)
        self.reread()
        self.assertEqual(account.address_ids.state, "closed")

    def test_a_new_address_that_was_never_used(self):
        account = self.accounts[0]
        self.put(account, "new@mail.ru", state="closed", state_reason="Closed by Operator")
        self.reread()
        self.assertEqual(
            self.rows(account),
            [
                ("ivanov@example.com", "ivanov@example.com", "closed"),
                ("new@mail.ru", "new@mail.ru", "active"),
            ],
        )

    def test_closed_by_the_office_stays_so_and_an_owner_who_is_back_receives(self):
        office, owner = self.accounts[:2]
        self.put(office, "ivanov@example.com", state="closed", state_reason="Closed by Operator")
        self.put(
            owner, "petrova@example.com", state="closed",
            state_reason="New responsible person since 01.02.2026",
        )  # fmt: skip
        self.reread()
        self.assertFalse(office.address_ids.filtered("can_receive"))
        self.assertEqual(
            owner.address_ids.filtered("can_receive").mapped("email"), ["petrova@example.com"]
        )

    def test_sound_ones_stay_as_they_are(self):
        before = self.accounts.address_ids.read(["email", "email_normalized", "state", "memory"])
        self.reread()
        self.reread()
        after = self.accounts.address_ids.read(["email", "email_normalized", "state", "memory"])
        self.assertEqual(before, after)
