from odoo import fields, models

from .epd_run_outlook import DOCUMENTS, PEOPLE


class EpdRunOutlookLine(models.TransientModel):
    """One number of the page: it opens its records, and has the button that corrects them."""

    _name = "epd.run.outlook.line"
    _description = "Number of the Page “Who Gets What”"
    _inherit = ["epd.readable.targets"]
    _order = "id"

    outlook_id = fields.Many2one("epd.run.outlook", required=True, index=True, ondelete="cascade")
    severity = fields.Selection(
        [("go", "As planned"), ("warning", "Warning"), ("error", "Error")], readonly=True
    )
    text = fields.Text(string="What Will Happen", readonly=True)
    count = fields.Integer(string="How Many", readonly=True)
    currency_id = fields.Many2one(related="outlook_id.company_id.currency_id")
    amount = fields.Monetary(string="Roubles", readonly=True)
    previous = fields.Monetary(string="Last Month", readonly=True)
    res_model = fields.Char(readonly=True)
    what = fields.Char(readonly=True)
    mend = fields.Selection(
        [
            ("address", "Add Addresses"),
            ("consent", "Record Consents"),
            ("reissue", "Issue Again"),
            ("save", "Save the Documents"),
            ("changed", "Save the Changed Ones Too"),
            ("again", "Issue Again"),
            ("lift", "Lift with a Reason"),
        ],
        readonly=True,
    )

    def action_open(self):
        """Open the records that the number counts, those of this moment."""
        self.ensure_one()
        run = self.outlook_id.run_id
        views = {
            PEOPLE: "epd_mailing.epd_personal_account_action",
            DOCUMENTS: "epd_mailing.epd_payment_document_action",
        }
        action = self.env[self.res_model]._get_records_action(
            views=[(False, "list"), (False, "form")]
        )
        if self.res_model in views:
            action = self.env["ir.actions.act_window"]._for_xml_id(views[self.res_model])
        domain = [("drilldown", "=", f"{run.id}:{self.what}")]
        # few records: payees, periods, lists
        if "drilldown" not in self.env[self.res_model]._fields:
            readiness = self.env["epd.run.readiness"]
            ids = readiness._find_ids(run, self.what.removeprefix("find_"))
            domain = [("id", "in", ids)]
        return {
            **action,
            "name": self.text,
            "domain": domain,
            "context": {},
            "target": "current",
        }

    def action_mend(self):
        """Open the place where this is corrected: to add addresses, to record consents, to save anew."""
        self.ensure_one()
        run = self.outlook_id.run_id
        if self.mend == "lift":
            return self._ask_to_lift()
        if self.mend == "save":
            return run.action_confirm_prepare()
        if self.mend == "again":
            run.mode = "changed"
            return run.action_confirm_prepare()
        if self.mend == "changed":
            run.mode = "changed"
            return self.outlook_id.action_refresh()
        if self.mend in ("address", "consent"):
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "epd_mailing.epd_personal_account_repair_action"
            )
            return {
                **action,
                "domain": [("drilldown", "=", f"{run.id}:{self.what}")],
                "target": "current",
            }
        return self.action_open()

    def _ask_to_lift(self):
        """Ask for the reason with which the finding is lifted for this run."""
        code = "sums_jump" if self.what.startswith("jump_") else self.what.removeprefix("find_")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Lift with a Reason"),
            "res_model": "epd.document.reason",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_run_id": self.outlook_id.run_id.id,
                "default_outlook_id": self.outlook_id.id,
                "default_operation": "lift",
                "default_code": code,
            },
        }
