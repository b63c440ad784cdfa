from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..fake_go import KEY
from ..go_common import GoCommon
from ..sending_common import SENDER


@tagged("post_install", "-at_install", "epd_mailing")
class TestGoAccount(GoCommon):
    """The account card of Unisender Go: its server, its check, and when the kind may change."""

    def _make(self, **vals):
        return self.env["epd.unisender.account"].create(
            {
                "name": "other@go.example.com",
                "company_id": self.company.id,
                "api_kind": "go",
                "sender_name": "УК",
                "sender_email": SENDER,
                **vals,
            }
        )

    def test_the_server_is_chosen_not_guessed(self):
        with self.assertRaises(ValidationError):
            self._make()
        account = self._make(go_server="go2")
        self.assertEqual(account.base_url, "https://go2.unisender.ru")
        self.assertEqual((account.limit_per_minute, account.limit_per_day), (0, 0))
        self.assertEqual(account.limit_letter_bytes, 10 * 2**20)
        account.go_server = "go1"
        self.assertEqual(account.base_url, "https://go1.unisender.ru")

    def test_a_key_goes_to_no_server_of_the_other_kind(self):
        with self.assertRaises(ValidationError):
            self._make(base_url="https://api.unisender.com")
        with self.assertRaises(ValidationError):
            self.unisender.base_url = "https://go1.unisender.ru"

    def test_the_form(self):
        form = Form(self.env["epd.unisender.account"])
        form.name, form.sender_name, form.sender_email = "x@go.example.com", "УК", SENDER
        form.api_kind = "go"
        self.assertFalse(form.base_url)
        form.go_server = "go1"
        account = form.save()
        self.assertEqual(account.base_url, "https://go1.unisender.ru")
        self.assertEqual((account.limit_per_day, account.timeout_seconds), (0, 20))

    def test_check_makes_it_active(self):
        account = self._make(base_url=self.go.url, api_key_input=KEY)
        account.with_user(self.manager).action_check_connection()
        self.assertEqual((account.state, account.sender_confirmed), ("active", True))
        self.assertEqual(account.login, "office@go.example.com")
        self.assertIn("100000", account.balance)
        self.assertFalse(account.last_error)
        self.assertNotIn("list", " ".join(self.go.calls).replace("domain/list", ""))

    def test_of_no_letters_it_says_no_time(self):
        account = self._make(base_url=self.go.url)
        account.letters_a_month = 0
        self.assertFalse(any(sign.isdigit() for sign in account.choice_text))
        account.letters_a_month = 9000
        self.assertIn("Unisender Go fits", account.choice_text)

    def test_the_domain_has_to_be_confirmed_and_signed(self):
        account = self._make(base_url=self.go.url, api_key_input=KEY)
        for name in ("verified", "dkim"):
            with self.subTest(name):
                self.go.reset()
                setattr(self.go, name, False)
                account.action_check_connection()
                self.assertEqual((account.state, account.sender_confirmed), ("error", False))
                self.assertIn("uk-demo.example.com", account.last_error)

    def test_the_wrong_server_is_told(self):
        self.go.wrong_server = True
        account = self._make(base_url=self.go.url, api_key_input=KEY)
        account.action_check_connection()
        self.assertEqual(account.state, "error")
        self.assertIn("go1", account.last_error)
        self.assertIn("114", account.last_error)
        self.assertNotIn(KEY, account.last_error)

    def test_a_side_question_that_is_refused_is_noted(self):
        self.go.fail("code", method="domain/list", code=106, status=403)
        account = self._make(base_url=self.go.url, api_key_input=KEY)
        account.action_check_connection()
        self.assertEqual((account.state, account.sender_confirmed), ("active", False))
        self.assertIn("106", account.check_note)

    def test_the_webhook_is_registered_at_go(self):
        self.go_account.action_webhook_on()
        hooks = self.go_account._get_client().list_hooks()
        self.assertEqual([hook["url"] for hook in hooks], [self.go_account._get_webhook_url()])
        self.assertEqual(hooks[0]["delivery_info"], 1, "who opened it, a person or a program")
        self.go_account.action_webhook_off()
        self.assertFalse(self.go_account._get_client().list_hooks())

    def test_the_kind_of_an_unused_account_changes_with_its_limits(self):
        account = self._make(base_url=self.go.url, api_key_input=KEY)
        account.write({"api_kind": "classic", "base_url": self.fake.url})
        self.assertEqual((account.limit_per_day, account.limit_per_minute), (1000, 60))
        self.assertFalse(account.has_api_key, "the key was of another address")

    def test_the_kind_stays_once_letters_went(self):
        self._send(self._make_go_mailing(self.documents[0]))
        with self.assertRaises(UserError):
            self.go_account.write({"api_kind": "classic", "base_url": self.fake.url})
        self.go_account.write({"api_kind": "go", "sender_name": "УК Новая"})
