"""How far a document has come: one order of the states."""

import itertools

from tools.delivery_state import (
    DELIVERY_RANK,
    LETTER_OUTCOMES,
    NOT_PRESENTED,
    PRESENTED,
    find_best_state,
)


def test_presented_and_not_are_all_and_apart():
    assert NOT_PRESENTED + PRESENTED == DELIVERY_RANK
    assert PRESENTED == ("paper", "delivered", "opened", "read")


def test_nothing_happened():
    assert find_best_state([]) == "none"


def test_the_best_counts_in_whatever_order_it_comes():
    for states in itertools.permutations(("failed", "paper", "sent")):
        assert find_best_state(states) == "paper"
    assert find_best_state(["paper", "opened"]) == "opened"
    assert find_best_state(["failed", "unknown"]) == "unknown"


def test_letters_lead_to_known_states():
    assert set(LETTER_OUTCOMES.values()) <= set(DELIVERY_RANK)
    assert "paper" not in LETTER_OUTCOMES.values()
    # a complaint is made of a letter that arrived
    assert LETTER_OUTCOMES["complained"] in PRESENTED
    assert LETTER_OUTCOMES["bounced"] not in PRESENTED
