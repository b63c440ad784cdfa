import re
from dataclasses import dataclass, field
from datetime import date

from dateutil.relativedelta import relativedelta
from odoo import api, models
from odoo.tools import SQL, LazyTranslate
from odoo.tools.translate import LazyGettext

from ...tools import figures, requisites
from ...tools.address_text import read_addresses
from ...tools.query_plan import switch_off_jit
from ..charge.control_sums import ControlSums
from ..document.epd_document_snapshot import SAME_CHARGES
from ..document.missing_balance import MissingBalance
from .run_scope import RunScope
from .run_waivers import LIFTABLE, RunWaivers

_lt = LazyTranslate(__name__)

SHARED_EMAIL = 3  # accounts that one address serves before it is a warning


@dataclass(frozen=True)
class Rule:
    """One thing that may stand in the way; ``EpdRunReadiness._find_<code>`` finds its records.

    :param severity: ``error`` keeps accounts without a document, ``warning`` is to be checked
    :param model: of the records found
    :param text: what the clerk reads, and what to do about it
    """

    code: str
    severity: str
    model: str
    text: LazyGettext = field(compare=False)


RULES = (
    Rule(
        "dates_missing",
        "error",
        "epd.billing.period",
        _lt("The billing period has no present-by or pay-by date. Enter them."),
    ),
    Rule(
        "dates_against_law",
        "warning",
        "epd.billing.period",
        _lt("The dates of the billing period are not those of the law (Housing Code art. 155)."),
    ),
    Rule(
        "no_accounts",
        "error",
        "epd.account.list",
        _lt("There is no account in the chosen lists."),
    ),
    Rule(
        "no_provision",
        "error",
        "epd.charge",
        _lt(
            "Charges of services of which it is not known to whom they are paid. Enter the "
            "provision of the service in the building."
        ),
    ),
    Rule(
        "line_sum",
        "error",
        "epd.charge",
        _lt("Charges whose columns do not add up to their total."),
    ),
    Rule(
        "odd_vat",
        "warning",
        "epd.charge",
        _lt("Charges with a VAT rate that is none, or with more VAT than they come to."),
    ),
    Rule(
        "balance_sum",
        "error",
        "epd.account.balance",
        _lt("Balances whose “charged” differs from the sum of the charges of that payee."),
    ),
    Rule(
        "no_balance",
        "error",
        "epd.personal.account",
        _lt(
            "Accounts that owed money and have no balance in the period: their receipts would drop "
            "the debt. Load the balances, or lift this with a reason."
        ),
    ),
    Rule(
        "requisites_changed",
        "error",
        "res.partner.bank",
        _lt(
            "Requisites of payees are not those that the last documents were saved with. A manager "
            "compares and confirms them."
        ),
    ),
    Rule(
        "code_impossible",
        "error",
        "res.partner.bank",
        _lt("Bank accounts without the requisites that a payment code needs."),
    ),
    Rule(
        "requisites_check",
        "warning",
        "res.partner.bank",
        _lt("Bank accounts with requisites that look wrong."),
    ),
    Rule(
        "no_charges",
        "warning",
        "epd.personal.account",
        _lt("Accounts without charges and balance in the period: they will have no document."),
    ),
    Rule(
        "no_payer",
        "warning",
        "epd.personal.account",
        _lt("Accounts without a responsible person."),
    ),
    Rule(
        "archived_payer",
        "warning",
        "epd.personal.account",
        _lt(
            "Accounts whose responsible person is archived: the receipt still goes to them. "
            "Record the new responsible person, or restore the contact."
        ),
    ),
    Rule(
        "archived_building",
        "warning",
        "epd.personal.account",
        _lt(
            "Accounts of archived buildings stand in the chosen lists. Take them out, or restore "
            "the building."
        ),
    ),
    Rule(
        "double_lines",
        "warning",
        "epd.charge",
        _lt("Charges of the same service and amount twice on one account."),
    ),
    Rule(
        "double_unified",
        "warning",
        "epd.personal.account",
        _lt("Accounts with the same unified account number (ЕЛС)."),
    ),
    Rule(
        "latin_unified",
        "warning",
        "epd.personal.account",
        _lt(
            "Unified account numbers (ЕЛС) of a wrong form: Latin letters that look like "
            "Russian ones, a wrong length or order."
        ),
    ),
    Rule(
        "shared_email",
        "warning",
        "epd.delivery.address",
        _lt("One e-mail address on more than three accounts."),
    ),
    Rule(
        "office_email",
        "warning",
        "epd.delivery.address",
        _lt("The office's own address instead of the payer's."),
    ),
    Rule(
        "misspelt_email",
        "warning",
        "epd.delivery.address",
        _lt("Addresses written with a mistake: no letter goes there, the receipt goes on paper."),
    ),
    Rule(
        "doubtful_email",
        "warning",
        "epd.delivery.address",
        _lt(
            "Addresses with a mail domain that is probably a slip (gmial.com): letters go there "
            "as written. Check what is proposed, and press “Correct” where it is right."
        ),
    ),
    Rule(
        "no_gis_service",
        "warning",
        "epd.personal.account",
        _lt(
            "Accounts without the identifier of GIS ZhKKh (ИЖКУ): their payments are matched by hand."
        ),
    ),
    Rule(
        "odd_gis_service",
        "warning",
        "epd.personal.account",
        _lt(
            "Identifiers of GIS ZhKKh (ИЖКУ) of a wrong form: Latin letters that look like Russian "
            "ones, a wrong length or order. Payments by them are not found."
        ),
    ),
    Rule(
        "no_gis_document",
        "warning",
        "epd.personal.account",
        _lt(
            "Accounts whose bill has no identifier (ИПД) yet, while others of the month have theirs."
        ),
    ),
    Rule(
        "meter_expired",
        "warning",
        "epd.meter.reading",
        _lt(
            "Meters whose verification has ended: the law asks for the norm with the raising "
            "coefficient."
        ),
    ),
    Rule(
        "meter_expiring",
        "warning",
        "epd.meter.reading",
        _lt("Meters whose verification ends within two months: tell the payers."),
    ),
    Rule(
        "old_ratio",
        "warning",
        "epd.charge",
        _lt(
            "Cold water with the raising coefficient 1.5. Since 06.12.2025 it is 3 (government's "
            "decree 1871 of 25.11.2025)."
        ),
    ),
    Rule(
        "second_form",
        "warning",
        "epd.payment.document",
        _lt(
            "Accounts that have a document of this period already: the same charges will stand in "
            "a second document."
        ),
    ),
    Rule(
        "outdated",
        "warning",
        "epd.payment.document",
        _lt(
            "Saved documents whose charges have changed since. Choose the mode “Missing and "
            "changed” to save new versions."
        ),
    ),
)
# the raising coefficient for cold water is 3 from 06.12.2025: government's decree 1871 of 25.11.2025
OLD_RATIO, RATIO_FROM = 1.5, date(2025, 12, 1)
# a service has no code of its kind of water, so its name tells; «ГВС: компонент на холодную воду» is hot
COLD_WATER = re.compile(
    r"холодн|\bхвс\b|\bх\s?[./]?\s?в(од|\b)|^(питьевая )?вода\b|^водоснабжение", re.IGNORECASE
)
HOT_WATER = re.compile(
    r"горяч|\bгвс\b|\bг\s?[./]?\s?в(од|\b)|теплоносител|подогрев|отведен|канализ", re.IGNORECASE
)
EXPIRING_MONTHS = 2  # how far ahead a verification that ends is told of
# without these no account gets a document, so nothing is begun
WHOLE_RUN = ("dates_missing", "no_accounts", "requisites_changed")


