from odoo import SUPERUSER_ID, http
from odoo.exceptions import UserError
from odoo.http import request

from ..models.mailing.receipt_link import LINK_PATH, LinkError, read_token
from .file_answer import HEADERS, PDF, give, say

# the address is the key to the receipt: it is given to no other site and stands in no search
SECRET_ADDRESS = (("Referrer-Policy", "no-referrer"), ("X-Robots-Tag", "noindex, nofollow"))


class ReceiptLinkController(http.Controller):
    """The link of a letter to its own receipt: signed, expiring, this one document and no other."""

    @http.route(
        [f"{LINK_PATH}<string:token>", f"{LINK_PATH}<string:token>/<any(newer):which>"],
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        readonly=True,
    )
    def receipt(self, token, which=""):
        """Return the saved file that the letter was about.

        One that was superseded is not given any more: its payment code asks for another sum. The
        answer says so and leads to the newer one, which is given with ``newer`` behind the address,
        as long as the payer is the same.
        """
        env = request.env(user=SUPERUSER_ID)
        try:
            document_id, letter_key = read_token(env, token)
        except LinkError as error:
            if str(error) == "expired":
                return self._say(env, "expired", 410)
            return self._say(env, "wrong", 404)
        letter = env["epd.mailing.letter"].search(
            [("letter_key", "=", letter_key), ("document_id", "=", document_id)], limit=1
        )
        document = letter.document_id
        if not document or document.state not in ("saved", "superseded"):
            return self._say(env, "withdrawn", 410)
        if document.state == "superseded":
            newer = document._get_newer_for_payer()
            if not which or not newer:
                return self._lead_on(env, document, newer, token)
            document = newer
        try:
            pdf = document._read_pdf()
        except UserError:
            return self._say(env, "withdrawn", 410)
        return give(pdf, document.pdf_name, PDF, SECRET_ADDRESS)

    def _lead_on(self, env, document, newer, token):
        env = self._in_russian(env)
        return request.make_response(
            env["ir.qweb"]._render(
                "epd_mailing.superseded_receipt_page",
                {
                    "document": document.with_env(env),
                    "newer": newer.with_env(env),
                    "url": f"{LINK_PATH}{token}/newer",
                },
            ),
            [("Content-Type", "text/html; charset=utf-8"), *HEADERS, *SECRET_ADDRESS],
        )

    def _in_russian(self, env):
        installed = dict(env["res.lang"].get_installed())
        return env(context={"lang": "ru_RU" if "ru_RU" in installed else "en_US"})

    def _say(self, env, what, status):
        env = self._in_russian(env)
        texts = {
            "expired": env._("The link has expired. Ask your housing manager for the receipt."),
            "wrong": env._("The link is not right. Copy it from the letter as a whole."),
            "withdrawn": env._(
                "The receipt was withdrawn. Ask your housing manager for a new one."
            ),
        }
        return say(texts[what], status, SECRET_ADDRESS)
