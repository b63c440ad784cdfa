from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestReceiptSend(SendingCommon):
    """One receipt sent at the counter, as the operator; once more only when somebody says so."""

    def setUp(self):
        super().setUp()
        self.env["epd.message.template"].create(
            {
                "name": "Квитанция",
                "subject": "Квитанция за {{ period }}",
                "body": "<p>Здравствуйте!</p>",
                "company_id": self.company.id,
            }
        )
        self.document = self.documents[0].with_user(self.operator)

    def _emails(self):
        return [letter["email"] for letter in self.fake.letters()]

    def _open(self):
        context = self.document.action_confirm_send()["context"]
        return Form(self.env["epd.receipt.send"].with_user(self.operator).with_context(**context))

    def test_once_more_only_when_it_is_said(self):
        form = self._open()
        self.assertFalse(form.before_text)
        page = form.save()
        page.action_send()
        self._run_cron()
        self.assertEqual(self.document.delivery_state, "sent")
        self.assertIn("ivanov@example.com: sent", self.document.letters_text)
        # the letter went while the page stood open: its button sends nothing more
        for send in (page.action_send, self.document.action_send_alone):
            with self.assertRaisesRegex(UserError, "ivanov@example.com: sent"):
                send()
        form = self._open()
        self.assertIn("ivanov@example.com: sent", form.before_text)
        form.save().with_context(again=True).action_send()
        self._run_cron()
        letters = self.document.letter_ids.sorted("id")
        self.assertEqual(letters.mapped("resend_no"), [0, 1])
        self.assertEqual(self._emails(), ["ivanov@example.com"] * 2)
        self.assertIn(self.operator.name, letters[-1].resend_reason)

    def test_a_letter_on_its_way_is_not_doubled(self):
        self._make_mailing(self.documents[0])
        for send in (self.document.action_confirm_send, self.document.action_send_alone):
            with self.assertRaisesRegex(UserError, "not been settled"):
                send()
        with self.assertRaisesRegex(UserError, "not been settled"):
            self.document.action_send_alone(again=True)
        self.assertEqual(len(self.document.letter_ids), 1)

    def test_a_new_address_gets_it_and_the_old_one_not_again(self):
        self.document.action_send_alone()
        self._run_cron()
        account = self.accounts[0]
        new = self.env["epd.delivery.address"].create(
            {"account_id": account.id, "email": "second@example.com"}
        )
        form = self._open()
        self.assertEqual(form.address_ids[:].ids, new.ids)
        form.save().action_send()
        self._run_cron()
        self.assertEqual(self._emails(), ["ivanov@example.com", "second@example.com"])
        self.assertEqual(self._open().address_ids[:].ids, account.address_ids.ids)

    def test_nobody_chosen(self):
        form = self._open()
        form.address_ids.clear()
        with self.assertRaisesRegex(UserError, "Choose an address"):
            form.save().action_send()

    def test_another_accounts_address_is_not_taken(self):
        with self.assertRaisesRegex(UserError, "Choose an address"):
            self.document.action_send_alone(self.accounts[1].address_ids.ids)
        self.assertFalse(self.document.letter_ids)

    def test_to_nobody_says_why(self):
        for send in ("action_send_alone", "action_confirm_send"):
            with self.assertRaisesRegex(UserError, "No e-mail address"):
                getattr(self.documents[3].with_user(self.operator), send)()
        self.assertFalse(self.documents[3].letter_ids)

    def test_the_page_is_its_makers_own(self):
        page = self._open().save()
        other = self._make_user("epd_other", "epd_mailing.group_epd_operator")
        with self.assertRaises(AccessError):
            page.with_user(other).action_send()

    def test_newest_documents_first(self):
        april = self.env["epd.billing.period"].create(
            {"date_start": "2026-04-01", "company_id": self.company.id}
        )
        january = self.env["epd.billing.period"].create(
            {"date_start": "2026-01-01", "company_id": self.company.id}
        )
        for period in (april, january):
            self._make_charges(self.accounts[0], period)
            self._make_documents(self.accounts[0], period)
        self.accounts.invalidate_recordset()
        months = self.accounts[0].document_ids.period_id.mapped("date_start")
        self.assertEqual([month.month for month in months], [4, 3, 1])
        for records in (self.accounts[0].balance_ids, self.accounts[0].charge_ids):
            self.assertEqual(records[0].period_id, april)
