import ipaddress
import secrets
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit

from odoo import Command, api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import UserError, ValidationError
from odoo.fields import NO_ACCESS
from odoo.tools import consteq

from ...tools.address_text import read_addresses
from ...tools.unisender import errors, hosts
from ...tools.unisender_go.client import HOSTS as GO_HOSTS
from .choice_words import describe_choice
from .classic_service import ClassicService
from .error_words import describe_error
from .go_service import GoService

FIRST_REST = 60  # seconds; doubled with each error in a row
LONGEST_REST = 900
ERRORS_TO_PAUSE = 8
# answers of a limit in a row, each after a rest of a minute and more: it is not the minute's
LIMITS_TO_DAY = 3
DAY_BEGINS = timedelta(minutes=5)  # after midnight: the service's clock need not be ours
DAY_AGAIN = timedelta(hours=1)  # the day's number may be counted from another hour
SERVICES = {"classic": ClassicService, "go": GoService}
# of the administrator alone: addresses of a sandbox on this machine
SANDBOX_PARAMETER = "epd_mailing.sandbox_url"
WARNINGS_KEPT = 5
# what the service told of the account of a key; with another one it is no longer true
OF_THE_KEY = dict.fromkeys(
    ("login", "balance", "sender_confirmed", "check_note", "last_warning"), False
)
CALL_NOTED = timedelta(minutes=1)  # webhook calls are noted no more often


