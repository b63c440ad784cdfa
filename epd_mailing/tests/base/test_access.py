"""Who may do what: the operator, the manager, and everybody else, who sees nothing."""

import inspect

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..common import EpdCommon

OTHERS = ("base.group_user", "base.group_portal", "base.group_public")
# what each role may do: r(ead), w(rite), c(reate), u(nlink); a model that is not here fails the test
ENTERED, KEPT, WIZARD, SEEN, ALL = "rwc", "rc", "rwcu", "r", "rwcu"
RIGHTS = {
    "epd.building": (ENTERED, ALL),
    "epd.service": (SEEN, ALL),
    "epd.service.provision": (SEEN, ALL),
    "epd.tariff": (SEEN, ALL),
    "epd.payee.requisites": (SEEN, SEEN),
    "epd.period.rule": (SEEN, SEEN),
    "epd.billing.period": (KEPT, ALL),
    "epd.consumer.info": (ALL, ALL),
    "epd.personal.account": (ENTERED, ALL),
    "epd.delivery.address": (ENTERED, ALL),
    "epd.delivery.consent": (KEPT, KEPT),
    "epd.charge": (ENTERED, ALL),
    "epd.account.balance": (ENTERED, ALL),
    "epd.account.payment": (SEEN, SEEN),
    "epd.meter.reading": (ENTERED, ALL),
    "epd.gis.placement": (ENTERED, ALL),
    "epd.payment.document": (SEEN, SEEN),
    "epd.account.list": (ALL, ALL),
    "epd.billing.run": (ENTERED, ALL),
    "epd.billing.run.line": (SEEN, SEEN),
    "epd.message.template": (ENTERED, ALL),
    "epd.unisender.account": (SEEN, "rwc"),
    "epd.mailing": (ALL, ALL),
    "epd.mailing.letter": (SEEN, SEEN),
    "epd.letter.event": (SEEN, SEEN),
    "epd.letter.report": (SEEN, SEEN),
    "epd.health.check": (SEEN, SEEN),
    "epd.setup.step": (SEEN, SEEN),
    "epd.import.field": (SEEN, SEEN),
    "epd.import.layout": (ALL, ALL),
    "epd.import": (ENTERED, ALL),
    "epd.import.column": ("rw", "rw"),
    "epd.api.call": (SEEN, SEEN),
    "epd.import.problem": (SEEN, SEEN),
    "epd.import.planned": (SEEN, SEEN),
    "epd.import.sum": (SEEN, SEEN),
    "epd.import.key": ("", ""),
    "epd.import.paid.row": ("", ""),
    "epd.import.change": ("", ""),
    "epd.receipt.import": (ENTERED, ALL),
    "epd.receipt.import.line": ("rw", "rw"),
    "epd.paper.batch": (ALL, ALL),
    "epd.paper.batch.line": (SEEN, SEEN),
    "epd.paper.batch.part": (SEEN, SEEN),
}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
# rows of nobody's company: the law's dates and what a file can hold are the same for all
WITHOUT_COMPANY = ("epd.period.rule", "epd.import.field")


