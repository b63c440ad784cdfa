from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..common import EpdCommon, run_migration


@tagged("post_install", "-at_install", "epd_mailing")
class TestContactCompany(EpdCommon):
    """A payer's own people belong to the payer's company, through whatever door they came."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payer = cls.accounts[0].partner_id
        cls.payer.company_id = cls.company
        cls.other = cls.env["res.company"].create({"name": "ООО «Чужая УК»"})
        cls.stranger = new_test_user(
            cls.env,
            "epd_stranger",
            "epd_mailing.group_epd_manager",
            company_id=cls.other.id,
            company_ids=[(6, 0, cls.other.ids)],
        )

    def _doors(self, contacts, parent):
        """Yield a person under ``parent``, made through one door after another."""
        vals = {"name": "Бухгалтер", "parent_id": parent.id}
        yield contacts.create(vals)
        yield contacts.create({**vals, "company_id": False})
        yield contacts.with_context(default_parent_id=parent.id).create({"name": "Бухгалтер"})
        made = contacts.load(["name", "parent_id/.id"], [["Бухгалтер", str(parent.id)]])
        yield contacts.browse(made["ids"])
        # as in a request, whose first user is who commands of partners are done for
        with patch.object(self.env.transaction, "default_env", contacts.env):
            parent.with_env(contacts.env).write({"child_ids": [(0, 0, {"name": "Бухгалтер"})]})
        yield contacts.sudo().search([("parent_id", "=", parent.id)], order="id desc", limit=1)
        found = contacts.web_save(vals, {"name": {}})
        yield contacts.browse(found[0]["id"])

    def test_a_person_of_a_payer_has_the_payers_company(self):
        for user in (self.operator, self.manager):
            contacts = self.env["res.partner"].with_user(user).with_company(self.company)
            for place, person in enumerate(self._doors(contacts, self.payer)):
                with self.subTest(user=user.login, door=place):
                    self.assertEqual(person.sudo().company_id, self.company)
                    stranger = person.with_user(self.stranger)
                    stranger = stranger.with_context(allowed_company_ids=self.other.ids)
                    with self.assertRaises(AccessError):
                        stranger.read(["name"])

    def test_a_person_of_nobodys_contact_has_the_company_at_work(self):
        parent = self.env["res.partner"].create({"name": "ООО «Общее»", "company_id": False})
        contacts = self.env["res.partner"].with_user(self.manager).with_company(self.company)
        person = contacts.create({"name": "Бухгалтер", "parent_id": parent.id})
        self.assertEqual(person.company_id, self.company)

    def test_who_is_said_to_have_no_parent_has_the_company_at_work(self):
        """A default parent is nobody's where the values say that there is none."""
        self.manager.company_ids += self.other
        contacts = self.env["res.partner"].with_user(self.manager).with_company(self.other)
        contacts = contacts.with_context(default_parent_id=self.payer.id)
        person = contacts.create({"name": "Бухгалтер", "parent_id": False})
        self.assertFalse(person.parent_id)
        self.assertEqual(person.company_id, self.other)

    def test_nobody_hangs_a_person_under_another_companys_payer(self):
        contacts = self.env["res.partner"].with_user(self.stranger)
        contacts = contacts.with_context(allowed_company_ids=self.other.ids)
        with self.assertRaises(AccessError):
            contacts.create({"name": "Бухгалтер", "parent_id": self.payer.id})

    def test_odoos_own_managers_of_contacts_work_as_before(self):
        child = self.env["res.partner"].create({"name": "Ч", "parent_id": self.payer.id})
        self.assertFalse(child.company_id)

    def test_an_update_gives_the_people_of_payers_their_company(self):
        """Whoever was entered before, on all levels; those who sign in are left alone."""
        contacts = self.env["res.partner"].sudo()
        person = contacts.create({"name": "Бухгалтер", "parent_id": self.payer.id})
        below = contacts.create({"name": "Помощник", "parent_id": person.id})
        signs_in = self.stranger.partner_id
        signs_in.write({"parent_id": self.payer.id, "company_id": False})
        apart = contacts.create({"name": "Посторонний"})
        run_migration(self.env, "19.0.1.3.0/post-people_of_payers.py", "19.0.1.2.0")
        self.assertEqual((person | below).company_id, self.company)
        self.assertFalse((signs_in | apart).company_id)
