"""What becomes of a letter: decided by its address alone, so that a test can tell beforehand.

The first word of the local part (up to ``.``, ``+`` or ``_``) scripts the fate, or the last one.
"""

import hashlib
import re

MONTH = 30 * 86400

# steps: (seconds after receipt, status)
SENT = (2, "ok_sent")
FATES = {
    "full": (SENT, (20, "err_mailbox_full")),
    "unknown": (SENT, (10, "err_user_unknown")),
    "inactive": (SENT, (10, "err_user_inactive")),
    "retry": (SENT, (10, "err_will_retry"), (1800, "ok_delivered"), (7200, "ok_read")),
    "again": (SENT, (10, "err_retry_letter"), (1800, "ok_delivered")),
    "giveup": (SENT, (10, "err_will_retry"), (259200, "err_giveup")),
    "lost": (SENT, (10, "err_lost")),
    "spam": (SENT, (10, "ok_delivered"), (60, "ok_spam_folder")),
    "fbl": (SENT, (10, "ok_delivered"), (600, "ok_read"), (3600, "ok_fbl")),
    "unsub": (SENT, (10, "ok_delivered"), (600, "ok_read"), (3600, "ok_unsubscribed")),
    "new": (SENT, (10, "err_new_thing")),
    "noread": (SENT, (10, "ok_delivered")),
    "read": (SENT, (10, "ok_delivered"), (600, "ok_read")),
    "click": (SENT, (10, "ok_delivered"), (600, "ok_read"), (900, "ok_link_visited")),
}
# rejections in the answer to sendEmail, and faults of the transport
REJECTIONS = {
    "unsubscribed": "unsubscribed_globally",
    "invalid": "invalid_email",
    "later": "retry_later",
}
FAULTS = {"slow": "slow_after", "drop": "drop_after", "e502": "http_502", "nonjson": "non_json"}


def script_of(email):
    """Return the scripted word of an address, or an empty text."""
    words = re.split(r"[.+_]", email.partition("@")[0].lower())
    known = FATES.keys() | REJECTIONS.keys() | FAULTS.keys()
    return next((word for word in (words[0], words[-1]) if word in known), "")


def steps_of(letter):
    """Return the steps of a letter. Unscripted: delivered; 60 % read, a third of those follow a
    link — as far as the letter is tracked (``track_read``, ``track_links``)."""
    steps = FATES.get(script_of(letter["email"]))
    if steps is None:
        dice = hashlib.sha256(f"{letter['email']}{letter['subject']}".encode()).digest()[0]
        steps = FATES["click" if dice < 51 else "read" if dice < 154 else "noread"]
    if not letter["track_read"]:
        steps = [step for step in steps if step[1] not in ("ok_read", "ok_link_visited")]
    if not letter["track_links"]:
        steps = [step for step in steps if step[1] != "ok_link_visited"]
    return list(steps)
