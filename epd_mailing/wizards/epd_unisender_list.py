from odoo import fields, models
from odoo.exceptions import UserError


class EpdUnisenderList(models.TransientModel):
    """«Choose a List»: which contact list of UniSender the letters belong to, or a new one."""

    _name = "epd.unisender.list"
    _description = "Choose a UniSender List"
    _inherit = ["epd.readable.targets"]

    account_id = fields.Many2one("epd.unisender.account", required=True, ondelete="cascade")
    line_ids = fields.One2many("epd.unisender.list.line", "wizard_id", readonly=True)
    title = fields.Char(string="Title of a New List")

    def action_create_list(self):
        """Make a list at UniSender and use it."""
        self.ensure_one()
        title = (self.title or "").strip()
        if not title:
            raise UserError(self.env._("Enter the title of the new list."))
        if title in self.line_ids.mapped("title"):
            raise UserError(self.env._("There is such a list already. Choose it."))
        self.account_id._create_list(title)
        return {"type": "ir.actions.act_window_close"}


class EpdUnisenderListLine(models.TransientModel):
    """One list that UniSender has."""

    _name = "epd.unisender.list.line"
    _description = "UniSender List"
    _inherit = ["epd.readable.targets"]

    wizard_id = fields.Many2one("epd.unisender.list", required=True, ondelete="cascade")
    list_id = fields.Char(string="List Id", readonly=True)
    title = fields.Char(readonly=True)
    is_used = fields.Boolean(string="In Use", readonly=True)

    def action_use(self):
        """Use this list from now on; the connection is to be checked again."""
        self.ensure_one()
        account = self.wizard_id.account_id
        account.write({"list_id": self.list_id})
        account._unlocked().write({"list_title": self.title})
        return {"type": "ir.actions.act_window_close"}
