from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ... import _pre_init
from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestSetup(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.new = cls.env["res.company"].create(
            {"name": "My Company", "currency_id": cls.env.ref("base.USD").id}
        )
        cls.boss = new_test_user(
            cls.env,
            "epd_boss",
            "epd_mailing.group_epd_manager",
            company_id=cls.new.id,
            company_ids=[(6, 0, cls.new.ids)],
        )
        cls.mine = cls.env(user=cls.boss, context={"allowed_company_ids": cls.new.ids})
        cls.steps = cls.mine["epd.setup.step"]

    def _step(self, code):
        self.env.invalidate_all()
        return self.steps.search([("company_id", "=", self.new.id), ("code", "=", code)])

    def _left(self):
        self.env.invalidate_all()
        rows = self.steps.search([("company_id", "=", self.new.id)])
        return [row.code for row in rows if not row.is_done]

    def test_an_empty_office_lands_on_the_steps(self):
        rows = self.steps.search([])
        self.assertEqual(rows.company_id, self.new)
        self.assertEqual(self._left(), rows.mapped("code"))
        self.assertTrue(all(rows.mapped("text")) and all(rows.mapped("button")))
        self.assertEqual(self.steps._open_app()["res_model"], "epd.setup.step")
        operator = self.steps.with_user(self.operator).with_context(
            allowed_company_ids=self.company.ids
        )
        self.assertEqual(operator._open_app()["res_model"], "epd.billing.run")

    def test_the_application_is_found_by_the_words_people_use(self):
        """As «Приложения» searches: name, title, summary; before any translation is loaded too."""
        for lang in ("en_US", "ru_RU"):
            modules = self.env["ir.module.module"].with_context(lang=lang)
            for words in (
                *("платёжные документы", "расчёты", "ЕПД", "квитанция", "epd_mailing"),
                *("платежные документы", "расчеты", "квитанции"),  # as people type them
            ):
                fields = ("name", "shortdesc", "summary")
                domain = ["|", "|", *((name, "ilike", words) for name in fields)]
                self.assertIn("epd_mailing", modules.search(domain).mapped("name"), (lang, words))

    def test_how_many_letters_a_month_is_asked_on_the_card(self):
        step = self._step("service_account")
        self.assertEqual((step.letters_a_month, step.note), (0, ""))
        step.action_set_letters(9000)
        step = self._step("service_account")
        self.assertEqual(step.letters_a_month, 9000)
        self.assertIn("Unisender Go", step.note)
        # the form that the step opens begins with it
        account = self.mine["epd.unisender.account"].new({"company_id": self.new.id})
        self.assertEqual(account.letters_a_month, 9000)
        for wrong in (-1, 10**9, "9", True, 1.5):
            with self.assertRaises(UserError):
                step.action_set_letters(wrong)
        with self.assertRaises(AccessError):
            step.with_user(self._make_user("epd_letters", "base.group_user")).action_set_letters(1)

    def test_the_installation_switches_russian_on(self):
        """Receipts are printed in Russian: a database without it could print none."""
        languages = self.env["res.lang"].with_context(active_test=False)
        languages._activate_lang("en_US")
        russian = languages.search([("code", "=", "ru_RU")])
        self.env["res.partner"].with_context(active_test=False).search(
            [("lang", "=", "ru_RU")]
        ).lang = "en_US"
        russian.active = False
        _pre_init(self.env)
        self.assertTrue(russian.active)
        _pre_init(self.env)  # nothing to do

    def test_closed_by_hand_and_opened_again(self):
        self.steps.action_close()
        self.assertEqual(self.steps._open_app()["res_model"], "epd.billing.run")
        self.assertFalse(self.company.epd_setup_closed)
        # the menu opens it again
        action = self.mine.ref("epd_mailing.epd_setup_menu").sudo().action
        self.assertEqual(action.res_model, "epd.setup.step")

    def test_the_company(self):
        self.assertIn("INN", self._step("office").note)
        action = self._step("office").action_go()
        with Form(self.mine[action["res_model"]]) as form:
            form.name, form.inn, form.kpp = "ООО «УК Уют»", "1655123453", "165501001"
            form.city, form.street = "г. Казань", "ул. Примерная, д. 2"
            self.assertFalse(form.warning)
        # the top bar shows the name: the page is read anew, as Odoo does after a company's change
        self.assertEqual(form.save().action_save()["tag"], "reload_context")
        again = self.mine["epd.setup.office"].create({"phone": "+7 843 200-00-00"})
        self.assertEqual(again.action_save()["tag"], "soft_reload")
        self.assertTrue(self._step("office").is_done)
        self.assertEqual(self.new.currency_id, self.rub)
        self.assertEqual(self.new.country_id.code, "RU")
        self.assertEqual(self.new.partner_id.vat, "1655123453")
        self.assertEqual(self.new.name, "ООО «УК Уют»")

    def test_a_mistyped_inn_is_said_and_one_that_is_none_refused(self):
        wizard = self.mine["epd.setup.office"].create({"name": "УК", "inn": "1655123454"})
        self.assertTrue(wizard.warning)
        wizard.name = "  "
        with self.assertRaises(UserError):
            wizard.action_save()
        wizard.write({"name": "УК", "inn": "16551"})
        with self.assertRaises(UserError):
            wizard.action_save()
        self.assertFalse(self.new.vat)

    def test_the_payee_and_the_bank(self):
        values = {
            "bic": " 049205999 ",
            "bank_name": "Банк «Пример», г. Казань",
            "correspondent_account": "3010 1810 0000 0000 0999",
            "acc_number": "40702810900000001234",
        }
        wizard = self.mine["epd.setup.payee"].create({**values, "acc_number": "12345"})
        with self.assertRaises(UserError):
            wizard.action_save()
        wizard.acc_number = values["acc_number"]
        self.assertFalse(wizard.warning)
        wizard.action_save()
        self.assertTrue(self._step("payee").is_done)
        payee = self.mine["res.partner.bank"].search([("partner_id", "=", self.new.partner_id.id)])
        # the bank is the one that is there already
        self.assertEqual(payee.bank_id.bic, self.bank.bic)
        self.assertFalse(self.env["res.bank"].search([("id", ">", self.bank.id)]))
        # Odoo gives an account the company of its holder, and a company's own contact has none
        self.assertFalse(payee.company_id - self.new)
        other = self.mine["epd.setup.payee"].create(
            {**values, "correspondent_account": "30101810000000000998", "acc_number": "1" * 20}
        )
        with self.assertRaises(UserError):
            other.action_save()

    def test_a_known_bank_fills_itself_in(self):
        with Form(self.mine["epd.setup.payee"]) as form:
            form.bic = "049205999"
            self.assertEqual(form.bank_name, "Банк «Пример», г. Казань")
            self.assertEqual(form.correspondent_account, "30101810000000000999")
            form.acc_number = "40702810900000001234"

    def test_one_payee_for_all_services(self):
        self.mine["epd.setup.payee"].create(
            {
                "bic": "049205999",
                "bank_name": "Банк",
                "correspondent_account": "30101810000000000999",
                "acc_number": "40702810900000001234",
            }
        ).action_save()
        houses = self.mine["epd.building"].create([{"name": "Дом 1"}, {"name": "Дом 2"}])
        services = self.mine["epd.service"].create(
            [{"name": f"Услуга {n}", "code": str(n), "uom_name": "м²"} for n in (1, 2, 3)]
        )
        self.assertIn("6", self._step("provision").note)
        wizard = self.mine["epd.setup.provision"].create({})
        self.assertEqual(wizard.missing_count, 6)
        wizard.action_save()
        self.assertTrue(self._step("provision").is_done)
        found = self.mine["epd.service.provision"].search([])
        self.assertEqual(found.building_id, houses)
        self.assertEqual(found.service_id, services)
        with self.assertRaises(UserError):
            wizard.action_save()

    def test_the_step_of_the_service_says_which_one_fits(self):
        self.assertFalse(self._step("service_account").note, "nobody to write to yet")
        payer = self.env["res.partner"].create({"name": "Payer", "email": "payer@example.com"})
        house = self.env["epd.building"].create({"name": "House", "company_id": self.new.id})
        self.env["epd.personal.account"].create(
            {
                "number": "1",
                "building_id": house.id,
                "company_id": self.new.id,
                "date_open": "2020-01-01",
                "partner_id": payer.id,
            }
        )
        note = self._step("service_account").note
        self.assertIn("1 letters", note)
        self.assertIn("Classic UniSender is enough", note)

    def test_the_period_is_opened_by_its_button(self):
        self._step("period").action_go()
        self.assertTrue(self._step("period").is_done)
        self.assertTrue(self.new.epd_current_period_id)
        # the step that is done opens the list and changes nothing
        current = self.new.epd_current_period_id
        self.assertEqual(self._step("period").action_go()["res_model"], "epd.billing.period")
        self.assertEqual(self.new.epd_current_period_id, current)

    def test_the_letters(self):
        self._step("letter").action_go()
        letters = self.mine["epd.message.template"].search([])
        self.assertEqual(sorted(letters.mapped("body_format")), ["html", "text"])
        self.assertTrue(all("{{ account_number }}" in letter.body for letter in letters))
        self._step("letter").action_go()
        self.assertEqual(len(self.mine["epd.message.template"].search([])), 2)
        # an operator makes their own
        own = self.env["epd.message.template"].with_user(self.operator)
        own = own.create({"name": "Моё", "subject": "x", "body": "y"})
        own.body = "z"

    def test_loadings_open_with_their_kind(self):
        for code in ("service", "building", "account", "charge"):
            action = self._step(code).action_go()
            self.assertEqual(action["context"]["default_kind"], code)
            order = self.mine["epd.import"].with_context(**action["context"]).new({})
            self.assertEqual(order.kind, code)

    def test_every_button_leads_somewhere(self):
        for row in self.steps.search([]):
            action = row.action_go()
            self.assertIn(action["type"], ("ir.actions.act_window", "ir.actions.client"))

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_nobody_else_sets_up(self):
        theirs = self.env["epd.setup.step"].with_user(self.operator).search([], limit=1)
        with self.assertRaises(AccessError):
            theirs.action_go()
        with self.assertRaises(AccessError):
            theirs.action_close()
        for name in ("office", "payee", "provision"):
            wizard = self.env[f"epd.setup.{name}"].with_user(self.operator)
            vals = {
                "office": {"name": "УК", "inn": "1655123453"},
                "payee": {
                    "bic": "049205999",
                    "bank_name": "Банк",
                    "correspondent_account": "30101810000000000999",
                    "acc_number": "40702810900000001234",
                },
                "provision": {"payee_id": self.office_payee.id},
            }[name]
            with self.assertRaises(AccessError):
                wizard.create(vals).action_save()
        self.assertFalse(self.company.epd_setup_closed)

    def test_a_house_at_work_has_little_left(self):
        rows = self.env["epd.setup.step"].search([("company_id", "=", self.company.id)])
        left = {row.code for row in rows if not row.is_done}
        self.assertFalse(left & {"payee", "service", "building", "account", "charge", "period"})
