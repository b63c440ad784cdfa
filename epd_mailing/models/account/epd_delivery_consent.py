from datetime import date

from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..base.yes_no import search_yes_no

# since 01.09.2025 a consent to processing personal data is a document of its own, joined with no other
# (152-FZ art. 9 as of law 156-FZ of 24.06.2025)
SEPARATE_FROM = date(2025, 9, 1)
DOCUMENTS = [
    ("request", "Request for e-mail"),
    ("data", "Consent to data processing"),
    ("joint", "Both in one form"),
]
KINDS = [("instead", "E-mail instead of paper"), ("copy", "Copy by e-mail")]


class EpdDeliveryConsent(models.Model):
    """What a payer said about getting receipts by e-mail: a log that is only added to.

    It is the person's own: a new responsible person of the account has to give theirs. It counts from
    the billing period ``effective_from``: up to the company's cut-off day the month of the date
    itself, after it the next one.
    """

    _name = "epd.delivery.consent"
    _description = "Electronic Delivery Consent"
    _inherit = ["epd.field.guard"]
    _order = "date desc, id desc"
    _rec_name = "account_id"
    _check_company_auto = True

    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Person",
        compute="_compute_partner_id",
        store=True,
        precompute=True,
        help="The responsible person of the account when the consent was recorded.",
    )
    action = fields.Selection(
        [("given", "Given"), ("withdrawn", "Withdrawn")], required=True, default="given"
    )
    document = fields.Selection(
        DOCUMENTS,
        string="Paper",
        required=True,
        default="request",
        help="The request says how receipts are delivered; the consent to data processing is a paper of its "
        "own and decides nothing about the delivery.",
    )
    is_joint = fields.Boolean(
        string="Old Joint Form",
        compute="_compute_is_joint",
        search="_search_is_joint",
        help="Since 01.09.2025 the consent to data processing must not stand in one paper with another: "
        "ask for both sheets.",
    )
    kind = fields.Selection(KINDS, required=True, default="instead")
    date = fields.Date(required=True, default=lambda self: self.env.company._epd_today())
    address = fields.Char(
        string="One Address Alone",
        readonly=True,
        help="The payer unsubscribed with this address. Others of the account still receive, so this "
        "decides nothing about the account.",
    )
    basis = fields.Char(required=True, help="The application, contract term or meeting's minutes.")
    effective_from = fields.Date(
        string="Counts From",
        compute="_compute_effective_from",
        store=True,
        precompute=True,
        help="First day of the billing period whose receipts it decides about.",
    )
    user_id = fields.Many2one(
        "res.users", string="Recorded By", default=lambda self: self.env.user, readonly=True
    )

    @api.depends("account_id")
    def _compute_partner_id(self):
        for consent in self:
            consent.partner_id = consent.partner_id or consent.account_id.partner_id

    @api.depends("document", "date")
    def _compute_is_joint(self):
        for consent in self:
            consent.is_joint = consent.document == "joint" and bool(
                consent.date and consent.date >= SEPARATE_FROM
            )

    @api.model
    def _search_is_joint(self, operator, value):
        joint = fields.Domain("document", "=", "joint") & fields.Domain("date", ">=", SEPARATE_FROM)
        return search_yes_no(operator, value, lambda: joint)

    # the company's day is not a dependency on purpose: what was recorded keeps its month
    @api.depends("date", "account_id")
    def _compute_effective_from(self):
        for consent in self:
            company = consent.account_id.company_id
            day = consent.date or company._epd_today()
            late = day.day > company.epd_consent_cutoff_day
            consent.effective_from = day + relativedelta(day=1, months=int(late))

    @api.model
    def _sum_up(self, consents):
        """Return what consents of one account come to: none, instead, copy or withdrawn."""
        said = consents.filtered(lambda consent: consent.document != "data" and not consent.address)
        last = said.sorted(lambda consent: (consent.date, consent._origin.id or 0))[-1:]
        if not last:
            return "none"
        return "withdrawn" if last.action == "withdrawn" else last.kind

    @api.model
    def _get_state_sql(self, account, partner, month):
        """Return the same for receipts of a month as a scalar SQL expression.

        The last word of the present responsible person decides: an earlier one's does not count,
        nor what counts from a later month on.

        :param account: SQL of the id of ``epd.personal.account``
        :param partner: SQL of the id of its responsible person
        :param month: SQL of the first day of the billing period
        """
        # of a whole city, who has said something is asked once; the last word, account by account
        return SQL(
            """
            CASE WHEN EXISTS (
                SELECT 1 FROM epd_delivery_consent any_word
                 WHERE any_word.account_id = %(account)s)
            THEN COALESCE((
                SELECT CASE said.action WHEN 'withdrawn' THEN 'withdrawn' ELSE said.kind END
                  FROM epd_delivery_consent said
                 WHERE said.account_id = %(account)s
                   AND (said.partner_id IS NULL OR said.partner_id = %(partner)s)
                   AND said.effective_from <= %(month)s AND said.document <> 'data'
                   AND said.address IS NULL
                 ORDER BY said.date DESC, said.id DESC LIMIT 1), 'none')
            ELSE 'none' END
            """,
            account=account,
            partner=partner,
            month=month,
        )

    def write(self, vals):
        if self:
            raise UserError(
                self.env._("A recorded consent is not changed. Record a new one instead.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_recorded(self):
        raise UserError(self.env._("A recorded consent is not deleted. Record its withdrawal."))
