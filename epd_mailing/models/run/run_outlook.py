from odoo.tools import SQL

from ...tools.query_plan import switch_off_jit
from ..document.document_sums import get_comparison_query, read_comparison
from .run_scope import RunScope, all_but

# why there is no letter: what can be done about it; the accounts get paper meanwhile
MENDS = {
    "no_address": "address",
    "malformed_address": "address",
    "address_bounced": "address",
    "address_unsubscribed": "address",
    "address_closed": "address",
    "no_consent": "consent",
    "payer_changed": "reissue",
    "file_missing": "reissue",
    "document_outdated": "again",
    "no_document": "save",
}
NOTHING = ("payer_changed", "file_missing")


class RunOutlook:
    """What a mailing created now would do, said before it happens: who gets what, in a few queries.

    Which letters go is decided by ``epd.letter.eligibility``, which accounts get paper by
    ``epd.personal.account._get_paper_sql``, here over all accounts at once.
    """

    def __init__(self, run):
        """:param run: ``epd.billing.run``, with the rights of who asks"""
        run.ensure_one()
        self.run = run
        self.env = run.env

    def _get_query(self):
        """Return SQL of the letters to come: one row a document and address, with the reason why not.

        Columns: ``document_id``, ``account_id``, ``address_id``, ``email``, ``reason`` (NULL when the
        letter goes), ``total_due`` (of the document), ``paper`` (the account gets paper, too or only).
        """
        documents = self.env["epd.payment.document"].sudo()
        documents = documents._search(RunScope(self.run.sudo()).get_document_domain())
        accounts = self.env["epd.personal.account"]
        # all of one pass: documents and accounts are not read again for what is asked of them here
        return self.env["epd.letter.eligibility"]._get_target_query(
            documents.subselect(SQL("epd_payment_document.*")),
            SQL(
                ", document.total_due, %s OR NOT %s AS paper",
                accounts._get_paper_sql(SQL("%s", self.run.period_id.date_start)),
                accounts._get_reachable_sql(),
            ),
        )

    def get_counts(self):
        """Return who would get what from a mailing created now, as plain data.

        :return: dict of ``letters``, ``addresses``, ``accounts`` (by e-mail), ``paper`` (accounts),
            ``already`` (documents sent before), ``no_document`` (accounts), ``reasons`` (reason
            why no letter goes → documents), ``sums`` (what the documents of the letters come to
            beside last month's, :class:`~..charge.control_sums.Compared`)
        """
        self.run.check_access("read")
        self.env.flush_all()
        switch_off_jit(self.env.cr)
        # not «reason IS NULL»: PostgreSQL takes that for one in 200, and looks documents up one by one
        going = SQL("(SELECT account_id, %s AS form, total_due FROM own WHERE goes)", self.run.form)
        # an account has one live document of a period and form: «own» has a row a document and reason.
        # What is told apart by groups is hashed, «count(DISTINCT …)» sorts
        facts = self.env.execute_query(
            SQL(
                """
                WITH outlook AS MATERIALIZED (%(outlook)s),
                     own AS MATERIALIZED (
                         SELECT reason, account_id, count(*) AS letters,
                                min(total_due) AS total_due, bool_or(paper) AS paper,
                                reason IS NULL AS goes
                           FROM outlook GROUP BY reason, account_id)
                SELECT 'reason', reason, sum(letters)::int, count(*), NULL, NULL
                  FROM own GROUP BY reason
                 UNION ALL
                SELECT 'addresses', NULL, 0, count(email), NULL, NULL
                  FROM (SELECT email COLLATE "C" AS email FROM outlook
                         WHERE reason IS NULL GROUP BY 1) AS addresses
                 UNION ALL
                SELECT 'paper', NULL, 0, count(*), NULL, NULL
                  FROM (SELECT account_id FROM own
                         WHERE paper AND COALESCE(reason, '') <> ALL(%(nothing)s)
                         GROUP BY account_id) AS accounts
                 UNION ALL
                SELECT 'sums', NULL, 0, 0, sums.* FROM (%(sums)s) AS sums
                """,
                outlook=self._get_query(),
                nothing=list(NOTHING),
                sums=get_comparison_query(self.run.sudo().period_id, going),
            )
        )
        found = {row[0]: row[2:] for row in facts if row[0] != "reason"}
        rows = {row[1]: row[2:4] for row in facts if row[0] == "reason"}
        letters, accounts = rows.pop(None, (0, 0))
        reasons = {reason: count for reason, (_letters, count) in rows.items()}
        return {
            "letters": letters,
            "addresses": found["addresses"][1],
            "accounts": accounts,
            "paper": found["paper"][1],
            "already": reasons.pop("already_sent", 0),
            "no_document": self.env["epd.personal.account"].search_count(
                self.get_undocumented_domain()
            ),
            "reasons": reasons,
            "sums": read_comparison(*found["sums"][2:]),
        }

    def get_undocumented_domain(self):
        """Return the domain of the accounts of the run that have no saved document."""
        documents = self.env["epd.payment.document"].sudo()
        saved = documents._search(RunScope(self.run).get_document_domain())
        return RunScope(self.run).get_domain() & all_but(saved.subselect("account_id"))

    def get_ids_query(self, what, column):
        """Return SQL of the ids that a number counts.

        :param what: ``go``, ``paper``, or a reason why no letter goes
        :param column: ``account_id``, ``document_id`` or ``address_id``
        """
        self.env.flush_all()
        where = {
            "go": SQL("reason IS NULL"),
            "paper": SQL("paper AND COALESCE(reason, '') <> ALL(%s)", list(NOTHING)),
        }.get(what, SQL("reason = %s", what))
        return SQL(
            "(SELECT %s FROM (%s) AS outlook WHERE %s)",
            SQL.identifier(column),
            self._get_query(),
            where,
        )