class AccessCase(EpdCommon):
    """The small house with a saved document and a mailing of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        documents = cls.env["epd.payment.document"].sudo()
        account = cls.accounts[0]
        cls.document = documents._form_documents(account, cls.period, "epd")[account.id][0]
        cls.mailing = cls.env["epd.mailing"].create({"subject": "Тема", "body": "x"})
        cls.mailing._add_documents(cls.document)
        cls.billing_run = cls.env["epd.billing.run"].create(
            {
                "period_id": cls.period.id,
                "list_ids": [(6, 0, cls.env.ref("epd_mailing.account_list_all_open").ids)],
            }
        )
        cls.service_account = cls.env["epd.unisender.account"].create(
            {"name": "a@example.com", "sender_name": "УК", "sender_email": "b@example.com"}
        )

    @classmethod
    def _make_other(cls, group):
        return new_test_user(cls.env, f"epd_other_{group.rpartition('_')[2]}", group)

    def _models(self):
        return [
            name for name in self.env if name.startswith("epd.") and not self.env[name]._abstract
        ]


@tagged("post_install", "-at_install", "epd_mailing")
class TestAccess(AccessCase):
    def test_others_see_nothing(self):
        for group in OTHERS:
            user = self._make_other(group)
            for name in self._models():
                model = self.env[name].with_user(user)
                for operation in OPERATIONS.values():
                    self.assertFalse(model.has_access(operation), f"{group} {name} {operation}")
                with self.assertRaises(AccessError, msg=name):
                    model.search_count([])

    def test_each_role_has_exactly_what_it_needs(self):
        for name in self._models():
            transient = self.env[name]._transient
            wanted = (WIZARD, WIZARD) if transient else RIGHTS[name]
            for user, letters in zip((self.operator, self.manager), wanted, strict=True):
                model = self.env[name].with_user(user)
                has = "".join(key for key, what in OPERATIONS.items() if model.has_access(what))
                with self.subTest(model=name, user=user.login):
                    self.assertEqual(has, letters)

    def test_each_model_has_its_rows_and_rules(self):
        for name in self._models():
            model = self.env["ir.model"]._get(name)
            groups = self.env["ir.model.access"].search([("model_id", "=", model.id)]).group_id
            self.assertTrue(groups, f"{name}: no row of access")
            ours = self.env.ref("epd_mailing.group_epd_operator") | self.env.ref(
                "epd_mailing.group_epd_manager"
            )
            if name in WITHOUT_COMPANY:  # what all companies share is the administrator's
                ours |= self.env.ref("base.group_system")
            self.assertLessEqual(groups, ours, name)
            rules = self.env["ir.rule"].search(
                [("model_id", "=", model.id), ("groups", "=", False)]
            )
            if self.env[name]._transient:
                self.assertIn("create_uid", "".join(rules.mapped("domain_force")), name)
            elif name not in WITHOUT_COMPANY:
                self.assertIn("company_ids", "".join(rules.mapped("domain_force")), name)

    def test_companies_are_apart(self):
        other = self.env["res.company"].create({"name": "ООО «Чужая УК»"})
        stranger = new_test_user(
            self.env,
            "epd_stranger",
            "epd_mailing.group_epd_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        for name in self._models():
            model = self.env[name].with_context(allowed_company_ids=other.ids)
            if "company_id" not in model._fields or model._transient:
                continue
            found = model.with_user(stranger).search([])
            self.assertFalse(found.filtered(lambda rec: rec.company_id == self.company), name)
        for record in (self.accounts[0], self.document, self.mailing, self.mailing.letter_ids):
            theirs = record.with_user(stranger).with_context(allowed_company_ids=other.ids)
            with self.assertRaises(AccessError):
                theirs.read(["display_name"])

    def test_a_wizard_is_its_makers_alone(self):
        vals = {"account_id": self.accounts[0].id, "partner_id": self.accounts[1].partner_id.id}
        wizard = self.env["epd.new.owner"].with_user(self.manager).create({**vals, "basis": "x"})
        with self.assertRaises(AccessError):
            wizard.with_user(self.operator).action_apply()
        self.assertNotEqual(self.accounts[0].partner_id, self.accounts[1].partner_id)

    def test_operator_cannot_touch_the_service(self):
        account = self.service_account.with_user(self.operator)
        for method in ("action_check_connection", "action_webhook_on", "action_webhook_off"):
            with self.assertRaises(AccessError, msg=method):
                getattr(account, method)()
        self.service_account.api_key_input = "тайный-ключ"
        self.env.flush_all()
        for user in (self.operator, self.manager):
            shown = self.service_account.with_user(user).read()[0]
            self.assertNotIn("тайный-ключ", str(shown), user.login)

    def test_menus_by_role(self):
        root = self.env.ref("epd_mailing.epd_mailing_menu_root")
        # portal and public users have no menus in Odoo at all
        self.assertNotIn(root.id, self._menus(self._make_other("base.group_user")))
        for_operator, for_manager = self._menus(self.operator), self._menus(self.manager)
        self.assertIn(root.id, for_operator)
        self.assertLess(for_operator, for_manager)
        for xmlid in ("epd_period_rule_menu", "epd_payee_menu", "epd_settings_menu"):
            self.assertNotIn(self.env.ref(f"epd_mailing.{xmlid}").id, for_operator, xmlid)

    def _menus(self, user):
        return set(self.env["ir.ui.menu"].with_user(user)._visible_menu_ids())

    def test_reports_show_nothing_to_others(self):
        data = self.env["ir.model.data"].search(
            [("module", "=", "epd_mailing"), ("model", "=", "ir.actions.report")]
        )
        reports = self.env["ir.actions.report"].browse(data.mapped("res_id"))
        self.assertTrue(reports)
        user = self._make_other("base.group_user")
        for report in reports:
            record = self.env[report.model].sudo().search([], limit=1)
            with self.assertRaises(UserError, msg=report.report_name), self.env.cr.savepoint():
                report.with_user(user)._render(report.report_name, record.ids)

    def test_the_partner_shows_others_nothing(self):
        user = self._make_other("base.group_user")
        arch = self.env["res.partner"].with_user(user).get_view(False, "form")["arch"]
        self.assertNotIn("epd_account_ids", arch)
        partner = self.accounts[0].partner_id.with_user(user)
        with self.assertRaises(AccessError):
            partner.read(["epd_account_ids"])
        shown = [name for name in partner.fields_get() if name.startswith("epd_")]
        self.assertNotIn("epd_account_ids", shown)
        partner.read(shown)  # what a colleague is offered he can read

    def test_the_file_is_not_an_attachment_for_all(self):
        attachments = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", "epd.payment.document"),
                    ("res_id", "=", self.document.id),
                    ("res_field", "!=", False),
                ]
            )
        )
        self.assertTrue(attachments)
        for group in OTHERS:
            with self.assertRaises(AccessError):
                attachments.with_user(self._make_other(group)).read(["datas"])


@tagged("post_install", "-at_install", "epd_mailing")
class TestPublicMethods(AccessCase):
    """Every method that RPC can call, found by looking: a new one is tested from its first day."""

    def _methods(self):
        for name in self._models():
            model = self.env[name]
            found = {
                method: member
                for cls in type(model).__mro__
                if cls.__module__.startswith("odoo.addons.epd_mailing.")
                for method, member in vars(cls).items()
                if inspect.isfunction(member) and not method.startswith("_")
            }
            for method, member in found.items():
                if method in (
                    "create",
                    "write",
                    "unlink",
                    "copy",
                    "read",
                    "default_get",
                    "copy_data",
                ):
                    continue  # the rows of access are tested above
                try:
                    get_public_method(model, method)
                except AccessError:
                    continue
                yield name, method, member

    def _call(self, user, name, method, member):
        model = self.env[name].with_user(user)
        record = self.env[name].sudo().search([], limit=1)
        sample = record.id or 1
        arguments = [
            {"id": sample, "ids": [sample]}.get(parameter.name.rpartition("_")[2], "2026-03-01")
            for parameter in list(inspect.signature(member).parameters.values())[1:]
            if parameter.default is parameter.empty
            and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
        if getattr(member, "_api_model", False):
            return call_kw(model, method, arguments, {})
        return call_kw(model, method, [record.ids or [1], *arguments], {})

    def test_others_get_nothing_and_change_nothing(self):
        before = self._picture()
        methods = list(self._methods())
        self.assertGreater(len(methods), 50)
        for group in OTHERS:
            user = self._make_other(group)
            for name, method, member in methods:
                with self.subTest(group=group, model=name, method=method):
                    try:
                        with self.env.cr.savepoint(), mute_logger("odoo.addons.base.models"):
                            answer = self._call(user, name, method, member)
                    except UserError:  # an AccessError is one
                        continue
                    # an action is an address, not what is behind it
                    self.assertEqual(
                        (answer or {}).get("type"), "ir.actions.act_window", str(answer)[:200]
                    )
        self.env.invalidate_all()
        self.assertEqual(self._picture(), before)

    def _picture(self):
        self.env.flush_all()
        return (
            self.document.state,
            self.mailing.state,
            self.billing_run.state,
            self.service_account.state,
            self.mailing.letter_ids.mapped("state"),
            self.accounts.mapped("partner_id.id"),
            self.accounts.address_ids.mapped("state"),
            [self.env[name].search_count([]) for name in RIGHTS],
        )


@tagged("post_install", "-at_install", "epd_mailing")
class TestAccessOverHttp(HttpCase, AccessCase):
    def test_the_receipt_at_its_address(self):
        url = f"/epd_mailing/document/{self.document.id}/receipt.pdf"
        answer = self.url_open(url, allow_redirects=False)
        self.assertEqual(answer.status_code, 303, "a stranger is asked to log in")
        for group in OTHERS[:2]:
            user = self._make_other(group)
            self.authenticate(user.login, user.login)
            self.assertEqual(self.url_open(url).status_code, 404, group)
        self.authenticate("epd_operator", "epd_operator")
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        self.assertTrue(answer.content.startswith(b"%PDF"))
        self.assertIn("no-store", answer.headers["Cache-Control"])

    def test_the_link_of_another_letter_opens_nothing(self):
        for token in ("x", "1.2.3", "%2e%2e"):
            answer = self.url_open(f"/epd_mailing/receipt/{token}")
            self.assertEqual(answer.status_code, 404)
            self.assertNotIn(b"PDF", answer.content)

    def test_reports_at_their_addresses(self):
        """Nobody without a right gets more than 403, at any form of our reports and any id."""
        names = {
            "epd_mailing.receipt_doc": self.document.id,
            "epd_mailing.consent_doc": self.accounts[0].id,
        }
        for group in (*OTHERS[:2], "operator"):
            login = "epd_operator" if group == "operator" else self._make_other(group).login
            self.authenticate(login, login)
            for name, key in names.items():
                for converter in ("html", "text", "pdf"):
                    for ids in (f"/{key}", "", "/99999999999", f"/{key},0"):
                        url = f"/report/{converter}/{name}{ids}"
                        with self.subTest(login=login, url=url):
                            status = self.url_open(url).status_code
                            if group != "operator" or converter == "text":
                                self.assertEqual(status, 403)
                            elif ids == f"/{key}":
                                self.assertEqual(status, 200)
                            else:
                                self.assertLess(status, 500)


@tagged("post_install", "-at_install", "epd_mailing")
class TestSharedRecords(AccessCase):
    """What serves all companies is read by all and changed by the administrator alone."""

    def test_predefined_lists_and_legal_dates(self):
        lists = self.env["epd.account.list"].search([("kind", "=", "predefined")])
        rules = self.env["epd.period.rule"].search([])
        self.assertTrue(lists and rules)
        for user in (self.operator, self.manager):
            for records, vals in ((lists, {"name": "Иное"}), (rules, {"present_day": 9})):
                theirs = records.with_user(user)
                theirs.read(["display_name"])
                for wrong in (lambda t=theirs, v=vals: t.write(v), lambda t=theirs: t.unlink()):
                    with self.assertRaises(AccessError), self.env.cr.savepoint():
                        wrong()
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.env["epd.account.list"].with_user(user).create(
                    {"name": "x", "kind": "predefined", "company_id": self.company.id}
                )
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                self.env["epd.account.list"].with_user(user).create(
                    {"name": "x", "company_id": False}
                )
        self.manager.group_ids += self.env.ref("base.group_system")
        lists[0].with_user(self.manager).name = "Все открытые счета дома"

    def test_a_list_that_is_gone_is_there_again(self):
        self.env.ref("epd_mailing.account_list_all_open").unlink()
        entry = self.env["epd.account.list"].with_user(self.operator)._get_predefined("all_open")
        self.assertEqual((entry.code, entry.kind), ("all_open", "predefined"))
        self.assertFalse(entry.company_id)
        self.assertIn(self.accounts[0], entry._get_accounts(entry, self.period))

    def test_a_wizard_names_nothing_foreign(self):
        other = self.env["res.company"].create({"name": "ООО «Чужая УК»"})
        stranger = new_test_user(
            self.env,
            "epd_stranger",
            "epd_mailing.group_epd_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        model = self.env["epd.new.owner"].with_user(stranger)
        model = model.with_context(allowed_company_ids=other.ids)
        account, spec = self.accounts[0], {"account_id": {"fields": {"display_name": {}}}}
        default = model.with_context(default_account_id=account.id)
        partner = stranger.partner_id.id
        for door in (
            lambda: model.create({"account_id": account.id, "partner_id": partner, "basis": "x"}),
            lambda: model.web_save({"account_id": account.id}, spec),
            lambda: model.onchange({"account_id": account.id}, ["account_id"], spec),
            lambda: model.onchange({"account_id": {"id": account.id}}, ["account_id"], spec),
            lambda: default.onchange({}, [], spec),
            lambda: default.create({"partner_id": partner, "basis": "x"}),
            lambda: default.default_get(["account_id"]),
        ):
            with self.assertRaises(AccessError) as caught, self.env.cr.savepoint():
                door()
            self.assertNotIn(account.partner_id.name, str(caught.exception))
