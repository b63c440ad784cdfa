"""The message of a mailing: its constant words, and how a payer will read it."""

import re

from odoo.exceptions import UserError

from ...tools import message

# what is left hanging where a subject is cut before a field of the template
LOOSE_END = re.compile(r"(?:[\s,;:.№–—-]|(?<!\w)(?:за|для|по|от|на|о|об|и)(?!\w))+$", re.IGNORECASE)


def get_constant_words(subject):
    """Return the words of a subject before its first field: the others differ from letter to letter.

    :param subject: text of the template
    """
    words, field, _rest = subject.partition("{{")
    # a subject is kept as it was typed, and goes without the spaces at its ends
    return (LOOSE_END.sub("", words[: message.SUBJECT_LIMIT]) if field else words).strip()


class MailingMessage:
    """The message of one mailing as a payer would get it.

    :param mailing: ``epd.mailing`` with the rights of who looks
    """

    def __init__(self, mailing):
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env

    def get_preview(self, document_id=None):
        """Return the message of a document; without any, that of the template's sample values.

        :param document_id: id of ``epd.payment.document``; nothing takes the first of the mailing
        :return: ``tools.message.Message``
        :raise UserError: when the template does not work, naming the line
        """
        mailing = self.mailing
        mailing.check_access("read")
        document = self.get_document(document_id)
        try:
            if document:
                return document._render_letter(None, mailing)
            return mailing._check_text()
        except message.TemplateError as error:
            raise UserError(self.env["epd.message.template"]._describe(error)) from error

    def get_document(self, document_id=None):
        """Return the document of an id, for who may read it, or the first saved one of the mailing.

        :param document_id: id of ``epd.payment.document``
        """
        if document_id:
            document = self.env["epd.payment.document"].browse(document_id)
            document.check_access("read")
            return document
        letter = self.env["epd.mailing.letter"].search(
            [("mailing_id", "=", self.mailing.id), ("document_id.state", "=", "saved")], limit=1
        )
        return letter.document_id

    def save_template(self):
        """Make a message template of the text of the mailing, and return it.

        :raise UserError: when the text does not work
        """
        mailing = self.mailing
        templates = self.env["epd.message.template"].with_context(active_test=False)
        name = get_constant_words(mailing.subject or "") or mailing.name
        known = set(
            templates.search(
                [("company_id", "=", mailing.company_id.id), ("name", "=like", f"{name}%")]
            ).mapped("name")
        )
        number = 1
        while self._count_name(name, number) in known:
            number += 1
        return templates.with_context(active_test=True).create(
            {
                "name": self._count_name(name, number),
                "company_id": mailing.company_id.id,
                "subject": mailing.subject,
                "preheader": mailing.preheader,
                "body": mailing.body,
                "body_format": mailing.body_format,
            }
        )

    @staticmethod
    def _count_name(name, number):
        return f"{name} ({number})" if number > 1 else name
