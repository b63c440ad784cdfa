from lxml import etree
from odoo.tests import Form, tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestViews(EpdCommon):
    def _views(self):
        data = self.env["ir.model.data"].search(
            [("module", "=", "epd_mailing"), ("model", "=", "ir.ui.view")]
        )
        return self.env["ir.ui.view"].browse(data.mapped("res_id")).filtered("model")

    def test_every_view_opens_for_the_operator(self):
        for view in self._views():
            if view.model == "res.config.settings":
                continue
            kind = view.type
            answer = (
                self.env[view.model]
                .with_user(self.operator)
                .get_view(False if view.inherit_id else view.id, kind)
            )
            self.assertTrue(answer["arch"], view.name)

    def test_menus_lead_somewhere(self):
        menus = self.env["ir.ui.menu"].with_user(self.operator).load_menus(False)
        root = self.env.ref("epd_mailing.epd_mailing_menu_root")
        self.assertIn(root.id, menus)
        for menu in menus.values():
            if menu.get("app_id") == root.id and menu.get("action_id"):
                if menu["action_model"] != "ir.actions.act_window":
                    continue  # the guide; what the application opens with
                action = self.env[menu["action_model"]].browse(menu["action_id"])
                self.assertTrue(
                    self.env[action.res_model].with_user(self.operator).has_access("read")
                )

    def test_a_run_through_its_form(self):
        with Form(self.env["epd.billing.run"].with_user(self.operator)) as form:
            self.assertEqual(form.period_id, self.period)
            form.list_ids.add(self.env.ref("epd_mailing.account_list_all_open"))
        run = form.save()
        self.assertEqual(run.list_ids.account_count, 4)

    def test_template_fills_the_mailing(self):
        template = self.env["epd.message.template"].create(
            {"name": "Т", "subject": "Счёт {{ account_number }}", "body": "<p>x</p>"}
        )
        with Form(self.env["epd.mailing"].with_user(self.operator)) as form:
            form.template_id = template
            self.assertEqual(form.subject, template.subject)

    def test_a_bad_template_names_the_line(self):
        with self.assertRaisesRegex(Exception, "line 2"):
            self.env["epd.message.template"].create(
                {"name": "Т", "subject": "x", "body": "a\n{{ nope }}"}
            )

    def test_hot_keys_of_the_main_buttons(self):
        """Each main button has one; none is Odoo's own, none is there twice on a screen."""
        odoos = set("bchjknpsu")  # back, new, home, discard, debug, next, previous, save, actions
        checked = 0
        for view in self._views().filtered(lambda view: view.type == "form"):
            for part in etree.fromstring(view.arch).iter("header", "footer"):
                keys = {}
                for button in part.iter("button"):
                    key, name = button.get("data-hotkey"), button.get("name")
                    main = {"oe_highlight", "btn-primary"} & set(button.get("class", "").split())
                    self.assertTrue(key or not main, f"{view.xml_id}: {name} has no hot key")
                    if not key:
                        continue
                    checked += 1
                    # the same action under two names, or in two states, is one button to a clerk
                    self.assertEqual(keys.setdefault(key, name), name, f"{view.xml_id}: {key}")
                    if part.tag == "header":
                        self.assertNotIn(key, odoos, f"{view.xml_id}: {name}")
        self.assertGreater(checked, 40)

    def test_name_of_a_mailing_has_no_fields_and_no_loose_ends(self):
        mailing = self.env["epd.mailing"].create({"period_id": self.period.id})
        for subject, name in (
            ("Платёжный документ за {{ period }}, счёт {{ account_number }}", "Платёжный документ"),
            ("Квитанция № {{ account_number }}", "Квитанция"),
            ("Счёт для {{ payer_name }}", "Счёт"),
            ("К оплате до 15-го", "К оплате до 15-го"),
            # a space that was typed for a field to come
            ("Квитанция ", "Квитанция"),
            ("  Квитанция {{ period }} ", "Квитанция"),
        ):
            mailing.subject = subject
            self.assertEqual(mailing.name, f"{name}, март 2026")
        mailing.subject = " "
        named = filter(None, (mailing.template_id.name, "март 2026"))
        self.assertEqual(mailing.name, ", ".join(named), "of nothing but spaces")

    def test_columns_of_the_kanban(self):
        mailings = self.env["epd.mailing"]
        usual = ["draft", "scheduled", "sending", "done"]
        self.assertEqual(mailings._expand_states([], []), usual)
        self.assertEqual(mailings._expand_states(["paused"], [])[3:], ["paused", "done"])

    def test_what_a_record_is_called_on_screen(self):
        """No field shows «epd.period.rule,2»: each model that a field leads to has a name."""
        for view in self._views():
            for node in etree.fromstring(view.get_combined_arch()).iter("field"):
                field = self.env[view.model]._fields.get(node.get("name"))
                if not field or field.type != "many2one" or not field.comodel_name:
                    continue
                comodel = self.env[field.comodel_name]
                named = comodel._rec_name or "_compute_display_name" in {
                    name
                    for cls in type(comodel).mro()
                    if "Base" not in cls.__name__
                    for name in vars(cls)
                    if cls.__module__.startswith("odoo.addons")
                }
                self.assertTrue(named, f"{view.xml_id}: {field}")

    def test_fields_find_their_methods(self):
        """A method that was renamed without its field is noticed only when somebody reads the field."""
        missing = [
            f"{field}: {method}"
            for name, model in self.env.items()
            if name.startswith("epd.")
            for field in model._fields.values()
            for method in (field.compute, field.inverse, field.search)
            if isinstance(method, str) and not hasattr(model, method)
        ]
        self.assertFalse(missing)
