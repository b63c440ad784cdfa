"""Errors of the service, distinguished by what may be done next. None ever holds the API key.

Codes: UniSender API, «Общие ошибки» (call level) and sendEmail (``result[].errors[].code``).
"""

import re


class UniSenderError(Exception):
    """Any failure; ``code`` is the service's machine code or ours, ``message`` its text."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        self.message = message or code
        super().__init__(f"{code}: {self.message}" if message else code)


class ConnectFailed(UniSenderError):
    """Nothing went out (refused, no such host, connect time-out, TLS): safe to try again."""


class ForbiddenAddress(ConnectFailed):
    """The address is none that the key may go to, or its name led to one: the queue stops."""


class ResultUnknown(UniSenderError):
    """The request went out and no clear answer came back: never send again by itself."""


class AuthError(UniSenderError):
    """Wrong key, or the key has no right to the method: the queue stops."""


class AccessDenied(AuthError):
    """The API is switched off in the account's cabinet, or the key may not call this method."""


class NoMoney(UniSenderError):
    """The balance does not suffice: the queue stops."""


class SenderProblem(UniSenderError):
    """The sender is not confirmed or malformed: the queue stops."""


class RateLimited(UniSenderError):
    """Too many calls: the whole queue waits at least a minute."""


class DayLimit(RateLimited):
    """The day's number of letters is used up: the whole queue waits for the next day."""


class RetryLater(UniSenderError):
    """A temporary rejection of this letter, which was not sent: later again."""


class Rejected(UniSenderError):
    """A definite rejection of this letter (or call)."""


class BadCall(UniSenderError):
    """The call itself is wrong (our error)."""


CLASSES: dict[str, type[UniSenderError]] = {
    "invalid_api_key": AuthError,
    "access_denied": AccessDenied,
    "not_enough_money": NoMoney,
    "unchecked_sender_email": SenderProblem,
    "invalid_sender_email": SenderProblem,
    "empty_sender_name": SenderProblem,
    "api_call_limit_exceeded_for_api_key": RateLimited,
    "api_call_limit_exceeded_for_ip": RateLimited,
    "retry_later": RetryLater,
    "has_been_sent": RetryLater,
    "unknown_method": BadCall,
}


# The vendor names no code for a letter over the day's number (https://selzy.com/en/support/api/common/api-errors/,
# seen 2026-11-26). Codes are what we go by everywhere; here the text alone can tell, and all it does is to
# let the queue wait longer.
_MAY_BE_THE_DAY = {
    "api_call_limit_exceeded_for_api_key",
    "api_call_limit_exceeded_for_ip",
    "retry_later",
    "invalid_arg",
    "unspecified",
    "access_denied",
}
_DAY = re.compile(
    r"\b(?:to)?da(?:y|ily)\b|tomorrow|24.?h|суточн|сутк|сегодня|завтра|\bден[ьё]|\bдн(?:я|ей|евн)",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"limit|quota|exceed|maximum|more than \d|лимит|предел|огранич|превы[шс]|исчерп|больше \d|более \d",
    re.IGNORECASE,
)


def is_day_limit(code: str, message: str) -> bool:
    """Tell whether a rejection speaks of the number of letters of a day."""
    return code in _MAY_BE_THE_DAY and bool(_DAY.search(message) and _LIMIT.search(message))


def from_code(code: object, message: str = "") -> UniSenderError:
    """Return the error of the service's ``code``; an unheard-of code is a definite rejection."""
    name = code if isinstance(code, str) and code else str(code or "unspecified")
    if is_day_limit(name, message):
        return DayLimit(name, message)
    return CLASSES.get(name, Rejected)(name[:100], message)
