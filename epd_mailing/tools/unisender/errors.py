"""Errors of the service, told apart by what may be done next. None ever holds the API key.

Codes: UniSender API, «Общие ошибки» (call level) and sendEmail (``result[].errors[].code``).
"""


class UniSenderError(Exception):
    """Any failure; ``code`` is the service's machine code or ours, ``message`` its text."""

    def __init__(self, code, message=""):
        self.code = code
        self.message = message or code
        super().__init__(f"{code}: {self.message}" if message else code)


class ConnectFailed(UniSenderError):
    """Nothing went out (refused, no such host, connect time-out, TLS): safe to try again."""


class ResultUnknown(UniSenderError):
    """The request went out and no clear answer came back: never send again by itself."""


class AuthError(UniSenderError):
    """Wrong key, or the key has no right to the method: the queue stops."""


class NoMoney(UniSenderError):
    """The balance does not suffice: the queue stops."""


class SenderProblem(UniSenderError):
    """The sender is not confirmed or malformed: the queue stops."""


class RateLimited(UniSenderError):
    """Too many calls: the whole queue waits at least a minute."""


class RetryLater(UniSenderError):
    """A temporary refusal of this letter, which was not sent: later again."""


class Rejected(UniSenderError):
    """A definite refusal of this letter (or call)."""


class BadCall(UniSenderError):
    """The call itself is wrong (our fault)."""


CLASSES = {
    "invalid_api_key": AuthError,
    "access_denied": AuthError,
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


def from_code(code, message=""):
    """Return the error of the service's ``code``; an unheard-of code is a definite refusal."""
    code = code if isinstance(code, str) and code else str(code or "unspecified")
    return CLASSES.get(code, Rejected)(code[:100], message)
