from dateutil.relativedelta import relativedelta
from odoo import api, models
from odoo.tools import SQL

from ...tools.query_plan import switch_off_jit
from ..charge.control_sums import ControlSums
from ..document.epd_document_snapshot import SAME_CHARGES
from ..document.missing_balance import MissingBalance
from .account_counts import AccountCounts
from .readiness_rules import RULES
from .run_scope import RunScope, query_ids
from .run_waivers import LIFTABLE, RunWaivers


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
    _inherit = ["epd.readiness.accounts", "epd.readiness.figures"]

    @api.model
    def _get_rules(self):
        """Return the rules (``Rule``) in the order in which they are checked."""
        return RULES

    @api.model
    def _find_problems(self, run, on_step=None, codes=None, sums=None):
        """Return what stands in the way of the documents of ``run``, worst first.

        :param run: ``epd.billing.run``; its user must be allowed to read it
        :param on_step: called with the share of the rules checked (0…1) after each of them
        :param codes: of the rules to check; nothing means all of them
        :param sums: of :meth:`_get_control_sums` for rules, whose reading of the charges serves them;
            nothing means one of their own, where all are checked
        :return: list of dicts ``code``, ``severity``, ``text``, ``model``, ``ids`` (of all records)
        """
        run = self._prepare(run)
        accounts = RunScope(run).get_listed_query()
        rules = [rule for rule in self._get_rules() if codes is None or rule.code in codes]
        problems = []
        if codes is None:
            sums = sums or self._get_control_sums(run, for_rules=True)
        checker = self._with_sums(sums)
        if codes is None:
            counts = AccountCounts(self.sudo().env, accounts, self._get_account_conditions(run))
            checker = checker.with_context(epd_account_counts=counts)
        for place, rule in enumerate(rules, start=1):
            switch_off_jit(self.env.cr)  # each time: a step may end with a commit
            ids = checker._find(rule, run, accounts)
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
    def _get_control_sums(self, run, for_rules=False):
        """Return the sums of the accounts of the chosen lists (:class:`ControlSums`).

        :param for_rules: whether the same reading of the charges counts what the rules of single charges
            look for, see :meth:`_find_problems`
        """
        run = self._prepare(run)
        accounts = RunScope(run).get_listed_query()
        conditions = self._get_charge_conditions() if for_rules else None
        return ControlSums(self.sudo().env, run.period_id, accounts, conditions)

    def _with_sums(self, sums):
        """Return this model for a pass that has the sums of the run at hand.

        :param sums: of :meth:`_get_control_sums`, or None
        """
        return self.with_context(epd_control_sums=sums)

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
            blocked.update(query_ids(self.env, query))
        return len(blocked)

    def _get_requisites_changes(self, run, sums=None):
        """Return the payees of the run whose requisites want a manager's confirmation.

        :param run: ``epd.billing.run``; its user must be allowed to read it
        :param sums: see :meth:`_find_problems`
        :return: list of ``RequisitesChange``
        """
        run = self._prepare(run)
        elevated = self._with_sums(sums).sudo().with_company(run.company_id)
        payees = elevated._get_paid(run, RunScope(run).get_listed_query())
        return self.env["epd.payee.requisites"]._find_changes(run.company_id, payees.sudo(False))

    # --- the rules about the period and its documents ------------------------------------------------

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

    def _find_no_balance(self, run, accounts):
        return sorted(self._get_missing_balances(run, accounts))

    def _find_second_form(self, run, accounts):
        return query_ids(
            self.env,
            SQL(
                """
                SELECT id FROM epd_payment_document
                 WHERE period_id = %s AND account_id IN %s AND state = 'saved' AND form IN %s
                 ORDER BY id
                """,
                run.period_id.id,
                accounts,
                SAME_CHARGES[run.form],
            ),
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
