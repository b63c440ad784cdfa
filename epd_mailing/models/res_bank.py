from odoo import api, fields, models

from ..tools import requisites


class ResBank(models.Model):
    _inherit = "res.bank"

    epd_correspondent_account = fields.Char(string="Correspondent Account", size=20)


class ResPartnerBank(models.Model):
    """A payee of receipts: the bank account that charges are paid to."""

    _inherit = "res.partner.bank"

    epd_payee_name = fields.Char(
        string="Payee Name on Receipts",
        size=160,
        help="Empty: the name of the account holder.",
    )
    epd_requisites_warning = fields.Text(
        string="Requisites to Check", compute="_compute_epd_requisites_warning"
    )

    @api.depends(
        "acc_number",
        "bank_id.bic",
        "bank_id.epd_correspondent_account",
        "partner_id.vat",
        "partner_id.epd_kpp",
    )
    def _compute_epd_requisites_warning(self):
        for bank in self:
            problems = bank._epd_requisites_problems() if bank.acc_number else []
            bank.epd_requisites_warning = "\n".join(problems) or False

    def _epd_payee_values(self):
        """Return the requisites of this payee as plain strings, keyed as ``PaymentOrder`` is."""
        self.ensure_one()
        return {
            "name": self.epd_payee_name or self.acc_holder_name or self.partner_id.name or "",
            "personal_acc": (self.acc_number or "").replace(" ", ""),
            "bank_name": self.bank_id.name or "",
            "bic": self.bank_id.bic or "",
            "corresp_acc": self.bank_id.epd_correspondent_account or "",
            "payee_inn": self.partner_id.vat or "",
            "kpp": self.partner_id.epd_kpp or "",
        }

    def _epd_requisites_problems(self):
        """Return texts about wrong-looking requisites (check digits are warnings, never errors)."""
        self.ensure_one()
        texts = self._epd_problem_texts()
        return [
            texts.get(problem.code, problem.code) % {"value": problem.value}
            for problem in requisites.check_payee(self._epd_payee_values())
        ]

    @api.model
    def _epd_problem_texts(self):
        """Return ``{problem code: translated text}`` for the codes of ``tools.requisites``."""
        return {}
