from odoo import fields, models


class EpdMailingSchedule(models.TransientModel):
    """«Schedule the Mailing Date»: asks when a mailing starts."""

    _name = "epd.mailing.schedule"
    _description = "Schedule a Mailing"
    _inherit = ["epd.readable.targets"]

    mailing_id = fields.Many2one("epd.mailing", required=True, ondelete="cascade")
    scheduled_at = fields.Datetime(
        string="Start", required=True, default=lambda self: fields.Datetime.now()
    )

    outdated_text = fields.Char(related="mailing_id.outdated_text")

    def action_schedule(self):
        """Hand the mailing to the queue for the chosen moment."""
        self.ensure_one()
        return self.mailing_id.action_schedule(self.scheduled_at)
