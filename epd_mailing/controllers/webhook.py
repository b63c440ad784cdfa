import logging

from odoo import SUPERUSER_ID, http
from odoo.http import request

from ..models.core.ir_http import BODY_LIMIT
from ..tools.unisender import webhook

_logger = logging.getLogger(__name__)


class WebhookController(http.Controller):
    """UniSender's reports of what became of letters.

    Fails closed and says nothing: an unknown token, a wrong signature and a switched-off webhook
    look the same to a stranger. The answer 200 goes out after the events are committed (Odoo
    commits a route's transaction before it answers, and repeats it after a clash).
    """

    @http.route(
        "/epd_mailing/webhook/<string:token>",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        csrf=False,
        save_session=False,
    )
    def receive(self, token, **_form):
        """Answer the activation GET, keep the events of a POST.

        A body sent as a form was parsed by Odoo as well; only the raw bytes are used.
        """
        if request.httprequest.method != "POST":
            return request.make_response("ok", [("Content-Type", "text/plain")])
        account = (
            request.env["epd.unisender.account"]
            .with_user(SUPERUSER_ID)
            ._find_by_webhook_token(token)
        )
        if not account:
            return self._reject(404)
        length = request.httprequest.content_length
        if length is None or length > BODY_LIMIT:
            account._note_webhook_call(self._say(account, "too_large"))
            return self._reject(413)
        raw = request.httprequest.get_data()
        try:
            body = webhook.unpack(raw)
            if not webhook.verify(body, account.api_key):
                _logger.warning("UniSender account %s: a webhook call is not genuine", account.id)
                account._note_webhook_call(self._say(account, "not_genuine"))
                return self._reject(403)
            events = account._get_service().parse_events(body)
        except webhook.WebhookError as error:
            _logger.warning(
                "UniSender account %s: a webhook call is damaged: %s", account.id, error
            )
            account._note_webhook_call(self._say(account, "damaged"))
            return self._reject(403)
        account._note_webhook_call()
        request.env["epd.letter.event"].with_user(SUPERUSER_ID)._store(account, events)
        return request.make_response("ok", [("Content-Type", "text/plain")])

    @staticmethod
    def _say(account, what):
        """Return why a call was rejected, in the language of the office."""
        env = account._for_office().env
        texts = {
            "not_genuine": env._("Its signature does not fit the API key of this account"),
            "damaged": env._("It is damaged"),
            "too_large": env._("It is too large"),
        }
        return texts[what]

    @staticmethod
    def _reject(status):
        return request.make_response("", [("Content-Type", "text/plain")], status=status)
