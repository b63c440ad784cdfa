from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError


class EpdDeliveryAddress(models.Model):
    """One e-mail address of one account.

    It follows the e-mail of its person (``source = partner``) or was typed by hand. A closed
    address keeps what it was: an owner who left never gets the next owner's receipts.

    ============  =====================================================================
    state         set by
    ============  =====================================================================
    active        creation, «Open Again»
    bounced       a final delivery failure (webhook, polling)
    unsubscribed  the payer, by the link in a letter or at UniSender
    closed        new responsible person, or the office
    ============  =====================================================================
    """

    _name = "epd.delivery.address"
    _description = "Delivery Address"
    _inherit = ["epd.state.gate", "epd.behind"]
    _order = "account_id, id"
    _rec_name = "email"
    _check_company_auto = True

    _gated_fields = ("state_reason", "state_date", "lost_email")
    _transitions = {
        "active": ("bounced", "unsubscribed", "closed"),
        "bounced": ("active", "closed", "unsubscribed"),
        "unsubscribed": ("active", "closed"),
        "closed": (),
    }

    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="cascade", check_company=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    partner_id = fields.Many2one("res.partner", string="Person", index="btree_not_null")
    source = fields.Selection(
        [("partner", "Follows the person's e-mail"), ("manual", "Typed by hand")],
        required=True,
        default="manual",
    )
    email = fields.Char(
        compute="_compute_email", store=True, readonly=False, precompute=True, required=True
    )
    email_normalized = fields.Char(
        compute="_compute_email_normalized", store=True, precompute=True, index="btree_not_null"
    )
    state = fields.Selection(
        [
            ("active", "Active"),
            ("bounced", "Letters return"),
            ("unsubscribed", "Unsubscribed"),
            ("closed", "Closed"),
        ],
        required=True,
        default="active",
        readonly=True,
        copy=False,
        index=True,
    )
    state_reason = fields.Char(readonly=True, copy=False)
    state_date = fields.Datetime(string="Since", readonly=True, copy=False)
    lost_email = fields.Char(readonly=True, copy=False, help="What it was when it was lost.")
    can_receive = fields.Boolean(compute="_compute_can_receive", search="_search_can_receive")
    blacklisted = fields.Boolean(
        string="On Odoo's Blacklist",
        compute="_compute_blacklisted",
        help="A warning only: a bill is not advertising.",
    )

    _email_uniq = models.UniqueIndex(
        "(account_id, email_normalized) WHERE state != 'closed'",
        "This address is already there for the account.",
    )

    @api.depends("source", "partner_id.email")
    def _compute_email(self):
        for address in self:
            if address.source == "partner" and address.state != "closed" and address.partner_id:
                address.email = address.partner_id.email or address.email or ""
            else:
                address.email = address.email or ""

    @api.depends("email")
    def _compute_email_normalized(self):
        for address in self:
            address.email_normalized = tools.email_normalize(address.email or "") or False

    @api.depends("state", "email_normalized")
    def _compute_can_receive(self):
        for address in self:
            address.can_receive = address.state == "active" and bool(address.email_normalized)

    @api.model
    def _search_can_receive(self, operator, value):
        if operator != "in":
            return NotImplemented
        good = fields.Domain("state", "=", "active") & fields.Domain(
            "email_normalized", "!=", False
        )
        return good if True in value else ~good

    @api.depends("email_normalized")
    def _compute_blacklisted(self):
        emails = [email for email in self.mapped("email_normalized") if email]
        found = set(
            self.env["mail.blacklist"].sudo().search([("email", "in", emails)]).mapped("email")
        )
        for address in self:
            address.blacklisted = address.email_normalized in found

    @api.constrains("email", "source")
    def _check_email(self):
        """Refuse a malformed address typed by hand; a person's own is kept and shown as such."""
        for address in self:
            email = (address.email or "").strip()
            # «a b@example.com x» would be read as b@example.com; a name goes before <…>
            doubtful = "<" not in email and email.lower() != address.email_normalized
            if address.source == "manual" and (not address.email_normalized or doubtful):
                raise ValidationError(
                    self.env._(
                        "“%(email)s” is not an e-mail address. Enter it like name@example.com.",
                        email=address.email or "",
                    )
                )

    def _set_state(self, state, reason):
        self._can_move(state)._move(state, state_reason=reason, state_date=fields.Datetime.now())

    def _lose(self, state, reason):
        """Stop using an address that letters do not reach; the payer now gets paper.

        :param state: ``bounced`` or ``unsubscribed``
        :param reason: what the service said (raw status or code)
        """
        lost = self.sudo()._can_move(state)
        for address in lost:
            address._move(
                state,
                state_reason=reason,
                state_date=fields.Datetime.now(),
                lost_email=address.email_normalized,
            )
        labels = dict(self._fields["state"]._description_selection(self.env))
        for address in lost:
            address.account_id.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Address lost: the payer gets paper"),
                note=f"{address.email}: {labels[state]} ({reason})",
                user_id=self._get_office_user(address).id,
            )

    @api.model
    def _get_office_user(self, address):
        """Return whom the task goes to: a manager of the company."""
        group = self.env.ref("epd_mailing.group_epd_manager").sudo()
        return (
            group.all_user_ids.filtered(
                lambda user: (
                    user.active and not user.share and address.sudo().company_id in user.company_ids
                )
            )[:1]
            or self.env.user
        )

    def write(self, vals):
        res = super().write(vals)
        if {"email", "partner_id", "source"} & set(vals):
            self._revive_changed()
        return res

    def _revive_changed(self):
        """Use a lost address again once it was corrected: it is another address now."""
        changed = self.sudo().filtered(
            lambda address: (
                address.state in ("bounced", "unsubscribed")
                and address.email_normalized
                and address.lost_email
                and address.email_normalized != address.lost_email
            )
        )
        changed._move(
            "active",
            state_reason=self.env._("The address was corrected"),
            state_date=fields.Datetime.now(),
            lost_email=False,
        )

    def _close(self, reason):
        """Close the addresses for good (owner changed, or the office said so)."""
        self._set_state("closed", reason)

    def action_reopen(self):
        """Use a bounced or unsubscribed address again: the office knows it works now."""
        self.check_access("write")
        self.filtered(lambda address: address.state != "active")._move(
            "active", state_reason=False, state_date=fields.Datetime.now(), lost_email=False
        )

    def action_close(self):
        """Close the address: no letter goes there any more."""
        self.check_access("write")
        self._close(self.env._("Closed by %(user)s", user=self.env.user.name))
