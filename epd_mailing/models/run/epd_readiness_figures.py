import re
from datetime import date

from dateutil.relativedelta import relativedelta
from odoo import api, models
from odoo.tools import SQL

from ...tools import figures
from ..charge.control_sums import ControlSums
from ..charge.epd_charge import DEFAULT_LINE_KEY
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

    @api.model
    def _get_charge_conditions(self):
        """Return ``{code: SQL of a condition on a row of epd_charge}`` of rules about single charges.

        Without a charge that meets it such a rule finds nothing: a pass over all rules counts them in its
        one reading of the charges, see :meth:`_is_ruled_out`.
        """
        # most lines have an amount and nothing else: that is seen without adding up
        others = (name for name in figures.TOTAL_SIGNS if name != "amount")
        usual = SQL(" AND ").join(SQL("%s = 0", SQL.identifier(name)) for name in others)
        return {
            "line_sum": SQL(
                "((total = amount AND %s) IS NOT TRUE AND total <> %s)",
                usual,
                self._get_total_sql(),
            ),
            "odd_vat": SQL(
                "(vat_rate < 0 OR vat_rate >= 100"
                " OR vat_amount <> 0 AND abs(vat_amount) > abs(total))"
            ),
            "old_ratio": SQL("ratio = %s", OLD_RATIO),
            # of two lines of a service only one can do without a key of its own (``_line_uniq``)
            "double_lines": SQL("total <> 0 AND line_key <> %s", DEFAULT_LINE_KEY),
        }

    def _is_ruled_out(self, code, run, accounts):
        """Tell whether the charges are known by groups, and none of them is what a rule may find."""
        sums = self._get_known_sums(run, accounts)
        return bool(sums) and sums.groups.rules_out(code)

    def _get_known_sums(self, run, accounts):
        """Return the sums that a pass over all rules works with (:class:`ControlSums`), else None.

        None too where they are of another month or of other accounts: a rule of another module may ask
        ours about those.
        """
        known = self.env.context.get("epd_control_sums")
        # the context of a call from outside may hold anything
        if isinstance(known, ControlSums) and known.is_of(run.period_id, accounts):
            return known
        return None

    def _get_provided_query(self, run, charges=None):
        """Return SQL of charges with their payee: of the latest provision of the period.

        :param charges: SQL of ``building_id``, ``service_id`` and whatever else is wanted; nothing means
            id, account and total of all charges of the period
        """
        if charges is None:
            charges = SQL(
                "SELECT id, account_id, total, building_id, service_id FROM epd_charge"
                " WHERE period_id = %s",
                run.period_id.id,
            )
        return SQL(
            """
            SELECT c.*, provision.payee_id
              FROM (%(charges)s) AS c
              LEFT JOIN (%(valid)s) AS provision
                ON provision.building_id = c.building_id AND provision.service_id = c.service_id
            """,
            charges=charges,
            valid=self.env["epd.service.provision"]._get_valid_query(run.period_id),
        )

    def _find_no_provision(self, run, accounts):
        if self._get_known_sums(run, accounts) and None not in self._get_payee_ids(run, accounts):
            return []
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
        # no «sign * column»: of millions of charges each multiplication is felt
        terms = (
            SQL("%s COALESCE(%s, 0)", SQL("+" if sign > 0 else "-"), SQL.identifier(name))
            for name, sign in figures.TOTAL_SIGNS.items()
        )
        return SQL("(%s)", SQL(" ").join(terms))

    def _find_charges(self, code, run, accounts, more=None):
        """Return the ids of the charges that meet the condition of a rule.

        :param more: SQL of what else they have to meet
        """
        if self._is_ruled_out(code, run, accounts):
            return []
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM epd_charge WHERE period_id = %s AND account_id IN %s AND (%s) AND %s"
                " ORDER BY id",
                run.period_id.id,
                accounts,
                self._get_charge_conditions()[code],
                more or SQL("TRUE"),
            ),
        )

    def _find_line_sum(self, run, accounts):
        return self._find_charges("line_sum", run, accounts)

    def _find_odd_vat(self, run, accounts):
        return self._find_charges("odd_vat", run, accounts)

    def _find_balance_sum(self, run, accounts):
        payees = self._find_differing_payees(run, accounts)
        if payees == []:
            return []
        return query_ids(
            self.env,
            SQL(
                """
                SELECT b.id FROM epd_account_balance b
                  LEFT JOIN (SELECT account_id, payee_id, SUM(total) AS total
                               FROM (%(provided)s) AS provided
                              WHERE %(paid)s
                              GROUP BY account_id, payee_id) AS charged
                    ON charged.account_id = b.account_id AND charged.payee_id = b.payee_id
                 WHERE b.period_id = %(period)s AND b.account_id IN %(accounts)s AND %(owed)s
                   AND COALESCE(b.charged, 0) <> COALESCE(charged.total, 0)
                 ORDER BY b.id
                """,
                provided=self._get_provided_query(run),
                paid=SQL("payee_id IS NOT NULL")
                if payees is None
                else SQL("payee_id = ANY(%s)", payees),
                period=run.period_id.id,
                accounts=accounts,
                owed=SQL("TRUE") if payees is None else SQL("b.payee_id = ANY(%s)", payees),
            ),
        )

    def _find_differing_payees(self, run, accounts):
        """Return the ids of the payees whose balances are not their charges, account by account.

        Also of those with charges of accounts that have no balance, where others have one. None where the
        charges are not known by groups, which a pass over all rules has.
        """
        sums = self._get_known_sums(run, accounts)
        if not (sums and sums.groups.conditions):
            return None
        owed = [balances for balances in sums.owed if balances.count]
        return query_ids(
            self.env,
            SQL(
                """
                SELECT owed.payee_id
                  FROM unnest(%(payees)s::int[], %(marks)s::numeric[]) AS owed (payee_id, mark)
                  LEFT JOIN (SELECT payee_id, SUM(mark) AS mark FROM (%(provided)s) AS provided
                              GROUP BY payee_id) AS paid
                    ON paid.payee_id = owed.payee_id
                 WHERE owed.mark <> COALESCE(paid.mark, 0)
                """,
                payees=[balances.payee_id for balances in owed],
                marks=[balances.mark for balances in owed],
                provided=self._get_provided_query(run, sums.groups.get_query()),
            ),
        )

    def _get_payees(self, run, accounts):
        ids = self._get_payee_ids(run, accounts)
        return self.env["res.partner.bank"].browse(sorted(payee for payee in ids if payee))

    def _get_payee_ids(self, run, accounts):
        """Return the ids of the payees of the charges; None is among them where one has no payee."""
        sums = self._get_known_sums(run, accounts)
        if sums:
            return sums.groups.payee_ids
        # the services of the houses first: few, beside the charges
        groups = SQL(
            "SELECT DISTINCT building_id, service_id FROM epd_charge"
            " WHERE period_id = %s AND account_id IN %s",
            run.period_id.id,
            accounts,
        )
        provided = self._get_provided_query(run, groups)
        return query_ids(self.env, SQL("SELECT DISTINCT payee_id FROM (%s) AS provided", provided))

    def _get_paid(self, run, accounts):
        """Return all payees whose block the documents would have: of charges and of balances."""
        sums = self._get_known_sums(run, accounts)
        if sums:
            owed = [balances.payee_id for balances in sums.owed if balances.count]
        else:
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
        if self._is_ruled_out("double_lines", run, accounts):
            return []
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
        return self._find_charges("old_ratio", run, accounts, SQL("service_id = ANY(%s)", cold.ids))
