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
    epd_kpp = fields.Char(related="company_id.epd_kpp", readonly=False)
    epd_phone_dispatch = fields.Char(related="company_id.epd_phone_dispatch", readonly=False)
    epd_import_max_mb = fields.Integer(related="company_id.epd_import_max_mb", readonly=False)
    epd_import_keep_days = fields.Integer(related="company_id.epd_import_keep_days", readonly=False)
