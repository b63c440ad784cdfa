from dateutil.relativedelta import relativedelta
from odoo import models
from odoo.tools import SQL

from ...tools import requisites
from ...tools.query_plan import switch_off_jit

SAMPLE = 1000  # ids handed out per problem at most; the count is of all
SHARED_EMAIL = 3

# code, severity, model of the records; each has a method ``_find_<code>`` and a text
RULES = (
    ("dates_missing", "error", "epd.billing.period"),
    ("dates_against_law", "warning", "epd.billing.period"),
    ("no_accounts", "error", "epd.account.list"),
    ("no_provision", "error", "epd.charge"),
    ("line_sum", "error", "epd.charge"),
    ("balance_sum", "error", "epd.account.balance"),
    ("code_impossible", "error", "res.partner.bank"),
    ("requisites_check", "warning", "res.partner.bank"),
    ("no_charges", "warning", "epd.personal.account"),
    ("no_payer", "warning", "epd.personal.account"),
    ("double_lines", "warning", "epd.charge"),
    ("double_unified", "warning", "epd.personal.account"),
    ("latin_unified", "warning", "epd.personal.account"),
    ("shared_email", "warning", "epd.delivery.address"),
    ("office_email", "warning", "epd.delivery.address"),
    ("outdated", "warning", "epd.payment.document"),
)


