from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools import address_life as life
from ...tools.address_text import read_address, read_addresses, take_hints
from ..base.yes_no import search_yes_no


class EpdDeliveryAddress(models.Model):
    """One e-mail address of one account.

    It follows the e-mail of its person's contact (``source = partner``) or was typed by hand for
    the present person. A closed address is history: an owner who left never gets the next owner's
    receipts, and a mailbox that is given again gets a row of its own.

    ============  =====================================================================
    state         set by
    ============  =====================================================================
    active        creation; another mailbox in its place; «Open Again»
    bounced       a final delivery failure (webhook, polling)
    unsubscribed  the payer, by the link in a letter or at UniSender
    closed        another responsible person; the person gave it up; the office
    ============  =====================================================================

    ``email_normalized`` is what the service is given, and empty while the text is misspelt
    (``problem`` says how). What each event makes of the addresses of an account (e-mail set, changed,
    cleared, misspelt; typed, file, API; contact merged, archived; owner changed and changed back;
    closed, bounced, unsubscribed, reopened) is one table: ``tools/address_life.py``. The methods here
    read the rows, ask it, and write down what differs.
    """

    _name = "epd.delivery.address"
    _description = "Delivery Address"
    _inherit = ["epd.state.gate", "epd.behind"]
    _order = "account_id, id"
    _rec_name = "email"
    _check_company_auto = True

    _fixed_fields = ("account_id",)
    _guarded_fields = (
        "company_id",
        "partner_id",
        "source",
        "email_normalized",
        "problem",
        "memory",
        "state_reason",
        "state_date",
        "lost_email",
    )
    _transitions = {
        "active": ("bounced", "unsubscribed", "closed"),
        "bounced": ("active", "closed", "unsubscribed"),
        "unsubscribed": ("active", "closed", "bounced"),
        "closed": (),
    }

    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="cascade", check_company=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        "res.partner", string="Person", index="btree_not_null", readonly=True, copy=False
    )
    source = fields.Selection(
        [("partner", "Follows the person's e-mail"), ("manual", "Typed by hand")],
        required=True,
        default="manual",
        readonly=True,
        copy=False,
    )
    email = fields.Char(required=True, index="trigram")
    email_normalized = fields.Char(
        string="As Given to the Service", readonly=True, copy=False, index="btree_not_null"
    )
    problem = fields.Char(
        readonly=True, copy=False, help="Code of what is wrong with the text (address_text)."
    )
    problem_text = fields.Char(
        string="What Is Wrong", compute="_compute_problem_text", compute_sudo=True
    )
    hint = fields.Char(
        string="Probably Meant",
        compute="_compute_problem_text",
        compute_sudo=True,
        help="Only said: the program corrects no address.",
    )
    state = fields.Selection(
        [
            ("active", "Active"),
            ("bounced", "Letters return"),
            ("unsubscribed", "Unsubscribed"),
            ("closed", "Closed"),
        ],
        required=True,
        default="active",
        readonly=True,
        copy=False,
        index=True,
    )
    state_reason = fields.Char(readonly=True, copy=False)
    state_date = fields.Datetime(string="Since", readonly=True, copy=False)
    memory = fields.Selection(
        [
            ("active", "Active"),
            ("bounced", "Letters return"),
            ("unsubscribed", "Unsubscribed"),
            ("closed", "Closed"),
        ],
        readonly=True,
        copy=False,
        help="Of a closed address: how it goes on when its person is back (address_life).",
    )
    lost_email = fields.Char(readonly=True, copy=False, help="What it was when it was lost.")
    can_receive = fields.Boolean(compute="_compute_can_receive", search="_search_can_receive")
    blacklisted = fields.Boolean(
        string="On Odoo's Blacklist",
        compute="_compute_blacklisted",
        help="A warning only: a bill is not advertising.",
    )

    _email_uniq = models.UniqueIndex(
        "(account_id, email_normalized) WHERE state != 'closed'",
        "This address is already there for the account.",
    )

    @api.depends("email", "problem")
    def _compute_problem_text(self):
        for address in self:
            reading = read_addresses(address.email)
            address.hint = ", ".join(hint for _typed, hint in reading.hints)
            address.problem_text = (
                self._describe_problems(reading) if address.problem and reading.problems else False
            )

    @api.depends("state", "email_normalized")
    def _compute_can_receive(self):
        for address in self:
            address.can_receive = address.state == "active" and bool(address.email_normalized)

    @api.model
    def _search_can_receive(self, operator, value):
        good = fields.Domain("state", "=", "active") & fields.Domain(
            "email_normalized", "!=", False
        )
        return search_yes_no(operator, value, lambda: good)

    @api.depends("email_normalized")
    def _compute_blacklisted(self):
        emails = [email for email in self.mapped("email_normalized") if email]
        found = set(
            self.env["mail.blacklist"].sudo().search([("email", "in", emails)]).mapped("email")
        )
        for address in self:
            address.blacklisted = address.email_normalized in found

    # --- reading a text ---------------------------------------------------------------------------

    @api.model
    def _get_problem_texts(self):
        """Return ``{code: text}`` for the problems of ``tools.address_text``, in the user's language."""
        return {
            "too_long": self.env._("it is too long"),
            "too_many": self.env._("there are too many addresses, 20 at most"),
            "several": self.env._("one address is expected, several are given"),
            "no_at": self.env._("there is no @"),
            "many_at": self.env._("there is more than one @; put a comma between two addresses"),
            "no_local": self.env._("there is nothing before the @"),
            "no_domain": self.env._("there is nothing after the @"),
            "space": self.env._("there is a space inside"),
            "dots": self.env._("a dot is at the edge or doubled"),
            "no_dot": self.env._("the part after the @ has no ending such as .ru"),
            "control": self.env._("it holds a character that cannot be seen"),
            "characters": self.env._("it holds a character that an address cannot have"),
            "look_alike": self.env._("Russian and Latin letters are mixed"),
            "quoted": self.env._("quotation marks before the @ are not taken by mail services"),
            "display_name": self.env._("the name and the address in <…> cannot be distinguished"),
            "literal": self.env._("a number in brackets stands in place of the mail domain"),
            "special_domain": self.env._("no letter goes to this domain"),
            "syntax": self.env._("mail services do not take it"),
        }

    @api.model
    def _describe_problems(self, reading):
        """Return what is wrong with a text, with each spoiled piece as typed.

        :param reading: ``tools.address_text.Reading`` with problems
        """
        texts = self._get_problem_texts()
        parts = [
            self.env._(
                "the address is misspelt: “%(typed)s” (%(problem)s)",
                typed=problem.typed,
                problem=texts[problem.code],
            )
            + (self.env._("; “%s” may be meant", problem.hint) if problem.hint else "")
            for problem in reading.problems
        ]
        text = "; ".join(parts)
        return text[:1].upper() + text[1:]

    @api.model
    def _check_text(self, text, read=read_addresses):
        """Return the reading of a text that has to hold an address.

        :param read: ``address_text.read_addresses``, or ``read_address`` where one is expected
        :raise ValidationError: naming the text as typed and what is wrong with it
        """
        reading = read(text)
        if reading.problems:
            raise ValidationError(
                self.env._(
                    "%(problem)s. Enter it like name@example.com.",
                    problem=self._describe_problems(reading),
                )
            )
        if not reading.normals:
            raise ValidationError(self.env._("Enter an e-mail address like name@example.com."))
        return reading

    @api.model
    def _clean_single(self, vals, names):
        """Bring texts that hold one address each (a sender, a reply-to) into their normal form.

        :param vals: values to be written; changed in place
        :param names: names of the fields
        :raise ValidationError: naming the text as typed and what is wrong with it
        """
        for name in names:
            if (vals.get(name) or "").strip():
                vals[name] = self._check_text(vals[name], read_address).normal

    # --- the life of the addresses of an account --------------------------------------------------

    @api.model
    def _get_rows(self, account):
        """Return the addresses of an account as ``address_life`` knows them, oldest first."""
        return tuple(
            life.Row(
                key=address.id,
                mailbox=address.email_normalized or "",
                text=address.email or "",
                problem=address.problem or "",
                follows=address.source == "partner",
                person=address.partner_id.id or None,
                state=address.state,
                memory=address.memory or "",
            )
            for address in account.address_ids.sorted("id")
        )

    @api.model
    def _apply(self, changes, reason=None):
        """Write down what became of addresses; return the new ones.

        :param changes: list of (account, rows before, rows after), see ``address_life``
        :param reason: why addresses closed
        """
        addresses = self._unlocked()
        vals_list, stopped = [], []
        for account, before, after in changes:
            changed, fresh = life.diff(before, after)
            known = {row.key: row for row in before}
            for row in changed:
                was = known[row.key]
                addresses.browse(row.key)._take_row(was, row, reason)
                if was.receives and not (row.receives and row.mailbox == was.mailbox):
                    stopped.append(row.key)
            # each field has its value: the defaults of a context have no say in what an address is
            vals_list += [
                {
                    "account_id": account.id,
                    "state_reason": False,
                    "state_date": False,
                    "lost_email": False,
                    **self._get_row_vals(row),
                }
                for row in fresh
            ]
        # room is made in the unique index before it is taken
        addresses.flush_model()
        created = addresses.create(vals_list).with_env(self.env)
        self.browse(stopped)._withdraw_letters()
        return created

    def _withdraw_letters(self):
        """Take back what is on its way to addresses that receive nothing more (for the room above)."""
        return None

    @api.model
    def _get_row_vals(self, row):
        return {
            "email": row.text,
            "email_normalized": row.mailbox or False,
            "problem": row.problem or False,
            "source": "partner" if row.follows else "manual",
            "partner_id": row.person or False,
            "memory": row.memory or False,
            "state": row.state,
        }

    def _take_row(self, before, after, reason):
        vals = self._get_row_vals(after)
        state = vals.pop("state")
        if before.mailbox != after.mailbox:
            vals["lost_email"] = False
        if before.state == after.state:
            self.write(vals)
            return
        if state == "active":
            reason = self.env._("The address was corrected")
        self._move(state, **vals, state_reason=reason, state_date=fields.Datetime.now())

    def _let(self, event, reason=None):
        """Let one thing happen to each of these addresses.

        :param event: function of (rows, key) that returns the rows after it, see ``address_life``
        """
        changes = []
        for account, addresses in self.sudo().grouped("account_id").items():
            before = after = self._get_rows(account)
            for address in addresses:
                after = event(after, address.id)
            changes.append((account, before, after))
        self.sudo()._apply(changes, reason)

    @api.model
    def _follow_contacts(self, accounts, given=None, reason=None):
        """Make the addresses of accounts what the contacts of their persons say.

        :param given: ``{partner id: set of normal forms}`` that were just given
        """
        changes = []
        for account in accounts.sudo():
            partner = account.partner_id
            before = self._get_rows(account)
            after = life.follow(
                before,
                partner.id or None,
                read_addresses(partner.email),
                (given or {}).get(partner.id, ()),
            )
            if before != after:
                changes.append((account, before, after))
        self.sudo()._apply(
            changes, reason or self.env._("It does not stand on the person's contact any more")
        )

    @api.model
    def _leave(self, accounts, reason):
        """Close the addresses of accounts whose person is about to leave.

        :param reason: why they close
        """
        changes = []
        for account in accounts.sudo():
            before = self._get_rows(account)
            changes.append((account, before, life.leave(before)))
        self.sudo()._apply(changes, reason)

    @api.model
    def _change_owner(self, accounts, reason):
        """Close the addresses of accounts that changed hands, and begin those of their new persons.

        :param reason: why the addresses close
        """
        changes = []
        for account in accounts.sudo():
            partner = account.partner_id
            before = self._get_rows(account)
            after = life.change_owner(before, partner.id or None, read_addresses(partner.email))
            changes.append((account, before, after))
        self.sudo()._apply(changes, reason)

    @api.model
    def _forget_given_up(self, partners):
        """Forget what was closed of mailboxes that these persons have given up."""
        closed = self.sudo().search(
            [
                ("partner_id", "in", partners.ids),
                ("memory", "!=", False),
                ("account_id", "not in", partners.sudo().epd_account_ids.ids),
            ]
        )
        for address in closed:
            if address.email_normalized not in read_addresses(address.partner_id.email).normals:
                address._unlocked().write({"memory": False})

    @api.model_create_multi
    def create(self, vals_list):
        """Type addresses by hand; a text may hold several (the first one's record is returned).

        :raise ValidationError: saying what is wrong with a text, or that an address is there already
        """
        if self._is_unlocked():
            return super().create(vals_list)
        made = self.browse()
        for vals in vals_list:
            vals = self._without_guarded(vals)
            account = self.env["epd.personal.account"].browse(
                vals.get("account_id") or self.env.context.get("default_account_id")
            )
            made += self._type_in(account, vals.get("email"))[:1]
        return made

    def write(self, vals):
        """Type another address over; a text may hold several.

        :raise UserError: for an address that follows a contact, or is closed
        """
        if self._is_unlocked() or "email" not in vals:
            return super().write(vals)
        if len(vals) > 1:
            super().write({name: value for name, value in vals.items() if name != "email"})
        self.check_access("write")
        for address in self:
            if (address.email or "") == (vals["email"] or ""):
                continue
            if address.source == "partner":
                raise UserError(
                    self.env._(
                        "“%s” follows the e-mail of the person. Change it on the person's contact.",
                        address.email,
                    )
                )
            if address.state == "closed":
                raise UserError(
                    self.env._("A closed address is not changed. Enter the new one beside it.")
                )
            reading = self._check_text(vals["email"])
            rows = self._get_rows(address.account_id.sudo())
            with self._rejecting_duplicates():
                after = life.retype(rows, address.id, reading)
            self._apply([(address.account_id, rows, after)])
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        """Keep what receipts went to; without its row a followed address would be lost, too."""
        raise UserError(
            self.env._("An address is not deleted, so that what went there stays known. Close it.")
        )

    @api.model
    def _type_in(self, account, text):
        """Add the addresses of a text to an account by hand; return them.

        :raise ValidationError: when the text is misspelt, or an address is there already
        """
        reading = self._check_text(text)
        rows = self._get_rows(account.sudo())
        with self._rejecting_duplicates():
            after = life.type_in(rows, account.sudo().partner_id.id or None, reading)
        return self._apply([(account, rows, after)])

    @contextmanager
    def _rejecting_duplicates(self):
        try:
            yield
        except life.AlreadyThere as error:
            raise ValidationError(
                self.env._("This address is already there for the account: %s.", error.mailbox)
            ) from error

    # --- what happens to it ------------------------------------------------------------------------

    def _lose(self, state, reason):
        """Stop using an address that letters do not reach; the payer now gets paper.

        :param state: ``bounced`` or ``unsubscribed``
        :param reason: what the service said (raw status or code)
        """
        # nothing went to a text that is no address, so there is nothing to lose
        lost = self.sudo().filtered("email_normalized")._can_move(state)
        lost._let(lambda rows, key: life.lose(rows, key, state), reason)
        lost = lost.filtered(lambda address: address.state == state)
        for address in lost:
            address._unlocked().lost_email = address.email_normalized
        if state == "unsubscribed":
            lost._record_withdrawal(reason)
        labels = dict(self._fields["state"]._description_selection(self.env))
        for address in lost:
            address.account_id.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Address lost: the payer gets paper"),
                note=f"{address.email}: {labels[state]} ({reason})",
                user_id=self._get_office_user(address).id,
            )

    def _record_withdrawal(self, reason):
        """Write into the register of consents that payers want no more e-mail.

        Where another address of the account still receives, the payer's consent stands: the row names
        the address that they unsubscribed with, and counts for nothing else.

        :param reason: what the service said
        """
        vals_list = []
        for account, addresses in self.grouped("account_id").items():
            emails = addresses.mapped("email_normalized")
            others = account.address_ids.filtered(lambda address: address.state == "active")
            alone = others or account.consent_state == "withdrawn"
            basis = self.env._(
                "Unsubscribed from letters: %(emails)s (%(reason)s)",
                emails=", ".join(emails),
                reason=reason,
            )
            vals_list += [
                {
                    "account_id": account.id,
                    "action": "withdrawn",
                    "address": address,
                    "date": account.company_id._epd_today(),
                    "basis": basis,
                }
                for address in (emails if alone else [False])
            ]
        self.env["epd.delivery.consent"].sudo().create(vals_list)

    @api.model
    def _get_office_user(self, address):
        """Return whom the task goes to: a manager of the company."""
        group = self.env.ref("epd_mailing.group_epd_manager").sudo()
        return (
            group.all_user_ids.filtered(
                lambda user: (
                    user.active and not user.share and address.sudo().company_id in user.company_ids
                )
            )[:1]
            or self.env.user
        )

    def action_reopen(self):
        """Use a bounced or unsubscribed address again: the office knows it works now.

        :raise UserError: for a closed one
        """
        self.check_access("write")
        lost = self.filtered(lambda address: address.state != "active")
        if lost.filtered(lambda address: address.state == "closed"):
            raise UserError(
                self.env._(
                    "A closed address is not opened again. Enter it once more if it is to be used."
                )
            )
        lost._let(life.reopen)
        lost.sudo()._unlocked().write({"state_reason": False, "lost_email": False})
        return True

    def action_close(self):
        """Close the address: no letter goes there until it is given again."""
        self.check_access("write")
        self._let(life.close, self.env._("Closed by %(user)s", user=self.env.user.name))
        return True

    def action_take_hint(self):
        """«Correct»: a person takes the address that was probably meant.

        :raise UserError: when there is nothing to take
        """
        self.ensure_one()
        self.check_access("write")
        if not self.hint:
            raise UserError(self.env._("Nothing is proposed for this address."))
        # no other address of the contact's text: of those nothing was shown here
        shown = [hint for _typed, hint in read_addresses(self.email).hints]
        if self.source == "partner":
            self.partner_id.email = take_hints(self.partner_id.email, shown)
        else:
            self.email = take_hints(self.email, shown)
        return True
