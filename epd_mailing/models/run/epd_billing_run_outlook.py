from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.query_plan import switch_off_jit
from .epd_billing_run_readiness import RULES

# without these no account gets a document, so nothing is begun
WHOLE_RUN = ("dates_missing", "no_accounts")
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


class EpdBillingRun(models.Model):
    """What will happen, said before it happens: «who gets what», from the database in a few queries.

    The rules are those of ``epd.mailing._prepare_letters``, here over all accounts at once.
    """

    _inherit = "epd.billing.run"

    # --- letters and paper -----------------------------------------------------------------------

    def _get_outlook_query(self):
        """Return SQL of the letters to come: one row a document and address, with the reason why not.

        Columns: ``document_id``, ``account_id``, ``address_id``, ``email``, ``reason`` (NULL when the
        letter goes), ``paper`` (the account gets paper, too or only).
        """
        self.ensure_one()
        documents = self.env["epd.payment.document"].sudo()._search(self._get_document_domain())
        policy = self.company_id.epd_consent_policy
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
            first=self.period_id.date_start,
            documents=documents.subselect(),
        )

    def get_outlook(self):
        """Return who would get what from a mailing made now, as plain data (for integrations too).

        :return: dict of ``letters``, ``addresses``, ``accounts`` (by e-mail), ``paper`` (accounts),
            ``already`` (documents sent before), ``no_document`` (accounts), ``reasons`` (reason
            why no letter goes → documents)
        """
        self.ensure_one()
        self.check_access("read")
        self.env.flush_all()
        switch_off_jit(self.env.cr)
        run = self.sudo()
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
                outlook=run._get_outlook_query(),
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
                self._get_behind_domain("mail_no_document", "epd.personal.account")
            ),
            "reasons": reasons,
        }

    def _get_behind_domain(self, what, model):
        column = {
            "epd.personal.account": "account_id",
            "epd.payment.document": "document_id",
            "epd.delivery.address": "address_id",
        }.get(model)
        accounts = model == "epd.personal.account"
        if what == "mail_no_document" and accounts:
            documents = self.env["epd.payment.document"].sudo()._search(self._get_document_domain())
            return self._get_scope_domain() & Domain(
                "id", "not in", documents.subselect("account_id")
            )
        if what.startswith("mail_") and column:
            return Domain("id", "in", self._get_outlook_ids(what.removeprefix("mail_"), column))
        if what.startswith("prepare_") and accounts:
            return self._get_prepare_domain(what.removeprefix("prepare_"))
        if what.startswith("find_"):
            code = what.removeprefix("find_")
            known = (code, model) in {(rule, found) for rule, _severity, found in RULES}
            return Domain("id", "in", self._find_problem_ids(code)) if known else Domain.FALSE
        return super()._get_behind_domain(what, model)

    def _get_outlook_ids(self, what, column):
        self.env.flush_all()
        where = {
            "go": SQL("reason IS NULL"),
            "paper": SQL("paper AND COALESCE(reason, '') <> ALL(%s)", list(NOTHING)),
        }.get(what, SQL("reason = %s", what))
        return SQL(
            "(SELECT %s FROM (%s) AS outlook WHERE %s)",
            SQL.identifier(column),
            self.sudo()._get_outlook_query(),
            where,
        )

    # --- documents -------------------------------------------------------------------------------

    def _get_prepare_domain(self, what):
        """Return the domain of the accounts of the lists that get a new document, have one, or none.

        :param what: ``new``, ``kept``, ``bare`` (neither charges nor balance)
        """
        lists = self._get_account_domain()
        period = Domain("period_id", "=", self.period_id.id)
        live = (
            self.env["epd.payment.document"]
            .sudo()
            ._search(period & Domain("form", "=", self.form) & Domain("state", "=", "saved"))
        )
        has = Domain("id", "in", live.subselect("account_id"))
        self.env.flush_all()
        bare = Domain("id", "in", SQL("(%s)", self._get_bare_query()))
        return lists & {
            "new": ~has & ~bare,
            "kept": has,
            "bare": ~has & bare,
        }.get(what, Domain.FALSE)

    def _count_blocked(self, problems):
        """Return how many accounts will have no document because of errors."""
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
                    self._provided(),
                    problem["ids"],
                    self._get_account_query(),
                )
            else:
                continue
            blocked.update(self._query_ids(query))
        return len(blocked)

    # --- the pages -------------------------------------------------------------------------------

    def action_confirm_prepare(self):
        """«Save for Sending»: show what will be saved and what stands in the way, then ask."""
        self.ensure_one()
        self.check_access("write")
        self._check_asked()
        return self.env["epd.run.outlook"]._open_for(self, "prepare")

    def action_confirm_mailing(self):
        """«Make a Mailing»: show who gets what, then ask."""
        self.ensure_one()
        self.check_access("write")
        domain = self._get_document_domain()
        if not self.env["epd.payment.document"].search_count(domain, limit=1):
            raise UserError(
                self.env._("There are no saved documents yet. Press “Save for Sending” first.")
            )
        return self.env["epd.run.outlook"]._open_for(self, "mail")
