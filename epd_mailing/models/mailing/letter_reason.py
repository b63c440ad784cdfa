"""Why a letter did not go or arrive, in words for a clerk."""

import re

# «invalid_email: …» as the service answers a call
CODE = re.compile(r"^[a-z][a-z0-9_]*: ")
# «… (err_user_unknown)», the service's status behind our words
RAW = re.compile(r" \([a-z][a-z0-9_]*\)$")


def describe_failure(letter, labels):
    """Return the reason in words, without codes of the service; nothing when there is none.

    :param letter: ``epd.mailing.letter``
    :param labels: ``{failure type: label}`` in the reader's language
    """
    env, reason = letter.env, letter.failure_reason or ""
    words = {
        "err_giveup": env._("The recipient's mail server did not take it; UniSender gave up"),
        "err_delivery_failed": env._("The recipient's mail server did not take it"),
    }
    if letter.failure_type == "other" and letter.raw_status in words:
        return words[letter.raw_status]
    coded = CODE.match(reason)
    if not coded:
        # as in the language it was written in, unless it says no more than the type
        return RAW.sub("", reason) or labels.get(letter.failure_type) or False
    if letter.failure_type and letter.failure_type != "other":
        return labels[letter.failure_type]
    said = reason[coded.end() :]
    return env._("UniSender answered: %s", said) if said else labels.get(letter.failure_type)
