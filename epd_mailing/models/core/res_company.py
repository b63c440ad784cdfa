from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ...tools import office_time, receipt_pdf

# A context that comes over RPC is JSON: no caller can hand in this very object.
SAMPLE = object()


class ResCompany(models.Model):
    # the fields of upper rooms stand in those rooms
    _name = "res.company"
    _inherit = ["res.company", "epd.table.rules"]  # pylint: disable=consider-merging-classes-inherited

    epd_tz = fields.Selection(
        _tz_get,
        string="Office Time Zone",
        default="Europe/Moscow",
        help="Times of mailings are shown, and legal days are counted, in this zone.",
    )
    epd_quiet_from = fields.Float(
        string="Quiet From",
        default=0,
        help="No letter of a mailing goes from this hour on, by the clock of the office. The same hour in both "
        "fields: letters go at any hour.",
    )
    epd_quiet_to = fields.Float(string="Quiet Until", default=0)
    _epd_quiet_hours = models.Constraint(
        "CHECK(epd_quiet_from >= 0 AND epd_quiet_from < 24 AND epd_quiet_to >= 0 AND epd_quiet_to < 24)",
        "Quiet hours are hours of the day, from 00:00 to 23:59.",
    )
    epd_consent_policy = fields.Selection(
        [
            ("paper_too", "Without consent: e-mail and paper"),
            ("email_only", "Without consent: e-mail, no paper"),
            ("strict", "Without consent: paper only"),
        ],
        string="Consent Policy",
        default="paper_too",
        required=True,
        help="What an account gets whose payer has an address but has not agreed to get "
        "the receipt by e-mail instead of on paper.",
    )
    epd_jump_percent = fields.Integer(
        string="Jump of Sums, %",
        default=30,
        help="Charges of a house or a service that moved by more than this against the month before "
        "are pointed out before documents are saved and letters are made. 0 points out nothing.",
    )
    _epd_jump_percent_range = models.Constraint(
        "CHECK(epd_jump_percent BETWEEN 0 AND 10000)", "A jump of sums is 0 to 10000 percent."
    )
    epd_outdated_policy = fields.Selection(
        [
            ("warn", "Warn, and send what was saved"),
            ("block", "Do not send until issued again"),
        ],
        string="Receipts Changed After Saving",
        default="warn",
        required=True,
        help="What becomes of letters whose charges, payments, balances or readings, payer's name or "
        "account number changed after the document was saved.",
    )
    epd_consent_cutoff_day = fields.Integer(
        string="Consent Cut-off Day",
        default=20,
        help="A consent given or withdrawn after this day of the month counts from the next month.",
    )
    _epd_cutoff_day = models.Constraint(
        "CHECK(epd_consent_cutoff_day BETWEEN 1 AND 31)",
        "The consent cut-off day is a day of the month, from 1 to 31.",
    )
    # the one of the contact card, as Odoo's INN of the company is
    epd_kpp = fields.Char(related="partner_id.epd_kpp", readonly=False)
    epd_phone_dispatch = fields.Char(string="Dispatch Phone")
    epd_document_retention_months = fields.Integer(
        string="Keep Receipt Files (months)",
        default=0,
        help="Files of receipts saved longer ago are removed; the hashes and the data stay, and the "
        "receipt can be made again from them. Ready-made receipts of another program are always kept. "
        "0 keeps all files.",
    )
    epd_code_gis = fields.Boolean(
        string="Identifier of GIS ZhKKh in the Purpose",
        default=True,
        help="The purpose of the payment ends with ///ЖКУ and the identifier of the account, so that the "
        "payment is matched in GIS ZhKKh (letter of the Bank of Russia ИН-04-45/12).",
    )
    epd_code_category = fields.Char(
        string="Category of the Payment Code",
        default="ЖКУ",
        size=30,
        help="The field Category, as the office's bank wants it: a word or a number. Empty: not printed.",
    )
    epd_code_without_sum = fields.Selection(
        [
            ("skip", "Print no code"),
            ("print", "Print the code without the sum"),
        ],
        string="When Nothing Is Due",
        default="skip",
        required=True,
        help="Some applications take a code without a sum for an error, in others a payer may enter any sum.",
    )
    epd_second_form = fields.Selection(
        [("warning", "Warn"), ("error", "Stop")],
        string="Second Document for the Same Charges",
        default="warning",
        required=True,
        help="What the check of readiness says when accounts have a document of another form with the same "
        "charges already: the payer would get them twice.",
    )
    epd_link_days = fields.Integer(
        string="Receipt Link Valid (days)",
        default=60,
        help="How long the link to the receipt in a letter works.",
    )
    epd_print_engine = fields.Selection(
        [
            ("auto", "The quickest that works here"),
            ("wkhtmltopdf", "Program wkhtmltopdf"),
            ("plutoprint", "Library plutoprint"),
        ],
        string="Print Engine",
        required=True,
        default=lambda self: self._epd_default_engine(),
        help="What makes PDF files of receipts. Both make the same receipts; files that are saved stay as they are.",
    )
    epd_import_max_mb = fields.Integer(
        string="Largest File to Load (MB)",
        default=96,
        help="The web client sends at most 128 MB, and a file grows by a third on its way.",
    )
    epd_import_keep_days = fields.Integer(
        string="Keep Loaded Files (days)",
        default=30,
        help="Files of finished loadings are removed after this; the record of it stays. 0 keeps them.",
    )

    epd_letters_a_month = fields.Integer(
        string="Letters a Month",
        help="As the office says, to choose the sending service by. 0: as many as there are addresses.",
    )
    _epd_letters_a_month_range = models.Constraint(
        "CHECK(epd_letters_a_month BETWEEN 0 AND 100000000)",
        "Enter how many letters go out a month.",
    )
    epd_is_sample = fields.Boolean(
        string="Sample Office",
        copy=False,
        help="An invented office to try things in. Nothing leaves it, and it is taken out as a whole.",
    )
    _epd_one_sample = models.UniqueIndex(
        "(epd_is_sample) WHERE epd_is_sample IS TRUE", "The sample office is there already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        # a default of the caller's has no say in it either
        vals_list = [{"epd_is_sample": False, **vals} for vals in vals_list]
        self._epd_check_sample(any(vals["epd_is_sample"] for vals in vals_list))
        return super().create(vals_list)

    def write(self, vals):
        if "epd_is_sample" in vals:
            is_sample = bool(vals["epd_is_sample"])
            self._epd_check_sample(any(bool(row.epd_is_sample) != is_sample for row in self.sudo()))
        return super().write(vals)

    @api.model
    def _epd_check_sample(self, is_changed):
        """Let nobody call a real office a sample, which would be taken out, nor the sample a real one.

        :param bool is_changed: a company is called other than it is
        """
        if is_changed and self.env.context.get("epd_sample") is not SAMPLE:
            raise UserError(self.env._("The program alone makes the sample office."))

    @api.model
    def _epd_default_engine(self):
        """Return wkhtmltopdf where the server has it, as Odoo's own reports need it; else the quickest."""
        return "wkhtmltopdf" if receipt_pdf.WkhtmltopdfEngine().is_there() else "auto"

    # --- the office's time: the only place that knows its zone --------------------------------

    def _epd_local_time(self, moment):
        """Return a moment as the clock of the office shows it.

        :param moment: naive datetime of UTC, or nothing
        :return: naive datetime in the zone of the office, None for nothing
        """
        return office_time.to_local(moment, self.epd_tz) if moment else None

    def _epd_show_moment(self, moment):
        """Return a moment as people of the office read it, a dash for nothing.

        :param moment: naive datetime of UTC, or nothing
        """
        return f"{self._epd_local_time(moment):%d.%m.%Y %H:%M}" if moment else "—"

    def _epd_utc_time(self, local):
        """Return what the clock of the office shows as a naive datetime of UTC, None for nothing."""
        return office_time.to_utc(local, self.epd_tz) if local else None

    def _epd_today(self):
        """Return the present day of the office (``date``)."""
        return office_time.day_of(fields.Datetime.now(), self.epd_tz)

    def _epd_has_zone(self):
        """Tell whether the office has said in which zone it works."""
        return bool(self.epd_tz)

    def _epd_quiet_hours_of_day(self):
        """Return the hours in which this office sends no letters (``office_time.QuietHours``)."""
        return office_time.QuietHours(self.epd_quiet_from, self.epd_quiet_to)

    def _epd_after_quiet(self, moment):
        """Return the first moment from ``moment`` on at which letters may go (both naive UTC)."""
        quiet = self._epd_quiet_hours_of_day()
        local = self._epd_local_time(moment)
        free = quiet.get_end(local)
        return moment if free == local else self._epd_utc_time(free)

    def _epd_describe_moment(self, moment):
        """Return day and time in words, by the clock of the office: «27 November at 10:00».

        Whoever works in another zone is informed: the fields of a form show that one's own time.

        :param moment: naive UTC
        """
        local = self._epd_local_time(moment)
        day = "d MMMM" if local.year == self._epd_today().year else "d MMMM y"
        text = self.env._(
            "%(day)s at %(time)s",
            day=format_date(self.env, local.date(), date_format=day),
            time=f"{local:%H:%M}",
        )
        zone = self.env.context.get("tz")
        if zone and office_time.to_local(moment, zone) != local:
            return self.env._("%s (time of the office)", text)
        return text

    def _epd_zone(self):
        """Return the name of the office's zone, for contexts and for people to read."""
        return self.epd_tz or office_time.UTC

    @api.model
    def _epd_local_time_sql(self, moment, company):
        """Return SQL for a moment as the clock of an office shows it.

        :param moment: :class:`~odoo.tools.SQL` of a timestamp column (UTC)
        :param company: :class:`~odoo.tools.SQL` alias of the joined ``res_company``
        """
        return SQL(
            "(%s AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(%s.epd_tz, %s))",
            moment,
            company,
            office_time.UTC,
        )
