from odoo.tools import SQL

from .paper_choice import PaperChoice


class PaperSorter:
    """Lists the receipts of a batch in the order of the carrier's way.

    Building, entrance, premises: one statement, for 100 000 accounts too. A document of a previous
    responsible person is listed as skipped, never printed.
    """

    def __init__(self, batch):
        """:param batch: ``epd.paper.batch`` with the right to write guarded fields"""
        self.batch = batch
        self.env = batch.env

    def add_documents(self):
        """Add the rows of the batch, number it, and count what waits for e-mail."""
        batch = self.batch
        choice = PaperChoice(self.env, batch.period_id, batch.form, batch._get_accounts_query())
        batch.line_ids.filtered(lambda line: line.state == "error").unlink()
        self.env.flush_all()
        # two batches of a period are filled one after the other, so that their numbers differ
        self.env.cr.execute(
            SQL("SELECT id FROM epd_billing_period WHERE id = %s FOR UPDATE", batch.period_id.id)
        )
        self._insert_rows(choice)
        counts = choice.count_not_printed()
        last = batch.search(
            [("period_id", "=", batch.period_id.id), ("number", ">", 0)],
            order="number desc",
            limit=1,
        )
        batch.write(
            {
                "number": batch.number or last.number + 1,
                "unsent_count": 0 if batch.with_unsent else counts["unsent"],
                "unknown_count": counts["unknown"],
            }
        )

    def _insert_rows(self, choice):
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO epd_paper_batch_line
                       (batch_id, company_id, document_id, account_id, building_id, sequence,
                        state, is_live, is_presented, problem_text,
                        create_uid, write_uid, create_date, write_date)
                SELECT %(batch)s, %(company)s, document.id, account.id, account.building_id,
                       row_number() OVER (
                           ORDER BY building.name, building.id, COALESCE(account.entrance, 0),
                                    account.premises_sort, account.premises, account.number,
                                    document.form),
                       CASE WHEN own THEN 'pending' ELSE 'error' END, own, FALSE,
                       CASE WHEN own THEN NULL ELSE %(reason)s END,
                       %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                  FROM epd_payment_document document
                  JOIN epd_personal_account account ON account.id = document.account_id
                  JOIN epd_building building ON building.id = account.building_id
                 CROSS JOIN LATERAL (
                       SELECT document.partner_id IS NOT DISTINCT FROM account.partner_id AS own
                       ) payer
                 WHERE document.id IN (%(documents)s)
                    ON CONFLICT DO NOTHING
                """,
                batch=self.batch.id,
                company=self.batch.company_id.id,
                reason=self.env._(
                    "The document is of the previous responsible person. Re-issue it."
                ),
                uid=self.env.uid,
                documents=choice.get_query(self.batch.with_unsent),
            )
        )
        self.batch.invalidate_recordset()
