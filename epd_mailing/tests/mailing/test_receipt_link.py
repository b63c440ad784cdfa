import base64
import hashlib
import hmac
import time
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ...models.mailing import receipt_link
from ...models.mailing.mailing_message import MailingMessage
from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestReceiptLink(HttpCase, SendingCommon):
    """The link of a letter opens its own receipt for a time, and nothing else."""

    def setUp(self):
        super().setUp()
        self.letter = self._make_mailing(self.documents[0]).letter_ids
        self.document = self.letter.document_id

    def _open(self, token):
        return self.url_open(f"{receipt_link.LINK_PATH}{token}")

    def _token(self, letter=None, days=60):
        return receipt_link.make_link(letter or self.letter, days).rpartition("/")[2]

    def test_it_opens_the_receipt(self):
        answer = self._open(self._token())
        self.assertEqual(answer.content, self.document._read_pdf())
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_the_letter_carries_it(self):
        mailing = self.letter.mailing_id
        mailing.body = "{{ document_link }}"
        link = self.document._render_letter(self.letter, mailing).html
        self.assertEqual(self.url_open(link).content, self.document._read_pdf())
        self.assertIn("…", MailingMessage(mailing).get_preview(self.document.id).html)

    def test_a_changed_one_opens_nothing(self):
        token = self._token()
        raw = bytearray(base64.urlsafe_b64decode(token + "=="))
        for place in (9, 20, len(raw) - 1):  # the mark, and what is signed
            forged = bytearray(raw)
            forged[place] ^= 1
            forged = base64.urlsafe_b64encode(bytes(forged)).decode().rstrip("=")
            self.assertEqual(self._open(forged).status_code, 404, place)
        for nonsense in ("x", "AQ", "%D1%91", "a.b.c.d", "1.2.3", token[:-6]):
            self.assertEqual(self._open(nonsense).status_code, 404, nonsense)

    def test_it_expires(self):
        token, later = self._token(days=2), time.time() + 2 * 86400 + 1
        with patch.object(receipt_link.time, "time", lambda: later):
            self.assertEqual(self._open(token).status_code, 410)
        self.assertEqual(self._open(token).status_code, 200)

    def test_a_withdrawn_receipt(self):
        token = self._token()
        self.document.with_user(self.operator).action_cancel_document("Ошибка")
        self.assertEqual(self._open(token).status_code, 410)

    def test_a_superseded_receipt_leads_to_the_newer_one(self):
        token, document = self._token(), self.document
        document._move("superseded", state_reason="Перерасчёт")
        document.flush_recordset()
        newer = self._make_documents(document.account_id, version=2)
        answer = self._open(token)
        self.assertEqual(answer.status_code, 200)
        self.assertIn("text/html", answer.headers["Content-Type"])
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.assertIn(document.name, answer.text)
        self.assertNotIn(b"%PDF", answer.content)
        address = f"{receipt_link.LINK_PATH}{token}/newer"
        self.assertIn(address, answer.text)
        self.assertEqual(self.url_open(address).content, newer._read_pdf())
        # another owner's receipt is not given by a link of the one before
        document.account_id.partner_id = self.accounts[1].partner_id
        for path in (token, f"{token}/newer"):
            answer = self._open(path)
            self.assertNotIn("/newer", answer.text)
            self.assertNotIn(b"%PDF", answer.content)

    def _old_token(self, expires):
        """A link as letters before 19.0.1.1.0 carry it."""
        secret = self.env["ir.config_parameter"].get_param("database.secret")
        text = f"{self.document.id}.{self.letter.letter_key}.{expires}"
        mark = hmac.new(
            f"epd_mailing.receipt:{secret}".encode(),
            b"epd_mailing.receipt\0" + text.encode(),
            hashlib.sha256,
        ).digest()
        return f"{text}.{base64.urlsafe_b64encode(mark[:20]).decode().rstrip('=')}"

    def test_links_of_letters_sent_by_older_versions(self):
        token = self._old_token(int(time.time()) + 86400)
        self.assertEqual(self._open(token).content, self.document._read_pdf())
        forged = token.replace(f"{self.document.id}.", f"{self.document.id + 1}.", 1)
        self.assertEqual(self._open(forged).status_code, 404)
        self.assertEqual(self._open(self._old_token(int(time.time()) - 1)).status_code, 410)

    def test_a_file_stays_while_a_link_leads_to_it(self):
        self._send(self.letter.mailing_id)
        token = self._token()
        self.company.epd_document_retention_months = 1
        self.assertEqual(self.company.epd_link_days, 60)
        self.env.cr.execute(
            "UPDATE epd_payment_document SET saved_at = saved_at - interval '70 days' WHERE id = %s",
            (self.document.id,),
        )
        sent = self.letter.sending_at
        self.letter._unlocked().write({"sending_at": sent - timedelta(days=59)})
        self.env.invalidate_all()
        self.document._gc_receipt_files()
        self.assertFalse(self.document.is_purged)
        self.assertEqual(self._open(token).status_code, 200)
        self.letter._unlocked().write({"sending_at": sent - timedelta(days=61)})
        self.document._gc_receipt_files()
        self.assertTrue(self.document.is_purged)
