import re
from datetime import date

from dateutil.relativedelta import relativedelta
from odoo import api, models
from odoo.tools import SQL

from ...tools import figures
from .run_scope import query_ids

# the raising coefficient for cold water is 3 from 06.12.2025: government's decree 1871 of 25.11.2025
OLD_RATIO, RATIO_FROM = 1.5, date(2025, 12, 1)
# a service has no code of its kind of water, so its name tells; «ГВС: компонент на холодную воду» is hot
COLD_WATER = re.compile(
    r"холодн|\bхвс\b|\bх\s?[./]?\s?в(од|\b)|^(питьевая )?вода\b|^водоснабжение", re.IGNORECASE
)
HOT_WATER = re.compile(
    r"горяч|\bгвс\b|\bг\s?[./]?\s?в(од|\b)|теплоносител|подогрев|отведен|канализ", re.IGNORECASE
)
EXPIRING_MONTHS = 2  # how far ahead a verification that ends is reported


class EpdReadinessFigures(models.AbstractModel):
    """The rules of readiness about figures: charges, balances, readings, and who is paid.

    Part of ``epd.run.readiness``, which says what ``run`` and ``accounts`` are.
    """

    _name = "epd.readiness.figures"
    _description = "Readiness of Figures"

    def _get_provided_query(self, run):
        """Return SQL of (charge, payee): the latest provision of the period for each charge."""
        return SQL(
            """
            SELECT c.id, c.account_id, c.total, provision.payee_id
              FROM epd_charge c
              LEFT JOIN (%(valid)s) AS provision
                ON provision.building_id = c.building_id AND provision.service_id = c.service_id
             WHERE c.period_id = %(period)s
            """,
            valid=self.env["epd.service.provision"]._get_valid_query(run.period_id),
            period=run.period_id.id,
        )

    def _find_no_provision(self, run, accounts):
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM (%s) AS provided WHERE payee_id IS NULL AND account_id IN %s"
                " ORDER BY id",
                self._get_provided_query(run),
                accounts,
            ),
        )

    @api.model
    def _get_total_sql(self):
        """Return SQL of what the columns of a charge add up to, see ``tools.figures``."""
        terms = (
            SQL("%s * COALESCE(%s, 0)", sign, SQL.identifier(name))
            for name, sign in figures.TOTAL_SIGNS.items()
        )
        return SQL("(%s)", SQL(" + ").join(terms))

    def _find_line_sum(self, run, accounts):
        return query_ids(
            self.env,
            SQL(
                """
                SELECT id FROM epd_charge
                 WHERE period_id = %s AND account_id IN %s
                   AND total <> %s
                 ORDER BY id
                """,
                run.period_id.id,
                accounts,
                self._get_total_sql(),
            ),
        )

    def _find_odd_vat(self, run, accounts):
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM epd_charge WHERE period_id = %s AND account_id IN %s"
                " AND (vat_rate < 0 OR vat_rate >= 100 OR abs(vat_amount) > abs(total)) ORDER BY id",
                run.period_id.id,
                accounts,
            ),
        )

    def _find_balance_sum(self, run, accounts):
        return query_ids(
            self.env,
            SQL(
                """
                SELECT b.id FROM epd_account_balance b
                  LEFT JOIN (SELECT account_id, payee_id, SUM(total) AS total
                               FROM (%(provided)s) AS provided
                              GROUP BY account_id, payee_id) AS charged
                    ON charged.account_id = b.account_id AND charged.payee_id = b.payee_id
                 WHERE b.period_id = %(period)s AND b.account_id IN %(accounts)s
                   AND COALESCE(b.charged, 0) <> COALESCE(charged.total, 0)
                 ORDER BY b.id
                """,
                provided=self._get_provided_query(run),
                period=run.period_id.id,
                accounts=accounts,
            ),
        )

    def _get_payees(self, run, accounts):
        ids = query_ids(
            self.env,
            SQL(
                "SELECT DISTINCT payee_id FROM (%s) AS provided"
                " WHERE payee_id IS NOT NULL AND account_id IN %s ORDER BY payee_id",
                self._get_provided_query(run),
                accounts,
            ),
        )
        return self.env["res.partner.bank"].browse(ids)

    def _get_paid(self, run, accounts):
        """Return all payees whose block the documents would have: of charges and of balances."""
        owed = query_ids(
            self.env,
            SQL(
                "SELECT DISTINCT payee_id FROM epd_account_balance"
                " WHERE period_id = %s AND account_id IN %s",
                run.period_id.id,
                accounts,
            ),
        )
        return self._get_payees(run, accounts) | self.env["res.partner.bank"].browse(owed)

    def _find_requisites_changed(self, run, accounts):
        changes = self.env["epd.payee.requisites"]._find_changes(
            run.company_id, self._get_paid(run, accounts)
        )
        return [change.payee.id for change in changes]

    def _find_code_impossible(self, run, accounts):
        return self._get_payees(run, accounts).filtered(lambda payee: payee._epd_code_problem()).ids

    def _find_requisites_check(self, run, accounts):
        payees = self._get_payees(run, accounts)
        wrong = payees.filtered(lambda payee: payee._epd_requisites_problems())
        return wrong.filtered(lambda payee: not payee._epd_code_problem()).ids

    def _find_double_lines(self, run, accounts):
        return query_ids(
            self.env,
            SQL(
                """
                SELECT id FROM (
                       SELECT c.id, row_number() OVER (
                              PARTITION BY c.account_id, c.service_id, c.total ORDER BY c.id) AS no
                         FROM epd_charge c
                        WHERE c.period_id = %s AND c.account_id IN %s AND c.total <> 0) AS lines
                 WHERE no > 1 ORDER BY id
                """,
                run.period_id.id,
                accounts,
            ),
        )

    def _find_meters(self, run, accounts, condition):
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM epd_meter_reading WHERE period_id = %s AND account_id IN %s AND %s"
                " ORDER BY id",
                run.period_id.id,
                accounts,
                condition,
            ),
        )

    def _find_meter_expired(self, run, accounts):
        return self._find_meters(run, accounts, SQL("verify_by < %s", run.period_id.date_end))

    def _find_meter_expiring(self, run, accounts):
        last = run.period_id.date_end
        soon = last + relativedelta(months=EXPIRING_MONTHS)
        return self._find_meters(run, accounts, SQL("verify_by BETWEEN %s AND %s", last, soon))

    def _find_old_ratio(self, run, accounts):
        if run.period_id.date_start < RATIO_FROM:
            return []
        services = (
            self.env["epd.service"]
            .with_context(active_test=False)
            .search_fetch(
                [("company_id", "=", run.company_id.id), ("kind", "=", "utility")], ["name"]
            )
        )
        cold = services.filtered(
            lambda service: COLD_WATER.search(service.name) and not HOT_WATER.search(service.name)
        )
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM epd_charge WHERE period_id = %s AND account_id IN %s AND ratio = %s"
                " AND service_id = ANY(%s) ORDER BY id",
                run.period_id.id,
                accounts,
                OLD_RATIO,
                cold.ids,
            ),
        )
