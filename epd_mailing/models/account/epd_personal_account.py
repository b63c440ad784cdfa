import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import account_search, money

CHANNELS = [("email", "E-mail"), ("paper", "Paper"), ("both", "E-mail and paper")]
# accounts that a text may mean and still be named one by one in the search of another table
FEW = 100


class EpdPersonalAccount(models.Model):
    """A personal account (лицевой счёт): premises, the person who pays, and how receipts go out."""

    _name = "epd.personal.account"
    _description = "Personal Account"
    _inherit = ["epd.field.guard", "epd.thread", "mail.activity.mixin", "epd.behind"]
    _order = "building_id, premises_sort, number"
    _rec_name = "number"
    _check_company_auto = True

    number = fields.Char(required=True, index="trigram", copy=False, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    building_id = fields.Many2one(
        "epd.building", required=True, index=True, ondelete="restrict", check_company=True
    )
    premises = fields.Char(string="Premises No.", help="Number of the flat or shop, e.g. 12А.")
    premises_sort = fields.Integer(compute="_compute_premises_sort", store=True)
    premises_kind = fields.Selection(
        [("flat", "Flat"), ("room", "Room"), ("nonresidential", "Non-residential premises")],
        default="flat",
        required=True,
    )
    entrance = fields.Integer()
    floor = fields.Integer()
    address = fields.Char(compute="_compute_address")
    search_text = fields.Char(
        compute="_compute_search_text",
        store=True,
        index="trigram",
        help="Numbers, address and payer as they are searched for; see “display_name”.",
    )
    area = fields.Float(string="Area, m²", digits=(14, 2))
    residents = fields.Integer()
    unified_number = fields.Char(
        string="Unified Account Number", size=10, help="ЕЛС, 10 characters."
    )
    gis_service_id = fields.Char(
        string="GIS Service Identifier", size=13, help="ИЖКУ, 13 characters."
    )
    date_open = fields.Date(string="Opened On", default=lambda self: self.env.company._epd_today())
    date_close = fields.Date(string="Closed On", tracking=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Responsible Person",
        index=True,
        tracking=True,
        ondelete="restrict",
        check_company=True,
        help="The payer: a person or an organisation. Their receipts go to their addresses.",
    )
    large_print = fields.Boolean(
        tracking=True,
        help="A further sheet in letters of 16 points: to whom, how much, by when, and the payment code.",
    )
    channel = fields.Selection(CHANNELS, required=True, default="email", tracking=True)
    address_ids = fields.One2many("epd.delivery.address", "account_id", string="E-mail Addresses")
    consent_ids = fields.One2many("epd.delivery.consent", "account_id", string="Consents")
    consent_state = fields.Selection(
        [
            ("none", "No consent"),
            ("instead", "E-mail instead of paper"),
            ("copy", "Copy by e-mail"),
            ("withdrawn", "Withdrawn"),
        ],
        compute="_compute_consent_state",
        store=True,
    )
    reachable = fields.Boolean(
        compute="_compute_reachable", help="Some address of the account can receive letters."
    )
    new_email = fields.Char(
        string="Add an E-mail",
        compute="_compute_new_email",
        inverse="_inverse_new_email",
        help="Becomes an address of the account.",
    )
    emails_text = fields.Char(string="Addresses", compute="_compute_emails_text")
    misspelt_text = fields.Char(
        string="Misspelt Addresses",
        compute="_compute_misspelt_text",
        help="What is wrong with the addresses to which no letter goes.",
    )
    note = fields.Text()

    _number_uniq = models.Constraint(
        "unique(company_id, number)",
        "A personal account with this number is already there. Open it or enter another number.",
    )
    _area_positive = models.Constraint("CHECK(area >= 0)", "The area cannot be negative.")
    _residents_positive = models.Constraint(
        "CHECK(residents >= 0)", "The number of residents cannot be negative."
    )
    _dates_order = models.Constraint(
        "CHECK(date_close IS NULL OR date_open IS NULL OR date_close >= date_open)",
        "The account closes before it opens. Correct the dates.",
    )

    @api.depends("premises")
    def _compute_premises_sort(self):
        for account in self:
            digits = re.match(r"\d{1,8}", account.premises or "")
            account.premises_sort = int(digits.group()) if digits else 0

    @api.depends("building_id.name", "premises", "premises_kind")
    def _compute_address(self):
        prefixes = {"flat": "кв.", "room": "комн.", "nonresidential": "пом."}
        for account in self:
            parts = [account.building_id.name or ""]
            if account.premises:
                parts.append(f"{prefixes[account.premises_kind]} {account.premises}")
            account.address = ", ".join(filter(None, parts))

    @api.depends("number", "unified_number", "premises", "building_id.name", "partner_id.name")
    def _compute_search_text(self):
        for account in self:
            account.search_text = account_search.make_text(
                [account.number or "", account.unified_number or ""],
                account.building_id.name or "",
                account.premises or "",
                account.partner_id.name or "",
            )

    @api.model
    def _get_drilldown_domain(self, res_id, what):
        """Return the domain of the accounts of an account list too: ``list-<its id>-<id of the period>``."""
        name, *ids = what.split("-")
        if (
            name != "list"
            or len(ids) != 2
            or not all(re.fullmatch("[0-9]{1,9}", each) for each in ids)
        ):
            return super()._get_drilldown_domain(res_id, what)
        list_id, period_id = map(int, ids)
        return self.env["epd.account.list"].browse(list_id)._get_shown_domain(period_id)

    @api.model
    def _search_display_name(self, operator, value):
        """Find accounts as a clerk looks for them: part of a number, payer, address in any order.

        Where a text is only compared (import, programs), the number alone is meant: a flat or a name
        would lead to another payer's account.
        """
        if operator not in ("ilike", "not ilike") or not isinstance(value, str):
            return super()._search_display_name(operator, value)
        found = self._name_the_few(self._get_text_domain(value))
        return ~found if operator == "not ilike" else found

    @api.model
    def _get_text_domain(self, text):
        """Return the domain of the accounts that a clerk may mean by a text."""
        groups = account_search.make_patterns(text)
        if groups is None:
            return Domain.FALSE
        found = Domain.AND(
            Domain.OR(Domain("search_text", "=ilike", pattern) for pattern in group)
            for group in groups
        )
        return self._find_by_text_or_email(found, text.strip()) if "@" in text else found

    @api.model
    def _name_the_few(self, domain):
        """Return a domain with the ids of what it finds, where that is a handful.

        How many rows a pattern finds is a guess of PostgreSQL's. By a guess too high it reads 100 000 accounts
        in the order of a list of charges, to stop at the first page, and comes to the end instead
        (https://www.postgresql.org/docs/current/planner-stats-details.html, seen 2026-11-27).
        """
        # which accounts one may see is said by the search that this is a part of
        accounts = self.sudo().with_context(active_test=False)
        ids = accounts._search(domain, limit=FEW + 1).get_result_ids()
        return Domain("id", "in", ids) if len(ids) <= FEW else domain

    @api.model
    def _find_by_text_or_email(self, by_text, email):
        """Return the domain of accounts that one search finds, or whose address has a text in it.

        A payer may be named by an e-mail, so both are asked. They are united, each found by its own index:
        one condition OR a subquery is asked of each of 100 000 rows
        (https://www.cybertec-postgresql.com/en/rewrite-or-to-union-in-postgresql-queries/, seen 2026-11-27).

        :param by_text: domain over fields of the account's own row
        :param email: part of an address
        """
        # which accounts one may see is said by the search that this is a part of
        named = self.sudo().with_context(active_test=False)._search(by_text)
        addresses = self.env["epd.delivery.address"]._search([("email", "ilike", email)])
        return Domain(
            "id", "in", SQL("(%s UNION %s)", named.select(), addresses.select("account_id"))
        )

    @api.depends(
        "partner_id",
        "consent_ids.action",
        "consent_ids.document",
        "consent_ids.address",
        "consent_ids.kind",
        "consent_ids.date",
        "consent_ids.partner_id",
    )
    def _compute_consent_state(self):
        for account in self:
            account.consent_state = account.consent_ids._sum_up(account._get_own_consents())

    def _get_own_consents(self):
        """Return the consents of the present responsible person: an earlier owner's do not count."""
        return self.consent_ids.filtered(
            lambda c: c.partner_id in (c.partner_id.browse(), self.partner_id)
        )

    @api.constrains("number")
    def _check_number(self):
        for account in self:
            number = account.number or ""
            if len(number) > 30 or not re.search(r"\w", number) or number != number.strip():
                raise ValidationError(
                    self.env._(
                        "The account number “%(number)s” must have 1 to 30 characters, with a "
                        "letter or a digit among them and no spaces around it.",
                        number=number[:60],
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        accounts.partner_id._epd_join_company()
        self.env["epd.delivery.address"]._follow_contacts(accounts)
        return accounts

    def write(self, vals):
        moved = self.browse()
        if "partner_id" in vals:
            moved = self.filtered(lambda account: account.partner_id.id != vals["partner_id"])
        if moved:
            # before the rest: addresses typed by the same call are the new person's
            super(EpdPersonalAccount, moved).write({"partner_id": vals["partner_id"]})
            moved.partner_id._epd_join_company()
            self.env["epd.delivery.address"]._change_owner(
                moved, self.env._("New responsible person")
            )
        return super().write(vals)

    # --- paper -------------------------------------------------------------------------

    @api.model
    def _get_paper_sql(self, month):
        """Return SQL: receipts of a month go on paper, also or only, by channel and consent.

        Consent decides paper, not e-mail: without «e-mail instead of paper» a letter goes *and*
        paper is printed, unless the company's policy says otherwise (see ``epd_consent_policy``).
        The condition is about the aliases ``account`` and ``company``.

        :param month: SQL of the first day of the billing period: consents count from their month on
        """
        consent = self.env["epd.delivery.consent"]._get_state_sql(
            account=SQL("account.id"), partner=SQL("account.partner_id"), month=month
        )
        return SQL(
            "(account.channel <> 'email'"
            " OR (company.epd_consent_policy <> 'email_only' AND %s <> 'instead'))",
            consent,
        )

    @api.model
    def _get_reachable_sql(self):
        """Return SQL: some address of the account (alias ``account``) can receive letters."""
        return SQL(
            "EXISTS (SELECT 1 FROM epd_delivery_address reached"
            " WHERE reached.account_id = account.id AND reached.state = 'active'"
            " AND reached.email_normalized <> '')"
        )

    def _wants_paper(self, period=None):
        """Return the accounts whose receipts go on paper, also or only.

        :param period: ``epd.billing.period`` of the receipts; nothing means the last consents,
            counting already or not
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT account.id FROM epd_personal_account account"
                " JOIN res_company company ON company.id = account.company_id"
                " WHERE account.id = ANY(%s) AND (%s OR NOT %s)",
                self.ids,
                self._get_paper_sql(
                    SQL("%s", period.date_start) if period else SQL("'infinity'::date")
                ),
                self._get_reachable_sql(),
            )
        )
        wanting = {row[0] for row in rows}
        return self.filtered(lambda account: account.id in wanting)

    # --- the form ----------------------------------------------------------------------

    @api.depends("address_ids.can_receive")
    def _compute_reachable(self):
        for account in self:
            account.reachable = bool(account.address_ids.filtered("can_receive"))

    def _compute_new_email(self):
        self.new_email = False

    def _inverse_new_email(self):
        self.env["epd.delivery.address"].create(
            [
                {"account_id": account.id, "email": account.new_email.strip()}
                for account in self
                if (account.new_email or "").strip()
            ]
        )

    @api.depends("address_ids.problem_text", "address_ids.state")
    def _compute_misspelt_text(self):
        for account in self:
            wrong = account.address_ids.filtered(lambda a: a.problem and a.state != "closed")
            account.misspelt_text = "; ".join(wrong.mapped("problem_text")) or False

    @api.depends("address_ids.email", "address_ids.state", "address_ids.problem")
    def _compute_emails_text(self):
        labels = dict(
            self.env["epd.delivery.address"]._fields["state"]._description_selection(self.env)
        )
        misspelt = self.env._("misspelt")

        def describe(address):
            if address.state != "active":
                return f"{address.email} ({labels[address.state].lower()})"
            return f"{address.email} ({misspelt})" if address.problem else address.email

        for account in self:
            account.emails_text = ", ".join(map(describe, account.address_ids))

    def _open_own(self, action):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(f"epd_mailing.{action}")
        return {**action, "context": {}}

    # --- a new responsible person ------------------------------------------------------

    def _change_owner(self, partner, date, basis):
        """Close the earlier person's addresses, withdraw their letters, name the new person.

        The earlier person never gets the next bill: their addresses are closed for good, letters
        that have not gone are withdrawn, and documents saved in their name are not mailed any more.

        :param partner: ``res.partner`` who answers for the account from ``date`` on
        :param date: day of the change, not in the future
        :param basis: what it rests on (extract from the register, application)
        :raise UserError: when nothing would change, or the day has not come
        """
        self.ensure_one()
        self.check_access("write")
        if partner == self.partner_id:
            raise UserError(self.env._("%s is the responsible person already.", partner.name))
        if date > self.company_id._epd_today():
            raise UserError(self.env._("Record the change on its day or later, not beforehand."))
        before = self.partner_id
        old = self.address_ids.filtered(lambda address: address.state != "closed")
        emails = ", ".join(filter(None, old.mapped("email")))
        withdrawn = self._withdraw_from_payer(self.env._("New responsible person"))
        self.env["epd.delivery.address"]._leave(
            self, self.env._("New responsible person since %(date)s", date=money.format_date(date))
        )
        self.partner_id = partner
        self.message_post(
            body=self.env._(
                "New responsible person since %(date)s: %(before)s → %(after)s. Basis: %(basis)s. "
                "Closed addresses: %(emails)s. Letters withdrawn: %(letters)s.",
                date=money.format_date(date),
                before=before.name or "—",
                after=partner.name,
                basis=basis,
                emails=emails or "—",
                letters=withdrawn,
            )
        )
        return True

    def _withdraw_from_payer(self, reason):
        """Take back what is on its way to the present responsible person (for the rooms above).

        :param reason: what the withdrawn things show
        :return: how many letters were withdrawn
        """
        return 0
