from odoo import api, fields, models

from ..models.run.run_annulment import RunAnnulment
from ..models.run.run_waivers import LIFTABLE


class EpdDocumentReason(models.TransientModel):
    """Asks the reason before documents are cancelled or issued again, or a finding is lifted."""

    _name = "epd.document.reason"
    _description = "Reason for a Payment Document"
    _inherit = ["epd.readable.targets"]

    document_id = fields.Many2one("epd.payment.document", ondelete="cascade")
    run_id = fields.Many2one("epd.billing.run", ondelete="cascade")
    outlook_id = fields.Many2one(
        "epd.run.outlook", ondelete="cascade", help="The page to go back to."
    )
    code = fields.Char(help="Of the finding that is lifted.")
    operation = fields.Selection(
        [
            ("reissue", "Re-issue"),
            ("cancel", "Cancel"),
            ("annul", "Annul the Preparation"),
            ("lift", "Lift"),
        ],
        required=True,
        default="reissue",
    )
    reason = fields.Char(required=True)
    currency_id = fields.Many2one(related="run_id.company_id.currency_id")
    finding_text = fields.Text(string="What Is Lifted", compute="_compute_finding_text")
    annul_count = fields.Integer(string="To Be Annulled", compute="_compute_annul_counts")
    annul_sum = fields.Monetary(string="Due in Them", compute="_compute_annul_counts")
    left_count = fields.Integer(string="Have Left", compute="_compute_annul_counts")
    left_sum = fields.Monetary(string="Due in Those", compute="_compute_annul_counts")

    gis_count = fields.Integer(string="Stand in ГИС ЖКХ", compute="_compute_gis_count")

    @api.depends("run_id", "document_id", "operation")
    def _compute_gis_count(self):
        for asked in self:
            domain = asked._get_placed_domain()
            placements = self.env["epd.gis.placement"]
            asked.gis_count = placements.search_count(domain) if domain else 0

    def _get_placed_domain(self):
        """Return the domain of the placements of what is to be cancelled; None for other operations."""
        if self.operation == "annul" and self.run_id:
            documents = RunAnnulment(self.run_id).get_domain(has_left=False)
        elif self.operation == "cancel" and self.document_id:
            documents = [("id", "=", self.document_id.id)]
        else:
            return None
        return self.env["epd.gis.placement"]._get_domain_of(documents)

    def action_open_placed(self):
        """Open where the bills stand in ГИС ЖКХ that are to be cancelled."""
        self.ensure_one()
        self.check_access("read")
        # by their ids: once the documents are cancelled nothing else tells which these were
        placements = self.env["epd.gis.placement"].search(
            self._get_placed_domain() or [(0, "=", 1)]
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_gis_placement_action"
        )
        domain, name = [("id", "in", placements.ids)], self.env._("Stand in ГИС ЖКХ")
        return {**action, "name": name, "domain": domain, "context": {}, "target": "current"}

    @api.depends("code")
    def _compute_finding_text(self):
        for asked in self:
            known = asked.code in LIFTABLE
            asked.finding_text = known and self.env["epd.run.readiness"]._describe_rule(asked.code)

    @api.depends("run_id")
    def _compute_annul_counts(self):
        for asked in self:
            waiting = left = 0, 0
            if asked.run_id and asked.operation == "annul":
                annulment = RunAnnulment(asked.run_id)
                waiting, left = annulment.count(False), annulment.count(True)
            asked.annul_count, asked.annul_sum = waiting
            asked.left_count, asked.left_sum = left

    def action_open_left(self):
        """Open the documents of the run that have left."""
        self.ensure_one()
        return {**self.run_id.action_open_left(), "target": "current"}

    def action_apply(self):
        """Do it; letters that have not gone are withdrawn."""
        self.ensure_one()
        if self.operation == "annul":
            placed = self.gis_count
            self.run_id.action_annul(self.reason)
            if placed:
                self.run_id.message_post(
                    body=self.env._(
                        "Bills of this run that stand in ГИС ЖКХ and have to be withdrawn there: %s.",
                        placed,
                    )
                )
            return {"type": "ir.actions.client", "tag": "soft_reload"}
        if self.operation == "lift":
            self.run_id.action_lift(self.code, self.reason)
            return self.outlook_id.action_refresh()
        if self.operation == "cancel":
            return self.document_id.action_cancel_document(self.reason)
        return self.document_id.action_reissue(self.reason)
