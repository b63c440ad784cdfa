from odoo import api, fields, models

from ..tools import office_time


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

    office_text = fields.Char(
        string="By the Clock of the Office",
        compute="_compute_office_text",
        help="Said where the office works in another time zone than the user.",
    )
    quiet_text = fields.Char(
        string="Letters May Go", compute="_compute_quiet_text", help="When the quiet hours end."
    )
    at_any_hour = fields.Boolean(string="Send in the quiet hours too")

    @api.depends("mailing_id", "scheduled_at")
    @api.depends_context("tz")
    def _compute_office_text(self):
        for wizard in self:
            company, begin = wizard.mailing_id.company_id, wizard.scheduled_at
            zone = self.env.context.get("tz")
            differs = (
                begin
                and zone
                and office_time.to_local(begin, zone) != company._epd_local_time(begin)
            )
            wizard.office_text = differs and company._epd_describe_moment(begin)

    @api.depends("mailing_id", "scheduled_at")
    def _compute_quiet_text(self):
        for wizard in self:
            mailing = wizard.mailing_id
            begin = max(wizard.scheduled_at or fields.Datetime.now(), fields.Datetime.now())
            free = mailing.company_id._epd_after_quiet(begin)
            wizard.quiet_text = free > begin and mailing.company_id._epd_describe_moment(free)

    def action_schedule(self):
        """Hand the mailing to the queue for the chosen moment."""
        self.ensure_one()
        return self.mailing_id.action_schedule(self.scheduled_at, at_any_hour=self.at_any_hour)
