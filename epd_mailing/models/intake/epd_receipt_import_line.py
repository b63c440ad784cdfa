from odoo import api, fields, models
from odoo.exceptions import UserError

from .book_pages import BookPages


class EpdReceiptImportLine(models.Model):
    """One file of an archive: whose it is, whether it is sound, what became of it."""

    _name = "epd.receipt.import.line"
    _description = "File of an Archive of Receipts"
    _inherit = ["epd.field.guard"]
    _order = "import_id, state, id"
    _check_company_auto = True

    import_id = fields.Many2one("epd.receipt.import", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True, index=True)
    name = fields.Char(string="File", required=True, readonly=True)
    entry_index = fields.Integer(readonly=True)
    size = fields.Integer(readonly=True, help="Bytes.")
    page_count = fields.Integer(string="Pages", readonly=True)
    account_id = fields.Many2one("epd.personal.account", ondelete="cascade", check_company=True)
    is_book = fields.Boolean(related="import_id.is_book")
    import_state = fields.Selection(related="import_id.state", string="State of the Archive")
    partner_id = fields.Many2one(related="account_id.partner_id")
    state = fields.Selection(
        [
            ("problem", "Problem"),
            ("pending", "Waiting"),
            ("good", "Good"),
            ("same", "Saved Before"),
            ("saved", "Saved"),
        ],
        required=True,
        readonly=True,
        default="pending",
        index=True,
    )
    problem_code = fields.Char(readonly=True)
    problem_text = fields.Char(string="Reason", compute="_compute_problem_text")
    document_id = fields.Many2one("epd.payment.document", readonly=True, ondelete="set null")

    def write(self, vals):
        """Take the owner of a page from a person; everything else is the program's."""
        if self.env.su or not vals:
            return super().write(vals)
        if set(vals) != {"account_id"} or not vals["account_id"]:
            raise UserError(self.env._("Only the account of a page can be chosen here."))
        if self.filtered(lambda line: not line.is_book or line.import_state != "checked"):
            raise UserError(self.env._("Only the account of a page can be chosen here."))
        res = super().write(vals)
        self.sudo().write({"state": "good", "problem_code": False, "document_id": False})
        BookPages(self.import_id._unlocked())._compare_saved()
        return res

    def action_same_as_previous(self):
        """Say that the page goes on with the receipt of the page before it.

        :raise UserError: when that page has no owner either
        """
        for line in self:
            before = self.search(
                [("import_id", "=", line.import_id.id), ("entry_index", "=", line.entry_index - 1)]
            )
            if not before.account_id or before.state == "problem":
                raise UserError(self.env._("The page before has no owner. Say whose it is first."))
            line.account_id = before.account_id
        return True

    @api.depends("problem_code")
    @api.depends_context("lang")
    def _compute_problem_text(self):
        texts = self._get_problem_texts()
        for line in self:
            line.problem_text = texts.get(line.problem_code, line.problem_code or False)

    @api.model
    def _get_problem_texts(self):
        return {
            "path": self.env._("The name leads out of the archive."),
            "encrypted": self.env._("The file is protected by a password."),
            "method": self.env._("The file is packed in a way that is not read here."),
            "empty": self.env._("The file is empty."),
            "too_big": self.env._("The file is too big for a letter."),
            "bomb": self.env._("The file unpacks to far more than it is."),
            "same_name": self.env._("The archive has two files of this name."),
            "not_pdf": self.env._("This is no PDF."),
            "damaged": self.env._("The file is damaged."),
            "active": self.env._(
                "The file holds something that acts: a script, a command, a form or other "
                "files. Print it to a plain PDF and load that."
            ),
            "too_many_pages": self.env._("The file has too many pages for one receipt."),
            "no_match": self.env._("The name is not built as said in “File Names”."),
            "other_month": self.env._("The file is of another month."),
            "no_account": self.env._("There is no personal account with this number."),
            "ambiguous": self.env._("The name fits several accounts."),
            "twice": self.env._("Several files are for this account."),
            "no_text": self.env._("The file has no text in which to find the account number."),
            "no_number": self.env._("The number of the account is not found inside the file."),
            "page_no_number": self.env._(
                "No number of an account of yours stands on the page. Say whose it is."
            ),
            "page_no_text": self.env._(
                "The page has no text in which to find the number. Say whose it is."
            ),
            "several": self.env._(
                "Numbers of several accounts stand on the page. Say whose it is."
            ),
            "apart": self.env._(
                "Other pages of this account stand elsewhere in the file, with other accounts between "
                "them. Say whose each is."
            ),
            "already": self.env._("A document of this period is saved already."),
        }
