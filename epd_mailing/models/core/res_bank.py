from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError

from ...tools import payment_qr, requisites
from ..base.field_guard import with_checks

# what is not printed of a bank account, but gives it to somebody else or takes it away
KEPT = ("active", "partner_id", "company_id")
WATCHED = "epd_watched_payees"  # in the cursor's cache: ids that an outer guard compares


def _join(number):
    """Return a number without the spaces that people put between its digits or paste behind it."""
    return "".join((number or "").split())


class ResBank(models.Model):
    """A bank: its name, BIC and correspondent account stand in the requisites of payees."""

    _inherit = "res.bank"

    epd_correspondent_account = fields.Char(string="Correspondent Account", size=20)

    def write(self, vals):
        with self._epd_get_payees()._epd_guard_requisites():
            return super().write(vals)

    def unlink(self):
        return super(ResBank, with_checks(self)).unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_epd_payee(self):
        # the database itself would empty the payee's column, past every guard
        if self._epd_get_payees():
            raise UserError(self.env._("A bank in which payees have accounts is not deleted."))

    def _epd_get_payees(self):
        """Return the bank accounts in these banks, archived ones too."""
        payees = self.env["res.partner.bank"].sudo().with_context(active_test=False)
        return payees.search([("bank_id", "in", self.ids)])


class ResPartnerBank(models.Model):
    """A payee of receipts: the bank account that charges are paid to.

    What is printed of a payee decides where the money of hundreds goes. Whoever changes it, at
    whatever door (the account, its bank, its holder, a merge of contacts), passes
    :meth:`_epd_guard_requisites`: only managers of all companies that pay there may, and old and new
    values are noted. Which companies these are is known to the rooms above
    (:meth:`_epd_get_owners`).
    """

    _name = "res.partner.bank"
    _inherit = ["res.partner.bank", "epd.thread"]

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

    # --- who may change where the money goes ------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        payees = super().create(vals_list)
        for companies in payees.sudo()._epd_get_owners().values():
            self._epd_check_may_change(companies)
        return payees

    def write(self, vals):
        with self._epd_guard_requisites():
            return super().write(vals)

    @contextmanager
    def _epd_guard_requisites(self):
        """Compare the requisites of these payees before and after what is done inside.

        :raise AccessError: when they differ and the user may not change them
        """
        watched = self.env.cr.cache.setdefault(WATCHED, set())
        payees = self.browse(set(self.ids) - watched).sudo().with_context(active_test=False)
        owners = payees.exists()._epd_get_owners()
        before = {payee: payee._epd_get_picture() for payee in owners}
        ids = {payee.id for payee in owners}
        watched |= ids
        try:
            yield
        finally:
            watched -= ids
        for payee in payees.browse(ids).exists():
            after = payee._epd_get_picture()
            if after != before[payee]:
                companies = owners[payee].union(*payee._epd_get_owners().values())
                self._epd_check_may_change(companies)
                payee._epd_note_change(companies, before[payee], after)

    @api.model
    def _epd_check_may_change(self, companies):
        """Check that the user, whatever rights were lent to the code, may say where money goes.

        :param companies: ``res.company`` whose charges are paid there
        :raise AccessError: when they are not a manager of all of them
        """
        user = self.env.user
        if self.env.uid == SUPERUSER_ID or (
            user.has_group("epd_mailing.group_epd_manager") and companies <= user.sudo().company_ids
        ):
            return
        raise AccessError(
            self.env._(
                "Charges are paid to this bank account. Only a manager of payment documents, of each "
                "company whose charges are paid there, changes its requisites: the number, the bank, "
                "the holder, the payee's name. Ask them."
            )
        )

    def _epd_get_owners(self):
        """Return ``{payee: res.company}`` for those to whom charges of companies are paid."""
        return {}

    def _epd_get_picture(self):
        """Return all that says where the money goes, as ``{name: text}``."""
        self.ensure_one()
        kept = {
            name: self[name].display_name if self._fields[name].relational else str(self[name])
            for name in KEPT
        }
        return {**self._epd_payee_values(), **{name: text or "" for name, text in kept.items()}}

    def _epd_note_change(self, companies, before, after):
        """Write old and new requisites into the chatter.

        :param companies: ``res.company`` that pay there
        :param before: of :meth:`_epd_get_picture`
        :param after: the same
        """
        self.ensure_one()
        self._message_log(
            body=self.env._("Requisites changed: %s", self._epd_describe_difference(before, after))
        )

    @api.model
    def _epd_describe_difference(self, before, after):
        """Return what differs between two dicts of requisites: ``name: “old” → “new”; …``."""
        labels = self._epd_requisite_names()
        labels.update((name, self._fields[name]._description_string(self.env)) for name in KEPT)
        return "; ".join(
            f"{labels.get(name, name)}: «{before.get(name) or '—'}» → «{after.get(name) or '—'}»"
            for name in {**before, **after}
            if (before.get(name) or "") != (after.get(name) or "")
        )

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
            "short_name": self.env._("short name for the payment code"),
            "personal_acc": self.env._("account"),
            "bank_name": self.env._("bank name"),
            "bic": self.env._("BIC"),
            "corresp_acc": self.env._("correspondent account"),
            "payee_inn": self.env._("INN"),
            "kpp": self.env._("KPP"),
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
        }
