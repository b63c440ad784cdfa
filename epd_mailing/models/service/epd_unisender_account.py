from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import NO_ACCESS

from ...tools.address_text import read_addresses
from ...tools.unisender import errors, hosts
from ...tools.unisender_go.client import HOSTS as GO_HOSTS
from .choice_words import describe_choice
from .classic_service import ClassicService
from .error_words import describe_error
from .go_service import GoService

SERVICES = {"classic": ClassicService, "go": GoService}
# of the administrator alone: addresses of a sandbox on this machine
SANDBOX_PARAMETER = "epd_mailing.sandbox_url"
WARNINGS_KEPT = 5
# what the service reported of the account of a key; with another one it is no longer true
OF_THE_KEY = dict.fromkeys(
    ("login", "balance", "sender_confirmed", "check_note", "last_warning"), False
)


class EpdUnisenderAccount(models.Model):
    """An account at UniSender: sender, key, limits and the state of the connection.

    Nothing is sent through an account that is not ``active``. The key can be entered by a manager
    and is read by the program alone (field group ``NO_ACCESS``). Its database, its webhook and its rest
    after errors are collaborators: ``epd.database.home``, ``epd.webhook.receiver``, ``epd.service.rest``.
    """

    _name = "epd.unisender.account"
    _description = "UniSender Account"
    _inherit = [
        "epd.thread",
        "mail.activity.mixin",
        "epd.service.rest",
        "epd.database.home",
        "epd.webhook.receiver",
    ]
    _order = "sequence, name"

    _transitions = {
        "draft": ("active", "error"),
        "active": ("draft", "error"),
        "error": ("active", "draft"),
    }
    _guarded_fields = (
        "api_key",
        "last_error",
        "last_checked_at",
        "login",
        "balance",
        "sender_confirmed",
        "check_note",
        "last_warning",
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
        help="As UniSender reports it. It need not be the registration e-mail.",
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
    send_ref_key = fields.Boolean(help="Off until checked on a real account.")
    track_links = fields.Boolean(help="Makes «read» measurable by the link to the receipt.")

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
        """Begin with what the office said, or the addresses that letters go to now.

        A person may type another number.
        """
        counts = dict(
            self.env["epd.delivery.address"]._read_group(
                [("company_id", "in", self.company_id.ids), ("state", "=", "active")],
                ["company_id"],
                ["__count"],
            )
        )
        for account in self:
            entered = account.company_id.sudo().epd_letters_a_month
            account.letters_a_month = entered or counts.get(account.company_id, 0)

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

        :raise UserError: in a copy of the database, and in the sample office
        """
        self.ensure_one()
        self._check_real()
        self._check_home()
        return self._get_service().make_client()

    def _check_real(self):
        """:raise UserError: for an account of the sample office: nothing leaves that"""
        if self.company_id.filtered("epd_is_sample"):
            raise UserError(
                self.env._(
                    "This is the sample office: nothing leaves it, no letter and no question to "
                    "UniSender. Letters are sent from your own company (choose it at the top right)."
                )
            )

    @api.constrains("company_id", "api_key", "state")
    def _check_sample(self):
        self.sudo().filtered(
            lambda account: account.api_key or account.state == "active"
        )._check_real()

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
        return super().write(vals)

    def action_check_connection(self):
        """«Check Connection»: key, list, sender and balance; all well makes the account active.

        What is wrong stands in ``last_error``; the key never does.
        """
        self.check_access("write")
        self._check_real()
        for account in self.sudo()._unlocked():
            if not account.api_key:
                raise UserError(self.env._("Enter the API key first."))
            try:
                vals = account._ask_facts()
            except errors.UniSenderError as error:
                vals = {"state": "error", "last_error": account._describe_error(error)}
            if vals["state"] == "active":
                vals |= account._get_rested_vals()
            account.write({**vals, "last_checked_at": fields.Datetime.now()})
        return True

    def _ask_facts(self):
        """Ask what the kind of service has to say; return the values to write.

        :raise UniSenderError: the service rejected the request or did not answer
        """
        client, service, notes = self._get_client(), self._get_service(), []
        # reported anew by what is asked now
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

    def _note_warnings(self, warnings):
        """Show what the service warned of; written only when it says something new.

        :param warnings: texts of ``tools.unisender.client``
        """
        self.ensure_one()
        if not warnings:
            return
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

    def _call_or_raise(self, function):
        client = self._get_client()
        try:
            found = function(client)
        except errors.UniSenderError as error:
            raise UserError(self._describe_error(error)) from None
        self._note_warnings(client.take_warnings())
        return found