def is_public(url):
    """Tell whether a service in the internet may reach the address; names are not looked up."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(
            (".local", ".localhost", ".lan", ".internal", ".home.arpa", ".test", ".invalid")
        )


class EpdUnisenderAccount(models.Model):
    """An account at UniSender: sender, key, limits, webhook and the state of the connection.

    Nothing is sent through an account that is not ``active``. The key can be entered by a manager
    and is read by the program alone (field group ``NO_ACCESS``).
    """

    _name = "epd.unisender.account"
    _description = "UniSender Account"
    _inherit = ["epd.thread", "mail.activity.mixin", "epd.state.gate", "epd.database.home"]
    _order = "sequence, name"

    _transitions = {
        "draft": ("active", "error"),
        "active": ("draft", "error"),
        "error": ("active", "draft"),
    }
    _guarded_fields = (
        "api_key",
        "webhook_token",
        "webhook_state",
        "last_error",
        "last_checked_at",
        "login",
        "balance",
        "sender_confirmed",
        "check_note",
        "last_warning",
        "wait_until",
        "wait_reason",
        "fault_count",
        "limit_count",
        "day_limit_at",
        "webhook_on_at",
        "webhook_called_at",
        "webhook_rejected_at",
        "webhook_rejected_reason",
        "webhook_silent_at",
        "webhook_renewed_at",
        "event_offset",
    )

    name = fields.Char(
        string="Registration E-mail",
        required=True,
        help="The e-mail that the office registered with at UniSender; clerks know the account by it.",
    )
    login = fields.Char(
        string="UniSender Log-in",
        readonly=True,
        copy=False,
        help="As UniSender tells it. It need not be the registration e-mail.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    api_kind = fields.Selection(
        [("classic", "UniSender (api.unisender.com)"), ("go", "Unisender Go (go1, go2)")],
        string="Sending Service",
        required=True,
        default="classic",
        tracking=True,
    )
    base_url = fields.Char(
        string="API Address",
        required=True,
        default="https://api.unisender.com",
        tracking=True,
        help="The key goes there. Another address drops the key: it is typed anew.",
    )
    go_server = fields.Selection(
        [("go1", "go1.unisender.ru"), ("go2", "go2.unisender.ru")],
        string="Server",
        compute="_compute_go_server",
        inverse="_inverse_go_server",
        help="The data centre of the Unisender Go account: the address bar of its cabinet shows it.",
    )
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
    sender_email = fields.Char(
        required=True, tracking=True, help="A sender confirmed at UniSender."
    )
    reply_to = fields.Char(tracking=True)
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
    check_note = fields.Text(
        string="Could Not Be Asked",
        readonly=True,
        copy=False,
        help="What UniSender did not answer when the connection was checked. It sends all the same.",
    )
    last_warning = fields.Text(
        string="UniSender Warns",
        readonly=True,
        copy=False,
        help="The last warnings that UniSender added to its answers.",
    )
    test_emails = fields.Char(
        string="Addresses for Test Letters",
        tracking=True,
        help="Addresses of the office, separated by commas. A test letter carries a payer's real "
        "receipt: it goes to these, or to the own address of who sends it.",
    )
    # limits: the vendor's defaults for sendEmail
    # https://www.unisender.com/ru/support/api/messages/sendemail/, seen 2026-11-26
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
    webhook_on_at = fields.Datetime(readonly=True, copy=False)
    webhook_called_at = fields.Datetime(string="Last Genuine Call", readonly=True, copy=False)
    webhook_rejected_at = fields.Datetime(string="Last Rejected Call", readonly=True, copy=False)
    webhook_rejected_reason = fields.Char(string="Rejected Because", readonly=True, copy=False)
    webhook_silent_at = fields.Datetime(
        string="No Calls Since",
        readonly=True,
        copy=False,
        help="Letters change at UniSender and no call tells of it. Until one comes, the contacts are asked.",
    )
    webhook_renewed_at = fields.Datetime(readonly=True, copy=False)
    webhook_warning = fields.Text(compute="_compute_webhook_warning")
    event_tz = fields.Selection(
        _tz_get,
        string="Time Zone of Events",
        required=True,
        default="UTC",
        help="The zone of the times in UniSender's events, which name none.",
    )
    event_offset = fields.Integer(
        string="Events Differ By, h",
        readonly=True,
        copy=False,
        help="Whole hours by which the times of events differ from the hour they came.",
    )
    # the rest after errors of the service, shared by all workers and hosts
    wait_until = fields.Datetime(string="Rests Until", readonly=True, copy=False)
    wait_reason = fields.Char(string="Rests Because", readonly=True, copy=False)
    fault_count = fields.Integer(string="Errors in a Row", readonly=True, copy=False)
    limit_count = fields.Integer(string="Answers of a Limit in a Row", readonly=True, copy=False)
    day_limit_at = fields.Datetime(string="Day's Letters Used Up At", readonly=True, copy=False)

    # which of the two fits: for the screen alone
    letters_a_month = fields.Integer(compute="_compute_letters_a_month", readonly=False)
    choice_text = fields.Text(string="Which Service Fits", compute="_compute_choice_text")

    _name_uniq = models.Constraint(
        "unique(company_id, name)", "This UniSender account is already there."
    )

    def _compute_api_key_input(self):
        self.api_key_input = False

    def _inverse_api_key_input(self):
        for account in self:
            if account.api_key_input:
                account.sudo()._unlocked().write(
                    {
                        "api_key": account.api_key_input.strip(),
                        "state": "draft",
                        "last_error": False,
                        **account._get_home_vals(),
                        **OF_THE_KEY,
                    }
                )
                account.sudo()._message_log(
                    body=self.env._("The API key for %s was entered.", account.base_url)
                )
        # what was typed is not read back, not even by who typed it
        self.invalidate_recordset(["api_key_input"])

    @api.depends_context("uid")
    def _compute_has_api_key(self):
        for account in self:
            account.has_api_key = bool(account.sudo().api_key)

    @api.model
    def _get_sandboxes(self):
        """Return the addresses of the sandbox on this machine that the administrator allows."""
        value = self.env["ir.config_parameter"].sudo().get_param(SANDBOX_PARAMETER)
        return hosts.list_sandboxes(value)

    def _is_allowed_address(self):
        """Tell whether the key may go to the account's address."""
        return hosts.is_allowed(self.base_url, " ".join(self._get_sandboxes()))

    @api.depends("base_url")
    def _compute_go_server(self):
        servers = {url: name for name, url in GO_HOSTS.items()}
        for account in self:
            account.go_server = servers.get(account.base_url, False)

    def _inverse_go_server(self):
        for account in self.filtered("go_server"):
            account.base_url = GO_HOSTS[account.go_server]

    @api.depends("company_id")
    def _compute_letters_a_month(self):
        """Begin with the addresses that letters go to now; a person may type another number."""
        counts = dict(
            self.env["epd.delivery.address"]._read_group(
                [("company_id", "in", self.company_id.ids), ("state", "=", "active")],
                ["company_id"],
                ["__count"],
            )
        )
        for account in self:
            account.letters_a_month = counts.get(account.company_id, 0)

    @api.depends("letters_a_month", "limit_per_minute", "limit_per_day", "api_kind")
    def _compute_choice_text(self):
        for account in self:
            limits = (
                (account.limit_per_minute, account.limit_per_day)
                if account.api_kind == "classic"
                else ()
            )
            start = account.company_id._epd_today() if account.company_id else None
            account.choice_text = describe_choice(
                self.env, max(0, account.letters_a_month), start, *limits
            )

    @api.onchange("go_server")
    def _onchange_go_server(self):
        if self.go_server:
            self.base_url = GO_HOSTS[self.go_server]

    @api.onchange("api_kind")
    def _onchange_api_kind(self):
        if self.api_kind not in SERVICES:
            return
        self.update(SERVICES[self.api_kind].settings)
        if not hosts.is_of_kind(self.base_url, self.api_kind):
            # which of the two servers of Go is for a person to say
            self.base_url = hosts.HOME[self.api_kind]

    @api.constrains("base_url", "api_kind")
    def _check_base_url(self):
        for account in self:
            if not hosts.is_of_kind(account.base_url, account.api_kind):
                raise ValidationError(
                    self.env._(
                        "%(url)s is not an address of %(kind)s: %(hosts)s.",
                        url=account.base_url,
                        kind=dict(self._fields["api_kind"]._description_selection(self.env))[
                            account.api_kind
                        ],
                        hosts=", ".join(
                            f"https://{host}" for host in hosts.HOSTS[account.api_kind]
                        ),
                    )
                )
            if not account._is_allowed_address():
                raise ValidationError(
                    self.env._(
                        "The API key may go to UniSender alone: %(hosts)s. A sandbox on this machine "
                        "is allowed by the administrator in the system parameter “%(parameter)s”.",
                        hosts=", ".join(f"https://{host}" for host in hosts.SERVICE_HOSTS),
                        parameter=SANDBOX_PARAMETER,
                    )
                )

    @api.onchange("base_url")
    def _onchange_base_url(self):
        known = self._origin.base_url
        if self._origin.has_api_key and hosts.normalize(self.base_url) != known:
            return {
                "warning": {
                    "title": self.env._("The key has to be typed anew"),
                    "message": self.env._(
                        "The API key was entered for %s. With another address it is dropped.", known
                    ),
                }
            }
        return None

    def _drop_key(self, url):
        """Forget the key of accounts that are to speak to another address."""
        for account in self.sudo().filtered("api_key"):
            account._unlocked().write({"api_key": False, "state": "draft", **OF_THE_KEY})
            account._message_log(
                body=self.env._(
                    "The API address changed from %(old)s to %(new)s. The key was dropped.",
                    old=account.base_url,
                    new=url,
                )
            )

    def _for_office(self):
        """Return the account with its company and the office's language and zone.

        Jobs and calls from outside have none of them.
        """
        has_russian = self.env["res.lang"]._lang_get("ru_RU")
        lang = "ru_RU" if has_russian else self.env.lang or "en_US"
        return self.with_company(self.company_id).with_context(
            lang=lang, tz=self.company_id._epd_zone()
        )

    def _get_client(self):
        """Return a client of the service with this account's key (read only here).

        :raise UserError: in a copy of the database
        """
        self.ensure_one()
        self._check_home()
        return self._get_service().make_client()

    def _get_service(self):
        """Return the ``ServiceKind`` of the account: what differs between the service's products."""
        self.ensure_one()
        return SERVICES[self.api_kind](self)

    def _sends_key(self):
        """Tell whether letters carry our key as one that the service itself heeds."""
        return self.send_ref_key or self._get_service().sends_key

    @api.model
    def _describe_error(self, error):
        """Return what an error of the service means to the office, in the user's language."""
        return describe_error(self.env, error)

    def _get_test_addresses(self):
        """Return the normal forms of the office's addresses for test letters."""
        return read_addresses(self.test_emails or "").normals

    @api.model
    def _clean_addresses(self, vals):
        """Bring the addresses among ``vals`` into their normal form; changed in place."""
        addresses = self.env["epd.delivery.address"]
        addresses._clean_single(vals, ("sender_email", "reply_to"))
        if (vals.get("test_emails") or "").strip():
            vals["test_emails"] = ", ".join(addresses._check_text(vals["test_emails"]).normals)

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [
            {**self._get_kind_settings(vals), **self._normalize_url(vals)} for vals in vals_list
        ]
        for vals in vals_list:
            if vals.get("go_server") in GO_HOSTS and not vals.get("base_url"):
                vals["base_url"] = GO_HOSTS[vals["go_server"]]
        for vals in vals_list:
            self._clean_addresses(vals)
        return super().create(vals_list)

    @api.model
    def _get_kind_settings(self, vals):
        """Return what fits the kind that ``vals`` name, unless they say otherwise themselves."""
        kind = vals.get("api_kind")
        return dict(SERVICES[kind].settings) if kind in SERVICES else {}

    def _check_kind_is_free(self, kind):
        """Let the kind change only while nothing went by the present one.

        What became of those letters is known to that service alone. A room above that knows the
        letters says so.

        :raise UserError: saying what to do
        """

    @api.model
    def _normalize_url(self, vals):
        if "base_url" in vals:
            return {**vals, "base_url": hosts.normalize(vals["base_url"])}
        return dict(vals)

    def write(self, vals):
        vals = self._normalize_url(vals)
        if "api_kind" in vals:
            other = self.filtered(lambda account: account.api_kind != vals["api_kind"])
            other._check_kind_is_free(vals["api_kind"])
            if other and other == self:
                vals = {**self._get_kind_settings(vals), **vals}
        if vals.get("go_server") and "base_url" not in vals:
            # in one write: the address and the kind have to fit each other
            vals["base_url"] = GO_HOSTS.get(vals["go_server"], False)
        self._clean_addresses(vals)
        if "base_url" in vals:
            url = vals["base_url"]
            self.filtered(lambda account: account.base_url != url)._drop_key(url)
        if "list_id" in vals and not self._is_unlocked():
            # of the list before
            other = self.filtered(lambda account: account.list_id != vals["list_id"])
            other.sudo()._unlocked().write({"list_title": False})
        changed = {"base_url", "api_kind", "sender_email", "list_id"} & set(vals)
        if changed and not self._is_unlocked():
            # what was checked is not what would be used now
            self.filtered(
                lambda account: (
                    account.state == "active"
                    and any(account[name] != vals[name] for name in changed)
                )
            ).sudo()._unlocked()._move("draft")
        if "event_tz" in vals and not self._is_unlocked():
            # what was reported in the old zone is settled by the new one
            self.sudo()._unlocked().write({"event_offset": 0})
        return super().write(vals)

    def action_check_connection(self):
        """«Check Connection»: key, list, sender and balance; all well makes the account active.

        What is wrong stands in ``last_error``; the key never does.
        """
        self.check_access("write")
        for account in self.sudo()._unlocked():
            if not account.api_key:
                raise UserError(self.env._("Enter the API key first."))
            try:
                vals = account._ask_facts()
            except errors.UniSenderError as error:
                vals = {"state": "error", "last_error": account._describe_error(error)}
            if vals["state"] == "active":
                vals |= {"wait_until": False, "wait_reason": False, "day_limit_at": False}
                vals |= {"fault_count": 0, "limit_count": 0}
            account.write({**vals, "last_checked_at": fields.Datetime.now()})
        return True

    def _ask_facts(self):
        """Ask what the kind of service has to say; return the values to write.

        :raise UniSenderError: the service rejected the request or did not answer
        """
        client, service, notes = self._get_client(), self._get_service(), []
        # told anew by what is asked now
        self._unlocked().write({"last_warning": False})
        vals, problem = service.ask_facts(client, notes)
        if not problem and self.webhook_state == "on":
            # the key may be another one: its account has to know our address too
            url = self._get_webhook_url()
            service.ask_aside(lambda: client.set_hook(url), self.env._("Webhook"), notes)
        self._note_warnings(client.take_warnings())
        return {
            **vals,
            "check_note": "\n".join(notes) or False,
            "last_error": problem,
            "state": "error" if problem else "active",
        }

    def action_check_domain(self):
        """«Check the Sender's Domain»: what stands in DNS, and what has to."""
        self.ensure_one()
        self.check_access("write")
        return self.env["epd.sender.domain"]._open(self)

    def _get_lists(self):
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
                    for entry in self._get_lists()
                ],
            }
        )
        return wizard._get_records_action(
            name=self.env._("Choose a List"), target="new", context={}
        )

    def _create_list(self, title):
        """Make a list at UniSender and use it from now on; return its id (text)."""
        self.ensure_one()
        self.check_access("write")
        account = self.sudo()
        list_id = account._call_or_raise(lambda client: client.create_list(title))
        account._unlocked().write({"list_id": list_id, "list_title": title})
        return list_id

    # --- webhook ---------------------------------------------------------------------------------

    def _get_webhook_url(self):
        """Return our address for UniSender's events; the token is the account's own secret."""
        self.ensure_one()
        account = self.sudo()
        if not account.webhook_token:
            account._unlocked().write({"webhook_token": secrets.token_urlsafe(24)})
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

    @api.depends("base_url", "webhook_state")
    def _compute_webhook_warning(self):
        for account in self:
            ours = account.get_base_url()
            account.webhook_warning = (
                False
                if hosts.is_loopback(account.base_url or "") or is_public(ours)
                else self.env._(
                    "UniSender cannot call %(url)s: this address is not reachable from the "
                    "internet. Set “web.base.url” to the public address of this Odoo; until then "
                    "the statuses are asked, and their times are less exact.",
                    url=ours,
                )
            )

    def action_webhook_on(self):
        """Have UniSender report events to this Odoo.

        :return: True, or a notice when UniSender cannot reach the address
        """
        self.check_access("write")
        for account in self.sudo():
            account._call_or_raise(account._register_webhook)
            account._unlocked().write(
                {
                    "webhook_state": "on",
                    "webhook_on_at": fields.Datetime.now(),
                    "webhook_silent_at": False,
                }
            )
        warnings = [account.webhook_warning for account in self if account.webhook_warning]
        return self._warn(warnings[0]) if warnings else True

    @api.model
    def _warn(self, message):
        """Return the action that shows a warning and the form as it is now."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _register_webhook(self, client):
        """Tell the service our address; known already, it is switched on again."""
        self.ensure_one()
        client.set_hook(self._get_webhook_url())
        self._unlocked().write({"webhook_renewed_at": fields.Datetime.now()})

    def _note_webhook_call(self, rejected=False):
        """Keep when the last genuine call came, or the last rejected one and why.

        At most one a minute is noted, so that a stranger's calls cost next to nothing.

        :param rejected: the reason, for the screen; nothing for a genuine call
        """
        self.ensure_one()
        now = fields.Datetime.now()
        name = "webhook_rejected_at" if rejected else "webhook_called_at"
        if self[name] and now - self[name] < CALL_NOTED and not self.webhook_silent_at:
            return
        vals = {name: now}
        vals |= {"webhook_rejected_reason": rejected} if rejected else {"webhook_silent_at": False}
        self._unlocked().write(vals)

    def _note_offset(self, hours):
        """Tell a manager, once, that the times of events are of another zone.

        :param hours: whole hours by which they differ
        """
        self.ensure_one()
        if not hours or hours == self.event_offset:
            return
        account = self._for_office()
        account._unlocked().write({"event_offset": hours})
        account._notify_manager(
            account.env._("UniSender's times are of another zone"),
            account.env._(
                "The times in UniSender's events differ by %(hours)+d h from the hour they came. "
                "They are not used: such facts are shown as “not later than”. Choose the zone in "
                "“Time Zone of Events” of the UniSender account; new events are then exact.",
                hours=hours,
            ),
        )

    def _trust_zone(self):
        """A time came that fits its receipt: the zone is the right one."""
        self.ensure_one()
        if self.event_offset:
            self._unlocked().write({"event_offset": 0})

    def _note_warnings(self, warnings):
        """Show what the service warned of; written only when it says something new.

        :param warnings: texts of ``tools.unisender.client``
        """
        self.ensure_one()
        known = (self.last_warning or "").splitlines()
        found = list(dict.fromkeys([*warnings, *known]))[:WARNINGS_KEPT]
        if found != known:
            self._unlocked().write({"last_warning": "\n".join(found)})

    def _notify_manager(self, summary, note):
        """Give a manager of the office a task about this account, unless they have it already."""
        if summary in self.activity_ids.mapped("summary"):
            return
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=summary,
            note=note,
            user_id=self.env["epd.delivery.address"]._get_office_user(self).id,
        )

    def action_webhook_off(self):
        """Stop UniSender's reports; polling goes on."""
        self.check_access("write")
        notes = []
        for account in self.sudo():
            url, client = account._get_webhook_url(), account._get_client()
            account._get_service().ask_aside(
                lambda client=client, url=url: client.remove_hook(url), account.name, notes
            )
            # off in any case: what the service still sends is not taken, and it gives up after a day
            # https://www.unisender.com/ru/support/api/common/sistema-uvedomlenij-o-sobytiyah-webhooks/, seen 2026-11-26
            account._unlocked().write({"webhook_state": "off", "webhook_silent_at": False})
        return self._warn(notes[0]) if notes else True

    def _call_or_raise(self, function):
        client = self._get_client()
        try:
            found = function(client)
        except errors.UniSenderError as error:
            raise UserError(self._describe_error(error)) from None
        self._note_warnings(client.take_warnings())
        return found

    # --- errors of the service --------------------------------------------------------------------

    def _back_off(self, reason):
        """Let the queue of this account wait, longer with each error in a row.

        :return: True after so many errors without one letter going that a person has to look
        """
        self.ensure_one()
        count = self.fault_count + 1
        seconds = min(LONGEST_REST, FIRST_REST * 2 ** (count - 1))
        self._unlocked().write(
            {
                "fault_count": count,
                "limit_count": 0,
                "wait_reason": reason,
                "wait_until": fields.Datetime.now() + timedelta(seconds=seconds),
                "last_error": reason,
            }
        )
        return count >= ERRORS_TO_PAUSE

    def _rest_at_limit(self, error, some_went=False):
        """Let the queue wait after the answer of a limit; for the next day if it is the day's.

        A limit is no error that a person has to deal with, so the mailings do not pause.

        :param error: ``tools.unisender.errors.RateLimited``
        :param some_went: other letters of the same moment were taken
        """
        self.ensure_one()
        now, count = fields.Datetime.now(), 1 if some_went else self.limit_count + 1
        vals = {"limit_count": count}
        named = isinstance(error, errors.DayLimit)
        if named or count >= LIMITS_TO_DAY:
            known = self.day_limit_at and now - self.day_limit_at < timedelta(hours=20)
            next_day = self._get_next_day()
            # named once: the whole day; named again or guessed: the count may begin at another hour
            until = next_day if named and not known else min(next_day, now + DAY_AGAIN)
            reason = self._describe_error(
                error if named else errors.DayLimit(error.code, error.message)
            )
            vals |= {"day_limit_at": now}
        else:
            until = now + timedelta(seconds=FIRST_REST * 2 ** (count - 1))
            reason = self._describe_error(error)
        self._unlocked().write({**vals, "wait_until": until, "wait_reason": reason})

    def _get_next_day(self):
        """Return when the office's next day has begun (naive UTC)."""
        company = self.company_id
        midnight = datetime.combine(company._epd_today() + timedelta(days=1), time())
        return company._epd_utc_time(midnight + DAY_BEGINS)

    def _recover(self):
        """A letter went: the service works again."""
        if self.fault_count or self.limit_count or self.wait_until:
            self._unlocked().write(
                {
                    "fault_count": 0,
                    "limit_count": 0,
                    "day_limit_at": False,
                    "wait_reason": False,
                    "wait_until": False,
                    "last_error": False,
                }
            )

    def _set_error(self, error):
        """Wrong key, no money, unconfirmed sender: nothing goes until a person corrects it.

        :param error: ``tools.unisender.errors.UniSenderError``
        :return: what it means to the office
        """
        text = self._describe_error(error)
        self._can_move("error")._unlocked()._move("error", last_error=text)
        return text
