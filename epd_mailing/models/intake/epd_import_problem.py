from odoo import api, fields, models

from ...tools.address_text import read_addresses
from ...tools.table_file import column_letter


class EpdImportProblem(models.Model):
    """One thing wrong in one place of a loaded file."""

    _name = "epd.import.problem"
    _description = "Problem of a Loaded File"
    _order = "import_id, row, column_index, id"
    _rec_name = "text"

    import_id = fields.Many2one("epd.import", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True, index=True)
    row = fields.Integer(readonly=True)
    column_index = fields.Integer(readonly=True, default=-1)
    column = fields.Char(compute="_compute_column", help="As in Excel.")
    header = fields.Char(string="Heading", readonly=True)
    value = fields.Char(string="Found", readonly=True)
    code = fields.Char(readonly=True)
    text = fields.Text(string="Problem", readonly=True)
    severity = fields.Selection(
        [("error", "Error"), ("warning", "Warning")], required=True, readonly=True
    )

    @api.depends("column_index")
    def _compute_column(self):
        for problem in self:
            problem.column = (
                column_letter(problem.column_index) if problem.column_index >= 0 else ""
            )


class EpdImport(models.Model):
    _inherit = "epd.import"

    @api.model
    def _problem_text(self, code, value=""):
        """Return what is wrong and what to do, for a problem code of ``tools.table_file`` or ours."""
        texts = {
            "required": self.env._("The cell is empty, and a row needs it."),
            "number": self.env._("This is no number we can take."),
            "date": self.env._("This is no date. Write it like 31.03.2026."),
            "month": self.env._("This is no month. Write it like 03.2026."),
            "other_month": self.env._("The row is of another billing period."),
            "choice": self.env._("This word is not known here."),
            "too_large": self.env._("The number is larger than a bill can hold."),
            "too_long": self.env._("The text is too long."),
            "lost_digits": self.env._(
                "The account stands as a number, and Excel has lost its last digits. Format the "
                "column as text."
            ),
            "formula": self.env._(
                "The cell holds a formula without its value. Open the file in Excel, save it and load it "
                "again."
            ),
            "no_amount": self.env._(
                "There are a volume and a tariff but no amount. Amounts are not computed here: enter it."
            ),
            "not_due": self.env._(
                "The closing balance differs: the figures that are read make %s. See which column with "
                "money is not read.",
                value,
            ),
            "of_all": self.env._(
                "This sum is of the whole row, and the services stand across: it would count once for "
                "each. Do not read the column, or say whose it is."
            ),
            "control_count": self.env._(
                "The control row tells another count: the rows of the file are %s.", value
            ),
            "control_sum": self.env._(
                "The control row tells another sum: the rows of the file make %s. Rows are missing, or "
                "stand there twice.",
                value,
            ),
            "refund": self.env._("Money was given back: it is taken off what was paid."),
            "outgoing": self.env._("This is no incoming payment: the row is left out."),
            "negative_discount": self.env._("A discount is entered without a minus."),
            "no_reason": self.env._("A recalculation needs its reason."),
            "not_total": self.env._("The row does not add up: its figures make %s.", value),
            "rounded": self.env._("More than two decimals: rounded to kopecks."),
            "no_account": self.env._(
                "There is no such personal account. Enter it, or have accounts created."
            ),
            "bad_account": self.env._("This cannot be the number of an account."),
            "no_building": self.env._("A new account needs the address of its building."),
            "zeros": self.env._("Leading zeros were lost: taken as account %s.", value),
            "no_service": self.env._(
                "There is no such service. Enter it, or have a manager tick that services are created."
            ),
            "no_provision": self.env._(
                "It is not known to whom the service is paid in this building: %s.", value
            ),
            "no_payee": self.env._("It is not said who is paid. Choose “Paid To”."),
            "unknown_payee": self.env._("There is no such bank account of a payee."),
            "no_balance": self.env._("The account has no balance with this payee. Load it first."),
            "twice": self.env._("The same line stands in the file before."),
            "paid_twice": self.env._(
                "The same payment (account, day and sum) stands in the file before: it is added once "
                "more. If it is one payment, delete the row; a column with payment numbers tells "
                "such rows apart."
            ),
            "paid_in_part": self.env._(
                "Another row of this account cannot be read, and its sum would be too small: none of "
                "its payments is taken. Correct that row."
            ),
            "paid_less": self.env._(
                "More is recorded as paid: %s. The sum of the file takes its place: see that the "
                "file holds all payments of the period.",
                value,
            ),
            "paid_gone": self.env._(
                "Payments loaded before are not in this file, which holds all of the month: %s. They "
                "are forgotten. If the file is a further register, choose “A part of the month's "
                "data”.",
                value,
            ),
            "paid_known": self.env._(
                "Payments of the same day and sum were loaded from another file: %s. They are not "
                "counted again. A column with payment numbers would tell such payments apart.",
                value,
            ),
            "paid_changed": self.env._(
                "Payments with these numbers were loaded with another day or sum: %s. They become as "
                "this file has them.",
                value,
            ),
            "paid_other": self.env._(
                "A sum was recorded as paid without a register: %s. The payments of the file are "
                "added to it: see that it does not hold them already.",
                value,
            ),
            "line_gone": self.env._(
                "The file does not have this line of the month. It is removed: %s", value
            ),
            "line_kept": self.env._(
                "The file does not have this line of the month, but it stays, as a row of its account "
                "cannot be taken: %s",
                value,
            ),
            "gis_length": self.env._("The identifier has a wrong number of characters."),
            "gis_other": self.env._(
                "The document's identifier belongs to another account: here it begins with %s.",
                value,
            ),
            "new_building": self.env._(
                "There is no building with this address: it is made, and the account moves there. If "
                "it is one of yours, write its address as it is entered."
            ),
            "dates_order": self.env._("The account closes before it opens."),
            "bad_email": self._describe_email(value),
            "email_hint": self.env._(
                "The address may be misspelt: “%s” is more common. It is taken as it stands.",
                ", ".join(hint for _typed, hint in read_addresses(value).hints),
            ),
            "other_email": self.env._(
                "Another row of this file gives another e-mail of the same responsible person. The "
                "first one is taken: they have one contact for all their accounts."
            ),
            "other_payer": self.env._(
                "The account has another responsible person. He stays: use “New Owner”."
            ),
            "no_rows": self.env._("There is no row to load under the headings."),
            "fault": value,
        }
        return texts.get(code, code)

    @api.model
    def _describe_email(self, value):
        reading = read_addresses(value)
        if not reading.problems:
            return ""
        return self.env._(
            "%(problem)s. The row is loaded; no letter goes to this address.",
            problem=self.env["epd.delivery.address"]._describe_problems(reading),
        )
