from odoo import api, fields, models

from ..models.document.outdated_figures import describe_outdated


class EpdReceiptSend(models.TransientModel):
    """«Send» of one receipt at the counter: to which addresses, and what they have had already."""

    _name = "epd.receipt.send"
    _description = "Send a Receipt"
    _inherit = ["epd.readable.targets"]

    document_id = fields.Many2one(
        "epd.payment.document", required=True, readonly=True, ondelete="cascade"
    )
    choice_ids = fields.Many2many("epd.delivery.address", compute="_compute_choice_ids")
    address_ids = fields.Many2many(
        "epd.delivery.address",
        string="To the Addresses",
        compute="_compute_address_ids",
        store=True,
        readonly=False,
        help="Those that have not had the receipt; all of them when each has had it.",
    )
    before_text = fields.Text(
        string="Has Had It",
        compute="_compute_before_text",
        help="What became of the letters that went to the chosen addresses.",
    )
    outdated_text = fields.Char(
        compute="_compute_outdated_text", help="What the document says and what it would say now."
    )

    @api.depends("document_id.is_outdated")
    def _compute_outdated_text(self):
        for wizard in self:
            outdated = wizard.document_id.filtered("is_outdated")
            wizard.outdated_text = describe_outdated(outdated) if outdated else False

    @api.depends("document_id")
    def _compute_choice_ids(self):
        for wizard in self:
            wizard.choice_ids = wizard.document_id and wizard.document_id._check_can_go()

    @api.depends("document_id")
    def _compute_address_ids(self):
        for wizard in self:
            had = wizard.document_id._get_had() if wizard.document_id else {}
            choice = wizard.choice_ids
            wizard.address_ids = (
                choice.filtered(lambda a, had=had: a.email_normalized not in had) or choice
            )

    @api.depends("address_ids")
    def _compute_before_text(self):
        for wizard in self:
            document = wizard.document_id
            had = document._get_had() if document else {}
            wizard.before_text = "\n".join(
                document._describe_letter(had[email])
                for email in wizard.address_ids.mapped("email_normalized")
                if email in had
            )

    def action_reissue(self):
        """«Issue Again»: ask the reason, then save the next version and open it."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "epd_mailing.epd_document_reason_action"
            ),
            "context": {"default_document_id": self.document_id.id, "default_operation": "reissue"},
        }

    def action_send(self):
        """Send to the chosen addresses.

        The button «Send Once More» says so in the context; the other one never sends twice, even
        when the letter went while the page stood open.
        """
        self.ensure_one()
        return self.document_id.action_send_alone(
            self.address_ids.ids, again=bool(self.env.context.get("again"))
        )
