from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    epd_tz = fields.Selection(related="company_id.epd_tz", readonly=False)
    epd_consent_policy = fields.Selection(related="company_id.epd_consent_policy", readonly=False)
    epd_outdated_policy = fields.Selection(related="company_id.epd_outdated_policy", readonly=False)
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
    epd_print_engine = fields.Selection(related="company_id.epd_print_engine", readonly=False)
    epd_import_max_mb = fields.Integer(related="company_id.epd_import_max_mb", readonly=False)
    epd_import_keep_days = fields.Integer(related="company_id.epd_import_keep_days", readonly=False)
