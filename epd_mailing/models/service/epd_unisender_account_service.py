import secrets
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import consteq

from ...tools.unisender import errors
from ...tools.unisender.client import UniSenderClient


class EpdUnisenderAccount(models.Model):
    """The account as a client of the service: connection, limits, webhook."""

    _inherit = "epd.unisender.account"

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
            text = self.env._("UniSender refused the call.")
        return f"{text} ({error.code})"

    def write(self, vals):
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

        :raise UniSenderError: the service refused or did not answer
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
            confirmed = True  # cannot be asked; sendEmail will tell
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

        :raise UserError: the service refused or did not answer
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
                    (
                        0,
                        0,
                        {
                            "list_id": entry["id"],
                            "title": entry["title"],
                            "is_used": entry["id"] == self.list_id,
                        },
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

    def _take_events(self, events):
        """Keep the events of a verified webhook call and apply those that are new."""
        self.ensure_one()
        return self.env["epd.letter.event"]._keep(self, events)

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
