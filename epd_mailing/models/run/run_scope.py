"""Which accounts, documents and letters a run is about."""

from functools import cached_property

from odoo.fields import Domain
from odoo.tools import SQL


def query_ids(env, query):
    """Return what the first column of a query has, in its order.

    :param query: ``odoo.tools.SQL``
    :return: list
    """
    return [row[0] for row in env.execute_query(query)]


def all_but(accounts):
    """Return the domain of the accounts that a query does not give.

    ``NOT IN (SELECT …)`` is answered row by row where the answer does not fit into ``work_mem``: two
    minutes and more for the charges of 100 000 accounts. PostgreSQL joins ``NOT EXISTS`` at once
    (https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_NOT_IN, seen 2026-11-26).

    :param accounts: SQL of ids in brackets, as ``Query.subselect`` gives it
    """
    return Domain(
        "id",
        "in",
        SQL(
            "(SELECT other.id FROM epd_personal_account other"
            " WHERE NOT EXISTS (SELECT 1 FROM %s AS given(id) WHERE given.id = other.id))",
            accounts,
        ),
    )


class RunScope:
    """The accounts of a run, and what they have in its period.

    The accounts are the rows of the run; before there are any, those of the chosen lists.

    :param run: ``epd.billing.run`` with the rights of who asks; a new one too, as a form has it
    """

    def __init__(self, run):
        run.ensure_one()
        self.run = run
        self.env = run.env
        self.lines = self.env["epd.billing.run.line"].sudo()

    # --- accounts ----------------------------------------------------------------------------------

    def get_domain(self):
        """Return the domain of the accounts that the run is about."""
        if self.has_rows:
            return Domain("id", "in", self._get_rows().subselect("account_id"))
        if not self.run.list_ids:
            return Domain.FALSE
        return self.get_listed_domain()

    @cached_property
    def has_rows(self):
        """Whether the accounts of the run are its rows by now."""
        run_id = self.run._origin.id
        return bool(run_id and self.lines.search_count([("run_id", "=", run_id)], limit=1))

    def _get_rows(self):
        return self.lines._search([("run_id", "=", self.run._origin.id)])

    def get_listed_domain(self):
        """Return the domain of the accounts of the chosen lists, within the company."""
        run = self.run
        lists = run.list_ids.with_company(run.company_id)
        chosen = Domain.OR([entry._get_domain(run.period_id) for entry in lists])
        return chosen & Domain("company_id", "=", run.company_id.id)

    def get_listed_query(self):
        """Return SQL of the ids of the accounts of the chosen lists."""
        domain = self.get_listed_domain()
        return self.env["epd.personal.account"].sudo()._search(domain).subselect()

    def get_late_domain(self):
        """Return the domain of the accounts of the lists that came after the run was done."""
        if self.run.state != "done" or not self.run.list_ids:
            return Domain.FALSE
        taken = self._get_rows().subselect("account_id") if self.has_rows else self.get_query()
        return self.get_listed_domain() & all_but(taken)

    def get_query(self):
        """Return SQL of the ids of the accounts that the run is about."""
        accounts = self.env["epd.personal.account"].sudo()
        return accounts._search(self.get_domain()).subselect()

    def get_charged_domain(self):
        """Return the domain of accounts with charges in the period."""
        return Domain("id", "in", self._get_charged_query())

    def count_charged(self):
        """Return how many accounts of the run have charges in the period.

        Over the run's rows PostgreSQL looks each up in the index of charges, and reads no charge.
        """
        if not self.has_rows:
            accounts = self.env["epd.personal.account"]
            return accounts.search_count(self.get_domain() & self.get_charged_domain())
        rows = Domain("run_id", "=", self.run._origin.id)
        return self.lines.search_count(rows & Domain("account_id", "in", self._get_charged_query()))

    def get_uncharged_domain(self):
        """Return the domain of the run's accounts without charges in the period."""
        return self.get_domain() & all_but(self._get_charged_query())

    def _get_charged_query(self):
        # the period's company is the run's, asking for it would read the charges themselves
        charges = self.env["epd.charge"].sudo()
        found = charges._search([("period_id", "=", self.run.period_id.id)])
        # each once, as they come from the index: PostgreSQL joins them in order, and hashes none
        return found.subselect(SQL("DISTINCT account_id"))

    def get_bare_query(self):
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
            company=self.run.company_id.id,
            period=self.run.period_id.id,
        )

    def get_prepare_domain(self, what):
        """Return the domain of the accounts of the lists that get a new document, have one, or none.

        :param what: ``new``, ``kept``, ``bare`` (neither charges nor balance)
        """
        live = self.env["epd.payment.document"].sudo()._search(self._get_live_domain())
        has = live.subselect("account_id")
        self.env.flush_all()
        bare = SQL("(%s)", self.get_bare_query())
        return self.get_listed_domain() & {
            "new": all_but(has) & all_but(bare),
            "kept": Domain("id", "in", has),
            "bare": all_but(has) & Domain("id", "in", bare),
        }.get(what, Domain.FALSE)

    def count_prepare(self):
        """Return ``{what: number of accounts}`` of all that :meth:`get_prepare_domain` knows, counted at once."""
        accounts = self.env["epd.personal.account"]._search(self.get_listed_domain())
        live = self.env["epd.payment.document"].sudo()._search(self._get_live_domain())
        self.env.flush_all()
        # an account has one live document of a period and form: none is counted twice
        new, kept, bare = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FILTER (WHERE live.id IS NULL AND bare.id IS NULL),
                       count(live.id),
                       count(*) FILTER (WHERE live.id IS NULL AND bare.id IS NOT NULL)
                  FROM %(listed)s AS listed (id)
                  LEFT JOIN %(live)s AS live (id) ON live.id = listed.id
                  LEFT JOIN (%(bare)s) AS bare ON bare.id = listed.id
                """,
                listed=accounts.subselect(),
                live=live.subselect("account_id"),
                bare=self.get_bare_query(),
            )
        )[0]
        return {"new": new, "kept": kept, "bare": bare}

    # --- documents and letters -----------------------------------------------------------------------

    def _get_live_domain(self):
        """Return the domain of the saved documents of the run's period and form."""
        return (
            Domain("period_id", "=", self.run.period_id.id)
            & Domain("form", "=", self.run.form)
            & Domain("state", "=", "saved")
        )

    def get_document_domain(self):
        """Return the domain of the live documents of the accounts of the run, earlier ones too."""
        accounts = (
            self._get_rows().subselect("account_id")
            if self.has_rows
            else self.env["epd.personal.account"]._search(self.get_domain()).subselect()
        )
        return self._get_live_domain() & Domain("account_id", "in", accounts)

    def get_mailing_domain(self):
        """Return the domain of the live documents of the accounts that the run has worked on."""
        worked_on = Domain("account_id", "in", self._get_rows().subselect("account_id"))
        return worked_on & self._get_live_domain()

    def get_outdated_documents(self):
        """Return the live documents of the run's accounts that were changed after saving."""
        domain = self.get_document_domain() & Domain("is_outdated", "=", True)
        return self.env["epd.payment.document"].search(domain)

    def get_letter_domain(self):
        """Return the domain of the letters with those documents that go or have gone."""
        # the period's company is the run's, asking for it would read the documents themselves
        documents = self.env["epd.payment.document"].sudo()._search(self.get_document_domain())
        # «is_test IS NOT TRUE», as Odoo writes it, is not what the index of live letters was made with
        no_tests = Domain.custom(
            to_sql=lambda letters, alias, query: SQL(
                "NOT %s", letters._field_to_sql(alias, "is_test", query)
            )
        )
        return (
            Domain("document_id", "in", documents)
            & no_tests
            & Domain("send_state", "not in", ("skipped", "cancelled"))
        )
