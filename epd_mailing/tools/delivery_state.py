"""How far a document has come on its way to the payer: one order of the states, used everywhere."""

from collections.abc import Iterable

#: the states of a document, worst first: a document shows the best of what became of it
DELIVERY_RANK = (
    "none",
    "failed",
    "unknown",
    "pending",
    "sent",
    "paper",
    "delivered",
    "opened",
    "read",
)
#: the document has reached its payer: delivered by e-mail, or handed over on paper
PRESENTED = DELIVERY_RANK[DELIVERY_RANK.index("paper") :]
#: the document has not: what «paper» improves
NOT_PRESENTED = DELIVERY_RANK[: DELIVERY_RANK.index("paper")]
#: what the state of a letter makes of its document; other states make nothing of it
LETTER_OUTCOMES = {
    "pending": "pending",
    "claimed": "pending",
    "sending": "pending",
    "bounced": "failed",
    "rejected": "failed",
    "unknown": "unknown",
    "deferred": "sent",
    "sent": "sent",
    "spam": "delivered",
    "complained": "delivered",
    "unsubscribed": "delivered",
    "delivered": "delivered",
    "opened": "opened",
    "read": "read",
}


def find_best_state(states: Iterable[str]) -> str:
    """Return the best of delivery states; ``none`` of no state.

    :param states: iterable of members of :data:`DELIVERY_RANK`
    """
    return max(states, key=DELIVERY_RANK.index, default="none")
