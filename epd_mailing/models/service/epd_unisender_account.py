import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import NO_ACCESS
from odoo.tools import consteq

from ...tools.unisender import errors
from ...tools.unisender.client import UniSenderClient

FIRST_REST = 60  # seconds; doubled with each error in a row
LONGEST_REST = 900
ERRORS_TO_PAUSE = 8


class EpdUnisenderAccount(models.Model):
    """An account at UniSender: sender, key, limits, webhook and the state of the connection.

    Nothing is sent through an account that is not ``active``. The key can be entered by a manager
    and is read by the program alone (field group ``NO_ACCESS``).
    """

    _name = "epd.unisender.account"
    _description = "UniSender Account"
    _inherit = ["mail.thread", "mail.activity.mixin", "epd.state.gate"]
    _order = "sequence, name"

    _transitions = {
        "draft": ("active", "error"),
        "active": ("draft", "error"),
        "error": ("active", "draft"),
    }
    _gated_fields = (
        "api_key",
        "webhook_token",
        "webhook_state",
        "last_error",
        "last_checked_at",
        "balance",
        "sender_confirmed",
        "wait_until",
        "wait_reason",
        "fault_count",
    )

    name = fields.Char(string="Registration E-mail", required=True, help="The log-in at UniSender.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    api_kind = fields.Selection(
        [("classic", "UniSender (api.unisender.com)")], required=True, default="classic"
    )
    base_url = fields.Char(string="API Address", required=True, default="https://api.unisender.com")
    api_key = fields.Char(groups=NO_ACCESS, copy=False)
    api_key_input = fields.Char(
        string="API Key",
        compute="_compute_api_key_input",
        inverse="_inverse_api_key_input",
        copy=False,
        help="Shown to nobody once entered. Enter a new one to replace it.",
    )
    has_api_key = fields.Boolean(compute="_compute_has_api_key", string="Key Entered")
    sender_name = fields.Char(required=True)
    sender_email = fields.Char(required=True, help="A sender confirmed at UniSender.")
    reply_to = fields.Char()
    list_id = fields.Char(string="List Id", help="The list that a payer leaves on unsubscribing.")
    list_title = fields.Char(string="List", readonly=True)
    state = fields.Selection(
        [("draft", "Not checked"), ("active", "Active"), ("error", "Error")],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    last_error = fields.Text(readonly=True, copy=False)
    last_checked_at = fields.Datetime(readonly=True, copy=False)
    balance = fields.Char(readonly=True, copy=False)
    sender_confirmed = fields.Boolean(readonly=True, copy=False)
    # limits: the vendor's defaults for sendEmail
    limit_per_minute = fields.Integer(default=60, help="0: no limit.")
    limit_per_day = fields.Integer(default=1000, help="0: no limit.")
    limit_address_seconds = fields.Integer(
        string="Seconds Between Letters to One Address", default=60
    )
    limit_letter_bytes = fields.Integer(string="Largest Letter, bytes", default=1048576)
    parallel_calls = fields.Integer(default=4, help="Letters in flight at once.")
    timeout_seconds = fields.Integer(string="Time-out, s", default=30)
    lease_seconds = fields.Integer(string="Lease of a Claimed Letter, s", default=300)
    send_ref_key = fields.Boolean(help="Off until checked on a live account.")
    track_links = fields.Boolean(help="Makes «read» measurable by the link to the receipt.")
    # webhook
    webhook_token = fields.Char(groups=NO_ACCESS, copy=False)
    webhook_state = fields.Selection(
        [("off", "Off"), ("on", "On")], default="off", required=True, readonly=True, copy=False
    )
    # the rest after errors of the service, shared by all workers and hosts
    wait_until = fields.Datetime(string="Rests Until", readonly=True, copy=False)
    wait_reason = fields.Char(string="Rests Because", readonly=True, copy=False)
    fault_count = fields.Integer(string="Errors in a Row", readonly=True, copy=False)

    _name_uniq = models.Constraint(
        "unique(company_id, name)", "This UniSender account is already there."
    )

    def _compute_api_key_input(self):
        self.api_key_input = False

    def _inverse_api_key_input(self):
        for account in self:
            if account.api_key_input:
                account.sudo()._through_gate().write(
                    {
                        "api_key": account.api_key_input.strip(),
                        "state": "draft",
                        "last_error": False,
                    }
                )
        # what was typed is not read back, not even by who typed it
        self.invalidate_recordset(["api_key_input"])

    @api.depends_context("uid")
    def _compute_has_api_key(self):
        for account in self:
            account.has_api_key = bool(account.sudo().api_key)

    @api.constrains("base_url")
    def _check_base_url(self):
        for account in self:
            url = urlsplit(account.base_url or "")
            local = url.hostname in ("127.0.0.1", "localhost", "::1")
            if not url.hostname or url.scheme not in ("https", "http"):
                raise ValidationError(
                    self.env._("The API address must look like https://api.unisender.com")
                )
            if url.scheme == "http" and not local:
                raise ValidationError(
                    self.env._("The API address must begin with https:// — the key goes there.")
                )

    def _get_client(self):
        """Return a client of the service with this account's key (read only here)."""
        self.ensure_one()
        return UniSenderClient(
            self.sudo().api_key,
            self.base_url,
            timeout=(5, max(1, self.timeout_seconds)),
            pool_size=max(1, self.parallel_calls),
        )

    @api.model
    def _describe_error(self, error):
        """Return what an error of the service means to the office, in the user's language."""
        if isinstance(error, errors.AuthError):
            text = self.env._("UniSender does not accept the API key. Enter the right key.")
        elif isinstance(error, errors.NoMoney):
            text = self.env._("There is no money on the UniSender account. Top it up.")
        elif isinstance(error, errors.SenderProblem):
            text = self.env._("The sender's address is not confirmed at UniSender. Confirm it.")
        elif isinstance(error, errors.ConnectFailed):
            text = self.env._("UniSender cannot be reached. Check the address and the network.")
        elif isinstance(error, errors.ResultUnknown):
            text = self.env._("UniSender gave no clear answer. Try again later.")
        else:
            text = self.env._("UniSender rejected the call.")
        return f"{text} ({error.code})"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self.env["epd.delivery.address"]._clean_single(vals, ("sender_email", "reply_to"))
        return super().create(vals_list)

    def write(self, vals):
        vals = dict(vals)
        self.env["epd.delivery.address"]._clean_single(vals, ("sender_email", "reply_to"))
        changed = {"base_url", "api_kind", "sender_email", "list_id"} & set(vals)
        if changed and not self._gate_open():
            # what was checked is not what would be used now
            self.filtered(
                lambda account: (
                    account.state == "active"
                    and any(account[name] != vals[name] for name in changed)
                )
            ).sudo()._through_gate()._move("draft")
        return super().write(vals)

    def action_check_connection(self):
        """«Check Connection»: key, list, sender and balance; all well makes the account active.

        What is wrong stands in ``last_error``; the key never does.
        """
        self.check_access("write")
        for account in self.sudo()._through_gate():
            if not account.api_key:
                raise UserError(self.env._("Enter the API key first."))
            try:
                vals = account._ask_facts()
            except errors.UniSenderError as error:
                vals = {"state": "error", "last_error": account._describe_error(error)}
            if vals["state"] == "active":
                vals |= {"fault_count": 0, "wait_until": False, "wait_reason": False}
            account.write({**vals, "last_checked_at": fields.Datetime.now()})
        return True

    def _ask_facts(self):
        """Ask lists, sender, balance and webhook; return the values to write.

        :raise UniSenderError: the service rejected the call or did not answer
        """
        sender = self._get_client()
        chosen = self._choose_list(sender)
        try:
            info = sender.get_user_info()
            balance = f"{info.get('balance', '')} {info.get('currency', '')}".strip()
        except errors.AuthError:
            balance = False  # an ordinary key may not be allowed to ask
        try:
            confirmed = sender.get_checked_email(self.name, self.sender_email)
        except errors.AuthError:
            confirmed = True  # cannot be asked; sendEmail will say
        vals = {"balance": balance, "sender_confirmed": confirmed}
        if not chosen:
            problem = self.env._(
                "There is no list %s at UniSender. Choose another one.", self.list_id
            )
        elif not confirmed:
            problem = self._describe_error(errors.SenderProblem("unchecked_sender_email"))
        else:
            problem = False
        if chosen:
            vals |= {"list_id": chosen[0], "list_title": chosen[1]}
        if not problem and self.webhook_state == "on":
            # the key may be another one: its account has to know our address too
            sender.set_hook(self._get_webhook_url())
        return {**vals, "last_error": problem, "state": "error" if problem else "active"}

    def _choose_list(self, sender):
        """Return (id, title) of the chosen list, or of the first, or of a new one."""
        lists = sender.get_lists()
        if self.list_id:
            return next((entry for entry in lists if entry[0] == self.list_id), None)
        if lists:
            return lists[0]
        title = self.env._("Payers")
        return sender.create_list(title), title

    def get_lists(self):
        """Return the lists of the account: [{"id": text, "title": text}].

        :raise UserError: the service rejected the call or did not answer
        """
        self.ensure_one()
        self.check_access("write")
        lists = self.sudo()._call_or_raise(lambda client: client.get_lists())
        return [{"id": list_id, "title": title} for list_id, title in lists]

    def action_choose_list(self):
        """«Choose a List»: show the lists of the account, and let a new one be made."""
        self.ensure_one()
        wizard = self.env["epd.unisender.list"].create(
            {
                "account_id": self.id,
                "line_ids": [
                    Command.create(
                        {
                            "list_id": entry["id"],
                            "title": entry["title"],
                            "is_used": entry["id"] == self.list_id,
                        }
                    )
                    for entry in self.get_lists()
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Choose a List"),
            "res_model": "epd.unisender.list",
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def create_list(self, title):
        """Make a list at UniSender and use it from now on; return its id (text)."""
        self.ensure_one()
        self.check_access("write")
        account = self.sudo()
        list_id = account._call_or_raise(lambda client: client.create_list(title))
        account._through_gate().write({"list_id": list_id, "list_title": title})
        return list_id

    # --- webhook ---------------------------------------------------------------------------------

    def _get_webhook_url(self):
        """Return our address for UniSender's events; the token is the account's own secret."""
        self.ensure_one()
        account = self.sudo()
        if not account.webhook_token:
            account._through_gate().write({"webhook_token": secrets.token_urlsafe(24)})
        return f"{account.get_base_url()}/epd_mailing/webhook/{account.webhook_token}"

    @api.model
    def _find_by_webhook_token(self, token):
        """Return the account whose webhook is switched on under ``token``, or nothing."""
        if not token or len(token) < 20:
            return self.browse()
        found = self.with_context(active_test=False).search(
            [("webhook_token", "=", token), ("webhook_state", "=", "on")], limit=1
        )
        return found if found and consteq(found.webhook_token, token) else self.browse()

    def action_webhook_on(self):
        """Have UniSender report events to this Odoo."""
        self.check_access("write")
        for account in self.sudo():
            url = account._get_webhook_url()
            account._call_or_raise(lambda client, url=url: client.set_hook(url))
            account._through_gate().write({"webhook_state": "on"})
        return True

    def action_webhook_off(self):
        """Stop UniSender's reports; polling goes on."""
        self.check_access("write")
        for account in self.sudo():
            url = account._get_webhook_url()
            account._call_or_raise(lambda client, url=url: client.remove_hook(url))
            account._through_gate().write({"webhook_state": "off"})
        return True

    def _call_or_raise(self, function):
        try:
            return function(self._get_client())
        except errors.UniSenderError as error:
            raise UserError(self._describe_error(error)) from None

    # --- errors of the service --------------------------------------------------------------------

    def _back_off(self, reason):
        """Let the queue of this account wait, longer with each error in a row.

        :return: True after so many errors without one letter going that a person has to look
        """
        self.ensure_one()
        count = self.fault_count + 1
        seconds = min(LONGEST_REST, FIRST_REST * 2 ** (count - 1))
        self._through_gate().write(
            {
                "fault_count": count,
                "wait_reason": reason,
                "wait_until": fields.Datetime.now() + timedelta(seconds=seconds),
                "last_error": reason,
            }
        )
        return count >= ERRORS_TO_PAUSE

    def _recover(self):
        """A letter went: the service works again."""
        if self.fault_count or self.wait_until:
            self._through_gate().write(
                {"fault_count": 0, "wait_reason": False, "wait_until": False, "last_error": False}
            )

    def _set_error(self, error):
        """Wrong key, no money, unconfirmed sender: nothing goes until a person corrects it.

        :param error: ``tools.unisender.errors.UniSenderError``
        :return: what it means to the office
        """
        text = self._describe_error(error)
        self._can_move("error")._through_gate()._move("error", last_error=text)
        return text
