import json
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..base.state_counts import count_by_state
from .letter_mend import LOST

# the figures that programs get
LETTER_COUNTS = (
    "letter_count",
    "pending_count",
    "sent_count",
    "delivered_count",
    "opened_count",
    "read_count",
    "failed_count",
    "skipped_count",
    "unknown_count",
)


def get_counts(mailings):
    """Return ``{mailing id: {field: value}}`` of the counts that a mailing shows.

    :param mailings: ``epd.mailing``
    :return: a mapping that answers for any id
    """
    by_state = count_by_state(mailings, "letter_ids")
    counts = defaultdict(lambda: _sum_up({}))
    counts.update((mailing_id, _sum_up(states)) for mailing_id, states in by_state.items())
    return counts


def _sum_up(by_state):
    """Return the counts of one mailing from ``{state: number of letters}``."""

    def total(*states):
        return sum(by_state.get(state, 0) for state in states)

    def percent(part, whole):
        return 100.0 * part / whole if whole else 0

    opened = total("read", "opened")
    delivered = opened + total("delivered", "spam", "complained", "unsubscribed")
    sent = delivered + total("sent", "deferred", "bounced")
    pending, skipped = total("pending", "claimed", "sending"), total("skipped", "cancelled")
    active = total(*by_state) - skipped
    return {
        "letter_count": total(*by_state),
        "pending_count": pending,
        "sent_count": sent,
        "delivered_count": delivered,
        "opened_count": opened,
        "read_count": total("read"),
        "failed_count": total("rejected", "bounced"),
        "skipped_count": skipped,
        "unknown_count": total("unknown"),
        "progress": percent(active - pending, active),
        "delivered_rate": percent(delivered, sent),
        "opened_rate": percent(opened, delivered),
        "read_rate": percent(total("read"), delivered),
        "failed_rate": percent(total("rejected", "bounced"), sent + total("rejected")),
    }


def get_timelines(mailings):
    """Return ``{mailing id: (data of the chart as JSON, whether there is any)}``, by hour or day.

    Times are the office's. Mailings that are not saved have an empty chart.

    :param mailings: saved ``epd.mailing`` records
    :return: a mapping that answers for any id
    """
    env, counts = mailings.env, {}
    if mailings:
        env["epd.mailing.letter"].flush_model(["mailing_id", "opened_at", "is_test"])
        for mailing_id, moment, count in env.execute_query(
            SQL(
                """
                SELECT letter.mailing_id,
                       date_trunc('hour', %(opened)s) AS moment,
                       count(*)
                  FROM epd_mailing_letter letter
                  JOIN res_company company ON company.id = letter.company_id
                 WHERE letter.mailing_id IN %(mailings)s AND letter.opened_at IS NOT NULL
                   AND NOT letter.is_test
              GROUP BY 1, 2 ORDER BY 1, 2
                """,
                opened=env["res.company"]._epd_local_time_sql(
                    SQL("letter.opened_at"), SQL("company")
                ),
                mailings=tuple(mailings.ids),
            )
        ):
            counts.setdefault(mailing_id, {})[moment] = count
    key = env._("Opened")

    def chart(by_hour):
        points = _make_points(by_hour)
        return json.dumps([{"key": key, "title": key, "values": points}]), bool(points)

    charts = defaultdict(lambda: chart({}))
    charts.update((mailing_id, chart(by_hour)) for mailing_id, by_hour in counts.items())
    return charts


def _make_points(by_hour, limit=24):
    """Return the bars of the chart: hours while they are few, days after that."""
    if not by_hour:
        return []
    first, last = min(by_hour), max(by_hour)
    step, label = timedelta(hours=1), "%d.%m %H:00"
    if last - first >= limit * step:
        step, label = timedelta(days=1), "%d.%m"
        days = {}
        for moment, count in by_hour.items():
            day = moment.replace(hour=0)
            days[day] = days.get(day, 0) + count
        by_hour, first, last = days, min(days), max(days)
    points = []
    while first <= last:
        points.append(
            {"label": first.strftime(label), "value": by_hour.get(first, 0), "type": "past"}
        )
        first += step
    return points[-60:]


def get_figures(mailing):
    """Return the figures of a mailing as plain data.

    :param mailing: ``epd.mailing`` with the rights of who asks
    :return: dict of counts, ``reasons`` (state, reason, count) and ``buildings`` (id, name, count by
        state); times are texts in UTC, empty when there is none
    """
    letters = mailing.env["epd.mailing.letter"]
    domain = [("mailing_id", "=", mailing.id), ("is_test", "=", False)]
    reasons = letters._read_group(
        [*domain, ("failure_type", "!=", False)], ["state", "failure_type"], ["__count"]
    )
    buildings = {}
    for building, state, count in letters._read_group(
        domain, ["building_id", "state"], ["__count"]
    ):
        entry = buildings.setdefault(
            building.id, {"id": building.id, "name": building.name or "", "states": {}}
        )
        entry["states"][state] = count
    return {
        "state": mailing.state,
        **{name: mailing[name] for name in LETTER_COUNTS},
        "reasons": [
            {"state": state, "reason": reason, "count": count} for state, reason, count in reasons
        ],
        "buildings": list(buildings.values()),
        "wait_reason": mailing.wait_reason or "",
        "refreshed_at": fields.Datetime.to_string(mailing.refreshed_at) or "",
    }


