"""Codes of Unisender Go distinguished by what may be done next, as the classes of ``tools.unisender.errors``.

Source: godocs.unisender.ru/web-api-ref, section of error codes, and PyPI ``unione-sdk`` 1.2.4, read 2026-11-26.
"""

from ..unisender import errors

WRONG_SERVER = 114
NO_RECIPIENTS = 204
ALREADY_TAKEN = 1573

_AUTH = {101, 102, 105, 106, WRONG_SERVER, 3900}
_DAY = {901, 902, 905, 906}
_SENDER = {202, 205, 206, 1574}
_TOO_LARGE = {199, 1590, 1591, 1592, 1593}
_BAD_CALL = {104, 111, 201, 203, 208, 209, 215, 217, *range(1524, 1578), 1588, *range(2700, 2716)}

# why a recipient was not taken, in the words that ``epd.mailing.letter`` knows from the classic method
RECIPIENT_CODES = {
    "unsubscribed": "unsubscribed_globally",
    "complained": "unsubscribed_globally",
    "invalid": "invalid_email",
    "permanent_unavailable": "permanent_unavailable",
    "temporary_unavailable": "temporary_unavailable",
    "blocked": "blocked",
    "duplicate": "duplicate",
}


class AlreadyTaken(errors.UniSenderError):
    """The service took a letter under this idempotence key less than a minute ago; its id is not returned."""


class DumpTooLong(errors.UniSenderError):
    """A file of an event dump is longer than is read at once: its span has to be divided."""


class DumpMissing(errors.UniSenderError):
    """A file of an event dump is not there, and will not be: another dump has to be ordered."""


def read_code(value: object) -> int:
    """Return the code of an answer's body, 0 where it is none."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def from_code(code: int, status: int, message: str) -> errors.UniSenderError:
    """Return the error of a code of Go, or of the HTTP status where the code says nothing.

    :param code: as in the body, 0 where there is none
    :param status: HTTP status of the answer
    :param message: the service's own words, without the key
    """
    name = f"go_{code}" if code else f"http_{status}"
    if code == ALREADY_TAKEN:
        return AlreadyTaken(name, message)
    # 903: the free tariff sends to checked addresses alone; 904: no money
    if code in (903, 904):
        return errors.NoMoney(name, message)
    if code in _DAY:
        return errors.DayLimit(name, message)
    if code in _SENDER:
        return errors.SenderProblem(name, message)
    if code in _TOO_LARGE or status == 413:
        return errors.Rejected("attachment_quota_error", message)
    if code == NO_RECIPIENTS:
        return errors.Rejected(name, message)
    if code in _BAD_CALL:
        return errors.BadCall(name, message)
    if code in _AUTH or status in (401, 403):
        return errors.AuthError(name, message)
    if status == 429:
        return errors.RateLimited(name, message)
    if status == 404:
        return errors.BadCall(name, message)
    if status >= 500 or not code:
        # nobody knows whether the letter was taken before the service failed
        return errors.ResultUnknown(name, message)
    return errors.Rejected(name, message)
