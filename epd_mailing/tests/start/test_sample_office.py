"""The sample office: put in, worked in, taken out without a trace."""

from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import db_connect
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from ...models.start.sample_office import SPACE, SampleOffice, shift_date
from ..common import EpdCommon

# what Odoo itself keeps of whatever anybody does, and empties by itself
OWN_OF_ODOO = {"bus_bus", "ir_cron_trigger", "ir_profile"}


class SampleCase(EpdCommon):
    """An office whose manager is no administrator, and the sample office of the database."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss = new_test_user(
            cls.env,
            "epd_sample_boss",
            "epd_mailing.group_epd_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.office = SampleOffice(cls.env(user=cls.boss, su=False))

    @classmethod
    def _count_rows(cls):
        """Return ``{table: number of rows}`` of every table but those of wizards."""
        cls.env.flush_all()
        transient = {
            model._table for model in cls.env.registry.values() if model._transient
        } | OWN_OF_ODOO
        cls.env.cr.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema ORDER BY 1"
        )
        counts = {}
        for (table,) in cls.env.cr.fetchall():
            if table not in transient:
                query = SQL("SELECT count(*) FROM %s", SQL.identifier(table))
                counts[table] = cls.env.execute_query(query)[0][0]
        return counts

    def _read_company(self):
        names = [name for name, field in self.company._fields.items() if field.store]
        return self.company.read(names)[0]

    def _check_counts(self, before):
        after = self._count_rows()
        moved = {
            table: (count, after[table]) for table, count in before.items() if count != after[table]
        }
        last = self.env["mail.message"].search([], order="id desc", limit=3)
        notes = [(note.model, note.res_id, note.body) for note in last]
        self.assertEqual(moved, {}, notes)

    def _put_in(self):
        return self.office.put_in()

    def _in_sample(self, company, user=None):
        return self.env(user=user or self.boss, context={"allowed_company_ids": company.ids})

    def _take_out(self):
        self.env.invalidate_all()
        wizard = self.env["epd.sample.removal"].with_user(self.boss).create({})
        return wizard.action_take_out()


@tagged("post_install", "-at_install", "epd_mailing")
class TestSampleOffice(SampleCase):
    """How it is put in: all of it, by whom, once, or nothing."""

    def test_its_name_on_paper_is_russian(self):
        """Whoever puts it in: an administrator whose language is English, too."""
        self.env["res.lang"]._activate_lang("en_US")
        self.boss.lang = "en_US"
        company = SampleOffice(
            self.env(user=self.boss, su=False, context={"lang": "en_US"})
        ).put_in()
        self.assertRegex(company.name, "^Пример: ООО")
        self.assertEqual(company.partner_id.with_context(lang="en_US").name, company.name)

    def test_nothing_is_left_of_it(self):
        self._count_rows()  # whatever the first reading makes
        before, settings = self._count_rows(), self._read_company()
        groups = self.boss.group_ids
        company = self._put_in()
        self.assertGreater(
            self._count_rows()["epd_charge"], before["epd_charge"], "nothing was put in"
        )
        action = self._take_out()
        self.assertEqual(action["params"]["company_id"], self.company.id)
        self.assertFalse(company.exists())
        self._check_counts(before)
        self.assertEqual(self._read_company(), settings)
        self.assertEqual(self.boss.company_ids, self.company)
        self.assertEqual(self.boss.group_ids, groups)

    def test_it_is_a_managers(self):
        steps = self.env["epd.setup.step"].with_user(self.operator)
        with self.assertRaises(AccessError):
            steps.action_put_sample_in()
        self.assertFalse(self.office.find())
        company = self._put_in()
        wizard = self.env["epd.sample.removal"].with_user(self.operator).create({})
        self.assertNotIn(company.name, wizard.text)
        with self.assertRaises(AccessError):
            wizard.action_take_out()
        self.assertTrue(company.exists())

    def test_nobody_calls_a_real_office_a_sample(self):
        for key in (True, "SAMPLE"):
            with self.assertRaises(UserError):
                self.company.with_context(epd_sample=key).write({"epd_is_sample": True})
        with self.assertRaises(UserError):
            self.env["res.company"].create({"name": "Пример", "epd_is_sample": True})
        companies = self.env["res.company"].with_context(default_epd_is_sample=True)
        self.assertFalse(companies.create({"name": "Не пример"}).epd_is_sample)

    def test_a_database_without_russian_gets_it_too(self):
        russian = self.env["res.lang"].search([("code", "=", "ru_RU")])
        if russian:
            self.env["res.lang"]._activate_lang("en_US")
            partners = self.env["res.partner"].with_context(active_test=False)
            partners.search([("lang", "=", "ru_RU")]).lang = "en_US"
            self.env.user.lang = "en_US"
            russian.active = False
        company = self._put_in()
        accounts = self.env["epd.personal.account"].search([("company_id", "=", company.id)])
        self.assertEqual(len(accounts), 24)
        self.assertNotIn("ru_RU", accounts.partner_id.mapped("lang"))

    def test_two_at_once_do_not_meet(self):
        """Another connection holds the sample: who comes second is told, and has half of nothing."""
        other = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(other.close)
        other.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [SPACE])
        before = self._count_rows()
        with self.assertRaisesRegex(UserError, "right now"):
            self.office.put_in()
        self._check_counts(before)
        other.rollback()
        company = self._put_in()
        self.assertEqual(self._put_in(), company, "once a database")
        # the lock is this transaction's own now
        other.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [SPACE])
        self.assertEqual(other.fetchall(), [(False,)])

    def test_what_fails_in_the_middle_leaves_nothing_half(self):
        before = self._count_rows()
        fault = UserError("fault")
        with (
            patch.object(SampleOffice, "_name", side_effect=fault),
            self.assertRaises(UserError),
            self.env.cr.savepoint(),
        ):
            self.office.put_in()
        self._check_counts(before)
        company = self._put_in()
        there = self._count_rows()
        with (
            patch.object(SampleOffice, "_delete_files", side_effect=fault),
            self.assertRaises(UserError),
            self.env.cr.savepoint(),
        ):
            self._take_out()
        self.env.invalidate_all()
        self.assertTrue(company.exists())
        self.assertIn(company, self.boss.company_ids)
        self._check_counts(there)
        self._take_out()
        self._check_counts(before)

    def test_what_is_made_with_any_company_goes_with_it(self):
        """As Odoo's ``account`` makes a sequence for each company, which is of no company itself."""
        before = self._count_rows()
        made = self.env["report.paperformat"].create({"name": "Made with the company"})
        default = self.env["ir.default"].create(
            {
                "field_id": self.env["ir.model.fields"]._get("res.company", "paperformat_id").id,
                "json_value": str(made.id),
            }
        )
        company = self._put_in()
        self.assertEqual(company.paperformat_id.id, made.id)
        default.unlink()
        self._take_out()
        self.assertFalse(made.exists())
        self._check_counts(before)

    def test_days_move_by_whole_months(self):
        self.assertEqual(shift_date("2026-02-28", 8), "2026-10-31")
        self.assertEqual(shift_date("2026-03-17", 7), "2026-10-17")
        self.assertEqual(shift_date("", 7), "")


