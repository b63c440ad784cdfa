from odoo import api, fields, models
from odoo.exceptions import AccessError


class EpdSettings(models.TransientModel):
    """The settings of an office for its manager, who need not be Odoo's administrator.

    The settings themselves are fields of the company; what the form shows of them is the block of
    this addon on Odoo's own page of settings, so that both say the same.
    """

    _name = "epd.settings"
    _description = "Settings of Payment Documents"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company
    )
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
    epd_phone_dispatch = fields.Char(related="company_id.epd_phone_dispatch", readonly=False)
    epd_code_gis = fields.Boolean(related="company_id.epd_code_gis", readonly=False)
    epd_code_category = fields.Char(related="company_id.epd_code_category", readonly=False)
    epd_code_without_sum = fields.Selection(
        related="company_id.epd_code_without_sum", readonly=False
    )
    epd_second_form = fields.Selection(related="company_id.epd_second_form", readonly=False)
    epd_print_engine = fields.Selection(related="company_id.epd_print_engine", readonly=False)
    epd_import_max_mb = fields.Integer(related="company_id.epd_import_max_mb", readonly=False)
    epd_import_keep_days = fields.Integer(related="company_id.epd_import_keep_days", readonly=False)

    @api.depends("company_id.name")
    def _compute_display_name(self):
        for settings in self:
            settings.display_name = settings.company_id.name

    @api.model_create_multi
    def create(self, vals_list):
        """Save settings: of the company at work, by its manager."""
        self._check_manager()
        own = [{**vals, "company_id": self.env.company.id} for vals in vals_list]
        # a manager does not write companies; these fields of the own one are theirs
        return super(EpdSettings, self.sudo()).create(own).sudo(self.env.su)

    def write(self, vals):
        """Save settings, as :meth:`create`; whose they are stays."""
        self._check_manager()
        if not self.env.su:
            self.check_access("write")
            vals = {name: value for name, value in vals.items() if name != "company_id"}
            if self.company_id - self.env.companies:
                raise AccessError(self.env._("These are the settings of another company."))
        return super(EpdSettings, self.sudo()).write(vals)

    @api.model
    def _check_manager(self):
        if not (self.env.su or self.env.user.has_group("epd_mailing.group_epd_manager")):
            raise AccessError(self.env._("The settings are changed by a manager."))

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Put the settings of Odoo's own page into the form: those that this model has."""
        arch, view = super()._get_view(view_id, view_type, **options)
        place = arch.find(".//div[@name='settings']")
        if view_type == "form" and place is not None:
            page, _view = self.env["res.config.settings"].sudo()._get_view(None, "form")
            for setting in page.xpath("//app[@name='epd_mailing']//setting"):
                names = setting.xpath(".//field/@name")
                if all(name in self._fields for name in names):
                    setting.attrib.pop("company_dependent", None)
                    place.append(setting)
        return arch, view
