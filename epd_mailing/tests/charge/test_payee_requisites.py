"""Where the money goes: every door to a payee's requisites, for every wrong caller."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..common import EpdCommon


class RequisitesCase(EpdCommon):
    """Two companies: B's people beside the usual house; ``keeper`` keeps contacts in Odoo."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "ООО «Чужая УК»"})
        cls.stranger = cls._make_in_other("epd_b_manager", "epd_mailing.group_epd_manager")
        cls.stranger_operator = cls._make_in_other(
            "epd_b_operator", "epd_mailing.group_epd_operator"
        )
        cls.keeper = cls._make_in_other(
            "epd_b_keeper", "base.group_user,base.group_partner_manager"
        )
        cls.payee = cls.office_payee
        cls.holder = cls.payee.partner_id

    @classmethod
    def _make_in_other(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups,
            company_id=cls.other.id,
            company_ids=[(6, 0, cls.other.ids)],
        )

    def _as(self, user, record):
        return record.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)


@tagged("post_install", "-at_install", "epd_mailing")
class TestPayeeRequisites(RequisitesCase):
    def setUp(self):
        super().setUp()
        # a third party's account, as a provider's is: nobody's company stands on it
        provider = self.env["res.partner"].create({"name": "МУП «Водоканал»", "is_company": True})
        self.third = self.env["res.partner.bank"].create(
            {
                "acc_number": "40702810500000009999",
                "bank_id": self.bank.id,
                "partner_id": provider.id,
            }
        )
        self.env["epd.service.provision"].search(
            [("service_id", "=", self.service_water.id)]
        ).payee_id = self.third
        self.env.flush_all()

    def _doors(self, user):
        """Return ``{name: function}``: each of them changes where the money goes."""
        doors, bank = {}, self._as(user, self.bank)
        spec = {"display_name": {}}
        for payee in (self.payee, self.third):
            theirs = self._as(user, payee)
            for name, value in {
                "acc_number": "40702810900000006666",
                "epd_payee_name": "ООО «Ромашка»",
                "epd_payee_short_name": "Ромашка",
                "acc_holder_name": "ООО «Ромашка»",
                "bank_id": self.env["res.bank"].create({"name": "Иной", "bic": "044525225"}).id,
                "partner_id": self.env["res.partner"].create({"name": "Иной"}).id,
                "bank_bic": "044525225",
                "bank_name": "Иной",
                "active": False,
                "sanitized_acc_number": "40702810900000006666",
            }.items():
                vals = {name: value}
                doors[f"write {name} {payee.id}"] = lambda t=theirs, v=vals: t.write(dict(v))
                doors[f"web_save {name} {payee.id}"] = lambda t=theirs, v=vals: t.web_save(
                    dict(v), spec
                )
            doors[f"archive {payee.id}"] = theirs.action_archive_bank
            doors[f"unlink {payee.id}"] = theirs.unlink
            holder = self._as(user, payee.partner_id)
            for vals in ({"name": "Иной"}, {"vat": "7707083893"}, {"epd_kpp": "770701001"}):
                doors[f"holder {vals} {payee.id}"] = lambda h=holder, v=vals: h.write(dict(v))
            doors[f"command {payee.id}"] = lambda h=holder, p=payee: h.write(
                {"bank_ids": [(1, p.id, {"acc_number": "40702810900000006666"})]}
            )
            doors[f"load {payee.id}"] = lambda p=payee, u=user: self._load(u, p)
            doors[f"company {payee.id}"] = lambda h=holder: h.write({"company_id": self.other.id})
        for vals in (
            {"name": "Иной банк"},
            {"bic": "044525225"},
            {"epd_correspondent_account": "30101810000000000111"},
        ):
            doors[f"bank {vals}"] = lambda v=vals: bank.write(dict(v))
        doors["bank unlink"] = bank.unlink
        doors["own account"] = lambda: self._as(user, self.env["res.partner.bank"]).create(
            {"acc_number": "40702810900000007777", "partner_id": self.holder.id}
        )
        doors["merge"] = lambda: self._merge(user)
        return doors

    def _load(self, user, payee):
        model = self._as(user, self.env["res.partner.bank"])
        rows = [[str(payee.id), "40702810900000006666"]]
        result = model.load([".id", "acc_number"], rows)
        if result["messages"]:
            raise AccessError(result["messages"][0]["message"])

    def _merge(self, user):
        false = self.env["res.partner"].create({"name": "ООО «Ромашка»"})
        wizard = self._as(user, self.env["base.partner.merge.automatic.wizard"])
        wizard._merge((false | self.third.partner_id).ids, false, extra_checks=False)

    def _picture(self):
        self.env.invalidate_all()
        return (
            [payee._epd_get_picture() for payee in (self.payee, self.third)],
            self.holder.bank_ids.ids,
        )

    def test_no_stranger_and_no_operator_at_any_door(self):
        before = self._picture()
        for user in (self.operator, self.stranger_operator, self.stranger, self.keeper):
            for name, door in self._doors(user).items():
                with self.subTest(user=user.login, door=name):
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        door()
                    self.assertEqual(self._picture(), before)

    def test_lent_rights_change_nothing(self):
        """A portal's page, an automation: code with all rights, in the name of somebody."""
        for record in (self.payee, self.third):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                record.with_user(self.operator).sudo().epd_payee_name = "Ромашка"

    def test_the_manager_changes_and_it_is_noted(self):
        self.payee.with_user(self.manager).epd_payee_name = "ООО «УК Тест плюс»"
        note = self.payee.message_ids[:1]
        self.assertIn("ООО «УК Тест»", note.body)
        self.assertIn("ООО «УК Тест плюс»", note.body)
        self.assertEqual(note.author_id, self.manager.partner_id)
        row = self.env["epd.payee.requisites"].search([("payee_id", "=", self.payee.id)], limit=1)
        self.assertEqual(row.changed_by, self.manager)
        self.assertFalse(row.accepted_at)

    def test_a_bank_is_noted_on_its_payees(self):
        self.bank.with_user(self.manager).bic = "049205111"
        for payee in (self.payee, self.third):
            self.assertIn("049205999", payee.message_ids[:1].body)
            self.assertIn("049205111", payee.message_ids[:1].body)

    def test_one_note_a_change(self):
        count = len(self.third.message_ids)
        self.third.partner_id.with_user(self.manager).name = "МУП «Водоканал Казани»"
        self.assertEqual(len(self.third.message_ids), count + 1)
        self.assertEqual(self.third.acc_holder_name, "МУП «Водоканал Казани»")

    def test_two_companies_want_a_manager_of_both(self):
        building = self.env["epd.building"].create({"name": "Б", "company_id": self.other.id})
        service = self.service_water.copy({"company_id": self.other.id, "code": "B5"})
        self.env["epd.service.provision"].create(
            {
                "building_id": building.id,
                "service_id": service.id,
                "provider_id": self.third.partner_id.id,
                "payee_id": self.third.id,
            }
        )
        for user in (self.manager, self.stranger):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                self._as(user, self.third).epd_payee_name = "Ромашка"
        self.stranger.company_ids += self.company
        self._as(self.stranger, self.third).epd_payee_name = "МУП «Водоканал»"

    def test_what_is_no_payee_is_free(self):
        bank = self._as(self.keeper, self.env["res.partner.bank"]).create(
            {
                "acc_number": "40702810900000008888",
                "partner_id": self.env["res.partner"].create({"name": "Поставщик"}).id,
            }
        )
        bank.acc_number = "40702810900000008889"
        self.assertFalse(self.env["epd.payee.requisites"].search([("payee_id", "=", bank.id)]))

    def test_an_operator_renames_a_payer_with_a_bank_account(self):
        payer = self.accounts[0].partner_id
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "40817810900000001111", "partner_id": payer.id}
        )
        payer.with_user(self.operator).name = "Иванова Инна Ивановна"
        self.assertEqual(bank.acc_holder_name, "Иванова Инна Ивановна")


