from odoo.fields import Domain
from odoo.tools import SQL

SLICE = 240  # documents annulled and committed together


class RunAnnulment:
    """«Annul the Preparation»: cancels the documents of a run that have not left, slice by slice.

    What has left the house (a letter that went or whose outcome is unknown, a paper batch) stays as
    it is, and is listed. Locks on the documents are the claim of a slice.

    :param run: ``epd.billing.run``
    """

    def __init__(self, run):
        run.ensure_one()
        self.run, self.env = run, run.env

    def _get_ids_query(self, has_left):
        left = self.env["epd.payment.document"]._get_left_sql()
        return SQL(
            "SELECT document.id FROM epd_payment_document document"
            " WHERE document.run_id = %s AND document.state = 'saved' AND %s",
            self.run._origin.id or 0,
            left if has_left else SQL("NOT (%s)", left),
        )

    def get_domain(self, has_left):
        """Return the domain of the saved documents of the run that have left, or have not."""
        self.env.flush_all()
        return Domain("id", "in", SQL("(%s)", self._get_ids_query(has_left)))

    def has_work(self):
        """Tell whether the run has a document that can be annulled."""
        return bool(
            self.env["epd.payment.document"].sudo().search_count(self.get_domain(False), limit=1)
        )

    def count(self, has_left):
        """Return ``(how many, roubles due)`` of the documents that have left, or have not."""
        ((number, due),) = (
            self.env["epd.payment.document"]
            .sudo()
            ._read_group(self.get_domain(has_left), [], ["__count", "total_due:sum"])
        )
        return number, due or 0

    def take_slice(self):
        """Cancel the next documents.

        :return: how many, 0 when there are none left for this worker
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "%s ORDER BY document.id LIMIT %s FOR UPDATE OF document SKIP LOCKED",
                self._get_ids_query(False),
                SLICE,
            )
        )
        documents = self.env["epd.payment.document"].sudo().browse([row[0] for row in rows])
        if documents:
            # a letter that goes at this very moment loses its race here, or this slice does
            documents.action_cancel_document(self.run.annul_reason)
        return len(documents)
