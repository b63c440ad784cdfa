from odoo import fields, models


class EpdRunProblem(models.TransientModel):
    """One finding of ``epd.billing.run.check_readiness``, on the screen."""

    _name = "epd.run.problem"
    _description = "What Stands in the Way"
    _order = "severity, id"

    run_id = fields.Many2one("epd.billing.run", required=True, ondelete="cascade")
    code = fields.Char(readonly=True)
    severity = fields.Selection([("error", "Error"), ("warning", "Warning")], readonly=True)
    text = fields.Text(readonly=True)
    count = fields.Integer(readonly=True)
    res_model = fields.Char(readonly=True)
    res_ids = fields.Json(readonly=True)

    def action_open(self):
        """Open the records that the finding is about."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.text,
            "res_model": self.res_model,
            "view_mode": "list,form",
            "domain": [("id", "in", self.res_ids)],
        }
