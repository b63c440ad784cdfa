from dataclasses import dataclass

from odoo import api, models
from odoo.tools import SQL

# send states in which a letter has taken its place: no second one goes by itself
LIVE = ("pending", "claimed", "sending", "sent", "rejected", "unknown")

# reasons that concern the document, whatever the address
OF_DOCUMENT = (
    "no_document",
    "document_superseded",
    "file_missing",
    "payer_changed",
    "document_outdated",
    "paper_only",
    "no_address",
    "no_consent",
)


@dataclass(frozen=True)
class Target:
    """A letter that may be written: one document to one address.

    ``address_id`` and ``email`` are None for an account without addresses; ``reason``: a failure
    type of ``epd.mailing.letter``, or None when the letter may go.
    """

    document_id: int
    account_id: int
    address_id: int | None
    email: str | None
    reason: str | None

    @property
    def is_of_document(self):
        """Whether the reason concerns the document, whatever the address."""
        return self.reason in OF_DOCUMENT

    @property
    def can_go_again(self):
        """Whether the letter may go, the first time or once more."""
        return self.reason in (None, "already_sent")


class EpdLetterEligibility(models.AbstractModel):
    """May this letter go, and if not, why: the one rule.

    It is SQL, so that it can be asked of a whole city at once and inside the statement that
    turns a letter to «sending». Its users: the outlook of a run and the writing of letters
    (:meth:`_get_target_query`), the check at the claim and the last one before the call
    (:meth:`_get_letter_query`), buttons of single documents and letters. Others add a reason by
    extending :meth:`_get_rule`.
    """

    _name = "epd.letter.eligibility"
    _description = "Rule of Letters That May Go"

    # --- the rule --------------------------------------------------------------------------------

    @api.model
    def _get_rule(self, is_new):
        """Return ``{failure type: SQL condition}``: the first that holds is why a letter does not go.

        The conditions are about the aliases ``document``, ``account``, ``company``, ``period`` and
        ``address`` (the one it goes to, or NULL).

        :param is_new: the letter is not written yet; else it stands under the alias ``letter``
        """
        consent = self.env["epd.delivery.consent"]._get_state_sql(
            account=SQL("account.id"),
            partner=SQL("account.partner_id"),
            month=SQL("period.date_start"),
        )
        rule = {
            "no_document": SQL("document.state = 'draft'"),
            "document_superseded": SQL("document.state <> 'saved'"),
            "file_missing": SQL(
                "NOT EXISTS (SELECT 1 FROM ir_attachment file"
                " WHERE file.res_model = 'epd.payment.document'"
                " AND file.res_field = 'pdf_file' AND file.res_id = document.id)"
            ),
            "payer_changed": SQL("document.partner_id IS DISTINCT FROM account.partner_id"),
            "document_outdated": self._get_outdated_sql(),
            "paper_only": SQL("account.channel = 'paper'"),
        }
        if is_new:
            rule["no_address"] = SQL("address.id IS NULL")
        rule |= {
            "no_consent": SQL(
                "company.epd_consent_policy = 'strict' AND %s NOT IN ('instead', 'copy')", consent
            ),
            "address_closed": SQL("address.id IS NULL OR address.state = 'closed'"),
            "address_bounced": SQL("address.state = 'bounced'"),
            "address_unsubscribed": SQL("address.state = 'unsubscribed'"),
            "malformed_address": SQL("COALESCE(address.email_normalized, '') = ''"),
        }
        if is_new:
            rule["already_sent"] = SQL(
                "EXISTS (SELECT 1 FROM epd_mailing_letter other"
                " WHERE other.document_id = document.id AND NOT other.is_test"
                " AND other.email_normalized = address.email_normalized"
                " AND other.send_state IN %s)",
                LIVE,
            )
        else:
            # corrected after the letter was written: the new address needs a letter of its own
            rule["address_changed"] = SQL(
                "address.email_normalized IS DISTINCT FROM letter.email_normalized"
            )
        return rule

    @api.model
    def _get_outdated_sql(self):
        """Return SQL: the document was changed after saving, and the company wants no such letter."""
        self.env["res.company"].flush_model(["epd_outdated_policy"])
        strict = self.env.execute_query(
            SQL("SELECT id FROM res_company WHERE active AND epd_outdated_policy = 'block'")
        )
        if not strict:
            return SQL("FALSE")
        companies = [company_id for (company_id,) in strict]
        documents = self.env["epd.payment.document"].sudo()
        found = documents.search([("company_id", "in", companies), ("is_outdated", "=", True)])
        return SQL("document.id = ANY(%s)", found.ids)

    @api.model
    def _get_case(self, is_new):
        """Return the rule as one SQL expression: a failure type, or NULL when the letter may go."""
        whens = (
            SQL("WHEN %s THEN %s", condition, reason)
            for reason, condition in self._get_rule(is_new).items()
        )
        return SQL("CASE %s END", SQL(" ").join(whens))

    # --- letters to be written -------------------------------------------------------------------

    @api.model
    def _get_target_query(self, documents, more=None):
        """Return SQL of the letters that documents may get, one row a document and address.

        Closed addresses get a row (the last one) only when the account has no other. Columns:
        ``document_id``, ``account_id``, ``address_id``, ``email``, ``reason``.

        :param documents: SQL of whole rows of ``epd.payment.document``, in brackets
        :param more: SQL of further columns, each after a comma, about the aliases of :meth:`_get_rule`
        """
        return SQL(
            """
            SELECT document.id AS document_id, document.account_id, address.id AS address_id,
                   address.email_normalized AS email, %(reason)s AS reason
                   %(more)s
              FROM %(documents)s AS document
              JOIN epd_personal_account account ON account.id = document.account_id
              JOIN res_company company ON company.id = document.company_id
              JOIN epd_billing_period period ON period.id = document.period_id
              LEFT JOIN epd_delivery_address address
                ON address.account_id = account.id
               AND (address.state <> 'closed' OR address.id = (
                    SELECT max(last.id) FROM epd_delivery_address last
                     WHERE last.account_id = account.id
                    HAVING bool_and(last.state = 'closed')))
            """,
            reason=self._get_case(is_new=True),
            more=more or SQL(),
            documents=documents,
        )

    @api.model
    def _get_targets(self, documents):
        """Return ``{document id: [Target]}``, addresses in their order.

        :param documents: ``epd.payment.document``; rights are the caller's business
        """
        targets = {document_id: [] for document_id in documents.ids}
        if targets:
            self.env.flush_all()
            rows = SQL("(SELECT * FROM epd_payment_document WHERE id IN %s)", tuple(targets))
            query = SQL(
                "SELECT * FROM (%s) AS target ORDER BY document_id, address_id",
                self._get_target_query(rows),
            )
            for row in self.env.execute_query(query):
                targets[row[0]].append(Target(*row))
        return targets

    # --- letters that are there ------------------------------------------------------------------

    @api.model
    def _get_letter_query(self, letter_ids):
        """Return SQL of ``letter_id`` and ``reason`` (NULL when the letter may go now).

        A test letter goes to whom the clerk wrote it: of the rule, only the document counts.

        :param letter_ids: ids of ``epd.mailing.letter``, at least one
        """
        return SQL(
            """
            SELECT letter.id AS letter_id,
                   CASE WHEN letter.is_test AND document.state = 'saved' THEN NULL
                        ELSE %(reason)s END AS reason
              FROM epd_mailing_letter letter
              JOIN epd_payment_document document ON document.id = letter.document_id
              JOIN epd_personal_account account ON account.id = document.account_id
              JOIN res_company company ON company.id = document.company_id
              JOIN epd_billing_period period ON period.id = document.period_id
              LEFT JOIN epd_delivery_address address ON address.id = letter.address_id
             WHERE letter.id IN %(letters)s
            """,
            reason=self._get_case(is_new=False),
            letters=tuple(letter_ids),
        )

    @api.model
    def _get_reasons(self, letters):
        """Return ``{letter: failure type or None}``: may they go now, and if not, why.

        :param letters: ``epd.mailing.letter``
        """
        if not letters:
            return {}
        self.env.flush_all()
        reasons = dict(self.env.execute_query(self._get_letter_query(letters.ids)))
        return {letter: reasons[letter.id] for letter in letters}
