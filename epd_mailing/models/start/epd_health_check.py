from collections.abc import Callable
from dataclasses import dataclass

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, LazyTranslate
from odoo.tools.translate import LazyGettext

from ...tools.unisender.hosts import is_public
from ..base.cron_health import CronHealth

_lt = LazyTranslate(__name__)


@dataclass(frozen=True)
class Check:
    """One thing that is looked at; ``EpdHealthCheck._find_<code>`` says what is wrong with it.

    :param title: what the panel calls it
    :param mend: name of the method that opens where it is corrected; empty: nowhere in the program
    """

    code: str
    title: LazyGettext
    mend: str = ""


CHECKS = (
    Check("crons_off", _lt("Scheduled actions are on"), "_open_crons"),
    Check("no_worker", _lt("Somebody does the work in the background")),
    Check("engine", _lt("A program makes PDF files"), "_open_settings"),
    Check("country", _lt("The company's country is Russia"), "_open_office"),
    Check("currency", _lt("The company's currency is the rouble"), "_open_office"),
    Check("zone", _lt("The office's time zone is known"), "_open_office"),
    Check(
        "address", _lt("The server's address will do for links and the webhook"), "_open_address"
    ),
)


class EpdHealthCheck(models.Model):
    """«State»: what keeps the work from being done, each with where it is corrected.

    There is a row for each check and company; what it says is asked anew whenever it is read.
    """

    _name = "epd.health.check"
    _description = "State of the Program"
    _inherit = ["epd.company.row"]
    _auto = False

    name = fields.Char(string="Checked", compute="_compute_name", search="_search_name")
    problem = fields.Text(compute="_compute_problem")
    state = fields.Selection([("ok", "In order"), ("wrong", "Wrong")], compute="_compute_problem")
    can_mend = fields.Boolean(compute="_compute_problem")

    @api.model
    def _get_listed(self):
        return CHECKS

    @api.model
    def _get_company_condition(self):
        # nothing of the sample office is sent, so nothing keeps it from being sent
        return SQL("%s AND company.epd_is_sample IS NOT TRUE", super()._get_company_condition())

    @api.depends_context("lang")
    def _compute_name(self):
        titles = {check.code: check.title for check in CHECKS}
        for row in self:
            row.name = self.env._(titles[row.code])

    @api.depends_context("lang", "uid")
    def _compute_problem(self):
        mends = {check.code: check.mend for check in CHECKS}
        for row in self:
            row.problem = row._find(row.code) or False
            row.state = "wrong" if row.problem else "ok"
            row.can_mend = bool(row.problem and mends[row.code] and row._may_mend(mends[row.code]))

    @api.model
    def _find_problems(self, company):
        """Return ``{code: text}`` of what is wrong for a company now."""
        rows = self.search([("company_id", "=", company.id)])
        return {row.code: row.problem for row in rows if row.problem}

    def _find(self, code):
        find: Callable[[], str] = getattr(self.with_company(self.company_id), f"_find_{code}")
        return find()

    # --- what may be wrong: each returns a text, empty when it is in order --------------------------

    def _find_crons_off(self):
        health = CronHealth(self.env)
        return health.describe() if health.find_off() else ""

    def _find_no_worker(self):
        health = CronHealth(self.env)
        return "" if health.find_off() else health.describe()  # what is off is reported above

    def _find_engine(self):
        try:
            self.env["epd.receipt.renderer"]._check_engine()
        except UserError as error:
            return str(error)
        return ""

    def _find_country(self):
        country = self.company_id.sudo().country_id
        if country.code == "RU":
            return ""
        return self.env._(
            "The company's country is “%s”. Receipts and requisites are those of Russia.",
            country.name or "—",
        )

    def _find_currency(self):
        currency = self.company_id.sudo().currency_id
        if currency.name == "RUB":
            return ""
        return self.env._(
            "The company's currency is %s. Receipts and payment codes are in roubles.",
            currency.name,
        )

    def _find_zone(self):
        if self.company_id.sudo()._epd_has_zone():
            return ""
        return self.env._(
            "The office's time zone is not set: times of mailings and legal days are counted by UTC."
        )

    def _find_address(self):
        url = self.env["ir.config_parameter"].sudo().get_param("web.base.url") or ""
        if is_public(url):
            return ""
        company = [("company_id", "=", self.company_id.id)]
        services = self.env["epd.unisender.account"].sudo()
        hook = services.search_count([*company, ("webhook_state", "=", "on")], limit=1)
        templates = self.env["epd.message.template"].sudo()
        link = templates.search_count([*company, ("body", "like", "document_link")], limit=1)
        uses = [
            text
            for text, used in (
                (self.env._("UniSender's webhook is on"), hook),
                (self.env._("letters hold links to receipts"), link),
            )
            if used
        ]
        if not uses:
            return ""
        return self.env._(
            "The address of this server, %(url)s, cannot be reached from the internet, but %(uses)s. "
            "The administrator sets the system parameter web.base.url.",
            url=url or "—",
            uses=", ".join(uses),
        )

    # --- where it is corrected ------------------------------------------------------------------------

    def action_mend(self):
        """Open where it is corrected.

        :raise UserError: when this user cannot correct it
        """
        self.ensure_one()
        self.check_access("read")
        mend = next(check.mend for check in CHECKS if check.code == self.code)
        if not mend or not self._may_mend(mend):
            raise UserError(self.env._("Ask the administrator of the server to correct it."))
        return getattr(self, mend)()

    def _may_mend(self, mend):
        group = (
            "base.group_system"
            if mend in ("_open_crons", "_open_address")
            else "epd_mailing.group_epd_manager"
        )
        return self.env.user.has_group(group)

    def _open_crons(self):
        off = CronHealth(self.env).find_off()
        return {
            **self.env["ir.actions.actions"]._for_xml_id("base.ir_cron_act"),
            "domain": [("id", "in", off.ids)],
            "context": {"active_test": False},
        }

    def _open_address(self):
        return {
            **self.env["ir.actions.actions"]._for_xml_id("base.ir_config_list_action"),
            "domain": [("key", "=", "web.base.url")],
        }

    def _open_settings(self):
        return self.env["ir.actions.actions"]._for_xml_id("epd_mailing.epd_settings_action")

    def _open_office(self):
        return self.env["ir.actions.actions"]._for_xml_id("epd_mailing.epd_setup_office_action")
