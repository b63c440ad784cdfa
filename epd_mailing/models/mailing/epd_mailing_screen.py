import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL


class EpdMailing(models.Model):
    """What the form of a mailing shows besides its counts."""

    _name = "epd.mailing"
    _inherit = ["epd.mailing", "epd.live"]

    timeline = fields.Text(
        compute="_compute_timeline", help="Letters opened, by day or by hour: data of the chart."
    )
    has_timeline = fields.Boolean(compute="_compute_timeline")
    refreshed_text = fields.Char(string="Statistics", compute="_compute_refreshed_text")

    @api.depends("letter_ids.opened_at")
    def _compute_timeline(self):
        counts = {}
        saved = self.filtered("id")
        if saved:
            self.env["epd.mailing.letter"].flush_model(["mailing_id", "opened_at", "is_test"])
            for mailing_id, moment, count in self.env.execute_query(
                SQL(
                    """
                    SELECT letter.mailing_id,
                           date_trunc('hour', letter.opened_at AT TIME ZONE 'UTC'
                                      AT TIME ZONE COALESCE(company.epd_tz, 'UTC')) AS moment,
                           count(*)
                      FROM epd_mailing_letter letter
                      JOIN res_company company ON company.id = letter.company_id
                     WHERE letter.mailing_id IN %s AND letter.opened_at IS NOT NULL
                       AND NOT letter.is_test
                  GROUP BY 1, 2 ORDER BY 1, 2
                    """,
                    tuple(saved.ids),
                )
            ):
                counts.setdefault(mailing_id, {})[moment] = count
        for mailing in self:
            points = self._make_points(counts.get(mailing._origin.id, {}))
            mailing.has_timeline = bool(points)
            key = self.env._("Opened")
            mailing.timeline = json.dumps([{"key": key, "title": key, "values": points}])

    @api.model
    def _make_points(self, by_hour, limit=24):
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

    @api.depends("refreshed_at", "state")
    def _compute_refreshed_text(self):
        for mailing in self:
            mailing.refreshed_text = mailing.refreshed_at and self.env._(
                "as of %(time)s", time=mailing._format_moment(mailing.refreshed_at)
            )

    # --- the work, told to the screens -----------------------------------------------------------

    def _take_outcomes(self, letters, outcomes):
        res = super()._take_outcomes(letters, outcomes)
        self._tell_screens()
        return res

    def action_open_report(self):
        """Open the figures of the mailing: buildings, reasons, days."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_letter_report_action"
        )
        return {**action, "domain": [("mailing_id", "=", self.id)], "context": {}}
