from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.query_plan import switch_off_jit

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
    "no_document": "save",
}
NOTHING = ("payer_changed", "file_missing")


class RunOutlook:
    """What a mailing made now would do, said before it happens: who gets what, in a few queries.

    The rules are those of ``epd.mailing._prepare_letters``, here over all accounts at once.
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
        documents = documents._search(self.run.sudo()._get_document_domain())
        policy = self.run.company_id.epd_consent_policy
        return SQL(
            """
            SELECT doc.id AS document_id, doc.account_id, address.id AS address_id,
                   address.email_normalized AS email,
                   CASE WHEN NOT EXISTS (SELECT 1 FROM ir_attachment file
                                          WHERE file.res_model = 'epd.payment.document'
                                            AND file.res_field = 'pdf_file'
                                            AND file.res_id = doc.id) THEN 'file_missing'
                        WHEN doc.partner_id IS DISTINCT FROM account.partner_id
                             THEN 'payer_changed'
                        WHEN account.channel = 'paper' THEN 'paper_only'
                        WHEN address.id IS NULL THEN 'no_address'
                        WHEN %(strict)s AND COALESCE(consent.word, 'none')
                             NOT IN ('instead', 'copy') THEN 'no_consent'
                        WHEN address.state <> 'active' THEN 'address_' || address.state
                        WHEN COALESCE(address.email_normalized, '') = ''
                             THEN 'malformed_address'
                        WHEN EXISTS (SELECT 1 FROM epd_mailing_letter letter
                                      WHERE letter.document_id = doc.id AND NOT letter.is_test
                                        AND letter.email_normalized = address.email_normalized
                                        AND letter.send_state NOT IN ('skipped', 'cancelled'))
                             THEN 'already_sent'
                   END AS reason,
                   account.channel <> 'email' OR NOT reach.any
                   OR (COALESCE(consent.word, 'none') <> 'instead' AND %(paper)s) AS paper
              FROM epd_payment_document doc
              JOIN epd_personal_account account ON account.id = doc.account_id
              CROSS JOIN LATERAL (
                   SELECT EXISTS (SELECT 1 FROM epd_delivery_address good
                                   WHERE good.account_id = account.id AND good.state = 'active'
                                     AND good.email_normalized <> '') AS any,
                          (SELECT max(last.id) FROM epd_delivery_address last
                            WHERE last.account_id = account.id
                           HAVING bool_and(last.state = 'closed')) AS closed_id) AS reach
              LEFT JOIN epd_delivery_address address
                ON address.account_id = account.id
               AND (address.state <> 'closed' OR address.id = reach.closed_id)
              LEFT JOIN LATERAL (
                   SELECT CASE WHEN said.action = 'withdrawn' THEN 'withdrawn'
                               ELSE said.kind END AS word
                     FROM epd_delivery_consent said
                    WHERE said.account_id = account.id
                      AND (said.partner_id IS NULL OR said.partner_id = account.partner_id)
                      AND said.effective_from <= %(first)s
                    ORDER BY said.date DESC, said.id DESC LIMIT 1) AS consent ON TRUE
             WHERE doc.id IN %(documents)s
            """,
            strict=policy == "strict",
            paper=policy != "email_only",
            first=self.run.period_id.date_start,
            documents=documents.subselect(),
        )

    def get_counts(self):
        """Return who would get what from a mailing made now, as plain data.

        :return: dict of ``letters``, ``addresses``, ``accounts`` (by e-mail), ``paper`` (accounts),
            ``already`` (documents sent before), ``no_document`` (accounts), ``reasons`` (reason
            why no letter goes → documents)
        """
        self.env.flush_all()
        switch_off_jit(self.env.cr)
        facts = self.env.execute_query(
            SQL(
                """
                WITH outlook AS MATERIALIZED (%(outlook)s)
                SELECT false AS is_paper, reason, count(*), count(DISTINCT email),
                       count(DISTINCT account_id), count(DISTINCT document_id)
                  FROM outlook GROUP BY reason
                 UNION ALL
                SELECT true, NULL, 0, 0, count(DISTINCT account_id), 0
                  FROM outlook WHERE paper AND COALESCE(reason, '') <> ALL(%(nothing)s)
                """,
                outlook=self._get_query(),
                nothing=list(NOTHING),
            )
        )
        rows = [row[1:] for row in facts if not row[0]]
        paper = next(row[4] for row in facts if row[0])
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
        }

    def get_undocumented_domain(self):
        """Return the domain of the accounts of the run that have no saved document."""
        documents = self.env["epd.payment.document"].sudo()
        saved = documents._search(self.run._get_document_domain())
        return self.run._get_scope_domain() & Domain("id", "not in", saved.subselect("account_id"))

    def get_ids_query(self, what, column):
        """Return SQL of the ids behind a number.

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
