import logging

from odoo import fields, http
from odoo.http import request
from odoo.tools import consteq

from ..tools.unisender import webhook

_logger = logging.getLogger(__name__)

BODY_LIMIT = 4 * 2**20


class WebhookController(http.Controller):
    """UniSender's events: verified over the raw bytes, stored, applied; 200 only then."""

    @http.route(
        "/epd_mailing/webhook/<string:token>",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        csrf=False,
        save_session=False,
    )
    def events(self, token):
        """Take in a message; a GET is the activation check. Wrong ones learn nothing."""
        account = self._find_account(token)
        if not account:
            return request.not_found()
        if request.httprequest.method == "GET":
            return request.make_response("ok")
        if (request.httprequest.content_length or 0) > BODY_LIMIT:
            return request.make_response("", status=413)
        try:
            raw = webhook.unpack(request.httprequest.get_data())
            if not webhook.verify(raw, account.api_key):
                return request.make_response("", status=403)
            events = webhook.parse(raw)
        except webhook.WebhookError:
            return request.make_response("", status=400)
        stored = request.env["epd.letter.event"].sudo()._take_in(account, events)
        _logger.info("UniSender account %s: %s events, %s new", account.id, len(events), stored)
        # the dispatcher commits before the answer leaves; a failure becomes a 5xx and comes again
        return request.make_response("ok")

    def _find_account(self, token):
        accounts = (
            request.env["epd.unisender.account"]
            .sudo()
            .search([("webhook_token", "!=", False), ("webhook_token", "=", token)])
        )
        return accounts.filtered(lambda account: consteq(account.webhook_token, token))[:1]

    @http.route(
        "/epd_mailing/receipt/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
    )
    def receipt(self, token):
        """Give the one receipt that a signed, unexpired link names."""
        documents = request.env["epd.payment.document"].sudo()
        pdf = documents._open_link(token, int(fields.Datetime.now().timestamp()))
        if not pdf:
            return request.not_found()
        return request.make_response(
            pdf,
            [
                ("Content-Type", "application/pdf"),
                ("Cache-Control", "no-store"),
                ("X-Robots-Tag", "noindex"),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
            ],
        )