class EpdBillingRun(models.Model):
    """What stands in the way of a run, looked for before it starts: rules as data, one query each."""

    _inherit = "epd.billing.run"

    def check_readiness(self):
        """Return what stands in the way of the documents of this run, worst first.

        Errors keep accounts without a document; warnings are to be looked at.

        :return: list of dicts ``code``, ``severity`` (``error``/``warning``), ``text``, ``model``,
            ``ids`` (of at most 1000 records), ``count`` (of all)
        """
        return [
            {**problem, "ids": problem["ids"][:SAMPLE], "count": len(problem["ids"])}
            for problem in self._find_problems()
        ]

    def _find_problems(self, on_step=None):
        """See :meth:`check_readiness`; ``ids`` are of all records, without ``count``.

        :param on_step: called with the share of the rules looked at (0…1) after each of them
        """
        run = self._for_readiness()
        accounts = run._get_account_query()
        texts = run._get_readiness_texts()
        problems = []
        for place, (code, severity, model) in enumerate(RULES, start=1):
            switch_off_jit(self.env.cr)  # each time: a step may end with a commit
            ids = getattr(run, f"_find_{code}")(accounts)
            if on_step:
                on_step(place / len(RULES))
            if ids:
                problems.append(
                    {
                        "code": code,
                        "severity": severity,
                        "text": texts[code],
                        "model": model,
                        "ids": ids,
                    }
                )
        return sorted(problems, key=lambda problem: problem["severity"] != "error")

    def _for_readiness(self):
        self.ensure_one()
        self.check_access("read")
        self.env.flush_all()
        return self.sudo().with_company(self.company_id)

    def _find_problem_ids(self, code):
        """Return the ids of the records that one rule finds now; none for what is no rule."""
        run = self._for_readiness()
        if code not in {rule for rule, _severity, _model in RULES}:
            return []
        switch_off_jit(self.env.cr)
        return getattr(run, f"_find_{code}")(run._get_account_query())

    def _get_readiness_texts(self):
        return {
            "dates_missing": self.env._(
                "The billing period has no present-by or pay-by date. Enter them."
            ),
            "dates_against_law": self.env._(
                "The dates of the billing period are not those of the law (Housing Code art. 155)."
            ),
            "no_accounts": self.env._("There is no account in the chosen lists."),
            "no_provision": self.env._(
                "Charges of services of which it is not known to whom they are paid. Enter the "
                "provision of the service in the building."
            ),
            "line_sum": self.env._("Charges whose columns do not add up to their total."),
            "balance_sum": self.env._(
                "Balances whose “charged” differs from the sum of the charges of that payee."
            ),
            "code_impossible": self.env._(
                "Bank accounts without the requisites that a payment code needs."
            ),
            "requisites_check": self.env._("Bank accounts with requisites that look wrong."),
            "no_charges": self.env._(
                "Accounts without charges and balance in the period: they will have no document."
            ),
            "no_payer": self.env._("Accounts without a responsible person."),
            "double_lines": self.env._(
                "Charges of the same service and amount twice on one account."
            ),
            "double_unified": self.env._("Accounts with the same unified account number (ЕЛС)."),
            "latin_unified": self.env._(
                "Unified account numbers (ЕЛС) of a wrong form: Latin letters that look like "
                "Russian ones, a wrong length or order."
            ),
            "shared_email": self.env._("One e-mail address on more than three accounts."),
            "office_email": self.env._("The office's own address instead of the payer's."),
            "outdated": self.env._(
                "Saved documents whose charges have changed since. Choose the mode “Missing and "
                "changed” to save new versions."
            ),
        }

    def _get_account_query(self):
        """Return SQL of the ids of the accounts that the run is about."""
        self.ensure_one()
        domain = self._get_account_domain()
        return self.env["epd.personal.account"].sudo()._search(domain).subselect()

    def _query_ids(self, query):
        return [row[0] for row in self.env.execute_query(query)]

    def _find_dates_missing(self, accounts):
        period = self.period_id
        return [] if period.present_by and period.pay_by else period.ids

    def _find_dates_against_law(self, accounts):
        period = self.period_id
        rule = self.env["epd.period.rule"]._for_period(period.date_start)
        if not (rule and period.present_by and period.pay_by):
            return []
        following = period.date_start + relativedelta(months=1)
        lawful = following.replace(day=rule.present_day), following.replace(day=rule.pay_day)
        return period.ids if (period.present_by, period.pay_by) != lawful else []

    def _find_no_accounts(self, accounts):
        found = self.env.execute_query(SQL("SELECT EXISTS %s", accounts))[0][0]
        return [] if found else self.list_ids.ids or [0]

    def _find_no_charges(self, accounts):
        return self._query_ids(
            SQL(
                "SELECT id FROM (%s) AS bare WHERE id IN %s ORDER BY id",
                self._get_bare_query(),
                accounts,
            )
        )

    def _get_bare_query(self):
        """Return SQL of the ids of the company's accounts with neither charges nor balance."""
        return SQL(
            """
            SELECT a.id FROM epd_personal_account a
             WHERE a.company_id = %(company)s
               AND NOT EXISTS (SELECT 1 FROM epd_charge c
                                WHERE c.account_id = a.id AND c.period_id = %(period)s)
               AND NOT EXISTS (SELECT 1 FROM epd_account_balance b
                                WHERE b.account_id = a.id AND b.period_id = %(period)s)
            """,
            company=self.company_id.id,
            period=self.period_id.id,
        )

    def _find_no_payer(self, accounts):
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_personal_account WHERE id IN %s AND partner_id IS NULL ORDER BY id",
                accounts,
            )
        )

    def _provided(self):
        """Return SQL of (charge, payee): the latest provision of the period for each charge."""
        return SQL(
            """
            SELECT c.id, c.account_id, c.total, provision.payee_id
              FROM epd_charge c
              LEFT JOIN (SELECT DISTINCT ON (p.building_id, p.service_id)
                                p.building_id, p.service_id, p.payee_id
                           FROM epd_service_provision p
                          WHERE p.date_from <= %(last)s
                            AND (p.date_to IS NULL OR p.date_to >= %(first)s)
                          ORDER BY p.building_id, p.service_id, p.date_from DESC) AS provision
                ON provision.building_id = c.building_id AND provision.service_id = c.service_id
             WHERE c.period_id = %(period)s
            """,
            first=self.period_id.date_start,
            last=self.period_id.date_end,
            period=self.period_id.id,
        )

    def _find_no_provision(self, accounts):
        return self._query_ids(
            SQL(
                "SELECT id FROM (%s) AS provided WHERE payee_id IS NULL AND account_id IN %s"
                " ORDER BY id",
                self._provided(),
                accounts,
            )
        )

    def _find_line_sum(self, accounts):
        return self._query_ids(
            SQL(
                """
                SELECT id FROM epd_charge
                 WHERE period_id = %s AND account_id IN %s
                   AND total <> COALESCE(amount, 0) + COALESCE(excess, 0)
                                + COALESCE(recalculation, 0) - COALESCE(discount, 0)
                 ORDER BY id
                """,
                self.period_id.id,
                accounts,
            )
        )

    def _find_balance_sum(self, accounts):
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
                provided=self._provided(),
                period=self.period_id.id,
                accounts=accounts,
            )
        )

    def _get_payees(self, accounts):
        ids = self._query_ids(
            SQL(
                "SELECT DISTINCT payee_id FROM (%s) AS provided"
                " WHERE payee_id IS NOT NULL AND account_id IN %s ORDER BY payee_id",
                self._provided(),
                accounts,
            )
        )
        return self.env["res.partner.bank"].browse(ids)

    def _find_code_impossible(self, accounts):
        return self._get_payees(accounts).filtered(lambda payee: payee._epd_code_problem()).ids

    def _find_requisites_check(self, accounts):
        payees = self._get_payees(accounts)
        wrong = payees.filtered(lambda payee: payee._epd_requisites_problems())
        return wrong.filtered(lambda payee: not payee._epd_code_problem()).ids

    def _find_double_lines(self, accounts):
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
                self.period_id.id,
                accounts,
            )
        )

    def _find_double_unified(self, accounts):
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
                first=self.period_id.date_start,
            )
        )

    def _find_latin_unified(self, accounts):
        rows = self.env.execute_query(
            SQL(
                "SELECT id, unified_number FROM epd_personal_account"
                " WHERE id IN %s AND unified_number <> '' ORDER BY id",
                accounts,
            )
        )
        return [account for account, number in rows if requisites.check_unified_account(number)]

    def _find_shared_email(self, accounts):
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

    def _find_office_email(self, accounts):
        partner = self.company_id.partner_id
        own = {partner.email_normalized, *partner.child_ids.mapped("email_normalized")}
        senders = self.env["epd.unisender.account"].search(
            [("company_id", "=", self.company_id.id)]
        )
        own |= {(email or "").strip().lower() for email in senders.mapped("sender_email")}
        return self._query_ids(
            SQL(
                "SELECT id FROM epd_delivery_address WHERE account_id IN %s AND state = 'active'"
                " AND email_normalized = ANY(%s) ORDER BY id",
                accounts,
                [email for email in own if email],
            )
        )

    def _find_outdated(self, accounts):
        documents = self.env["epd.payment.document"]
        if self.mode != "missing":
            return []
        return documents.search(
            [
                ("period_id", "=", self.period_id.id),
                ("form", "=", self.form),
                ("account_id", "in", accounts),
                ("is_outdated", "=", True),
            ]
        ).ids
