import contextlib

from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..models.base.counted_groups import NotCountedError
from ..models.base.yes_no import search_yes_no
from ..models.mailing.epd_mailing_letter import FAILURE_TYPES, LETTER_STATES

ARRIVED = ("delivered", "opened", "read", "spam", "complained", "unsubscribed")
WENT = ("sent", "deferred", "bounced", *ARRIVED)
# averages that follow from sums
RATES = {"delivered_rate:avg": ("delivered", "sent"), "opened_rate:avg": ("opened", "delivered")}


class EpdLetterReport(models.Model):
    """Letters as figures, one row a letter: what pivots and graphs add up.

    Days are those of the office's time zone. Rates are averages of 0 and 100 over the letters that
    count: of those that went for «delivered», of those delivered for «opened» and «read».
    """

    _name = "epd.letter.report"
    _description = "Letter Statistics"
    _inherit = ["epd.counted.groups"]
    _auto = False
    _order = "day desc, id desc"
    _rec_name = "mailing_id"
    _counted_columns = (
        "mailing_id",
        "company_id",
        "period_id",
        "building_id",
        "state",
        "failure_type",
        "day",
    )
    _counted_always = ("company_id", "state")
    _counted_through = {"month": "period_id", "is_recent": "period_id"}
    _counted_sums = (
        "letter_count",
        "sent",
        "delivered",
        "opened",
        "read_count",
        "failed",
        "skipped",
        "unknown",
    )

    mailing_id = fields.Many2one("epd.mailing", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    period_id = fields.Many2one("epd.billing.period", readonly=True)
    month = fields.Date(string="Billing Month", readonly=True)
    is_recent = fields.Boolean(
        string="Last Three Months",
        compute="_compute_is_recent",
        search="_search_is_recent",
        help="Of the month where the office stands, of the two before it, or of a later one.",
    )
    building_id = fields.Many2one("epd.building", readonly=True)
    account_id = fields.Many2one("epd.personal.account", readonly=True)
    document_id = fields.Many2one("epd.payment.document", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Payer", readonly=True)
    state = fields.Selection(LETTER_STATES, string="Status", readonly=True)
    failure_type = fields.Selection(FAILURE_TYPES, string="Failure", readonly=True)
    day = fields.Date(string="Sent On", readonly=True)
    is_repeat = fields.Boolean(string="Sent Again", readonly=True)
    letter_count = fields.Integer(string="Letters", readonly=True)
    sent = fields.Integer(readonly=True)
    delivered = fields.Integer(readonly=True)
    opened = fields.Integer(readonly=True)
    read_count = fields.Integer(string="Read", readonly=True)
    failed = fields.Integer(string="Not Delivered", readonly=True)
    skipped = fields.Integer(readonly=True)
    unknown = fields.Integer(string="Outcome Unknown", readonly=True)
    delivered_rate = fields.Float(string="Delivered, %", aggregator="avg", readonly=True)
    opened_rate = fields.Float(string="Opened, %", aggregator="avg", readonly=True)
    hours_to_open = fields.Float(
        string="Hours Until Opened", aggregator="avg", digits=(16, 1), readonly=True
    )

    @api.depends("period_id")
    def _compute_is_recent(self):
        recent = self._get_recent_periods()
        for row in self:
            row.is_recent = row.period_id in recent

    def _search_is_recent(self, operator, value):
        """Find the months by their ids: rows are counted by the index then."""
        return search_yes_no(
            operator, value, lambda: Domain("period_id", "in", self._get_recent_periods().ids)
        )

    def _get_recent_periods(self):
        """Return the months that are looked at: of the office, as its calendar is not today's.

        In January the receipts of December go out, and an office that begins with an old month sees it.
        """
        periods = self.env["epd.billing.period"].sudo()
        recent = periods.browse()
        for company in self.env.companies.sudo():
            own = Domain("company_id", "=", company.id)
            if current := company.epd_current_period_id:
                first = current.date_start - relativedelta(months=2)
                recent |= periods.search(own & Domain("date_start", ">=", first))
            else:
                recent |= periods.search(own, order="date_start desc", limit=3)
        return recent

    @property
    def _table_query(self):
        """Return the rows; test letters are not among them.

        What is joined from the left is not read where nothing of it is asked.
        """
        return SQL(
            """
            SELECT letter.id,
                   letter.mailing_id, letter.company_id, letter.period_id, letter.building_id,
                   letter.account_id, letter.document_id, letter.partner_id,
                   letter.state, letter.failure_type,
                   period.date_start AS month,
                   %(day)s AS day,
                   COALESCE(letter.resend_no, 0) > 0 AS is_repeat,
                   %(counts)s,
                   CASE WHEN letter.state IN %(went)s
                        THEN 100.0 * (letter.state IN %(arrived)s)::int END AS delivered_rate,
                   CASE WHEN letter.state IN %(arrived)s
                        THEN 100.0 * (letter.state IN ('opened', 'read'))::int END AS opened_rate,
                   CASE WHEN letter.opened_at > letter.sent_at
                        THEN EXTRACT(EPOCH FROM letter.opened_at - letter.sent_at) / 3600.0
                        END AS hours_to_open
              FROM epd_mailing_letter letter
         LEFT JOIN res_company company ON company.id = letter.company_id
         LEFT JOIN epd_billing_period period ON period.id = letter.period_id
             WHERE NOT letter.is_test
            """,
            day=self._get_day_sql(),
            counts=self._get_counts_sql(SQL("letter"), SQL("1")),
            went=WENT,
            arrived=ARRIVED,
        )

    def _get_counted_query(self, columns):
        """Return the rows counted by some columns; the month follows from the period."""
        by_month = "period_id" in columns
        # told of a count, a day is compared after counting: PostgreSQL would work it out three times for
        # each letter, take few to be left, and sort them
        asked = {"day": SQL("CASE WHEN counted.counted > 0 THEN counted.day END AS day")}
        return SQL(
            """
            SELECT %(asked)s, counted.counted, %(counts)s %(month)s
              FROM (SELECT %(columns)s, count(*)::int AS counted
                      FROM epd_mailing_letter letter
                 LEFT JOIN res_company company ON company.id = letter.company_id
                     WHERE NOT letter.is_test
                     GROUP BY %(places)s) AS counted
                   %(periods)s
            """,
            asked=SQL(", ").join(
                asked.get(name, SQL.identifier("counted", name)) for name in columns
            ),
            counts=self._get_counts_sql(SQL("counted"), SQL("counted.counted")),
            month=SQL(", period.date_start AS month") if by_month else SQL(),
            columns=SQL(", ").join(
                SQL("%s AS day", self._get_day_sql())
                if name == "day"
                else SQL.identifier("letter", name)
                for name in columns
            ),
            places=SQL(", ").join(SQL(str(place)) for place in range(1, len(columns) + 1)),
            periods=SQL(
                "LEFT JOIN epd_billing_period period ON period.id = counted.period_id"
                if by_month
                else ""
            ),
        )

    def _get_day_sql(self):
        """Return SQL of the day when a letter went (aliases ``letter``, ``company``)."""
        return SQL(
            "%s::date",
            self.env["res.company"]._epd_local_time_sql(SQL("letter.sent_at"), SQL("company")),
        )

    def _get_counts_sql(self, rows, number):
        """Return SQL of the columns that are summed up.

        :param rows: SQL alias of what has the state
        :param number: SQL of how many letters such a row stands for
        """
        return SQL(
            """
            %(number)s AS letter_count,
            %(number)s * (%(rows)s.state IN %(went)s)::int AS sent,
            %(number)s * (%(rows)s.state IN %(arrived)s)::int AS delivered,
            %(number)s * (%(rows)s.state IN ('opened', 'read'))::int AS opened,
            %(number)s * (%(rows)s.state = 'read')::int AS read_count,
            %(number)s * (%(rows)s.state IN ('bounced', 'rejected'))::int AS failed,
            %(number)s * (%(rows)s.state IN ('skipped', 'cancelled'))::int AS skipped,
            %(number)s * (%(rows)s.state = 'unknown')::int AS unknown
            """,
            rows=rows,
            number=number,
            went=WENT,
            arrived=ARRIVED,
        )

    def _read_group(self, domain, groupby=(), *args, **options):
        # one kind of groups of days is worked out in parallel as it is, and of few days by less
        by_day = any(spec.partition(":")[0] == "day" for spec in groupby)
        counted = None if by_day else self._count_by(domain, groupby)
        if counted is not None:
            with contextlib.suppress(NotCountedError):
                return super(EpdLetterReport, counted)._read_group(
                    domain, groupby, *args, **options
                )
        return super()._read_group(domain, groupby, *args, **options)

    def _read_group_select(self, aggregate_spec, query):
        rate = RATES.get(aggregate_spec)
        if rate is None or self._get_counted_by() is None:
            return super()._read_group_select(aggregate_spec, query)
        part, whole = (
            super(EpdLetterReport, self)._read_group_select(f"{name}:sum", query) for name in rate
        )
        return SQL("100.0 * %s / NULLIF(%s, 0)", part, whole)

    def action_open_letter(self):
        """Open the letter of a row."""
        self.ensure_one()
        return self.env["epd.mailing.letter"].browse(self.id)._get_records_action(context={})
