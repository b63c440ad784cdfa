from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.address_life import get_given
from ...tools.address_text import read_addresses, take_hints


class ResPartner(models.Model):
    """The responsible person of personal accounts; their e-mail is followed by the addresses."""

    _inherit = "res.partner"

    epd_account_ids = fields.One2many(
        "epd.personal.account",
        "partner_id",
        string="Personal Accounts",
        groups="epd_mailing.group_epd_operator",
    )
    epd_account_count = fields.Integer(
        string="Personal Account Count",
        compute="_compute_epd_account_count",
        groups="epd_mailing.group_epd_operator",
    )

    epd_email_problem = fields.Char(
        string="What Is Wrong with the E-mail",
        compute="_compute_epd_email_problem",
        groups="epd_mailing.group_epd_operator",
        help="Why no receipt goes to the e-mail of this payer, or what was probably meant.",
    )

    epd_email_hint = fields.Char(
        string="Probably Meant",
        compute="_compute_epd_email_problem",
        groups="epd_mailing.group_epd_operator",
        help="Only said: the program corrects no address.",
    )

    @api.depends("epd_account_ids")
    def _compute_epd_account_count(self):
        counts = dict(
            self.env["epd.personal.account"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.epd_account_count = counts.get(partner, 0)

    @api.depends("email", "epd_account_ids")
    def _compute_epd_email_problem(self):
        for partner in self:
            text = partner.email if partner.epd_account_ids else ""
            partner.epd_email_problem = self._epd_describe_doubt(text)
            hints = read_addresses(text).hints
            partner.epd_email_hint = ", ".join(hint for _typed, hint in hints)

    @api.model
    def _epd_describe_doubt(self, text):
        """Return what is wrong with an e-mail as typed, or probably meant; False for a good one."""
        reading = read_addresses(text)
        if reading.problems:
            return self.env["epd.delivery.address"]._describe_problems(reading)
        if reading.hints:
            return self.env._(
                "The address may be misspelt: “%s” may be meant.",
                ", ".join(hint for _typed, hint in reading.hints),
            )
        return False

    def write(self, vals):
        before = {}
        if "email" in vals:
            before = {partner: partner.email for partner in self.sudo()._epd_get_payers()}
        res = super().write(vals)
        changed = {
            partner: email
            for partner, email in before.items()
            if (partner.email or "") != (email or "")
        }
        if changed:
            self._epd_follow_emails(changed)
        return res

    @api.model
    def name_create(self, name):
        """Create a contact of what was typed into a field of contacts; its e-mail is never guessed.

        Odoo looks *for* an address there (https://github.com/odoo/odoo/pull/35797, seen 2026-11-26):
        «ivan petrov@mail.example» becomes ivan with the mailbox of the stranger petrov. Where the
        strict reading finds something else, the contact gets the text as typed in both fields: seen as
        misspelt, lost nowhere.
        """
        partner_id, label = super().name_create(name)
        text = (name or "").strip()
        if self.env.context.get("force_email"):  # a recipient of Odoo's own messages
            return partner_id, label
        partner = self.browse(partner_id)
        if set(read_addresses(partner.email).normals) != set(read_addresses(text).normals):
            partner.write({"name": text, "email": text})
        return partner.id, partner.display_name

    def _epd_get_payers(self):
        """Return those of the contacts that answer for an account, or did."""
        accounts = self.env["epd.personal.account"]._search([("partner_id", "in", self.ids)])
        addresses = self.env["epd.delivery.address"]._search([("partner_id", "in", self.ids)])
        rows = self.env.execute_query(
            SQL("%s UNION %s", accounts.select("partner_id"), addresses.select("partner_id"))
        )
        return self.browse(row[0] for row in rows)

    @api.model
    def _epd_follow_emails(self, changed):
        """Let the addresses of the accounts follow contacts whose e-mail has changed.

        :param changed: ``{partner: e-mail before}``
        """
        partners = self.sudo().union(*changed)
        given = {
            partner.id: get_given(read_addresses(email), read_addresses(partner.email))
            for partner, email in changed.items()
        }
        addresses = self.env["epd.delivery.address"]
        addresses._follow_contacts(partners.epd_account_ids, given)
        addresses._forget_given_up(partners)
        self._epd_note_emails(changed)

    def _epd_take_email(self, text, account, dry=False):
        """Take the e-mail of a payer from a billing program; tell whether that changes anything.

        Another address takes the place of the one before. A misspelt text takes no good one's place:
        it is written down, to be seen, only where the payer has none.

        :param text: as given; nothing given changes nothing
        :param account: ``epd.personal.account`` that it was given for
        :param dry: only tell
        """
        self.ensure_one()
        text = (text or "").strip()
        reading, now = read_addresses(text), read_addresses(self.email)
        if reading.problems:
            if now.normals or (self.email or "").strip() == text:
                return False
            email = text
        else:
            live = account.address_ids.filtered(lambda address: address.state != "closed")
            same = [set(now.normals)]
            if now.normals:  # with those typed by hand beside it, as an export gives them
                same.append(set(live.mapped("email_normalized")))
            if not reading.normals or set(reading.normals) in same:
                return False
            email = ", ".join(address.shown for address in reading.addresses)
        if not dry:
            self.email = email
        return True

    def _epd_follow_merge(self):
        """Bring accounts, addresses and consents in line with contacts that took others in.

        Odoo's wizard has changed our references by SQL, so nothing was computed or followed
        (https://github.com/odoo/odoo/pull/175966, seen 2026-11-26).
        """
        self.env.invalidate_all()
        accounts = self.sudo().epd_account_ids
        self.env.add_to_compute(accounts._fields["consent_state"], accounts)
        addresses = self.env["epd.delivery.address"]
        addresses._follow_contacts(
            accounts, reason=self.env._("It does not stand on the merged contact")
        )
        addresses._forget_given_up(self)
        self._epd_join_company()

    def _epd_note_emails(self, before):
        """Say on the accounts that their person's e-mail has changed, so that a clerk sees it."""
        addresses = self.env["epd.delivery.address"]
        for partner, email in before.items():
            body = self.env._(
                "E-mail of %(name)s changed: %(before)s → %(after)s. Receipts follow it.",
                name=partner.name or "",
                before=email or "—",
                after=partner.email or "—",
            )
            reading = read_addresses(partner.email)
            if reading.problems:
                body = self.env._(
                    "E-mail of %(name)s changed: %(before)s → %(after)s. %(problem)s. No letter "
                    "goes there.",
                    name=partner.name or "",
                    before=email or "—",
                    after=partner.email,
                    problem=addresses._describe_problems(reading),
                )
            accounts = partner.epd_account_ids
            accounts._message_log_batch(bodies=dict.fromkeys(accounts.ids, body))

    def action_epd_take_hints(self):
        """«Correct»: a person takes the addresses that were probably meant."""
        self.ensure_one()
        shown = [hint for _typed, hint in read_addresses(self.email).hints]
        self.email = take_hints(self.email, shown)
        return True

    # --- whose payer ------------------------------------------------------------------------------

    def _epd_join_company(self):
        """Give payers without a company that of their accounts, so that other companies have no part.

        Those stay as they are who pay in several companies, use Odoo, are a company, or have people
        beneath them of whom one of these is true.
        """
        if not self.ids:
            return
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner.id, min(account.company_id)
                  FROM res_partner partner
                  JOIN epd_personal_account account ON account.partner_id = partner.id
                 WHERE partner.id = ANY(%s) AND partner.company_id IS NULL
                 GROUP BY partner.id
                HAVING count(DISTINCT account.company_id) = 1 AND NOT bool_or(%s)
                """,
                self.ids,
                self._epd_get_shared_sql(),
            )
        )
        by_company = {}
        for partner_id, company_id in rows:
            by_company.setdefault(company_id, []).append(partner_id)
        for company_id, ids in by_company.items():
            self.sudo().browse(ids).write({"company_id": company_id})

    def _epd_get_shared_sql(self):
        """Return SQL: a contact (alias ``partner``, payer of ``account``) is not of one company alone."""
        return SQL(
            """EXISTS (SELECT 1 FROM res_users u WHERE u.partner_id = partner.id)
            OR EXISTS (SELECT 1 FROM res_company c WHERE c.partner_id = partner.id)
            OR EXISTS (SELECT 1 FROM res_partner child
                        WHERE child.parent_id = partner.id
                          AND (EXISTS (SELECT 1 FROM res_users u WHERE u.partner_id = child.id)
                               OR EXISTS (SELECT 1 FROM epd_personal_account other
                                           WHERE other.partner_id = child.id
                                             AND other.company_id <> account.company_id)))"""
        )

    def action_epd_accounts(self):
        """Open the personal accounts this person answers for."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_personal_account_action"
        )
        return {**action, "domain": [("partner_id", "in", self.ids)], "context": {}}
