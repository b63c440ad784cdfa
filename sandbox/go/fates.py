"""What becomes of a letter of Go: the classic scripts in Go's own words."""

from .. import fates

# classic status → (status, delivery_status, traffic)
WORDS = {
    "ok_sent": ("sent", "", ""),
    "ok_delivered": ("delivered", "ok_delivered", ""),
    "ok_read": ("opened", "", "human"),
    "ok_link_visited": ("clicked", "", "human"),
    "ok_unsubscribed": ("unsubscribed", "", ""),
    "ok_spam_folder": ("spam", "", ""),
    "ok_fbl": ("spam", "", ""),
    "err_will_retry": ("soft_bounced", "err_will_retry", ""),
}
# rejected at once, by the first or last word of the local part: reason in ``failed_emails``
REJECTIONS = {
    "unsubscribed": "unsubscribed",
    "invalid": "invalid",
    "later": "temporary_unavailable",
    "dead": "permanent_unavailable",
    "complained": "complained",
    "blocked": "blocked",
}


def rejection_of(email):
    """Return the scripted reason of a rejection, or an empty text."""
    local = email.partition("@")[0].lower()
    for mark in "+_":
        local = local.replace(mark, ".")
    words = local.split(".")
    return next((REJECTIONS[word] for word in (words[0], words[-1]) if word in REJECTIONS), "")


def events_of(letter, speed):
    """Return the events of a letter: list of (seconds, status, delivery_status, traffic, url)."""
    local = letter["email"].partition("@")[0].lower().split(".")
    events = []
    for seconds, status in fates.steps_of(letter):
        word, detail, traffic = WORDS.get(status, ("hard_bounced", status, ""))
        # an image proxy loads the pictures at once: that proves no person
        if word == "opened" and {"mpp", "machine"} & {local[0], local[-1]}:
            traffic = "protected" if "mpp" in local else "machine"
        url = "https://uk-demo.example.com/" if word == "clicked" else ""
        events.append((seconds / speed, word, detail, traffic, url))
    return events