class EpdMailingFigures(models.AbstractModel):
    """What became of the letters of a mailing: counts, rates, the chart of openings, and of what time.

    Part of ``epd.mailing``.
    """

    _name = "epd.mailing.figures"
    _description = "Figures of Letters"
    _inherit = ["epd.field.guard"]

    refreshed_at = fields.Datetime(string="Statistics As Of", readonly=True, copy=False)
    next_refresh_at = fields.Datetime(readonly=True, copy=False)
    refreshed_text = fields.Char(string="Statistics", compute="_compute_refreshed_text")
    letter_count = fields.Integer(compute="_compute_counts")
    pending_count = fields.Integer(string="To Send", compute="_compute_counts")
    sent_count = fields.Integer(string="Sent Letters", compute="_compute_counts")
    delivered_count = fields.Integer(string="Delivered", compute="_compute_counts")
    opened_count = fields.Integer(string="Opened", compute="_compute_counts")
    read_count = fields.Integer(string="Read", compute="_compute_counts")
    failed_count = fields.Integer(string="Not Sent", compute="_compute_counts")
    skipped_count = fields.Integer(string="Skipped", compute="_compute_counts")
    unknown_count = fields.Integer(string="Outcome Unknown", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts")
    delivered_rate = fields.Float(compute="_compute_counts", help="Delivered / sent, percent.")
    opened_rate = fields.Float(compute="_compute_counts", help="Opened / delivered, percent.")
    read_rate = fields.Float(compute="_compute_counts", help="Read / delivered, percent.")
    failed_rate = fields.Float(compute="_compute_counts", help="Not delivered / sent, percent.")
    is_mend_next = fields.Boolean(
        string="Addresses Are Next",
        compute="_compute_is_mend_next",
        help="It is over, and receipts came back whose payers nothing else has reached: neither "
        "another letter nor paper.",
    )
    timeline = fields.Text(
        compute="_compute_timeline", help="Letters opened, by day or by hour: data of the chart."
    )
    has_timeline = fields.Boolean(compute="_compute_timeline")

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {"refreshed_at", "next_refresh_at"}

    @api.depends("letter_ids.state")
    def _compute_counts(self):
        counts = get_counts(self)
        for mailing in self:
            mailing.update(counts[mailing._origin.id])

    @api.depends("letter_ids.state")
    def _compute_is_mend_next(self):
        """Tell whether letters wait for other addresses; once corrected or printed, they do not."""
        letters = self.env["epd.mailing.letter"]
        lost = (
            Domain("is_test", "=", False)
            & Domain("state", "in", LOST)
            & Domain("document_id", "any", self.env["epd.payment.document"]._get_unreached_domain())
        )
        for mailing in self:
            mailing.is_mend_next = mailing.state == "done" and bool(
                letters.search_count(lost & Domain("mailing_id", "=", mailing._origin.id), limit=1)
            )

    @api.depends("letter_ids.opened_at")
    def _compute_timeline(self):
        timelines = get_timelines(self.filtered("id"))
        for mailing in self:
            mailing.timeline, mailing.has_timeline = timelines[mailing._origin.id]

    @api.depends("refreshed_at", "state")
    def _compute_refreshed_text(self):
        for mailing in self:
            mailing.refreshed_text = mailing.refreshed_at and self.env._(
                "as of %(time)s", time=mailing.company_id._epd_show_moment(mailing.refreshed_at)
            )

    def action_refresh(self):
        """«Refresh Statistics»: ask UniSender now, and say as of when the figures are."""
        for mailing in self._check_and_unlock():
            if not mailing.unisender_account_id or mailing.state == "draft":
                continue
            if not mailing.env["epd.status.poll"]._refresh(mailing):
                raise UserError(
                    self.env._(
                        "UniSender could not be asked. The figures are as of %(time)s. Try again "
                        "later.",
                        time=mailing.company_id._epd_show_moment(mailing.refreshed_at),
                    )
                )
        return True

    def action_open_letters(self):
        """Open the letters of the states in the context (all without one)."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_mailing_letter_action"
        )
        domain = [("mailing_id", "=", self.id), ("is_test", "=", False)]
        states = self.env.context.get("letter_states")
        if states:
            domain.append(("state", "in", states))
        return {**action, "domain": domain, "context": {}}

    def action_open_report(self):
        """Open the figures of the mailing: buildings, reasons, days."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_letter_report_action"
        )
        return {**action, "domain": [("mailing_id", "=", self.id)], "context": {}}

    @api.model
    def _cron_refresh(self):
        """Ask the statuses of letters (the job's code)."""
        self.env["epd.status.poll"]._run()
