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
    return LOOSE_END.sub("", words[: message.SUBJECT_LIMIT]) if field else words


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
            return message.check_template(
                mailing.subject or "", mailing.body or "", mailing.body_format == "html"
            )
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
