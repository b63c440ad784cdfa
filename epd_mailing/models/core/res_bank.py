from odoo import api, fields, models

from ...tools import payment_qr, requisites


def _join(number):
    """Return a number without the spaces that people put between its digits or paste behind it."""
    return "".join((number or "").split())


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
    epd_payee_short_name = fields.Char(
        string="Short Name for the Payment Code",
        size=160,
        help="Stands in the code when the name is too long for it. On paper the full name is printed.",
    )
    epd_code_problem = fields.Text(string="Payment Code", compute="_compute_epd_requisites_warning")
    epd_requisites_warning = fields.Text(
        string="Requisites to Check", compute="_compute_epd_requisites_warning"
    )

    @api.depends(
        "acc_number",
        "acc_holder_name",
        "epd_payee_name",
        "epd_payee_short_name",
        "bank_id.name",
        "bank_id.bic",
        "bank_id.epd_correspondent_account",
        "partner_id.name",
        "partner_id.is_company",
        "partner_id.vat",
        "partner_id.epd_kpp",
    )
    def _compute_epd_requisites_warning(self):
        for bank in self:
            problems = bank._epd_requisites_problems() if bank.acc_number else []
            bank.epd_requisites_warning = "\n".join(problems) or False
            bank.epd_code_problem = (bank.acc_number and bank._epd_code_problem()) or False

    def _epd_payee_values(self):
        """Return the requisites of this payee as plain strings, keyed as ``PaymentOrder`` is."""
        self.ensure_one()
        names = (self.epd_payee_name, self.acc_holder_name, self.partner_id.name)
        values = {
            "name": next((name for name in names if name and name.strip()), ""),
            "personal_acc": _join(self.acc_number),
            "bank_name": self.bank_id.name or "",
            "bic": _join(self.bank_id.bic),
            "corresp_acc": _join(self.bank_id.epd_correspondent_account),
            "payee_inn": _join(self.partner_id.vat),
            "kpp": _join(self.partner_id.epd_kpp),
        }
        if self.epd_payee_short_name:  # only then: what was saved without it stays the same
            values["short_name"] = self.epd_payee_short_name
        return values

    def _epd_requisites_problems(self):
        """Return texts about wrong-looking requisites (check digits are warnings, never errors).

        Sources: GOST R 56042-2014 (mandatory fields), Bank of Russia 515 of 08.09.1997 (account
        keys), the check digits of INN; see ``tools.requisites``.
        """
        self.ensure_one()
        texts, names = self._epd_problem_texts(), self._epd_requisite_names()
        return [
            texts[problem.code]
            % {"field": names.get(problem.field, problem.field), "value": problem.value}
            for problem in requisites.check_payee(
                self._epd_payee_values(), self.partner_id.is_company
            )
        ]

    def _epd_code_problem(self):
        """Return why no payment code can be made with these requisites, or an empty text."""
        self.ensure_one()
        try:
            payment_qr.build_payment_string(payment_qr.PaymentOrder(**self._epd_payee_values()))
        except payment_qr.PaymentQrError as error:
            return self._epd_describe_code_error(error)
        return ""

    @api.model
    def _epd_describe_code_error(self, error):
        """Return a ``PaymentQrError`` as a text that says what to correct."""
        if error.code == "too_long" and error.unit == "bytes":
            return self.env._(
                "the name, the bank and the accounts together are too long for a payment code, by "
                "%(excess)s bytes (about %(letters)s letters): enter a short name of the payee",
                excess=error.excess,
                letters=(error.excess + 1) // 2,
            )
        if error.code == "too_long":
            return self.env._(
                "requisite “%(field)s”: it is too long, by %(excess)s characters",
                field=self._epd_requisite_names().get(error.field, error.field),
                excess=error.excess,
            )
        texts = {
            "missing": self.env._("it is empty"),
            "format": self.env._("it has a wrong form"),
            "separator": self.env._("it holds every separator of the code"),
        }
        return self.env._(
            "requisite “%(field)s”: %(problem)s",
            field=self._epd_requisite_names().get(error.field, error.field),
            problem=texts.get(error.code, str(error)),
        )

    @api.model
    def _epd_requisite_names(self):
        """Return ``{field of PaymentOrder: translated name}``."""
        return {
            "name": self.env._("payee name"),
            "personal_acc": self.env._("account"),
            "bank_name": self.env._("bank name"),
            "bic": self.env._("BIC"),
            "corresp_acc": self.env._("correspondent account"),
            "payee_inn": self.env._("INN"),
            "kpp": self.env._("KPP"),
            "ogrn": self.env._("OGRN"),
            "pers_acc": self.env._("personal account number"),
            "last_name": self.env._("name of the payer"),
            "first_name": self.env._("name of the payer"),
            "middle_name": self.env._("name of the payer"),
            "payer_address": self.env._("address of the payer"),
            "category": self.env._("category of the payment"),
            "purpose": self.env._("purpose of the payment"),
            "uin": self.env._("identifier of the payment document"),
        }

    @api.model
    def _epd_problem_texts(self):
        """Return ``{problem code: translated text}`` for the codes of ``tools.requisites``."""
        return {
            "missing": self.env._("The requisite “%(field)s” is empty; a payment code needs it."),
            "bic_format": self.env._("BIC “%(value)s”: it must have 9 digits."),
            "account_format": self.env._("%(field)s “%(value)s”: it must have 20 digits."),
            "account_key": self.env._(
                "%(field)s “%(value)s”: its key digit does not fit the BIC. Check both."
            ),
            "inn_format": self.env._("INN “%(value)s”: it must have 10 or 12 digits."),
            "inn_check": self.env._("INN “%(value)s”: its check digit is wrong."),
            "kpp_format": self.env._("KPP “%(value)s”: it must have 9 digits."),
            "legal_missing": self.env._(
                "%(field)s is empty: a legal person has one, and banks ask for it."
            ),
            "ogrn_check": self.env._("OGRN “%(value)s”: its check digit is wrong."),
        }