@tagged("post_install", "-at_install", "epd_mailing")
class TestPayersCompany(RequisitesCase):
    """Payers belong to the company whose accounts they pay; the roles have no wider right."""

    def test_a_payer_of_one_company_is_its_own(self):
        payers = self.accounts.partner_id
        self.assertEqual(payers.company_id, self.company)
        for user in (self.stranger, self.stranger_operator, self.keeper):
            theirs = self._as(user, payers[0])
            for door in (
                lambda t=theirs: t.read(["name"]),
                lambda t=theirs: t.write({"email": "x@example.com"}),
                lambda t=theirs: t.unlink(),
            ):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    door()
            self.assertFalse(theirs.search([("id", "in", payers.ids)]))
            self.assertFalse(theirs.name_search("Иванов Иван"))

    def test_named_later_or_moved(self):
        partner = self.env["res.partner"].create({"name": "Новый"})
        self.accounts[0].with_user(self.operator).partner_id = partner
        self.assertEqual(partner.company_id, self.company)

    def test_who_is_shared_stays_so(self):
        building = self.env["epd.building"].create({"name": "Б", "company_id": self.other.id})
        both, user_of_odoo = (
            self.env["res.partner"].create({"name": "В двух домах"}),
            self.stranger.partner_id,
        )
        vals = {"building_id": building.id, "company_id": self.other.id}
        accounts = self.env["epd.personal.account"].create(
            [
                {**vals, "number": "B1", "partner_id": user_of_odoo.id},
                {**vals, "number": "B2", "partner_id": self.other.partner_id.id},
            ]
        )
        self.assertFalse(accounts.partner_id.company_id)
        self.env.cr.execute(
            "UPDATE epd_personal_account SET partner_id = %s WHERE id IN %s",
            (both.id, (accounts[0].id, self.accounts[1].id)),
        )
        self.env.invalidate_all()
        both._epd_join_company()
        self.assertFalse(both.company_id)
        for user in (self.operator, self.stranger_operator):
            self._as(user, both).email = "both@example.com"

    def test_another_companys_payer_is_not_taken(self):
        building = self.env["epd.building"].create({"name": "Б", "company_id": self.other.id})
        with self.assertRaises(UserError):
            self.env["epd.personal.account"].create(
                {
                    "building_id": building.id,
                    "company_id": self.other.id,
                    "number": "B1",
                    "partner_id": self.accounts[0].partner_id.id,
                }
            )

    def test_what_an_operator_may_do_with_contacts(self):
        partners = self.env["res.partner"].with_user(self.operator)
        mine = partners.create({"name": "Новый Плательщик", "email": "new@example.com"})
        self.assertEqual(mine.company_id, self.company)
        mine.phone = "+7 900 000-00-00"
        quick = partners.browse(partners.name_create("Быстрый")[0])
        self.assertEqual(quick.company_id, self.company)
        free = self.env["res.partner"].create({"name": "Ничей"})
        for wrong in (
            lambda: mine.unlink(),
            lambda: free.with_user(self.operator).write({"email": "x@example.com"}),
            lambda: self.company.partner_id.with_user(self.operator).write({"phone": "1"}),
            lambda: self.manager.partner_id.with_user(self.operator).write({"email": "x@y.ru"}),
            lambda: partners.create({"name": "Чужой", "company_id": self.other.id}),
            lambda: partners.with_context(default_company_id=self.other.id).create({"name": "Ч"}),
            lambda: self.env["res.bank"].with_user(self.operator).create({"name": "Б"}),
            lambda: self.env["res.partner.category"].with_user(self.operator).create({"name": "Б"}),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                wrong()
        self.assertFalse(self.operator.has_group("base.group_partner_manager"))
        self.assertFalse(self.manager.has_group("base.group_partner_manager"))
