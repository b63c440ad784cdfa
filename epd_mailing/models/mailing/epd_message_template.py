from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import html_sanitize

from ...tools import message, standard_letters


class EpdMessageTemplate(models.Model):
    """Subject and body of letters: jinja2 over plain fields, HTML or text."""

    _name = "epd.message.template"
    _description = "Message Template"
    _inherit = ["epd.field.guard"]
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
        "epd.payment.document",
        string="Preview On",
        store=False,
        domain="[('company_id', '=', company_id), ('state', '=', 'saved')]",
        help="A saved receipt to show the letter on. Nothing: made-up values.",
    )
    preview_subject = fields.Char(string="Subject of the Preview", compute="_compute_preview")
    preview_html = fields.Html(
        string="Preview", compute="_compute_preview", sanitize=False, help="As the payer sees it."
    )
    field_help = fields.Html(compute="_compute_field_help", string="Fields")

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

    def _compute_field_help(self):
        rows = Markup("").join(
            Markup("<tr><td><code>{{{{ {} }}}}</code></td><td>{}</td><td>{}</td></tr>").format(
                field.name, self.env._(field.label), field.example
            )
            for field in message.FIELDS
        )
        for template in self:
            template.field_help = Markup('<table class="table table-sm">%s</table>') % rows

    @api.depends("subject", "body", "body_format", "preview_document_id")
    def _compute_preview(self):
        """Show the letter while it is written: on a chosen receipt, or on made-up values."""
        for template in self:
            document = template.preview_document_id
            data = document._get_letter_data() if document else message.sample_data()
            try:
                text = message.render_message(
                    template.subject or "",
                    template.body or "",
                    data,
                    template.body_format == "html",
                )
            except message.TemplateError as error:
                template.preview_subject = False
                template.preview_html = Markup('<p class="text-danger">{}</p>').format(
                    self._describe(error)
                )
            else:
                template.preview_subject = text.subject
                # what a letter's HTML may do to a page of ours is not left to its author
                template.preview_html = html_sanitize(text.html, sanitize_style=True)

    @api.constrains("subject", "body", "body_format")
    def _check_message(self):
        for template in self:
            try:
                message.check_template(
                    template.subject, template.body, template.body_format == "html"
                )
            except message.TemplateError as error:
                raise ValidationError(self._describe(error)) from error

    @api.model
    def _describe(self, error):
        """Return what is wrong with a template, in the user's language.

        :param error: ``tools.message.TemplateError``
        """
        texts = {
            "syntax": self.env._("The template has a mistake in line %s.", error.line),
            "unknown_field": self.env._(
                "The template names an unknown field in line %s.", error.line
            ),
            "body_only": self.env._(
                "Line %s: this field may stand in the body only, not in the subject.", error.line
            ),
            "too_complex": self.env._("The template is too complex. Make it simpler."),
            "forbidden": self.env._(
                "The template does in line %s what templates may not do.", error.line
            ),
            "too_long": self.env._("The text is too long."),
            "empty_subject": self.env._("The subject is empty."),
            "long_subject": self.env._("The subject is longer than 250 characters."),
            "empty_body": self.env._("The text is empty."),
        }
        text = texts.get(error.code) or self.env._(
            "The template does not work in line %s.", error.line
        )
        return f"{text} {error.name}".strip()
