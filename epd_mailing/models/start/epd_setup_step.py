from dataclasses import dataclass

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import LazyTranslate
from odoo.tools.translate import LazyGettext

from .sample_office import SampleOffice

_lt = LazyTranslate(__name__)


@dataclass(frozen=True)
class Step:
    """One step of the first day; ``EpdSetupStep._ask_<code>`` says whether it is done.

    :param title: what the card calls it
    :param text: what it is for
    :param button: what its button says while the step is not done
    :param is_needed: the set-up is not over without it
    """

    code: str
    title: LazyGettext
    text: LazyGettext
    button: LazyGettext
    is_needed: bool = True


STEPS = (
    Step(
        "office",
        _lt("Company"),
        _lt("Name, INN, address and phone: they stand on every receipt."),
        _lt("Fill In"),
    ),
    Step(
        "payee",
        _lt("Payee and Bank"),
        _lt("The bank account that payers pay to: it stands in the payment code."),
        _lt("Fill In"),
    ),
    Step(
        "service_account",
        _lt("UniSender"),
        _lt("The account that letters go through: sender and API key. Then check the connection."),
        _lt("Connect"),
    ),
    Step(
        "service",
        _lt("Services"),
        _lt("What is charged for: maintenance, water, heat. From a file, or one by one."),
        _lt("Load from a File"),
    ),
    Step(
        "building",
        _lt("Houses"),
        _lt("Addresses of the houses. A file of accounts brings them along."),
        _lt("Load from a File"),
    ),
    Step(
        "account",
        _lt("Personal Accounts"),
        _lt("Number, premises, payer, e-mail: from a file of your billing program."),
        _lt("Load from a File"),
    ),
    Step(
        "provision",
        _lt("Who Is Paid for What"),
        _lt(
            "For every service in every house: who provides it, and to which bank account it is paid."
        ),
        _lt("Fill In"),
    ),
    Step(
        "period",
        _lt("First Billing Period"),
        _lt("The month that the first receipts are for. The legal dates come with it."),
        _lt("Open the Month"),
    ),
    Step(
        "charge",
        _lt("Charges of the Month"),
        _lt("From a file of your billing program; balances and readings come the same way."),
        _lt("Load from a File"),
    ),
    Step(
        "letter",
        _lt("Text of the Letter"),
        _lt("Two letters are ready, as HTML and as plain text. Make them yours."),
        _lt("Take the Ready Ones"),
    ),
    Step(
        "test_letter",
        _lt("Test Letter"),
        _lt("Save the first receipts and send one of them to yourself."),
        _lt("Go On"),
    ),
    Step(
        "sample",
        _lt("See a Sample"),
        _lt(
            "A small invented office, two houses with charges of two months, beside yours. Nothing "
            "leaves it, and it is taken out as a whole."
        ),
        _lt("Put the Sample In"),
        is_needed=False,
    ),
)
_LOADED = {
    "service": ("epd.service", "epd_mailing.epd_service_action"),
    "building": ("epd.building", "epd_mailing.epd_building_action"),
    "account": ("epd.personal.account", "epd_mailing.epd_personal_account_action"),
    "charge": ("epd.charge", "epd_mailing.epd_charge_action"),
}


