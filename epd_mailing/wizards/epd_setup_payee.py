from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools import requisites


class EpdSetupPayee(models.TransientModel):
    """«Payee and Bank» of the set-up: the office's own bank account in one dialog."""

    _name = "epd.setup.payee"
    _description = "Set-up: Payee and Bank"

    acc_number = fields.Char(string="Account Number", required=True)
    bic = fields.Char(string="BIC", required=True)
    bank_name = fields.Char(required=True)
    correspondent_account = fields.Char(required=True)
    warning = fields.Text(string="To Check", compute="_compute_warning")

    @api.depends("acc_number", "bic", "correspondent_account")
    def _compute_warning(self):
        for wizard in self:
            found = wizard._find_problems() if wizard.acc_number and wizard.bic else []
            wizard.warning = "\n".join(wizard._describe(found)) or False

    @api.onchange("bic")
    def _onchange_bic(self):
        """Fill in a bank that is known already."""
        bank = self._find_bank()
        if bank:
            self.bank_name = bank.name
            self.correspondent_account = bank.epd_correspondent_account

    def _find_bank(self):
        bic = "".join((self.bic or "").split())
        return self.env["res.bank"].search([("bic", "=", bic)], limit=1) if bic else None

    def action_save(self):
        """Create the bank where it is not known, and the account of the company in it.

        :raise AccessError: when the user is no manager
        :raise UserError: when a number is mistyped
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("epd_mailing.group_epd_manager"):
            raise AccessError(self.env._("A manager sets the office up."))
        values = self._read_values()
        if not self.bank_name.strip():
            raise UserError(self.env._("Enter the name of the bank."))
        # a key that does not fit is a warning, as on the bank account itself
        wrong = [problem for problem in self._find_problems() if problem.code.endswith("_format")]
        if wrong:
            raise UserError("\n".join(self._describe(wrong)))
        bank = self._find_bank()
        if bank and bank.epd_correspondent_account not in (False, values["correspondent_account"]):
            raise UserError(
                self.env._(
                    "The bank with the BIC %(bic)s is known with the correspondent account %(known)s.",
                    bic=values["bic"],
                    known=bank.epd_correspondent_account,
                )
            )
        if not bank:
            bank = self.env["res.bank"].create(
                {
                    "name": self.bank_name.strip(),
                    "bic": values["bic"],
                    "epd_correspondent_account": values["correspondent_account"],
                    "country": self.env.ref("base.ru").id,
                }
            )
        elif not bank.epd_correspondent_account:
            bank.epd_correspondent_account = values["correspondent_account"]
        company = self.env.company
        self.env["res.partner.bank"].create(
            {
                "acc_number": values["acc_number"],
                "bank_id": bank.id,
                "partner_id": company.sudo().partner_id.id,
                "company_id": company.id,
            }
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _read_values(self):
        """Return the numbers as typed, without spaces."""
        return {
            name: "".join((self[name] or "").split())
            for name in ("acc_number", "bic", "correspondent_account")
        }

    def _find_problems(self):
        """Return what looks wrong of the numbers (``tools.requisites.Problem``)."""
        values = self._read_values()
        found = requisites.check_bic(values["bic"])
        found += requisites.check_account(values["acc_number"], values["bic"])
        if values["correspondent_account"]:
            found += requisites.check_account(
                values["correspondent_account"], values["bic"], correspondent=True
            )
        return found

    def _describe(self, problems):
        bank = self.env["res.partner.bank"]
        texts, names = bank._epd_problem_texts(), bank._epd_requisite_names()
        return [
            texts[problem.code]
            % {"field": names.get(problem.field, problem.field), "value": problem.value}
            for problem in problems
        ]
