from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestDeliveryAddress(EpdCommon):
    """Where receipts may go: lost addresses are seen, corrected ones are used again."""

    def setUp(self):
        super().setUp()
        self.account = self.accounts[0]
        self.address = self.account.address_ids

    def test_lost_address_leaves_paper_and_a_task(self):
        self.assertTrue(self.address.can_receive)
        self.address._lose("bounced", "err_user_unknown")
        self.assertEqual(self.address.state, "bounced")
        self.assertEqual(self.address.state_reason, "err_user_unknown")
        self.assertFalse(self.address.can_receive)
        self.assertIn(self.account, self.account._wants_paper())
        self.assertEqual(len(self.account.activity_ids), 1)
        self.address._lose("bounced", "err_user_unknown")
        self.assertEqual(len(self.account.activity_ids), 1, "told once")

    def test_corrected_address_is_used_again(self):
        self.address._lose("bounced", "err_user_unknown")
        self.account.partner_id.email = "right@example.com"
        self.assertEqual((self.address.state, self.address.email), ("active", "right@example.com"))
        typed = self.env["epd.delivery.address"].create(
            {"account_id": self.account.id, "email": "typed@example.com"}
        )
        typed._lose("unsubscribed", "ok_unsubscribed")
        typed.with_user(self.operator).email = "Typed@Example.com"
        self.assertEqual(typed.state, "unsubscribed", "the same address")
        typed.with_user(self.operator).email = "other@example.com"
        self.assertEqual(typed.state, "active")

    def test_office_opens_it_again(self):
        self.address._lose("bounced", "err_mailbox_full")
        self.address.with_user(self.operator).action_reopen()
        self.assertEqual(self.address.state, "active")
        self.address.with_user(self.operator).action_close()
        with self.assertRaises(UserError):
            self.address.action_reopen()

    def test_new_person_closes_the_addresses(self):
        self.account.partner_id = self.accounts[1].partner_id
        self.assertEqual(self.address.state, "closed")
        self.assertEqual(self.address.email, "ivanov@example.com")
        self.accounts[1].partner_id.email = "new@example.com"
        self.assertEqual(self.address.email, "ivanov@example.com")

    def test_misspelt_address_cannot_be_lost(self):
        self.account.partner_id.email = "a b@example.com"
        misspelt = self.account.address_ids.filtered("problem")
        for state in ("bounced", "unsubscribed"):
            misspelt._lose(state, "x")
            self.assertEqual(misspelt.state, "active")
        self.assertNotEqual(self.account.consent_state, "withdrawn")

    def test_malformed_and_double(self):
        with self.assertRaises(ValidationError):
            self.env["epd.delivery.address"].create(
                {"account_id": self.account.id, "email": "no address"}
            )
        with self.assertRaises(UserError):
            self.address.write({"state": "closed"})

    def test_blacklist_is_a_warning_only(self):
        self.env["mail.blacklist"].create({"email": "ivanov@example.com"})
        self.assertTrue(self.address.blacklisted)
        self.assertTrue(self.address.can_receive)
