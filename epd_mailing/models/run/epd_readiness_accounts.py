from odoo import api, models
from odoo.tools import SQL

from ...tools import requisites
from ...tools.address_text import read_addresses
from .account_counts import DOMAIN, AccountCounts
from .run_scope import RunScope, query_ids

SHARED_EMAIL = 3  # accounts that one address serves before it is a warning


class EpdReadinessAccounts(models.AbstractModel):
    """The rules of readiness about accounts: payers, numbers, addresses, identifiers of ГИС ЖКХ.

    Part of ``epd.run.readiness``, which says what ``run`` and ``accounts`` are.
    """

    _name = "epd.readiness.accounts"
    _description = "Readiness of Accounts"

    @api.model
    def _get_account_conditions(self, run):
        """Return ``{code: SQL of a condition}`` of rules about single accounts, see :class:`AccountCounts`.

        Without an account that meets it such a rule finds nothing.
        """
        unified = SQL("account.unified_number <> ''")
        conditions = {
            "no_payer": SQL("account.partner_id IS NULL"),
            "archived_payer": SQL("NOT partner.active"),
            "archived_building": SQL("NOT building.active"),
            "double_unified": unified,
            "latin_unified": unified,
            "odd_gis_service": SQL("account.gis_service_id <> ''"),
        }
        if run.company_id.epd_code_gis:
            # no COALESCE: PostgreSQL knows how many are empty, and not how many an expression finds
            conditions["no_gis_service"] = SQL(
                "(account.gis_service_id IS NULL OR account.gis_service_id = '')"
            )
        return conditions

    def _get_known_counts(self, accounts):
        """Return the :class:`AccountCounts` of a pass over all rules, else None.

        None too where they are of other accounts: a rule of another module may ask ours about those.
        """
        known = self.env.context.get("epd_account_counts")
        # the context of a call from outside may hold anything
        is_known = isinstance(known, AccountCounts) and known.accounts == accounts
        return known if is_known else None

    def _find_accounts(self, code, run, accounts):
        """Return the ids of the accounts that meet the condition of a rule."""
        if self._is_without(code, accounts):
            return []
        return query_ids(
            self.env,
            SQL(
                "SELECT account.id FROM %s WHERE account.id IN %s AND (%s) ORDER BY account.id",
                AccountCounts.get_tables(),
                accounts,
                self._get_account_conditions(run)[code],
            ),
        )

    def _is_without(self, code, accounts):
        """Tell whether the accounts were counted, and none of them is what a rule may find."""
        counts = self._get_known_counts(accounts)
        return bool(counts) and counts.rules_out(code)

    def _get_email_domains(self, accounts):
        """Return the ``domains`` of :class:`AccountCounts`; None where addresses were not counted."""
        counts = self._get_known_counts(accounts)
        return counts.domains if counts else None

    def _find_no_accounts(self, run, accounts):
        found = self.env.execute_query(SQL("SELECT EXISTS %s", accounts))[0][0]
        return [] if found else run.list_ids.ids or [0]

    def _find_no_charges(self, run, accounts):
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM (%s) AS bare WHERE id IN %s ORDER BY id",
                RunScope(run).get_bare_query(),
                accounts,
            ),
        )

    def _find_no_payer(self, run, accounts):
        return self._find_accounts("no_payer", run, accounts)

    def _find_archived_payer(self, run, accounts):
        return self._find_accounts("archived_payer", run, accounts)

    def _find_archived_building(self, run, accounts):
        return self._find_accounts("archived_building", run, accounts)

    def _find_double_unified(self, run, accounts):
        if self._is_without("double_unified", accounts):
            return []
        return query_ids(
            self.env,
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
            ),
        )

    def _find_latin_unified(self, run, accounts):
        if self._is_without("latin_unified", accounts):
            return []
        return self._find_odd_numbers(accounts, "unified_number", requisites.check_unified_account)

    def _find_odd_numbers(self, accounts, column, check):
        """Return the ids of the accounts whose number in a column is not written as it has to be.

        :param accounts: SQL of ids
        :param check: function of the number that returns what is wrong with it, or nothing
        :return: list of int
        """
        column = SQL.identifier(column)
        rows = self.env.execute_query(
            SQL(
                "SELECT id, %(column)s FROM epd_personal_account"
                " WHERE id IN %(accounts)s AND %(column)s <> '' ORDER BY id",
                column=column,
                accounts=accounts,
            )
        )
        return [account for account, number in rows if check(number)]

    def _find_shared_email(self, run, accounts):
        domains = self._get_email_domains(accounts)
        if domains is not None and not any(
            times > SHARED_EMAIL for domain, times in domains.items() if domain is not None
        ):
            return []
        active = SQL("account_id IN %s AND state = 'active' AND email_normalized <> ''", accounts)
        # hardly any is written often: whose they are is asked of those alone
        often = query_ids(
            self.env,
            SQL(
                "SELECT email_normalized FROM epd_delivery_address WHERE %s"
                " GROUP BY email_normalized HAVING COUNT(*) > %s",
                active,
                SHARED_EMAIL,
            ),
        )
        if not often:
            return []
        return query_ids(
            self.env,
            SQL(
                """
                WITH own AS (SELECT id, account_id, email_normalized FROM epd_delivery_address
                              WHERE %(active)s AND email_normalized = ANY(%(often)s))
                SELECT id FROM own
                 WHERE email_normalized IN (SELECT email_normalized FROM own
                                             GROUP BY email_normalized
                                            HAVING COUNT(DISTINCT account_id) > %(limit)s)
                 ORDER BY email_normalized, id
                """,
                active=active,
                often=often,
                limit=SHARED_EMAIL,
            ),
        )

    def _find_office_email(self, run, accounts):
        partner = run.company_id.partner_id
        senders = self.env["epd.unisender.account"].search([("company_id", "=", run.company_id.id)])
        texts = [*(partner | partner.child_ids).mapped("email"), *senders.mapped("sender_email")]
        own = {normal for text in texts for normal in read_addresses(text).normals}
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM epd_delivery_address WHERE account_id IN %s AND state = 'active'"
                " AND email_normalized = ANY(%s) ORDER BY id",
                accounts,
                list(own),
            ),
        )

    def _find_misspelt_email(self, run, accounts):
        domains = self._get_email_domains(accounts)
        if domains is not None and None not in domains:
            return []
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM epd_delivery_address WHERE account_id IN %s AND state = 'active'"
                " AND COALESCE(email_normalized, '') = '' ORDER BY id",
                accounts,
            ),
        )

    def _find_doubtful_email(self, run, accounts):
        where = SQL("account_id IN %s AND state = 'active' AND email_normalized <> ''", accounts)
        domains = self._get_email_domains(accounts)
        if domains is None:
            domains = query_ids(
                self.env,
                SQL("SELECT DISTINCT %s FROM epd_delivery_address WHERE %s", DOMAIN, where),
            )
        doubtful = [
            each for each in domains if each is not None and read_addresses(f"x@{each}").hints
        ]
        if not doubtful:
            return []
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM epd_delivery_address WHERE %s AND %s = ANY(%s) ORDER BY id",
                where,
                DOMAIN,
                doubtful,
            ),
        )

    def _find_no_gis_service(self, run, accounts):
        if not run.company_id.epd_code_gis:
            return []
        return self._find_accounts("no_gis_service", run, accounts)

    def _find_odd_gis_service(self, run, accounts):
        if self._is_without("odd_gis_service", accounts):
            return []
        return self._find_odd_numbers(accounts, "gis_service_id", requisites.check_service_id)

    def _find_no_gis_document(self, run, accounts):
        placed = SQL(
            "SELECT account_id FROM epd_gis_placement WHERE period_id = %s AND form = %s",
            run.period_id.id,
            run.form,
        )
        return query_ids(
            self.env,
            SQL(
                "SELECT id FROM epd_personal_account WHERE id IN %(accounts)s"
                " AND EXISTS (%(placed)s) AND id NOT IN (%(placed)s) ORDER BY id",
                accounts=accounts,
                placed=placed,
            ),
        )
