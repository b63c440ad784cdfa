from odoo import api, fields, models
from odoo.fields import NO_ACCESS


class EpdUnisenderAccount(models.Model):
    """An account at UniSender: sender, key, limits, webhook and the state of the connection.

    Nothing is sent through an account that is not ``active``. The key can be entered by a manager
    and is read by the program alone (field group ``NO_ACCESS``).
    """

    _name = "epd.unisender.account"
    _description = "UniSender Account"
    _inherit = ["mail.thread", "mail.activity.mixin", "epd.state.gate"]
    _order = "sequence, name"

    _transitions = {
        "draft": ("active", "error"),
        "active": ("draft", "error"),
        "error": ("active", "draft"),
    }
    _gated_fields = (
        "api_key",
        "webhook_token",
        "webhook_state",
        "last_error",
        "last_checked_at",
        "balance",
        "sender_confirmed",
    )

    name = fields.Char(string="Registration E-mail", required=True, help="The log-in at UniSender.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    api_kind = fields.Selection(
        [("classic", "UniSender (api.unisender.com)")], required=True, default="classic"
    )
    base_url = fields.Char(string="API Address", required=True, default="https://api.unisender.com")
    api_key = fields.Char(groups=NO_ACCESS, copy=False)
    api_key_input = fields.Char(
        string="API Key",
        compute="_compute_api_key_input",
        inverse="_inverse_api_key_input",
        copy=False,
        help="Shown to nobody once entered. Enter a new one to replace it.",
    )
    has_api_key = fields.Boolean(compute="_compute_has_api_key", string="Key Entered")
    sender_name = fields.Char(required=True)
    sender_email = fields.Char(required=True, help="A sender confirmed at UniSender.")
    reply_to = fields.Char()
    list_id = fields.Char(string="List Id", help="The list that a payer leaves on unsubscribing.")
    list_title = fields.Char(string="List", readonly=True)
    state = fields.Selection(
        [("draft", "Not checked"), ("active", "Active"), ("error", "Fault")],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    last_error = fields.Text(readonly=True, copy=False)
    last_checked_at = fields.Datetime(readonly=True, copy=False)
    balance = fields.Char(readonly=True, copy=False)
    sender_confirmed = fields.Boolean(readonly=True, copy=False)
    # limits: the vendor's defaults for sendEmail
    limit_per_minute = fields.Integer(default=60, help="0: no limit.")
    limit_per_day = fields.Integer(default=1000, help="0: no limit.")
    limit_address_seconds = fields.Integer(
        string="Seconds Between Letters to One Address", default=60
    )
    limit_letter_bytes = fields.Integer(string="Largest Letter, bytes", default=1048576)
    parallel_calls = fields.Integer(default=4, help="Letters in flight at once.")
    timeout_seconds = fields.Integer(string="Time-out, s", default=30)
    lease_seconds = fields.Integer(string="Lease of a Claimed Letter, s", default=300)
    send_ref_key = fields.Boolean(help="Off until checked on a live account.")
    track_links = fields.Boolean(help="Makes «read» measurable by the link to the receipt.")
    # webhook
    webhook_token = fields.Char(groups=NO_ACCESS, copy=False)
    webhook_state = fields.Selection(
        [("off", "Off"), ("on", "On")], default="off", required=True, readonly=True, copy=False
    )
    mailing_ids = fields.One2many("epd.mailing", "unisender_account_id")

    _name_uniq = models.Constraint(
        "unique(company_id, name)", "This UniSender account is already there."
    )

    def _compute_api_key_input(self):
        self.api_key_input = False

    def _inverse_api_key_input(self):
        for account in self:
            if account.api_key_input:
                account.sudo()._through_gate().write(
                    {
                        "api_key": account.api_key_input.strip(),
                        "state": "draft",
                        "last_error": False,
                    }
                )
        # what was typed is not read back, not even by who typed it
        self.invalidate_recordset(["api_key_input"])

    @api.depends_context("uid")
    def _compute_has_api_key(self):
        for account in self:
            account.has_api_key = bool(account.sudo().api_key)