class EpdSetupStep(models.Model):
    """«Getting Started»: the steps of an office's first day, what is done and what is missing.

    There is a row for each step and company; whether it is done is asked anew whenever it is read.
    """

    _name = "epd.setup.step"
    _description = "Step of the Set-up"
    _inherit = ["epd.company.row"]
    _auto = False

    name = fields.Char(string="Step", compute="_compute_texts", search="_search_name")
    text = fields.Char(compute="_compute_texts")
    button = fields.Char(compute="_compute_texts")
    is_needed = fields.Boolean(compute="_compute_texts")
    is_done = fields.Boolean(string="Done", compute="_compute_is_done")
    note = fields.Char(compute="_compute_is_done", help="What is there, or what is missing.")
    letters_a_month = fields.Integer(
        compute="_compute_letters_a_month", help="Asked on the card of UniSender."
    )

    @api.model
    def _get_listed(self):
        return STEPS

    @api.depends("is_done")
    @api.depends_context("lang")
    def _compute_texts(self):
        steps = {step.code: step for step in STEPS}
        for row in self:
            step = steps[row.code]
            row.name, row.text = self.env._(step.title), self.env._(step.text)
            row.is_needed = step.is_needed
            row.button = self.env._(step.button)
            if row.code == "sample" and row.is_done:
                row.button = self.env._("Take the Sample Out")

    @api.depends_context("lang")
    def _compute_is_done(self):
        for row in self:
            row.is_done, row.note = row.with_company(row.company_id)._ask()

    # --- what is done: each returns (done, note) ------------------------------------------------------

    def _ask(self):
        """Return ``(whether the step is done, what is there or missing)``."""
        if self.code in _LOADED:
            return self._ask_count(_LOADED[self.code][0])
        return getattr(self, f"_ask_{self.code}")()

    def _ask_count(self, model):
        found = self.env[model].search_count([("company_id", "=", self.company_id.id)])
        return bool(found), self.env._("There are: %s", found) if found else ""

    def _ask_office(self):
        company = self.company_id.sudo()
        missing = [
            text
            for text, value in (
                (self.env._("INN"), company.vat),
                (self.env._("address"), company.street or company.city),
                (self.env._("country Russia"), company.country_id.code == "RU"),
                (self.env._("roubles"), company.currency_id.name == "RUB"),
                (self.env._("time zone"), company._epd_has_zone()),
            )
            if not value
        ]
        if missing:
            return False, self.env._("Missing: %s", ", ".join(missing))
        return True, company.name

    def _get_payees(self):
        """Return the bank accounts of the company's own."""
        return self.env["res.partner.bank"].search(
            [("partner_id", "=", self.company_id.partner_id.id)]
        )

    def _ask_payee(self):
        payees = self._get_payees()
        good = payees.filtered(lambda payee: not payee.epd_code_problem)
        if good:
            return True, good[0].acc_number
        return False, payees[:1].epd_code_problem or ""

    def _ask_service_account(self):
        accounts = self.env["epd.unisender.account"].search(
            [("company_id", "=", self.company_id.id)]
        )
        ready = accounts.filtered(lambda account: account.state == "active")
        if ready:
            return True, ready[0].name
        if accounts:
            return False, accounts[0].last_error or self.env._("The connection is not checked.")
        # how many letters a month is asked on the card and by the form this step opens
        choice = accounts.new({"company_id": self.company_id.id})
        return False, choice.choice_text if choice.letters_a_month else ""

    def _compute_letters_a_month(self):
        self.letters_a_month = 0
        for row in self.filtered(lambda row: row.code == "service_account"):
            account = self.env["epd.unisender.account"].new({"company_id": row.company_id.id})
            row.letters_a_month = account.letters_a_month

    def action_set_letters(self, letters):
        """Keep how many letters the office sends a month; the card then says which service fits.

        :param int letters: 0 to take the number of addresses again
        :raise UserError: when it is no such number
        """
        self.ensure_one()
        self.check_access("read")
        self._check_manager()
        if isinstance(letters, bool) or not isinstance(letters, int) or not 0 <= letters <= 10**8:
            raise UserError(self.env._("Enter how many letters go out a month."))
        self.company_id.sudo().epd_letters_a_month = letters
        return True

    def _ask_provision(self):
        missing = len(self.env["epd.service.provision"]._find_missing(self.env.company))
        provisions = self.env["epd.service.provision"]
        there = provisions.search_count([("company_id", "=", self.company_id.id)])
        if missing:
            return False, self.env._("Services in houses without a payee: %s", missing)
        return bool(there), self.env._("There are: %s", there) if there else ""

    def _ask_period(self):
        period = self.company_id.sudo().epd_current_period_id
        return bool(period), period.name or ""

    def _ask_letter(self):
        return self._ask_count("epd.message.template")

    def _ask_test_letter(self):
        letters = self.env["epd.mailing.letter"]
        sent = letters.search_count(
            [("company_id", "=", self.company_id.id), ("send_state", "=", "sent")], limit=1
        )
        return bool(sent), ""

    def _ask_sample(self):
        company = SampleOffice(self.env).find()
        return bool(company), company.name or ""

    # --- where the office lands -------------------------------------------------------------------

    @api.model
    def _is_open(self):
        """Tell whether the company at work has still to be set up, by this user."""
        return (
            self.env.user.has_group("epd_mailing.group_epd_manager")
            and not self.env.company.sudo().epd_setup_closed
            and not all(self._get_rows().filtered("is_needed").mapped("is_done"))
        )

    @api.model
    def _get_rows(self):
        return self.search([("company_id", "=", self.env.company.id)])

    @api.model
    def _open_app(self):
        """Return what the application opens with: the set-up while there is something to set up."""
        name = "epd_setup_action" if self._is_open() else "epd_billing_run_action"
        return self.env["ir.actions.actions"]._for_xml_id(f"epd_mailing.{name}")

    @api.model
    def action_close(self):
        """«Do Not Show Again»: the application opens with the month from now on."""
        self._check_manager()
        self.env.company.sudo().epd_setup_closed = True
        return self.env["ir.actions.actions"]._for_xml_id("epd_mailing.epd_billing_run_action")

    @api.model
    def _check_manager(self):
        if not self.env.user.has_group("epd_mailing.group_epd_manager"):
            raise AccessError(self.env._("A manager sets the office up."))

    # --- the button of a step -----------------------------------------------------------------------

    def action_go(self):
        """Open where the step is done, or do it where there is nothing to ask."""
        self.ensure_one()
        self.check_access("read")
        self._check_manager()
        if self.company_id != self.env.company:
            raise UserError(self.env._("Choose the company “%s” first.", self.company_id.name))
        if self.code in _LOADED:
            return self._open_loading()
        return getattr(self, f"_go_{self.code}")()

    def _open_loading(self):
        _model, action = _LOADED[self.code]
        if self.is_done:
            return self.env["ir.actions.actions"]._for_xml_id(action)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Load from a File"),
            "res_model": "epd.import",
            "view_mode": "form",
            "views": [(False, "form")],
            "context": {"default_kind": self.code},
        }

    def _go_office(self):
        return self.env["ir.actions.actions"]._for_xml_id("epd_mailing.epd_setup_office_action")

    def _go_payee(self):
        if self.is_done:
            return self.env["ir.actions.actions"]._for_xml_id("epd_mailing.epd_payee_action")
        return self.env["ir.actions.actions"]._for_xml_id("epd_mailing.epd_setup_payee_action")

    def _go_service_account(self):
        company = self.company_id.sudo()
        found = self.env["epd.unisender.account"].search(
            [("company_id", "=", company.id)], order="state", limit=1
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("UniSender"),
            "res_model": "epd.unisender.account",
            "view_mode": "form",
            "views": [(False, "form")],
            "res_id": found.id,
            "context": {
                "default_name": company.email,
                "default_sender_name": company.name,
                "default_sender_email": company.email,
                "default_reply_to": company.email,
            },
        }

    def _go_provision(self):
        if self.is_done:
            name = "epd_mailing.epd_service_provision_action"
        else:
            name = "epd_mailing.epd_setup_provision_action"
        return self.env["ir.actions.actions"]._for_xml_id(name)

    def _go_period(self):
        if self.is_done:
            name = "epd_mailing.epd_billing_period_action"
            return self.env["ir.actions.actions"]._for_xml_id(name)
        periods = self.env["epd.billing.period"]
        last = periods.search(
            [("company_id", "=", self.company_id.id)], order="date_start desc", limit=1
        )
        # the first one becomes current by itself
        (last or periods.create({}))._set_current()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _go_letter(self):
        if not self.is_done:
            self.env["epd.message.template"]._add_standard(self.company_id)
        return self.env["ir.actions.actions"]._for_xml_id("epd_mailing.epd_message_template_action")

    def _go_sample(self):
        if self.is_done:
            return self.env["ir.actions.actions"]._for_xml_id(
                "epd_mailing.epd_sample_removal_action"
            )
        return self.action_put_sample_in()

    @api.model
    def action_put_sample_in(self):
        """«See a Sample»: put the sample office in, unless it is there, and go there.

        :raise AccessError: when the user is no manager
        """
        self._check_manager()
        company = SampleOffice(self.env).put_in()
        return self._switch_to(company)

    @api.model
    def _switch_to(self, company):
        """Return the action that has the web client work in a company from now on."""
        return {
            "type": "ir.actions.client",
            "tag": "epd_switch_company",
            "params": {"company_id": company.id, "url": "/odoo/epd"},
        }

    def _go_test_letter(self):
        """Open the next thing on the way to the first letter: the mailing, the run, or a new run."""
        own = [("company_id", "=", self.company_id.id)]
        for model in ("epd.mailing", "epd.billing.run"):
            found = self.env[model].search([*own, ("state", "!=", "cancelled")], limit=1)
            if found:
                break
        else:
            model = "epd.billing.run"
        every = self.env.ref("epd_mailing.account_list_all_open", raise_if_not_found=False)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test Letter"),
            "res_model": model,
            "view_mode": "form",
            "views": [(False, "form")],
            "res_id": found.id,
            "context": {"default_list_ids": every.ids if every else []},
        }
