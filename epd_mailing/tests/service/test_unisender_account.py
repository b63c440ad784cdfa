from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..sending_common import KEY, NOBODY, SENDER, SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestUnisenderAccount(SendingCommon):
    """The account card: activated by a check, its key shown to nobody."""

    def setUp(self):
        super().setUp()
        self.account = self.env["epd.unisender.account"].create(
            {
                "name": "new@uk-test.example.com",
                "company_id": self.company.id,
                "base_url": self.fake.url,
                "sender_name": "УК",
                "sender_email": SENDER,
            }
        )

    def test_check_makes_it_active(self):
        account = self.account.with_user(self.manager)
        account.api_key_input = f" {KEY} "
        self.assertEqual(account.state, "draft")
        account.action_check_connection()
        self.assertEqual((account.state, account.sender_confirmed), ("active", True))
        self.assertEqual(account.list_title, "Квитанции", "no other list is taken by itself")
        self.assertNotEqual(account.list_id, "20547")
        self.assertEqual(account.login, "ID7208007")
        self.assertFalse(account.check_note)
        self.assertIn("RUB", account.balance)
        self.assertFalse(account.last_error)

    def test_its_own_list_is_made_once(self):
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        known = self.account.list_id
        again = self._make_unisender("again@uk-test.example.com", list_id=False)
        again.action_check_connection()
        self.assertEqual(again.list_id, known)
        titles = [entry["title"] for entry in again._get_lists()]
        self.assertEqual(titles.count("Квитанции"), 1)

    def test_a_refused_side_question_is_no_fault(self):
        for code in ("access_denied", "invalid_arg", "unspecified", "unknown_method"):
            for method in ("getUserInfo", "getCheckedEmail", "setHook"):
                with self.subTest(f"{method}: {code}"):
                    self.fake.reset()
                    self.fake.fail("code", method=method, code=code)
                    self.account.api_key_input = KEY
                    self.account._unlocked().write({"webhook_state": "on", "login": False})
                    self.account.action_check_connection()
                    self.assertEqual(self.account.state, "active", self.account.last_error)
                    self.assertFalse(self.account.last_error)
                    self.assertIn(code, self.account.check_note)
                    self.assertNotIn("API on", self.account.check_note, "it is on")

    def test_the_log_in_is_the_services(self):
        self.fake.login = "be-interactive"
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        self.assertEqual((self.account.state, self.account.login), ("active", "be-interactive"))
        self.assertTrue(self.account.sender_confirmed)
        self.assertFalse(self.account.check_note)
        self.assertEqual(self.account.name, "new@uk-test.example.com", "what the clerk sees")

    def test_refusals_are_told_as_they_are(self):
        account = self.account.with_context(lang="ru_RU")
        self.fake.fail("code", method="getLists", code="access_denied")
        account.api_key_input = KEY
        account.action_check_connection()
        self.assertEqual(account.state, "error")
        self.assertIn("access_denied: on order", account.last_error, "the service's own words")
        self.assertNotIn("верный ключ", account.last_error)
        self.assertNotIn("right key", account.last_error)
        account.api_key_input = "wrong-secret"
        account.action_check_connection()
        self.assertIn("Invalid API key", account.last_error)
        self.assertNotIn("wrong-secret", account.last_error)

    def test_what_the_service_warns_of_is_shown_at_the_check(self):
        self.fake.warning = "Домен без DKIM"
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        self.assertEqual(self.account.last_warning, "Домен без DKIM")
        self.fake.warning = "Тариф кончается"
        self.account._get_lists()
        self.assertEqual(self.account.last_warning, "Тариф кончается\nДомен без DKIM")
        self.fake.warning = ""
        self.account.action_check_connection()
        self.assertFalse(self.account.last_warning, "of what is asked now, nothing is warned of")

    def test_a_new_key_has_a_log_in_of_its_own(self):
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        self.assertEqual(self.account.login, "ID7208007")
        self.fake.login = "be-interactive"
        self.fake.fail("code", method="getUserInfo", code="access_denied")
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        self.assertEqual((self.account.state, self.account.login), ("active", False))
        self.assertNotIn("Can't find user", self.account.check_note)

    def test_a_list_that_was_typed_is_not_replaced(self):
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        self.assertEqual(self.account.list_title, "Квитанции")
        self.account.with_user(self.manager).list_id = "77"
        self.account.action_check_connection()
        self.assertEqual((self.account.state, self.account.list_id), ("error", "77"))
        self.assertIn("77", self.account.last_error)

    def test_without_a_key(self):
        with self.assertRaises(UserError):
            self.account.action_check_connection()

    def test_wrong_key_unconfirmed_sender_no_service(self):
        cases = (
            {"api_key_input": "wrong-secret"},
            {"api_key_input": KEY, "sender_email": "stranger@example.com"},
            {"api_key_input": KEY, "base_url": "http://127.0.0.1:9"},
        )
        for vals in cases:
            with self.subTest(vals):
                self.account.write(vals)
                self.account.action_check_connection()
                self.assertEqual(self.account.state, "error")
                self.assertTrue(self.account.last_error)
                self.assertNotIn(vals["api_key_input"], self.account.last_error)

    def test_key_is_shown_to_nobody(self):
        self.account.api_key_input = KEY
        for user in (self.operator, self.manager):
            account = self.account.with_user(user)
            self.assertTrue(account.has_api_key)
            self.assertFalse(account.read(["api_key_input"])[0]["api_key_input"])
            for name in ("api_key", "webhook_token"):
                with self.assertRaises(AccessError):
                    account.read([name])
                with self.assertRaises(AccessError):
                    account.search([(name, "=like", "t%")])
            self.assertNotIn(KEY, str(account.read()))
        with self.assertRaises(AccessError):
            self.account.with_user(self.operator).api_key_input = "mine"
        self.assertFalse(self.account.copy({"name": "copy"}).has_api_key)

    def test_key_goes_to_https_only(self):
        with self.assertRaises(ValidationError):
            self.account.base_url = "http://api.unisender.com"

    def test_key_goes_to_the_service_alone(self):
        account = self.account.with_user(self.manager)
        for url in (
            "https://evil.example.com",
            "https://api.unisender.com.evil.example",
            "https://evil.example\\@api.unisender.com",
            "https://api.unisender.com@evil.example",
            "http://127.0.0.1:8069",
            "http://169.254.169.254",
            "",
        ):
            with self.subTest(url):
                with self.assertRaises(ValidationError):
                    account.write({"base_url": url, "api_key_input": KEY})
                with self.assertRaises(ValidationError):
                    account.copy({"name": "copy", "base_url": url})
                with self.assertRaises(ValidationError):
                    account.with_context(default_base_url=url).create(
                        {
                            "name": "by default",
                            "company_id": self.company.id,
                            "sender_name": "УК",
                            "sender_email": SENDER,
                        }
                    )
        account.base_url = "https://API.unisender.com/"
        self.assertEqual(account.base_url, "https://api.unisender.com")

    def test_sandbox_is_on_this_machine_and_the_administrators_word(self):
        self._allow_sandboxes("http://10.0.0.1:80", "https://evil.example.com")
        for url in ("http://10.0.0.1:80", "https://evil.example.com", NOBODY):
            with self.assertRaises(ValidationError):
                self.account.base_url = url
        with self.assertRaises(AccessError):
            self.env["ir.config_parameter"].with_user(self.manager).set_param(
                "epd_mailing.sandbox_url", NOBODY
            )
        self._allow_sandboxes(NOBODY)
        self.account.base_url = NOBODY

    def test_another_address_drops_the_key(self):
        account = self.account.with_user(self.manager)
        account.api_key_input = KEY
        account.action_check_connection()
        self.assertEqual(account.state, "active")
        account.write({"base_url": self.fake.url + "/"})
        self.assertTrue(account.has_api_key, "the same one")
        account.write({"base_url": NOBODY})
        account.invalidate_recordset()
        self.assertFalse(account.has_api_key)
        self.assertEqual((account.state, account.sender_confirmed), ("draft", False))
        with self.assertRaises(UserError):
            account.action_check_connection()
        # not by way of a change there and back either
        account.base_url = self.fake.url
        account.invalidate_recordset()
        self.assertFalse(account.has_api_key)
        account.write({"base_url": NOBODY, "api_key_input": "another-key"})
        self.assertEqual(account.sudo().api_key, "another-key", "typed along with it")

    def test_each_change_is_noted(self):
        # what a caller may put into the context keeps nothing out of the chatter
        account = self.account.with_user(self.manager).with_context(
            tracking_disable=True, mail_notrack=True
        )
        account.api_key_input = KEY
        self.env.flush_all()
        self.cr.flush()
        account.base_url = NOBODY
        self.env.flush_all()
        self.cr.flush()  # tracking is written before the commit
        notes = account.message_ids.sudo()
        tracked = notes.tracking_value_ids.filtered(lambda row: row.field_id.name == "base_url")
        self.assertEqual((tracked.old_value_char, tracked.new_value_char), (self.fake.url, NOBODY))
        self.assertEqual(tracked.mail_message_id.author_id, self.manager.partner_id)
        bodies = " ".join(notes.mapped("body"))
        self.assertIn("key was dropped", bodies)
        self.assertIn(f"The API key for {self.fake.url} was entered", bodies)
        self.assertNotIn(KEY, bodies)

    def test_an_address_that_is_no_longer_allowed(self):
        """Nothing goes, whatever stands in the row; the mailing stops and says why."""
        self._allow_sandboxes()
        mailing = self._make_mailing()
        mailing.action_send()
        self._run_cron()
        self.assertEqual((mailing.state, mailing.pending_count), ("paused", 3))
        self.assertIn("forbidden_address", mailing.wait_reason)
        self.assertFalse(self.fake.letters())
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        self.assertEqual(self.account.state, "error")
        self.assertIn("forbidden_address", self.account.last_error)

    def test_onchange_says_that_the_key_is_dropped(self):
        self.account.api_key_input = KEY
        with (
            self.assertLogs("odoo.tests.form.onchange", "WARNING") as log,
            Form(self.account.with_user(self.manager)) as form,
        ):
            form.base_url = NOBODY
            form.api_key_input = KEY
        self.assertIn("it is dropped", log.output[0])

    def test_changed_sender_or_address_has_to_be_checked(self):
        for vals in ({"sender_email": "other@example.com"}, {"base_url": NOBODY}):
            self.unisender._unlocked().write({"state": "active"})
            self.unisender.with_user(self.manager).write(vals)
            self.assertEqual(self.unisender.state, "draft")

    def test_lists(self):
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        lists = self.account._get_lists()
        self.assertIn({"id": "20547", "title": "Плательщики"}, lists)
        self.account._create_list("Дом 10")
        self.assertEqual(self.account.list_title, "Дом 10")
        self.account.list_id = "20547"
        self.account.action_check_connection()
        self.assertEqual(self.account.list_title, "Плательщики")
        self.account.list_id = "77"
        self.account.action_check_connection()
        self.assertEqual(self.account.state, "error")

    def test_webhook_on_and_off(self):
        # the service tries the address in its own time, perhaps after this test: nobody is there
        self.env["ir.config_parameter"].set_param("web.base.url", "http://127.0.0.1:9")
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        self.account.action_webhook_on()
        hooks = self.account._get_client().list_hooks()
        self.assertEqual(len(hooks), 1)
        self.assertIn("/epd_mailing/webhook/", hooks[0]["hook_url"])
        self.fake.reset()
        self.account.api_key_input = KEY
        self.account.action_check_connection()
        self.assertEqual(len(self.account._get_client().list_hooks()), 1, "registered again")
        self.account.action_webhook_off()
        self.assertFalse(self.account._get_client().list_hooks())
        self.assertEqual(self.account.webhook_state, "off")

    def test_operator_does_not_touch_it(self):
        account = self.account.with_user(self.operator)
        for action in ("action_check_connection", "action_webhook_on", "action_webhook_off"):
            with self.assertRaises(AccessError):
                getattr(account, action)()
