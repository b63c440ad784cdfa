from datetime import date, datetime

from freezegun import freeze_time
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
@freeze_time("2026-03-31 22:30:00")
class TestOfficeTime(EpdCommon):
    """An office in the east, a user in the west: it is the first of April in the office."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.epd_tz = "Asia/Kamchatka"
        cls.operator.tz = "America/New_York"
        cls.account = cls.accounts[0]

    def _as_operator(self, model):
        return self.env[model].with_user(self.operator).with_context(tz=self.operator.tz)

    def test_moments_and_days(self):
        moment = datetime(2026, 3, 31, 22, 30)
        self.assertEqual(self.company._epd_today(), date(2026, 4, 1))
        self.assertEqual(self.company._epd_local_time(moment), datetime(2026, 4, 1, 10, 30))
        self.assertEqual(self.company._epd_utc_time(datetime(2026, 4, 1, 10, 30)), moment)
        self.assertIsNone(self.company._epd_local_time(False))
        local = self.env["res.company"]._epd_local_time_sql(
            SQL("%s::timestamp", moment), SQL("company")
        )
        query = SQL("SELECT %s FROM res_company company WHERE id = %s", local, self.company.id)
        self.assertEqual(self.env.execute_query(query), [(datetime(2026, 4, 1, 10, 30),)])

    def test_office_without_a_zone_lives_in_utc(self):
        self.company.epd_tz = False
        self.assertEqual(self.company._epd_today(), date(2026, 3, 31))
        self.assertEqual(self.company._epd_zone(), "UTC")

    def test_consent_is_given_on_the_day_of_the_office(self):
        consent = self._as_operator("epd.delivery.consent").create(
            {"account_id": self.account.id, "basis": "Заявление"}
        )
        self.assertEqual(consent.date, date(2026, 4, 1))
        self.assertEqual(consent.effective_from, date(2026, 4, 1))

    def test_owner_changes_by_the_day_of_the_office(self):
        heir = self.env["res.partner"].create({"name": "Наследник"})
        account = self._as_operator("epd.personal.account").browse(self.account.id)
        with self.assertRaisesRegex(UserError, "not beforehand"):
            account._change_owner(heir, date(2026, 4, 2), "ЕГРН")
        account._change_owner(heir, date(2026, 4, 1), "ЕГРН")
        self.assertEqual(account.partner_id, heir)

    def test_wizards_begin_with_the_day_of_the_office(self):
        for model, name in (
            ("epd.new.owner", "date"),
            ("epd.consent.bulk", "date"),
            ("epd.paper.printed", "presented_on"),
            ("epd.personal.account", "date_open"),
        ):
            values = self._as_operator(model).default_get([name])
            self.assertEqual(str(values[name]), "2026-04-01", model)
