from odoo import fields, models


class EpdMessageTemplate(models.Model):
    """Subject and body of letters: jinja2 over plain fields, HTML or text."""

    _name = "epd.message.template"
    _description = "Message Template"
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
