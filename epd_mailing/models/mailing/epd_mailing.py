import re

from odoo import api, fields, models
from odoo.exceptions import UserError

# what is left hanging where a subject is cut before a field of the template
LOOSE_END = re.compile(r"(?:[\s,;:.№–—-]|(?<!\w)(?:за|для|по|от|на|о|об|и)(?!\w))+$", re.IGNORECASE)


class EpdMailing(models.Model):
    """A mailing: saved documents to their payers' addresses through one UniSender account.

    ==========  ====================================================================
    state       set by
    ==========  ====================================================================
    draft       creation, «Unschedule»
    scheduled   «Schedule», «Send» (at once)
    sending     the cron, when the time has come
    paused      «Pause», or a fault that needs a person (key, money, sender)
    done        no letter pending, claimed or sending
    cancelled   the clerk, before done; what went is told
    ==========  ====================================================================
    """

    _name = "epd.mailing"
    _description = "Mailing"
    _inherit = ["mail.thread", "mail.activity.mixin", "epd.state.gate"]
    _order = "id desc"
    _check_company_auto = True

    _transitions = {
        "draft": ("scheduled", "cancelled"),
        "scheduled": ("draft", "sending", "paused", "cancelled"),
        "sending": ("paused", "done", "cancelled"),
        "paused": ("scheduled", "sending", "cancelled"),
        "done": ("sending",),
        "cancelled": (),
    }
    _gated_fields = (
        "scheduled_at",
        "started_at",
        "finished_at",
        "wait_reason",
        "wait_until",
        "refreshed_at",
        "next_refresh_at",
        "parent_id",
        "is_filling",
        "fill_total",
        "fill_left",
        "fill_after",
        "fill_started_at",
        "fill_problem",
    )
    # what was agreed on may be edited only while nothing has been handed over
    _draft_fields = (
        "unisender_account_id",
        "subject",
        "body",
        "body_format",
        "template_id",
        "period_id",
        "company_id",
    )

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    unisender_account_id = fields.Many2one(
        "epd.unisender.account",
        string="UniSender Account",
        index=True,
        ondelete="restrict",
        check_company=True,
        default=lambda self: self.env["epd.unisender.account"].search(
            [("company_id", "=", self.env.company.id), ("state", "=", "active")], limit=1
        ),
    )
    period_id = fields.Many2one(
        "epd.billing.period", index=True, ondelete="restrict", check_company=True
    )
    run_id = fields.Many2one(
        "epd.billing.run", index="btree_not_null", ondelete="set null", check_company=True
    )
    parent_id = fields.Many2one(
        "epd.mailing",
        string="Repeats",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The mailing some of whose letters are sent again.",
    )
    child_ids = fields.One2many("epd.mailing", "parent_id", string="Repeated By")
    template_id = fields.Many2one("epd.message.template", check_company=True)
    subject = fields.Char(compute="_compute_message", store=True, readonly=False)
    body = fields.Text(compute="_compute_message", store=True, readonly=False)
    body_format = fields.Selection(
        [("html", "HTML"), ("text", "Plain text")],
        compute="_compute_body_format",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    user_id = fields.Many2one(
        "res.users", string="Prepared By", default=lambda self: self.env.user, copy=False
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("scheduled", "Scheduled"),
            ("sending", "Sending"),
            ("paused", "Paused"),
            ("done", "Sent"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
        group_expand="_expand_states",
    )
    scheduled_at = fields.Datetime(string="Planned For", readonly=True, copy=False, tracking=True)
    started_at = fields.Datetime(readonly=True, copy=False)
    finished_at = fields.Datetime(readonly=True, copy=False)
    wait_reason = fields.Text(string="Waiting Because", readonly=True, copy=False)
    wait_until = fields.Datetime(readonly=True, copy=False)
    refreshed_at = fields.Datetime(string="Statistics As Of", readonly=True, copy=False)
    next_refresh_at = fields.Datetime(readonly=True, copy=False)
    letter_ids = fields.One2many(
        "epd.mailing.letter", "mailing_id", domain=[("is_test", "=", False)], copy=False
    )
    letter_count = fields.Integer(compute="_compute_counts")
    pending_count = fields.Integer(string="To Send", compute="_compute_counts")
    sent_count = fields.Integer(string="Sent Letters", compute="_compute_counts")
    delivered_count = fields.Integer(string="Delivered", compute="_compute_counts")
    opened_count = fields.Integer(string="Opened", compute="_compute_counts")
    read_count = fields.Integer(string="Read", compute="_compute_counts")
    failed_count = fields.Integer(string="Not Sent", compute="_compute_counts")
    skipped_count = fields.Integer(string="Left Out", compute="_compute_counts")
    unknown_count = fields.Integer(string="Outcome Unknown", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts")
    delivered_rate = fields.Float(compute="_compute_counts", help="Delivered / sent, percent.")
    opened_rate = fields.Float(compute="_compute_counts", help="Opened / delivered, percent.")

    @api.depends("period_id.name", "subject", "template_id.name")
    def _compute_name(self):
        for mailing in self:
            # fields of the template differ from letter to letter: the words before them are kept
            words, field, _rest = (mailing.subject or "").partition("{{")
            subject = LOOSE_END.sub("", words) if field else words
            names = filter(None, (subject or mailing.template_id.name, mailing.period_id.name))
            mailing.name = ", ".join(names) or self.env._("New mailing")

    def _expand_states(self, states, domain):
        """Show these columns of the kanban even empty; the exceptional ones when there are any."""
        usual = ("draft", "scheduled", "sending", "done")
        return [key for key, _label in self._fields["state"].selection if key in {*usual, *states}]

    @api.depends("template_id")
    def _compute_message(self):
        for mailing in self:
            template = mailing.template_id
            mailing.subject = template.subject or mailing.subject
            mailing.body = template.body or mailing.body

    # by itself: a value given for one field of a compute keeps the others from being computed
    @api.depends("template_id")
    def _compute_body_format(self):
        for mailing in self:
            mailing.body_format = mailing.template_id.body_format or mailing.body_format or "html"

    @api.depends("letter_ids.state")
    def _compute_counts(self):
        counts = {}
        groups = self.env["epd.mailing.letter"]._read_group(
            [("mailing_id", "in", self.ids), ("is_test", "=", False)],
            ["mailing_id", "state"],
            ["__count"],
        )
        for mailing, state, count in groups:
            counts.setdefault(mailing.id, {})[state] = count
        for mailing in self:
            by_state = counts.get(mailing._origin.id, {})

            def total(*states, by_state=by_state):
                return sum(by_state.get(state, 0) for state in states)

            mailing.letter_count = total(*by_state)
            mailing.pending_count = total("pending", "claimed", "sending")
            mailing.read_count = total("read")
            mailing.opened_count = total("read", "opened")
            mailing.delivered_count = mailing.opened_count + total(
                "delivered", "spam", "complained", "unsubscribed"
            )
            mailing.sent_count = mailing.delivered_count + total("sent", "deferred", "bounced")
            mailing.failed_count = total("rejected", "bounced")
            mailing.skipped_count = total("skipped", "cancelled")
            mailing.unknown_count = total("unknown")
            active = mailing.letter_count - mailing.skipped_count
            mailing.progress = 100.0 * (active - mailing.pending_count) / active if active else 0
            mailing.delivered_rate = (
                100.0 * mailing.delivered_count / mailing.sent_count if mailing.sent_count else 0
            )
            mailing.opened_rate = (
                100.0 * mailing.opened_count / mailing.delivered_count
                if mailing.delivered_count
                else 0
            )

    def write(self, vals):
        frozen = set(self._draft_fields).intersection(vals)
        if frozen and self.filtered(lambda m: m.state not in ("draft", "scheduled")):
            raise UserError(
                self.env._(
                    "The mailing has begun: its message and account are not changed any more. "
                    "Duplicate it to write another one."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_begun(self):
        if self.filtered(lambda m: m.state not in ("draft", "cancelled") or m.started_at):
            raise UserError(
                self.env._("A mailing that has begun is kept as a proof. It is not deleted.")
            )