def get_sizes(ids):
    """Return ``{record: size}`` of records that are there or not, as :class:`RunWaivers` compares them."""
    return {str(record_id): 0 for record_id in ids}


def get_jump_sizes(jumps):
    """Return ``{record: size}`` of jumps: the roubles by which each sum moved.

    :param jumps: list of :class:`~..charge.control_sums.Jump`
    """
    return {
        f"{jump.kind}-{jump.record.id}": str(abs(jump.sums.now - jump.sums.before))
        for jump in jumps
    }


class EpdRunReadiness(models.AbstractModel):
    """What stands in the way of a run, checked before it starts: rules as data, one query each.

    Another module adds a rule by extending :meth:`_get_rules` and defining
    ``_find_<code>(run, accounts)``: ``accounts`` is SQL of the ids of the accounts the run is
    about, the answer is a list of ids.
    """

    _name = "epd.run.readiness"
    _description = "Readiness of a Run"

    @api.model
    def _get_rules(self):
        """Return the rules (``Rule``) in the order in which they are checked."""
        return RULES

    @api.model
    def _find_problems(self, run, on_step=None, codes=None):
        """Return what stands in the way of the documents of ``run``, worst first.

        :param run: ``epd.billing.run``; its user must be allowed to read it
        :param on_step: called with the share of the rules checked (0…1) after each of them
        :param codes: of the rules to check; nothing means all of them
        :return: list of dicts ``code``, ``severity``, ``text``, ``model``, ``ids`` (of all records)
        """
        run = self._prepare(run)
        accounts = RunScope(run).get_listed_query()
        rules = [rule for rule in self._get_rules() if codes is None or rule.code in codes]
        problems = []
        for place, rule in enumerate(rules, start=1):
            switch_off_jit(self.env.cr)  # each time: a step may end with a commit
            ids = self._find(rule, run, accounts)
            if on_step:
                on_step(place / len(rules))
            if ids:
                problems.append(
                    {
                        "code": rule.code,
                        "severity": self._get_severity(rule, run, ids),
                        "text": self.env._(rule.text),
                        "model": rule.model,
                        "ids": ids,
                    }
                )
        return sorted(problems, key=lambda problem: problem["severity"] != "error")

    @api.model
    def _find_ids(self, run, code, model=None):
        """Return the ids of the records that one rule finds now; none for what is no rule.

        :param code: of the rule; from outside, so it may be anything
        :param model: of the records; nothing means that of the rule
        """
        run = self._prepare(run)
        for rule in self._get_rules():
            if rule.code == code and model in (None, rule.model):
                switch_off_jit(self.env.cr)
                return self._find(rule, run, RunScope(run).get_listed_query())
        return []

    def _get_severity(self, rule, run, ids):
        """Return the severity of a rule for a run: of one of them the company decides.

        What a clerk has lifted is a warning, as long as it has not grown.
        """
        severity = rule.severity
        if rule.code == "second_form":
            severity = run.company_id.epd_second_form
        lifted = RunWaivers(run).is_lifted(rule.code, get_sizes(ids))
        return "warning" if lifted else severity

    @api.model
    def _describe_rule(self, code):
        """Return what the clerk reads of a finding."""
        if code == "sums_jump":
            return self.env._("Sums that jumped against the month before")
        return next(self.env._(rule.text) for rule in self._get_rules() if rule.code == code)

    @api.model
    def _find_liftable(self, run, code):
        """Return what a finding has that may be lifted; nothing of what is no error.

        :return: ``{record: size}``, as JSON keeps it: ids with 0, or of jumps ``building-<id>`` and
            ``service-<id>`` with the roubles by which the sum moved
        """
        if code == "sums_jump":
            return get_jump_sizes(self._find_jumps(run))
        if code == "second_form" and run.company_id.epd_second_form != "error":
            return {}
        return get_sizes(self._find_ids(run, code)) if code in LIFTABLE else {}

    @api.model
    def _get_control_sums(self, run):
        """Return the sums of the accounts of the chosen lists (:class:`ControlSums`)."""
        run = self._prepare(run)
        accounts = RunScope(run).get_listed_query()
        return ControlSums(self.sudo().env, run.period_id, accounts)

    @api.model
    def _find_jumps(self, run):
        """Return the houses and services whose charges jumped (list of ``Jump``)."""
        return self._get_control_sums(run).find_jumps()

    @api.model
    def _get_missing_balances(self, run, accounts=None):
        """Return ``{account id: roubles owed before}`` of accounts that have no balance now.

        Accounts whose document stays as it is are not asked.

        :param accounts: SQL of a subselect of account ids; nothing means all of the run
        """
        run = self._prepare(run)
        listed = accounts or RunScope(run).get_listed_query()
        found = MissingBalance(self.sudo().env, run.period_id, run.form).find(listed)
        if not found or run.mode != "missing":
            return found
        documents = self.env["epd.payment.document"].sudo()
        kept = documents._get_live(
            self.env["epd.personal.account"].browse(found), run.period_id, run.form
        ).account_id.ids
        return {account: owed for account, owed in found.items() if account not in set(kept)}

    def _find(self, rule, run, accounts):
        elevated = self.sudo().with_company(run.company_id)
        return getattr(elevated, f"_find_{rule.code}")(run, accounts)

    def _prepare(self, run):
        run.ensure_one()
        run.check_access("read")
        self.env.flush_all()
        return run.sudo().with_company(run.company_id)

    @api.model
    def _count_blocked(self, run, problems):
        """Return how many accounts will have no document because of errors.

        :param problems: of :meth:`_find_problems`
        """
        run = self._prepare(run)
        blocked = set()
        tables = {"epd.charge": "epd_charge", "epd.account.balance": "epd_account_balance"}
        for problem in problems:
            if problem["severity"] != "error":
                continue
            if problem["model"] in tables:
                query = SQL(
                    "SELECT DISTINCT account_id FROM %s WHERE id = ANY(%s)",
                    SQL.identifier(tables[problem["model"]]),
                    problem["ids"],
                )
            elif problem["model"] == "res.partner.bank":
                query = SQL(
                    "SELECT DISTINCT account_id FROM (%s) AS provided"
                    " WHERE payee_id = ANY(%s) AND account_id IN %s",
                    self._get_provided_query(run),
                    problem["ids"],
                    RunScope(run).get_listed_query(),
                )
            elif problem["model"] == "epd.personal.account":
                blocked.update(problem["ids"])
                continue
            elif problem["model"] == "epd.payment.document":
                query = SQL(
                    "SELECT DISTINCT account_id FROM epd_payment_document WHERE id = ANY(%s)",
                    problem["ids"],
                )
            else:
                continue
            blocked.update(self._query_ids(query))
        return len(blocked)

    def _query_ids(self, query):
        return [row[0] for row in self.env.execute_query(query)]

    def _find_dates_missing(self, run, accounts):
        period = run.period_id
        return [] if period.present_by and period.pay_by else period.ids

    def _find_dates_against_law(self, run, accounts):
        period = run.period_id
        rule = self.env["epd.period.rule"]._for_period(period.date_start)
        if not (rule and period.present_by and period.pay_by):
            return []
        following = period.date_start + relativedelta(months=1)
        lawful = following.replace(day=rule.present_day), following.replace(day=rule.pay_day)
        return period.ids if (period.present_by, period.pay_by) != lawful else []

    def _find_no_accounts(self, run, accounts):
        found = self.env.execute_query(SQL("SELECT EXISTS %s", accounts))[0][0]
        return [] if found else run.list_ids.ids or [0]

    def _find_no_charges(self, run, accounts):
        return self._query_ids(
            SQL(
                "SELECT id FROM (%s) AS bare WHERE id IN %s ORDER BY id",
                RunScope(run).get_bare_query(),
                accounts,
            )
        )

    def _find_no_balance(self, run, accounts):
        return sorted(self._get_missing_balances(run, accounts))

    def _find_no_payer(self, run, accounts):
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_personal_account WHERE id IN %s AND partner_id IS NULL ORDER BY id",
                accounts,
            )
        )

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
        return self._query_ids(
            SQL(
                "SELECT id FROM (%s) AS provided WHERE payee_id IS NULL AND account_id IN %s"
                " ORDER BY id",
                self._get_provided_query(run),
                accounts,
            )
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
        return self._query_ids(
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
            )
        )

    def _find_odd_vat(self, run, accounts):
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_charge WHERE period_id = %s AND account_id IN %s"
                " AND (vat_rate < 0 OR vat_rate >= 100 OR abs(vat_amount) > abs(total)) ORDER BY id",
                run.period_id.id,
                accounts,
            )
        )

    def _find_balance_sum(self, run, accounts):
        return self._query_ids(
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
            )
        )

    def _get_payees(self, run, accounts):
        ids = self._query_ids(
            SQL(
                "SELECT DISTINCT payee_id FROM (%s) AS provided"
                " WHERE payee_id IS NOT NULL AND account_id IN %s ORDER BY payee_id",
                self._get_provided_query(run),
                accounts,
            )
        )
        return self.env["res.partner.bank"].browse(ids)

    def _get_requisites_changes(self, run):
        """Return the payees of the run whose requisites want a manager's confirmation.

        :param run: ``epd.billing.run``; its user must be allowed to read it
        :return: list of ``RequisitesChange``
        """
        run = self._prepare(run)
        elevated = self.sudo().with_company(run.company_id)
        payees = elevated._get_paid(run, RunScope(run).get_listed_query())
        return self.env["epd.payee.requisites"]._find_changes(run.company_id, payees.sudo(False))

    def _get_paid(self, run, accounts):
        """Return all payees whose block the documents would have: of charges and of balances."""
        owed = self._query_ids(
            SQL(
                "SELECT DISTINCT payee_id FROM epd_account_balance"
                " WHERE period_id = %s AND account_id IN %s",
                run.period_id.id,
                accounts,
            )
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
        return self._query_ids(
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
            )
        )

    def _find_archived_payer(self, run, accounts):
        return self._query_ids(
            SQL(
                "SELECT account.id FROM epd_personal_account account"
                " JOIN res_partner partner ON partner.id = account.partner_id"
                " WHERE account.id IN %s AND NOT partner.active ORDER BY account.id",
                accounts,
            )
        )

    def _find_archived_building(self, run, accounts):
        return self._query_ids(
            SQL(
                "SELECT account.id FROM epd_personal_account account"
                " JOIN epd_building building ON building.id = account.building_id"
                " WHERE account.id IN %s AND NOT building.active ORDER BY account.id",
                accounts,
            )
        )

    def _find_double_unified(self, run, accounts):
        return self._query_ids(
            SQL(
                """
                SELECT a.id FROM epd_personal_account a
                 WHERE a.id IN %(accounts)s AND a.unified_number <> ''
                   AND EXISTS (SELECT 1 FROM epd_personal_account b
                                WHERE b.company_id = a.company_id AND b.id <> a.id
                                  AND upper(b.unified_number) = upper(a.unified_number)
                                  AND (b.date_close IS NULL OR b.date_close >= %(first)s)
                                  AND b.premises IS DISTINCT FROM a.premises)
                 ORDER BY a.id
                """,
                accounts=accounts,
                first=run.period_id.date_start,
            )
        )

    def _find_latin_unified(self, run, accounts):
        rows = self.env.execute_query(
            SQL(
                "SELECT id, unified_number FROM epd_personal_account"
                " WHERE id IN %s AND unified_number <> '' ORDER BY id",
                accounts,
            )
        )
        return [account for account, number in rows if requisites.check_unified_account(number)]

    def _find_shared_email(self, run, accounts):
        return self._query_ids(
            SQL(
                """
                SELECT e.id FROM epd_delivery_address e
                 WHERE e.account_id IN %(accounts)s AND e.state = 'active'
                   AND e.email_normalized IN (
                       SELECT d.email_normalized FROM epd_delivery_address d
                        WHERE d.account_id IN %(accounts)s AND d.state = 'active'
                          AND d.email_normalized <> ''
                        GROUP BY d.email_normalized
                       HAVING COUNT(DISTINCT d.account_id) > %(limit)s)
                 ORDER BY e.email_normalized, e.id
                """,
                accounts=accounts,
                limit=SHARED_EMAIL,
            )
        )

    def _find_office_email(self, run, accounts):
        partner = run.company_id.partner_id
        senders = self.env["epd.unisender.account"].search([("company_id", "=", run.company_id.id)])
        texts = [*(partner | partner.child_ids).mapped("email"), *senders.mapped("sender_email")]
        own = {normal for text in texts for normal in read_addresses(text).normals}
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_delivery_address WHERE account_id IN %s AND state = 'active'"
                " AND email_normalized = ANY(%s) ORDER BY id",
                accounts,
                list(own),
            )
        )

    def _find_misspelt_email(self, run, accounts):
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_delivery_address WHERE account_id IN %s AND state = 'active'"
                " AND COALESCE(email_normalized, '') = '' ORDER BY id",
                accounts,
            )
        )

    def _find_doubtful_email(self, run, accounts):
        domain = SQL("split_part(email_normalized, '@', 2)")
        where = SQL("account_id IN %s AND state = 'active' AND email_normalized <> ''", accounts)
        domains = self._query_ids(
            SQL("SELECT DISTINCT %s FROM epd_delivery_address WHERE %s", domain, where)
        )
        doubtful = [each for each in domains if read_addresses(f"x@{each}").hints]
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_delivery_address WHERE %s AND %s = ANY(%s) ORDER BY id",
                where,
                domain,
                doubtful,
            )
        )

    def _find_no_gis_service(self, run, accounts):
        if not run.company_id.epd_code_gis:
            return []
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_personal_account"
                " WHERE id IN %s AND COALESCE(gis_service_id, '') = '' ORDER BY id",
                accounts,
            )
        )

    def _find_odd_gis_service(self, run, accounts):
        rows = self.env.execute_query(
            SQL(
                "SELECT id, gis_service_id FROM epd_personal_account"
                " WHERE id IN %s AND gis_service_id <> '' ORDER BY id",
                accounts,
            )
        )
        return [account for account, number in rows if requisites.check_service_id(number)]

    def _find_no_gis_document(self, run, accounts):
        placed = SQL(
            "SELECT account_id FROM epd_gis_placement WHERE period_id = %s AND form = %s",
            run.period_id.id,
            run.form,
        )
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_personal_account WHERE id IN %(accounts)s"
                " AND EXISTS (%(placed)s) AND id NOT IN (%(placed)s) ORDER BY id",
                accounts=accounts,
                placed=placed,
            )
        )

    def _find_meters(self, run, accounts, condition):
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_meter_reading WHERE period_id = %s AND account_id IN %s AND %s"
                " ORDER BY id",
                run.period_id.id,
                accounts,
                condition,
            )
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
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_charge WHERE period_id = %s AND account_id IN %s AND ratio = %s"
                " AND service_id = ANY(%s) ORDER BY id",
                run.period_id.id,
                accounts,
                OLD_RATIO,
                cold.ids,
            )
        )

    def _find_second_form(self, run, accounts):
        return self._query_ids(
            SQL(
                """
                SELECT id FROM epd_payment_document
                 WHERE period_id = %s AND account_id IN %s AND state = 'saved' AND form IN %s
                 ORDER BY id
                """,
                run.period_id.id,
                accounts,
                SAME_CHARGES[run.form],
            )
        )

    def _find_outdated(self, run, accounts):
        documents = self.env["epd.payment.document"]
        if run.mode != "missing":
            return []
        return documents.search(
            [
                ("period_id", "=", run.period_id.id),
                ("form", "=", run.form),
                ("account_id", "in", accounts),
                ("is_outdated", "=", True),
            ]
        ).ids
