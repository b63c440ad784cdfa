import psycopg2
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ...tools.unisender_go.client import HOSTS
from ..go_common import GoCommon

STOPPED = UserError  # AccessError and ValidationError are such
OURS = "odoo.addons.epd_mailing."
RULE_LOGS = ("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model", "odoo.sql_db")
WIZARDS = ("epd.sender.domain", "epd.unisender.list")
VALS = {"sender_name": "Чужой", "base_url": HOSTS["go1"], "test_emails": "thief@example.com"}
# what is known of nobody, whatever the role
SECRETS = ("api_key", "webhook_token", "home")
# each way to the account: (name, method, arguments but the ids, who is stopped)
ALL, STRANGERS = "operator stranger employee portal", "stranger employee portal"
DOORS = (
    ("read", "read", (["name", "sender_email"],), STRANGERS),
    ("web_read", "web_read", ({"name": {}},), STRANGERS),
    ("export", "export_data", (["name", "sender_email"],), STRANGERS),
    ("write", "write", (VALS,), ALL),
    ("web_save", "web_save", (VALS, {"name": {}}), ALL),
    ("copy", "copy", ({"name": "copy@example.com"},), ALL),
    ("unlink", "unlink", (), ALL),
    ("message", "message_post", (), STRANGERS),
)


@tagged("post_install", "-at_install", "epd_mailing")
class TestGoStrangers(GoCommon):
    """Who is not a manager of the office does nothing with its Go account, by whatever door."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.env["res.company"].create({"name": "ООО «УК Чужая»"})
        cls.users = {
            "operator": cls.operator,
            "stranger": new_test_user(
                cls.env,
                "epd_go_stranger",
                "epd_mailing.group_epd_manager",
                company_id=cls.other_company.id,
                company_ids=[(6, 0, cls.other_company.ids)],
            ),
            "employee": new_test_user(cls.env, "epd_go_employee", "base.group_user"),
            "portal": new_test_user(cls.env, "epd_go_portal", "base.group_portal"),
        }

    def setUp(self):
        super().setUp()
        self.before = self._read_all()
        self.go.calls.clear()

    def _read_all(self):
        """Return the stored values of the account, but for the moments that reading leaves."""
        self.go_account.flush_recordset()
        self.env.cr.execute(
            "SELECT * FROM epd_unisender_account WHERE id = %s", (self.go_account.id,)
        )
        return self.env.cr.dictfetchone()

    def _call(self, role, name, method, *args, context=None, **kwargs):
        """Call a method as RPC does."""
        model = self.env(user=self.users[role], context=context or {})[name]
        # ids are the first of the arguments where the method wants records
        get_public_method(model, method)
        return call_kw(model, method, args, kwargs)

    def _assert_stopped(self, role, door, *args, **kwargs):
        with (
            self.subTest(role=role, door=door),
            self.assertRaises(STOPPED),
            mute_logger(*RULE_LOGS),
        ):
            self._call(role, *args, **kwargs)

    def _assert_nothing_happened(self):
        self.env.invalidate_all()
        self.assertEqual(self._read_all(), self.before)
        self.assertEqual(self.go.calls, [], "no call went to the service")

    def test_doors_of_the_record(self):
        for door, method, args, roles in DOORS:
            for role in roles.split():
                self._assert_stopped(
                    role, door, "epd.unisender.account", method, self.go_account.ids, *args
                )
        self._assert_nothing_happened()

    def test_buttons(self):
        """Each method of ours that begins with ``action_``; a new one is among them."""
        buttons = [*self._get_buttons(self.go_account), "action_archive"]
        self.assertIn("action_check_domain", buttons)
        for name in buttons:
            for role in self.users:
                self._assert_stopped(role, name, "epd.unisender.account", name, self.go_account.ids)
        self._assert_nothing_happened()

    @staticmethod
    def _get_buttons(record):
        names = [name for name in dir(type(record)) if name.startswith("action_")]
        return [name for name in names if getattr(record, name).__module__.startswith(OURS)]

    def test_making_one_in_the_office(self):
        vals = {
            "name": "new@go.example.com",
            "company_id": self.company.id,
            "api_kind": "go",
            "base_url": HOSTS["go2"],
            "sender_name": "x",
            "sender_email": "x@example.com",
        }
        rows = [[str(value) for value in vals.values()]]
        names = [name if name != "company_id" else "company_id/.id" for name in vals]
        count = self.env["epd.unisender.account"].search_count([])
        for role in self.users:
            model = "epd.unisender.account"
            self._assert_stopped(role, "create", model, "create", [vals])
            self._assert_stopped(role, "web_save", model, "web_save", [], vals, {"name": {}})
            # an import tells what was wrong, or is stopped
            try:
                with self.env.cr.savepoint(), mute_logger("odoo.sql_db", "odoo.models"):
                    self.assertFalse(self._call(role, model, "load", names, rows)["ids"])
            except AccessError:
                continue
        self.assertEqual(self.env["epd.unisender.account"].search_count([]), count)

    def test_an_import_over_it(self):
        names = [".id", "sender_name", "base_url"]
        rows = [[str(self.go_account.id), "Чужой", HOSTS["go1"]]]
        for role in self.users:
            try:
                with self.env.cr.savepoint(), mute_logger("odoo.sql_db", "odoo.models"):
                    found = self._call(role, "epd.unisender.account", "load", names, rows)
                    self.assertFalse(found["ids"], role)
            except AccessError:
                continue
        self._assert_nothing_happened()

    def test_who_may_not_see_it_does_not_find_it(self):
        model = "epd.unisender.account"
        domain = [("id", "=", self.go_account.id)]
        self.assertEqual(self._call("operator", model, "search", domain), self.go_account.ids)
        self.assertEqual(self._call("stranger", model, "search", domain), [])
        self.assertEqual(self._call("stranger", model, "name_search", self.go_account.name), [])
        groups = self._call("stranger", model, "formatted_read_group", domain, [], ["__count"])
        self.assertEqual(groups[0]["__count"], 0)
        for role in ("employee", "portal"):
            self._assert_stopped(role, "search", model, "search", domain)

    def test_secrets_are_shown_to_no_role(self):
        model = "epd.unisender.account"
        self.users = {**self.users, "manager": self.manager}
        for role in ("manager", "operator"):
            for name in SECRETS:
                ids = self.go_account.ids
                self._assert_stopped(role, name, model, "read", ids, [name])
                self._assert_stopped(role, name, model, "search", [(name, "!=", False)])
                self._assert_stopped(role, name, model, "search", [], order=name)
                self._assert_stopped(role, name, model, "formatted_read_group", [], [name])
                self._assert_stopped(role, name, model, "write", ids, {name: "x"})
            shown = self._call(role, model, "read", self.go_account.ids)[0]
            self.assertFalse(set(SECRETS) & set(shown))
            self.assertFalse(shown.get("api_key_input"))
        self._assert_nothing_happened()

    # --- the wizards -------------------------------------------------------------------------------

    def _make_wizards(self):
        """Return ``{model: record}`` of wizards that the office's manager has open."""
        made = {
            name: self.env[name].with_user(self.manager).create({"account_id": self.go_account.id})
            for name in WIZARDS
        }
        self.env["epd.unisender.list.line"].with_user(self.manager).create(
            {"wizard_id": made["epd.unisender.list"].id, "list_id": "7", "title": "x"}
        )
        return made

    def test_wizards_of_a_manager_are_the_managers_own(self):
        for name, wizard in self._make_wizards().items():
            for role in self.users:
                for method, args in (
                    ("read", (["account_id"],)),
                    ("write", ({"account_id": self.unisender.id},)),
                    ("web_save", ({}, {"account_id": {}})),
                    ("unlink", ()),
                ):
                    self._assert_stopped(role, f"{name} {method}", name, method, wizard.ids, *args)
                for button in self._get_buttons(wizard):
                    self._assert_stopped(role, f"{name} {button}", name, button, wizard.ids)
            lines = wizard.line_ids
            for line in lines:
                for button in self._get_buttons(line):
                    for role in self.users:
                        self._assert_stopped(role, button, line._name, button, line.ids)
        self._assert_nothing_happened()

    def test_a_wizard_of_ones_own_opens_no_account(self):
        """A stranger's manager and an operator may make the wizard; the account stays shut."""
        for name in WIZARDS:
            for role in self.users:
                for context in ({}, {"default_account_id": self.go_account.id}):
                    self._try_wizard(role, name, context)
        self._assert_nothing_happened()

    def _try_wizard(self, role, name, context):
        vals = {} if context else {"account_id": self.go_account.id}
        if name == "epd.unisender.list":
            vals |= {"title": "Чужой список", "line_ids": [(0, 0, {"list_id": "9", "title": "x"})]}
        try:
            with (
                self.env.cr.savepoint(),
                mute_logger(*RULE_LOGS),
            ):
                (number,) = self._call(role, name, "create", [vals], context=context)
        except (STOPPED, psycopg2.IntegrityError):
            return
        self.assertEqual(role, "operator", "only who sees the account may name it")
        wizard = self.env[name].with_user(self.users[role]).browse(number)
        for record in (wizard, *wizard.line_ids):
            for button in self._get_buttons(record):
                self._assert_stopped(role, f"{name} {button}", record._name, button, record.ids)
