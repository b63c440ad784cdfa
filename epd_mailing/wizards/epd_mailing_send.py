from odoo import api, fields, models


class EpdMailingSend(models.TransientModel):
    """«Send»: says how many letters go to how many addresses, and when; asks now or as planned."""

    _name = "epd.mailing.send"
    _description = "Send a Mailing"
    _inherit = ["epd.readable.targets"]

    mailing_id = fields.Many2one("epd.mailing", required=True, ondelete="cascade")
    letter_count = fields.Integer(string="Letters", compute="_compute_counts")
    address_count = fields.Integer(string="Addresses", compute="_compute_counts")
    skipped_count = fields.Integer(related="mailing_id.skipped_count")
    fill_left = fields.Integer(related="mailing_id.fill_left")
    plan_text = fields.Char(related="mailing_id.plan_text")
    is_planned = fields.Boolean(compute="_compute_quiet")
    quiet_text = fields.Char(
        string="Letters May Go", compute="_compute_quiet", help="When the quiet hours end."
    )
    at_any_hour = fields.Boolean(string="Send in the quiet hours too")
    eta_text = fields.Char(related="mailing_id.eta_text")
    late_text = fields.Char(related="mailing_id.late_text")
    outdated_text = fields.Char(related="mailing_id.outdated_text")

    @api.depends("mailing_id")
    def _compute_counts(self):
        for wizard in self:
            count, emails = self.env["epd.mailing.letter"]._read_group(
                [
                    ("mailing_id", "=", wizard.mailing_id.id),
                    ("is_test", "=", False),
                    ("send_state", "in", ("pending", "claimed", "sending")),
                ],
                [],
                ["__count", "email_normalized:count_distinct"],
            )[0]
            wizard.letter_count, wizard.address_count = count, emails

    @api.depends("mailing_id")
    def _compute_quiet(self):
        now = fields.Datetime.now()
        for wizard in self:
            mailing = wizard.mailing_id
            free = mailing.company_id._epd_after_quiet(now)
            wizard.quiet_text = (
                mailing.company_id._epd_describe_moment(free) if free > now else False
            )
            wizard.is_planned = mailing.state == "scheduled" and (mailing.scheduled_at or now) > now

    def action_keep_plan(self):
        """Leave the mailing to its planned time."""
        self.ensure_one()
        return self.mailing_id.action_send()

    def action_send_now(self):
        """Start now, or as soon as the quiet hours end."""
        self.ensure_one()
        return self.mailing_id.action_send_now(at_any_hour=self.at_any_hour)
