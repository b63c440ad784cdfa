from odoo import models

from .letter_writer import LetterWriter


class EpdDeliveryAddress(models.Model):
    """Letters on their way to an address that is no longer the payer's."""

    _inherit = "epd.delivery.address"  # pylint: disable=consider-merging-classes-inherited

    def _withdraw_letters(self):
        """Skip the letters that may not go there any more; mailings not begun write to the new one."""
        res = super()._withdraw_letters()
        letters = (
            self.env["epd.mailing.letter"]
            .sudo()
            .search(
                [
                    ("address_id", "in", self.ids),
                    ("send_state", "in", ("pending", "claimed")),
                    ("is_test", "=", False),
                ]
            )
        )
        reasons = self.env["epd.letter.eligibility"]._get_reasons(letters)
        stopped = letters.filtered(lambda letter: reasons[letter])
        for letter in stopped:
            letter._skip(reasons[letter])
        for mailing, skipped in stopped.grouped("mailing_id").items():
            if mailing._takes_letters():
                LetterWriter(mailing).add_missing(skipped.document_id)
        return res
