from lxml import etree
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestSettings(EpdCommon):
    def test_the_manager_changes_the_settings_of_the_office(self):
        self.assertFalse(self.manager.has_group("base.group_system"))
        with Form(self.env["epd.settings"].with_user(self.manager)) as form:
            self.assertEqual(form.epd_consent_policy, "paper_too")
            form.epd_consent_policy = "strict"
            form.epd_tz = "Asia/Omsk"
        self.assertEqual(self.company.epd_consent_policy, "strict")
        self.assertEqual(self.company.epd_tz, "Asia/Omsk")
        with Form(form.save()) as again:
            again.epd_link_days = 7
        self.assertEqual(self.company.epd_link_days, 7)

    def test_nobody_else_does(self):
        with self.assertRaises(AccessError):
            self.env["epd.settings"].with_user(self.operator).create({"epd_link_days": 1})
        settings = self.env["epd.settings"].with_user(self.manager).create({})
        with self.assertRaises(AccessError):
            settings.with_user(self.operator).write({"epd_link_days": 1})
        self.assertEqual(self.company.epd_link_days, 60)

    def test_another_company_is_out_of_reach(self):
        other = self.env["res.company"].create({"name": "ООО «Чужая УК»"})
        mine = self.env["epd.settings"].with_user(self.manager)
        settings = mine.create({"company_id": other.id, "epd_link_days": 3})
        self.assertEqual(settings.company_id, self.company)
        settings.write({"company_id": other.id, "epd_link_days": 4})
        self.assertEqual((self.company.epd_link_days, other.epd_link_days), (4, 60))
        # nor through a row of a company that the manager has left
        self.manager.sudo().write({"company_ids": [(4, other.id)]})
        theirs = mine.with_company(other).create({"epd_link_days": 5})
        self.manager.sudo().write({"company_ids": [(3, other.id)]})
        with self.assertRaises(AccessError):
            theirs.with_context(allowed_company_ids=self.company.ids).write({"epd_link_days": 6})
        self.assertEqual(other.epd_link_days, 5)

    def test_other_fields_of_the_company_stay_closed(self):
        settings = self.env["epd.settings"].with_user(self.manager).create({})
        with self.assertRaises(AccessError):
            settings.company_id.name = "Другое"

    def test_it_shows_what_odoos_own_page_shows(self):
        ours = etree.fromstring(self.env["epd.settings"].with_user(self.manager).get_view()["arch"])
        page = etree.fromstring(self.env["res.config.settings"].get_view()["arch"])
        on_page = set(page.xpath("//app[@name='epd_mailing']//setting/@id"))
        # how many workers share the work is the server's, not the office's
        self.assertEqual(set(ours.xpath("//setting/@id")), on_page - {"epd_workers"})
        self.assertGreater(len(on_page), 8)

    def test_the_menu_is_the_managers(self):
        user = new_test_user(self.env, "epd_boss", "epd_mailing.group_epd_manager")
        menus = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
        self.assertIn(self.env.ref("epd_mailing.epd_settings_menu").id, menus)
        self.assertIn(self.env.ref("epd_mailing.epd_setup_menu").id, menus)
        theirs = self.env["ir.ui.menu"].with_user(self.operator)._visible_menu_ids()
        self.assertNotIn(self.env.ref("epd_mailing.epd_settings_menu").id, theirs)
