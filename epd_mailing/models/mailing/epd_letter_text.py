from odoo import api, fields, models
from odoo.tools import html_sanitize

from ...tools import letter_html, message
from ...tools.template_mistake import read_mistake

SHOWN = 5  # addresses of a kind


class EpdLetterText(models.AbstractModel):
    """What has the text of a letter: subject, body, and how the payer will see them.

    The preview is made while the text is typed, on a chosen receipt or on made-up values. A model
    that takes it has the fields ``subject``, ``body`` and ``body_format``.
    """

    _name = "epd.letter.text"
    _description = "Text of a Letter"

    preheader = fields.Char(
        string="Preview Text",
        help="Mail programs show it behind the subject in the list of letters. Empty: the first words "
        "of the letter.",
    )
    preview_preheader = fields.Char(
        string="Preview Text of the Preview", compute="_compute_preview"
    )
    preview_document_id = fields.Many2one(
        "epd.payment.document",
        string="Preview On",
        store=False,
        help="A saved receipt to show the letter on.",
    )
    preview_subject = fields.Char(string="Subject of the Preview", compute="_compute_preview")
    preview_html = fields.Html(
        string="Preview", compute="_compute_preview", sanitize=False, help="As the payer sees it."
    )
    text_problem = fields.Char(
        string="Mistake in the Text",
        compute="_compute_preview",
        help="What keeps the letter from being written, shown while it is typed.",
    )
    text_warning = fields.Char(
        string="Not Seen by Payers",
        compute="_compute_text_warning",
        help="Pictures and links whose addresses payers cannot open.",
    )
    letter_fields = fields.Json(
        string="Fields",
        compute="_compute_letter_fields",
        help="What may stand in a letter: name, label, example, and whether in its subject too.",
    )

    def _compute_letter_fields(self):
        known = [
            {
                "name": field.name,
                "label": self.env._(field.label),
                "example": field.example if field.value else "",
                "in_subject": field.in_subject,
            }
            for field in message.FIELDS
        ]
        for record in self:
            record.letter_fields = known

    def _get_preview_document(self):
        """Return the receipt to show the letter on; an empty one stands for made-up values."""
        self.ensure_one()
        return self.preview_document_id

    def _render_text(self, data):
        """Return the ``tools.message.Message`` for the values of one letter.

        :param data: ``{field: text}``
        :raise tools.message.TemplateError: when the text does not work for them
        """
        self.ensure_one()
        return message.render_message(
            self.subject or "",
            self.body or "",
            data,
            self.body_format == "html",
            self.preheader or "",
        )

    def _check_text(self):
        """Return the ``tools.message.Message`` on made-up values; names are checked in every branch.

        :raise tools.message.TemplateError: naming the line
        """
        self.ensure_one()
        return message.check_template(
            self.subject or "",
            self.body or "",
            self.body_format == "html",
            preheader=self.preheader or "",
        )

    @api.depends("subject", "preheader", "body", "body_format", "preview_document_id")
    def _compute_preview(self):
        """Show the letter while it is written, or say what keeps it from being written."""
        for record in self:
            document = record._get_preview_document()
            data = document._get_letter_data() if document else message.sample_data()
            record.preview_subject = record.preview_html = record.text_problem = False
            record.preview_preheader = False
            try:
                # names are checked in branches, too, that this receipt does not take
                record._check_text()
                text = record._render_text(data)
            except message.TemplateError as error:
                record.text_problem = self._describe(error)
            else:
                record.preview_subject = text.subject
                record.preview_preheader = text.preheader
                # what a letter's HTML may do to a page of ours is not left to its author
                safe = html_sanitize(text.html, sanitize_style=True)
                record.preview_html = letter_html.drop_closed(safe)

    @api.depends("body", "body_format")
    def _compute_text_warning(self):
        """Say which pictures and links of the letter payers cannot open; it goes all the same."""
        for record in self:
            closed = message.find_closed(record.body or "", record.body_format == "html")
            record.text_warning = bool(closed) and self._describe_closed(closed)

    @api.model
    def _describe_closed(self, closed):
        """Return what payers will not see of a letter, and what to do.

        :param closed: list of ``tools.letter_html.Finding``
        """
        texts = {
            "picture": self.env._("The payers will not see these pictures: %s."),
            "link": self.env._("The payers cannot open these links: %s."),
            "style": self.env._("Mail programs do not load these style sheets: %s."),
        }
        lines = []
        for kind, text in texts.items():
            named = [
                self.env._("line %(line)s: %(what)s", line=found.line, what=found.what)
                for found in closed
                if found.kind == kind
            ]
            if named:
                more = ["…"] if len(named) > SHOWN else []
                lines.append(text % "; ".join(named[:SHOWN] + more))
        lines.append(
            self.env._(
                "An address has to be a public one that begins with https://. A picture pasted "
                "from the clipboard or a document has none."
            )
        )
        return " ".join(lines)

    @api.model
    def _describe(self, error):
        """Return what is wrong with a template, in the user's language.

        :param error: ``tools.message.TemplateError``
        """
        if error.code == "unknown_field":
            return self._describe_unknown(error)
        texts = {
            "syntax": self.env._("The template has a mistake in line %s.", error.line),
            "body_only": self.env._(
                "Line %s: this field may stand in the body only, not in the subject or the preview text.",
                error.line,
            ),
            "too_complex": self.env._("The template is too complex. Make it simpler."),
            "active": self.env._(
                "Line %s: mail programs remove this from letters, and take such a letter for a "
                "dangerous one. Remove it:",
                error.line,
            ),
            "forbidden": self.env._(
                "The template does in line %s what templates may not do.", error.line
            ),
            "too_long": self.env._("The text is too long."),
            "empty_subject": self.env._("The subject is empty."),
            "long_subject": self.env._("The subject is longer than 250 characters."),
            "long_preheader": self.env._("The preview text is longer than 250 characters."),
            "empty_body": self.env._("The text is empty."),
        }
        text = texts.get(error.code) or self.env._(
            "The template does not work in line %s.", error.line
        )
        if error.code in ("syntax", "forbidden"):
            return f"{text} {self._describe_mistake(error)}".strip()
        return f"{text} {error.name}".strip()

    def _describe_mistake(self, error):
        """Return which mistake it is, and nothing of one that is not among the usual ones.

        jinja2 tells it in English: its words are kept in ``error.name``, not shown.
        """
        mistake = read_mistake(error.name)
        texts = {
            "not_closed": self.env._(
                "“%(begin)s” is not closed: write “%(end)s” after it.",
                begin=f"{{% {mistake.what} … %}}",
                end=f"{{% end{mistake.what} %}}",
            ),
            "unknown_tag": self.env._(
                "There is no tag “%s”, or it stands in the wrong place.", mistake.what
            ),
            "unfinished": self.env._(
                "An opened brace is not closed: write “}}”, “%}” or “#}” where it ends."
            ),
            "incomplete": self.env._("Something is missing between the braces."),
            "unexpected": self.env._("“%s” is not expected there.", mistake.what),
            "no_filter": self.env._("There is no filter “%s”.", mistake.what),
        }
        return texts.get(mistake.kind, "")

    def _describe_unknown(self, error):
        """Return that there is no such field, which one may be meant, and all that there are."""
        text = self.env._(
            "There is no field “%(name)s” (line %(line)s).", name=error.name, line=error.line
        )
        meant = message.suggest_field(error.name)
        if meant:
            text += " " + self.env._("“%s” may be meant.", meant)
        names = ", ".join(message.get_field_names())
        return text + " " + self.env._("There are these fields: %s.", names)
