from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..base.epd_work_engine import WORKERS_MAX


class ResConfigSettings(models.TransientModel):
    _name = "res.config.settings"
    _inherit = ["res.config.settings", "epd.storable.numbers"]  # pylint: disable=consider-merging-classes-inherited

    epd_tz = fields.Selection(related="company_id.epd_tz", readonly=False)
    epd_quiet_from = fields.Float(related="company_id.epd_quiet_from", readonly=False)
    epd_quiet_to = fields.Float(related="company_id.epd_quiet_to", readonly=False)
    epd_consent_policy = fields.Selection(related="company_id.epd_consent_policy", readonly=False)
    epd_outdated_policy = fields.Selection(related="company_id.epd_outdated_policy", readonly=False)
    epd_jump_percent = fields.Integer(related="company_id.epd_jump_percent", readonly=False)
    epd_consent_cutoff_day = fields.Integer(
        related="company_id.epd_consent_cutoff_day", readonly=False
    )
    epd_document_retention_months = fields.Integer(
        related="company_id.epd_document_retention_months", readonly=False
    )
    epd_link_days = fields.Integer(related="company_id.epd_link_days", readonly=False)
    epd_inn = fields.Char(
        related="company_id.vat",
        string="INN",
        help="The INN of the company's contact card.",
        readonly=False,
    )
    epd_kpp = fields.Char(related="company_id.epd_kpp", readonly=False)
    epd_code_gis = fields.Boolean(related="company_id.epd_code_gis", readonly=False)
    epd_code_category = fields.Char(related="company_id.epd_code_category", readonly=False)
    epd_code_without_sum = fields.Selection(
        related="company_id.epd_code_without_sum", readonly=False
    )
    epd_second_form = fields.Selection(related="company_id.epd_second_form", readonly=False)
    epd_phone_dispatch = fields.Char(related="company_id.epd_phone_dispatch", readonly=False)
    epd_worker_count = fields.Integer(
        string="Parallel Workers",
        config_parameter="epd_mailing.worker_count",
        default=1,
        help="How many workers of all servers together share a preparation, a loading, a mailing.",
    )
    epd_print_engine = fields.Selection(related="company_id.epd_print_engine", readonly=False)
    epd_import_max_mb = fields.Integer(related="company_id.epd_import_max_mb", readonly=False)
    epd_import_keep_days = fields.Integer(related="company_id.epd_import_keep_days", readonly=False)

    @api.constrains("epd_worker_count")
    def _check_epd_worker_count(self):
        for settings in self:
            if not 1 <= settings.epd_worker_count <= WORKERS_MAX:
                raise ValidationError(
                    self.env._("Parallel workers: a number from 1 to %s.", WORKERS_MAX)
                )

    def set_values(self):
        """Give shared work as many cron rows as there are parallel workers."""
        res = super().set_values()
        self.env["epd.work.engine"]._set_up_rows()
        return res