@tagged("post_install", "-at_install", "epd_mailing")
class TestSampleThere(SampleCase):
    """What is done while it is there, and what becomes of that when it is taken out.

    It takes seconds to be put in, so it is there once for all.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._count_rows()  # whatever the first reading makes
        cls.before = cls._count_rows()
        cls.sample = cls.office.put_in()

    def test_it_has_what_a_month_needs(self):
        company = self.sample
        self.assertTrue(company.epd_is_sample)
        self.assertEqual(company.country_id.code, "RU")
        self.assertEqual(company.currency_id, self.rub)
        self.assertIn(company, self.boss.company_ids)
        env = self._in_sample(company)
        steps = env["epd.setup.step"].search([("company_id", "=", company.id)])
        missing = steps.filtered(lambda step: not step.is_done).mapped("code")
        self.assertEqual(missing, ["service_account", "test_letter"])
        own = [("company_id", "=", company.id)]
        self.assertEqual(env["epd.building"].search_count(own), 2)
        accounts = env["epd.personal.account"].search(own)
        self.assertEqual(len(accounts), 24)
        self.assertEqual(len(accounts.building_id), 2)
        periods = env["epd.billing.period"].search(own, order="date_start")
        last = fields.Date.start_of(company._epd_today(), "month")
        self.assertEqual(periods[-1].date_end, fields.Date.subtract(last, days=1))
        for period in periods:
            charged = env["epd.charge"].search([("period_id", "=", period.id)])
            self.assertGreater(len(charged.account_id), 20, period.name)
            self.assertEqual(charged.account_id.company_id, company)
        # every e-mail is of a domain that nobody has
        emails = env["epd.delivery.address"].search(own).mapped("email")
        self.assertTrue(emails)
        self.assertTrue(all(email.endswith("example.com") for email in emails))

    def test_a_user_who_has_it_is_shown_to_whoever_works_elsewhere(self):
        """The form of a user shows the colours of their companies, and was refused."""
        company = self.sample
        administrator = new_test_user(
            self.env,
            "epd_sample_admin",
            "base.group_system",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.env.flush_all()
        self.env.invalidate_all()
        context = {"allowed_company_ids": self.company.ids}
        boss = self.env(user=administrator, context=context)["res.users"].browse(self.boss.id)
        (read,) = boss.web_read({"company_ids": {"fields": {"color": {}}}})
        self.assertIn(company.id, [one["id"] for one in read["company_ids"]])

    def test_a_receipt_is_made_in_it(self):
        company = self.sample
        env = self._in_sample(company)
        run = env["epd.billing.run"].create(
            {"list_ids": [Command.set(env.ref("epd_mailing.account_list_all_open").ids)]}
        )
        self.assertEqual(run.period_id, company.epd_current_period_id)

    def test_what_was_entered_goes_with_it_and_is_said(self):
        company = self.sample
        env = self._in_sample(company)
        # another transaction, another moment
        self.env.cr.execute(
            "UPDATE res_company SET create_date = create_date - interval '1 minute' WHERE id = %s",
            [company.id],
        )
        self.env.invalidate_all()
        self.env.cr.execute(
            "UPDATE epd_charge SET create_date = create_date - interval '1 minute' WHERE company_id = %s",
            [company.id],
        )
        house = env["epd.building"].search([("company_id", "=", company.id)], limit=1)
        payer = env["res.partner"].create({"name": "Новый Плательщик", "email": "n@example.com"})
        self.assertEqual(payer.company_id, company)
        account = env["epd.personal.account"].create(
            {
                "number": "555",
                "building_id": house.id,
                "partner_id": payer.id,
                "date_open": "2020-01-01",
            }
        )
        account.message_post(body="Заметка")
        account.activity_schedule("mail.mail_activity_data_todo", user_id=self.boss.id)
        env["ir.attachment"].create(
            {"name": "x.txt", "raw": b"x", "res_model": account._name, "res_id": account.id}
        )
        env["epd.delivery.consent"].create(
            {"account_id": account.id, "action": "given", "kind": "instead", "basis": "Заявление"}
        )
        run = env["epd.billing.run"].create(
            {"list_ids": [Command.set(env.ref("epd_mailing.account_list_all_open").ids)]}
        )
        document = env["epd.payment.document"].sudo().search([("company_id", "=", company.id)])
        self.assertFalse(document)
        mailing = env["epd.mailing"].create({"subject": "Проба"})
        self.assertTrue(run and mailing)
        text = env["epd.sample.removal"].create({}).text
        self.assertIn(company.name, text)
        self.assertIn(env["ir.model"].sudo()._get("epd.personal.account").name, text)
        self.assertNotIn(env["ir.model"].sudo()._get("epd.charge").name + ":", text)
        self._take_out()
        self._check_counts(self.before)

    def test_nothing_leaves_it(self):
        company = self.sample
        env = self._in_sample(company)
        account = env["epd.unisender.account"].search([("company_id", "=", company.id)])
        self.assertEqual(account.state, "draft")
        with self.assertRaisesRegex(UserError, "sample office"), self.env.cr.savepoint():
            account.api_key_input = "0123456789abcdef"
            account.flush_recordset()
        self.env.invalidate_all()
        self.assertFalse(account.has_api_key)
        with self.assertRaisesRegex(UserError, "sample office"):
            account.action_check_connection()
        mailing = env["epd.mailing"].create(
            {"unisender_account_id": account.id, "subject": "x", "body": "x"}
        )
        for call in (mailing.action_send, mailing.action_send_now):
            with self.assertRaisesRegex(UserError, "sample office"):
                call()
        # nor with a key of another company's account
        real = self.env["epd.unisender.account"].create(
            {"name": "a@example.com", "sender_name": "A", "sender_email": "a@example.com"}
        )
        real.api_key_input = "0123456789abcdef"
        with self.assertRaisesRegex(UserError, "sample office"), self.env.cr.savepoint():
            real.company_id = company
            real.flush_recordset()

    def test_a_second_time_opens_the_one_that_is_there(self):
        company = self.sample
        other = new_test_user(
            self.env,
            "epd_sample_second",
            "epd_mailing.group_epd_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        action = self.env["epd.setup.step"].with_user(other).action_put_sample_in()
        self.assertEqual(action["params"]["company_id"], company.id)
        self.assertIn(company, other.company_ids)

    def test_it_counts_nowhere_as_a_real_one(self):
        company = self.sample
        checks = self.env["epd.health.check"].sudo().search([("company_id", "=", company.id)])
        self.assertFalse(checks)
        steps = self.env["epd.setup.step"].with_user(self.boss)
        steps = steps.with_context(allowed_company_ids=self.company.ids)
        rows = steps.search([("company_id", "=", self.company.id)])
        self.assertTrue(rows.filtered(lambda row: row.code == "sample").is_done)
        self.assertFalse(rows.filtered(lambda row: row.code == "test_letter").is_done)

    def test_who_works_in_it_alone_is_named(self):
        company = self.sample
        new_test_user(
            self.env,
            "epd_sample_only",
            "epd_mailing.group_epd_operator",
            name="Только В Примере",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        with self.assertRaisesRegex(UserError, "Только В Примере"):
            self._take_out()
        # whose main company it became goes back to another
        self.env["res.users"].search([("login", "=", "epd_sample_only")]).write(
            {"company_ids": [Command.link(self.company.id)]}
        )
        self._take_out()
        user = self.env["res.users"].search([("login", "=", "epd_sample_only")])
        self.assertEqual(user.company_id, self.company)

    def test_a_contact_that_pays_elsewhere_stays(self):
        company = self.sample
        payer = self.env["epd.personal.account"].search([("company_id", "=", company.id)], limit=1)
        payer = payer.partner_id
        payer.company_id = False
        self.accounts[0].partner_id = payer
        payer.company_id = company
        self._take_out()
        self.assertTrue(payer.exists())
        self.assertEqual(self.accounts[0].partner_id, payer)

    def test_files_of_what_stays_stay(self):
        """Odoo gives a file the company at work, whatever its record's company is."""
        company = self.sample
        both = self.env(
            user=self.boss, context={"allowed_company_ids": (company | self.company).ids}
        )
        account = both["epd.personal.account"].browse(self.accounts[0].id)
        file = both["ir.attachment"].create(
            {"name": "a.txt", "raw": b"a", "res_model": account._name, "res_id": account.id}
        )
        file |= account.message_post(attachments=[("b.txt", b"b")]).attachment_ids
        image = self.env["res.partner"].with_company(company).browse(self.company.partner_id.id)
        image.image_1920 = b"R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs="
        lost = both["ir.attachment"].create({"name": "of nothing.txt", "raw": b"c"})
        self.assertEqual((file | lost).company_id, company)
        file, lost = file.with_env(self.env), lost.with_env(self.env)
        self._take_out()
        self.assertEqual(len(file.exists()), 2)
        self.assertFalse(file.company_id)
        self.assertFalse(lost.exists())
        self.assertTrue(self.company.partner_id.image_1920)

    def test_nobody_else_pays_to_it(self):
        company = self.sample
        payees = self.env["res.partner.bank"].search([("partner_id", "=", company.partner_id.id)])
        self.assertEqual(payees.company_id, company)
        own = self.env(user=self.boss, context={"allowed_company_ids": self.company.ids})
        found = own["res.partner.bank"].search([("id", "in", payees.ids)])
        self.assertFalse(found)
        provision = self.env["epd.service.provision"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        with self.assertRaises(UserError), self.env.cr.savepoint():
            provision.payee_id = payees[0]
        self.env.invalidate_all()
        # whoever names it all the same is named, and nothing is deleted
        provision.provider_id = company.partner_id
        with self.assertRaisesRegex(UserError, "of your own company names the sample"):
            self._take_out()
        self.assertTrue(company.exists())
        provision.provider_id = self.company.partner_id
        self._take_out()
        self.assertFalse(company.exists())

    def test_people_of_its_contacts_go_with_it(self):
        company = self.sample
        env = self._in_sample(company)
        payer = env["epd.personal.account"].search([], limit=1).partner_id
        for parent in (payer, company.partner_id):
            env["res.partner"].create({"name": "Бухгалтер", "parent_id": parent.id})
        # who signs in is no contact of the sample, whatever card theirs stands under
        self.boss.partner_id.parent_id = company.partner_id
        self._take_out()
        self.assertTrue(self.boss.partner_id.exists())
        after = self._count_rows()
        self.assertEqual(after["res_partner"], self.before["res_partner"])

    def test_a_contact_that_provides_elsewhere_stays(self):
        company = self.sample
        person = self._in_sample(company)["res.partner"].create({"name": "ООО «Тепло»"})
        self.assertEqual(person.company_id, company)
        provision = self.env["epd.service.provision"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        provision.provider_id = person = person.with_env(self.env)
        self._take_out()
        self.assertEqual(provision.provider_id, person)
        self.assertFalse(person.company_id)

    def test_another_manager_takes_it_out(self):
        """Who does not have the company among theirs is a manager of this database all the same."""
        company = self.sample
        second = new_test_user(
            self.env,
            "epd_second_boss",
            "epd_mailing.group_epd_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.env["epd.sample.removal"].with_user(second).create({}).action_take_out()
        self.assertFalse(company.exists())
        self.assertEqual(self.boss.company_ids, self.company)

    def test_a_payer_of_it_who_signs_in_is_told(self):
        company = self.sample
        payer = self._in_sample(company)["epd.personal.account"].search([], limit=1).partner_id
        payer = payer.with_env(self.env)
        portal = new_test_user(
            self.env,
            "epd_sample_portal",
            "base.group_portal",
            partner_id=payer.id,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        with self.assertRaisesRegex(UserError, "works in the sample office alone"):
            self._take_out()
        portal.write({"company_ids": [Command.link(self.company.id)]})
        self._take_out()
        self.assertEqual((portal.company_id, portal.partner_id), (self.company, payer))
        self.assertEqual(payer.company_id, self.company, "as Odoo keeps who signs in")

    def test_a_program_works_in_it_and_nothing_leaves(self):
        company = self.sample
        program = new_test_user(
            self.env,
            "epd_sample_program",
            "epd_mailing.group_epd_operator",
            company_id=company.id,
            company_ids=[Command.set((company | self.company).ids)],
        )
        account = self._in_sample(company)["epd.personal.account"].search([], limit=1)
        service = self._in_sample(company)["epd.service"].search([], limit=1)
        api = self.env["epd.api"].with_user(program).with_context(allowed_company_ids=company.ids)
        month = company.epd_current_period_id.date_start.strftime("%Y-%m")
        line = {"service": service.code, "line_key": "sample", "amount": "12.34"}
        answer = api.put_charges("sample-1", month, [{"number": account.number, "charges": [line]}])
        self.assertEqual((answer["taken"], answer["problems"]), (1, []))
        program.company_id = self.company
        self._take_out()
        self.assertFalse(company.exists())

    def test_nobody_calls_the_sample_a_real_office(self):
        company = self.sample
        with self.assertRaises(UserError):
            company.write({"epd_is_sample": False})
        (company | self.company)[1:].write({"epd_is_sample": False})  # says what is so
