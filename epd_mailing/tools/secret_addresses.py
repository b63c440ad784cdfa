"""Keeps the secrets of our addresses out of every log.

The token of a webhook and the link to a receipt are keys, and Odoo's access log writes whole
addresses (``odoo.service.server.CommonRequestHandler.log_request``, 19.0, seen 2026-11).
A web server before Odoo writes a log of its own.
"""

import logging
import re

HIDDEN = "***"
_SLASH = "(?:/|%2F)"
_SECRET = re.compile(
    rf"(epd_mailing{_SLASH}+(?:webhook|receipt){_SLASH}+)[^\s/?#&\"'<>]+", re.IGNORECASE
)


def hide(text: str) -> str:
    """Return the text with what follows our secret addresses hidden."""
    return _SECRET.sub(rf"\g<1>{HIDDEN}", text)


class SecretAddresses(logging.Filter):
    """Lets every record through, without the secrets in its message or its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """See ``logging.Filter.filter``."""
        try:
            message = record.getMessage()
        except Exception:  # arguments that do not fit: the handler tells so
            return True
        hidden = hide(message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        if record.exc_info and not record.exc_text:
            trace = logging.Formatter().formatException(record.exc_info)
            if hide(trace) != trace:
                record.exc_text = hide(trace)
        return True


def install() -> None:
    """Put the filter, once, before all that is written: on the handlers there are, and on werkzeug's."""
    for place in (*logging.getLogger().handlers, logging.getLogger("werkzeug")):
        if not any(isinstance(one, SecretAddresses) for one in place.filters):
            place.addFilter(SecretAddresses())
