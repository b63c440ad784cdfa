from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import message, standard_letters


class EpdMessageTemplate(models.Model):
    """Subject and body of letters: jinja2 over plain fields, HTML or text."""

    _name = "epd.message.template"
    _description = "Message Template"
    _inherit = ["epd.field.guard", "epd.letter.text"]
    _order = "name"

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    subject = fields.Char(required=True)
    body_format = fields.Selection(
        [("html", "HTML"), ("text", "Plain text")], required=True, default="html"
    )
    body = fields.Text(required=True)
    active = fields.Boolean(default=True)
    preview_document_id = fields.Many2one(
        domain="[('company_id', '=', company_id), ('state', '=', 'saved')]"
    )

    @api.model
    def _add_standard(self, companies=None):
        """Give offices that have no template the letters to begin with.

        :param companies: ``res.company``; None for all
        """
        companies = companies or self.env["res.company"].sudo().search([("active", "=", True)])
        offices = self.sudo().with_context(active_test=False)
        known = dict(
            offices._read_group([("company_id", "in", companies.ids)], ["company_id"], ["__count"])
        )
        self.create(
            [
                {
                    "company_id": company.id,
                    "name": letter.name,
                    "subject": letter.subject,
                    "body_format": letter.body_format,
                    "body": letter.body,
                }
                for company in companies
                if company not in known
                for letter in standard_letters.LETTERS
            ]
        )

    @api.constrains("subject", "preheader", "body", "body_format")
    def _check_message(self):
        for template in self:
            try:
                template._check_text()
            except message.TemplateError as error:
                raise ValidationError(self._describe(error)) from error
