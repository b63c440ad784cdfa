"""The statuses of a letter and what they mean to us: classic UniSender's and Unisender Go's in one table.

Classic: https://www.unisender.com/ru/support/api/messages/check-email/, seen 2026-11-26;
its rule there for statuses to come: «err_*» was not delivered, «ok_*» is under way.
Go: ``email_status`` of webhooks and event dumps, a bounce followed by a colon and its ``delivery_status``, which is
one of the classic words (godocs.unisender.ru/web-api-ref, read 2026-11-26).
"""

from collections import namedtuple
from datetime import timedelta
from functools import lru_cache

# rank: a lower one never takes back a higher; failure_type as in ``epd.mailing.letter``;
# address_dead: no further letter is to go to the address
Status = namedtuple("Status", "rank kind final failure_type address_dead", defaults=(False,))
# an unheard-of failure may yet turn out to be «still trying»: it is the end only when it stays
PATIENCE = timedelta(days=1)

_OK = {
    "not_sent": Status(0, "pending", False, None),
    "delayed": Status(0, "pending", False, None),
    "ok_sent": Status(10, "sent", False, None),
    "err_will_retry": Status(20, "deferred", False, None),
    "err_resend": Status(20, "deferred", False, None),
    # of the list for the vendor's UniOne: the letter is tried again
    # https://godocs.unisender.ru/email-statuses, seen 2026-11-26
    "err_retry_letter": Status(20, "deferred", False, None),
    "ok_delivered": Status(40, "delivered", False, None),
    "ok_read": Status(50, "opened", False, None),
    "ok_link_visited": Status(60, "clicked", False, None),
    "ok_unsubscribed": Status(70, "unsubscribed", True, None),
    "ok_spam_folder": Status(70, "spam", True, None),
    "ok_fbl": Status(70, "complained", True, None),
}
_FAILED = {
    "invalid_address": "err_dest_invalid err_user_unknown",
    "mailbox_unavailable": "err_user_inactive err_mailbox_discarded err_not_available "
    "err_unreachable err_skip_letter skip_dup_unreachable skip_dup_temp_unreachable",
    "mailbox_full": "err_mailbox_full skip_dup_mailbox_full",
    "domain": "err_no_dns err_no_smtp err_domain_inactive err_destination_misconfigured",
    "spam_rejected": "err_blacklisted err_spam_rejected err_spam_may_retry err_spam_removed "
    "err_spam_skipped",
    "too_large": "err_too_large",
    "unsubscribed": "err_unsubscribed",
    "blocked": "err_not_allowed err_src_invalid",
    "no_money": "err_over_quota",
    "lost": "err_lost err_internal",
    "other": "err_delivery_failed err_giveup",
}
# cancelled for now, may still move on
# https://www.unisender.com/en/support/api/partners/checkemail/, seen 2026-11-26
_NOT_FINAL = {"err_spam_removed", "err_spam_skipped", "err_spam_may_retry"}
# the address is gone for good; others of the same kind may recover («may be available again in
# days», misconfigured, no DNS at the moment), and next month's letter may arrive
_ADDRESS_DEAD = set(
    "err_dest_invalid err_user_unknown err_user_inactive err_mailbox_discarded err_unreachable "
    "err_domain_inactive skip_dup_unreachable".split()
)

# of Go. «soft_bounced»: the service tries on, up to 48 hours; then «delivered» or «hard_bounced»
GO = {
    "accepted": Status(0, "pending", False, None),
    "subscribed": Status(0, "pending", False, None),
    "sent": Status(10, "sent", False, None),
    "soft_bounced": Status(20, "deferred", False, None),
    "delivered": Status(40, "delivered", False, None),
    # Apple's and Google's image proxies, scanners of mail servers that follow links: that proves no person
    "opened_machine": Status(45, "machine_opened", False, None),
    "opened_protected": Status(45, "machine_opened", False, None),
    "clicked_machine": Status(45, "machine_opened", False, None),
    "clicked_protected": Status(45, "machine_opened", False, None),
    "opened": Status(50, "opened", False, None),
    "clicked": Status(60, "clicked", False, None),
    "unsubscribed": Status(70, "unsubscribed", True, None),
    "spam": Status(70, "complained", True, None),
    "hard_bounced": Status(30, "failed", True, "other"),
}

# the letter is at its recipient's server, or farther
ARRIVED = tuple(name for name, status in {**_OK, **GO}.items() if status.rank >= 40)

STATUSES = dict(_OK)
for _type, _names in _FAILED.items():
    for _name in _names.split():
        STATUSES[_name] = Status(
            30, "failed", _name not in _NOT_FINAL, _type, _name in _ADDRESS_DEAD
        )


@lru_cache(1000)  # two are asked for with each event
def get_status(raw: str | None, age: timedelta | None = None) -> Status:
    """Return the ``Status`` of a raw status; an unknown one is read by its prefix.

    The vendor adds statuses without notice; its rule: «err_*» was not delivered, «ok_*» is under
    way. An address is never closed by a status nobody knows.

    :param age: how long the letter has had this status (timedelta); an unheard-of failure is
        final after ``PATIENCE``, nothing means that it is new
    """
    raw = str(raw or "")
    if raw in STATUSES:
        return STATUSES[raw]
    word, _colon, detail = raw.partition(":")
    if word in GO:
        return _get_go_status(word, detail)
    if raw.startswith("ok_"):
        return Status(10, "sent", False, None)
    if raw.startswith(("err_", "skip_")):
        return Status(30, "failed", age is not None and age >= PATIENCE, "other")
    return Status(0, "pending", False, None)


def _get_go_status(word: str, detail: str) -> Status:
    """Return the status of Go; a bounce is distinguished by its ``delivery_status``.

    An unheard-of one is a failure of kind «other» that closes no address.
    """
    known = STATUSES.get(detail)
    if word == "hard_bounced" and known and known.kind == "failed":
        return known._replace(final=True)
    if word == "soft_bounced" and known and known.kind == "failed":
        return GO[word]._replace(failure_type=known.failure_type)
    return GO[word]


def is_known(raw: str | None) -> bool:
    """Tell whether the vendor's pages list the status."""
    raw = str(raw or "")
    return raw in STATUSES or raw.partition(":")[0] in GO
