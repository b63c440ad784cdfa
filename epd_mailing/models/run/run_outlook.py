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
        letter goes), ``paper`` (the account gets paper, too or only).
        """
        documents = self.env["epd.payment.document"].sudo()
        documents = documents._search(RunScope(self.run.sudo()).get_document_domain())
        accounts = self.env["epd.personal.account"]
        return SQL(
            """
            SELECT target.*, %(wanted)s OR NOT %(reachable)s AS paper
              FROM (%(targets)s) AS target
              JOIN epd_personal_account account ON account.id = target.account_id
              JOIN res_company company ON company.id = account.company_id
            """,
            wanted=accounts._get_paper_sql(SQL("%s", self.run.period_id.date_start)),
            reachable=accounts._get_reachable_sql(),
            targets=self.env["epd.letter.eligibility"]._get_target_query(documents.subselect()),
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
        going = SQL("(SELECT document_id FROM outlook WHERE reason IS NULL)")
        facts = self.env.execute_query(
            SQL(
                """
                WITH outlook AS MATERIALIZED (%(outlook)s)
                SELECT 'reason', reason, count(*), count(DISTINCT email COLLATE "C"),
                       count(DISTINCT account_id), count(DISTINCT document_id), NULL, NULL
                  FROM outlook GROUP BY reason
                 UNION ALL
                SELECT 'paper', NULL, 0, 0, count(DISTINCT account_id), 0, NULL, NULL
                  FROM outlook WHERE paper AND COALESCE(reason, '') <> ALL(%(nothing)s)
                 UNION ALL
                SELECT 'sums', NULL, 0, 0, 0, 0, sums.* FROM (%(sums)s) AS sums
                """,
                outlook=self._get_query(),
                nothing=list(NOTHING),
                sums=get_comparison_query(self.run.sudo().period_id, going),
            )
        )
        rows = [row[1:] for row in facts if row[0] == "reason"]
        paper = next(row[4] for row in facts if row[0] == "paper")
        sums = next(row[6:] for row in facts if row[0] == "sums")
        going = next((row for row in rows if row[0] is None), (None, 0, 0, 0, 0))
        reasons = {row[0]: row[4] for row in rows if row[0] and row[0] != "already_sent"}
        return {
            "letters": going[1],
            "addresses": going[2],
            "accounts": going[3],
            "paper": paper,
            "already": next((row[4] for row in rows if row[0] == "already_sent"), 0),
            "no_document": self.env["epd.personal.account"].search_count(
                self.get_undocumented_domain()
            ),
            "reasons": reasons,
            "sums": read_comparison(*sums),
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
