"""The life of an account's addresses, driven by made-up sequences of events.

The expectation is kept another way than the product does: no rows, but what each person has said of
each mailbox, as a clerk would tell it.
"""

import os
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tools import address_life as life
from tools import address_text

SEQUENCES = int(os.environ.get("FUZZ_SEQUENCES", "2000"))

# a dozen texts in two thousand lives: what they read as is no matter of these tests, and was a third of their work
read_addresses = cache(address_text.read_addresses)

PEOPLE = st.sampled_from([1, 2, 3])
MAILBOXES = ("a@x.ru", "b@x.ru", "c@x.ru")
TEXTS = st.sampled_from(
    [
        "",
        *MAILBOXES,
        "A@X.ru.",
        "a@x.ru, b@x.ru",
        "b@x.ru; c@x.ru",
        "c@x.ru\na@x.ru",
        "a b@x.ru",  # a blank for a dot
        "a@x.ru, b@x",
        "a@х.ru",  # a Russian х
    ]
)


def number(rows):
    """Give keys to new rows, as the database does."""
    last = max((row.key for row in rows if row.key), default=0)
    numbered = []
    for row in rows:
        if row.key is None:
            last += 1
            row = replace(row, key=last)
        numbered.append(row)
    return tuple(numbered)


class Addresses(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.rows: life.Rows = ()
        self.owner = 1
        self.contacts = {1: "", 2: "", 3: ""}
        self.said: dict[int, dict[str, str]] = {1: {}, 2: {}, 3: {}}  # of followed mailboxes
        self.typed: dict[str, str] = {}  # of those typed for the present owner
        self.gone: set[int] = set()

    # --- the events ---

    @rule(person=PEOPLE, text=TEXTS)
    def set_email(self, person, text):
        if person in self.gone:
            return
        before, after = read_addresses(self.contacts[person]), read_addresses(text)
        self.contacts[person] = text
        given = life.get_given(before, after)
        if person == self.owner:
            self.take(life.follow(self.rows, person, after, given))
        else:
            self.take(life.forget(self.rows, person, after))
        self.say(person, given)

    @rule(text=TEXTS)
    def type_by_hand(self, text):
        reading = read_addresses(text)
        try:
            self.take(life.type_in(self.rows, self.owner, reading))
        except life.AlreadyThere as error:
            assert error.mailbox in self.expected_live()
        else:
            assert not set(reading.normals) & set(self.expected_live())
            self.typed.update(dict.fromkeys(reading.normals, life.ACTIVE))

    @rule(person=PEOPLE)
    def change_owner(self, person):
        if person == self.owner or person in self.gone:
            return
        self.owner = person
        self.take(life.change_owner(self.rows, person, read_addresses(self.contacts[person])))
        self.typed = {}
        self.say(person)

    @rule(gone=PEOPLE, stays=PEOPLE)
    def merge(self, gone, stays):
        if gone == stays or {gone, stays} & self.gone:
            return
        self.gone.add(gone)
        # Odoo keeps the e-mail of the contact that stays, and fills in where it has none; the rows
        # are the other's by SQL
        self.contacts[stays] = self.contacts[stays] or self.contacts[gone]
        reading = read_addresses(self.contacts[stays])
        book = self.join_books(stays, gone, reading.normals)
        rows = tuple(replace(r, person=stays) if r.person == gone else r for r in self.rows)
        if self.owner in (gone, stays):
            self.owner = stays
            self.take(life.follow(rows, stays, reading))
            self.typed = {m: state for m, state in self.typed.items() if m not in book}
        else:
            self.take(life.forget(rows, stays, reading))
        self.said[stays] = book

    @precondition(lambda self: any(row.lives for row in self.rows))
    @rule(data=st.data(), state=st.sampled_from(["bounced", "unsubscribed", "closed", "reopened"]))
    def happens_to_one(self, data, state):
        row = data.draw(st.sampled_from([row for row in self.rows if row.lives]))
        if state == "closed":
            self.take(life.close(self.rows, row.key))
        elif state == "reopened":
            self.take(life.reopen(self.rows, row.key))
        elif row.mailbox:
            self.take(life.lose(self.rows, row.key, state))
        if not row.mailbox:
            return
        book = self.said[self.owner] if row.follows else self.typed
        now = book[row.mailbox]
        if state == "closed":
            now = "closed"
        elif state == "reopened":
            now = "active"
        elif now == "active" or (now, state) == ("bounced", "unsubscribed"):
            now = state
        book[row.mailbox] = now
        if not row.follows and now == "closed":
            del book[row.mailbox]

    @precondition(lambda self: any(row.lives and not row.follows for row in self.rows))
    @rule(data=st.data(), text=TEXTS)
    def retype(self, data, text):
        row = data.draw(st.sampled_from([r for r in self.rows if r.lives and not r.follows]))
        reading = read_addresses(text)
        if not reading.normals:
            return  # the form rejects it
        others = set(self.expected_live()) - {row.mailbox}
        try:
            self.take(life.retype(self.rows, row.key, reading))
        except life.AlreadyThere as error:
            assert error.mailbox in others
            return
        assert not others & set(reading.normals)
        state = self.typed.pop(row.mailbox)
        self.typed.update(dict.fromkeys(reading.normals, life.ACTIVE))
        if row.mailbox in reading.normals:
            self.typed[row.mailbox] = state

    # --- what is expected ---

    def take(self, rows):
        changed, fresh = life.diff(self.rows, rows)
        assert all(row.key is None for row in fresh)
        before, self.rows = self.rows, number(rows)
        kept = {row.key: row for row in self.rows}
        for row in before:
            assert row.key in kept, "history is not lost"
            if not row.lives:
                now = kept[row.key]
                assert (now.mailbox, now.state) == (row.mailbox, "closed"), "closed for good"

    def say(self, person, given=()):
        """The person's text names these mailboxes now; ``given`` ones anew."""
        wanted = read_addresses(self.contacts[person]).normals
        book = self.said[person]
        book = {mailbox: book.get(mailbox, "active") for mailbox in wanted}
        book.update(dict.fromkeys(given, "active"))
        if person == self.owner:
            for mailbox in set(wanted) & set(self.typed):
                state = self.typed.pop(mailbox)
                book[mailbox] = "active" if mailbox in given else state
        self.said[person] = book

    def join_books(self, stays, gone, wanted):
        """After a merge two books are one; where both know a mailbox, the more careful one tells."""
        present = self.expected_live() if self.owner in (stays, gone) else {}
        careful = ("closed", "unsubscribed", "bounced", "active")
        book = {}
        for mailbox in wanted:
            told = [self.said[person].get(mailbox) for person in (stays, gone)]
            known = next((state for state in careful if state in told), "active")
            book[mailbox] = present.get(mailbox, known)
        return book

    def expected_live(self):
        book = {**self.said[self.owner], **self.typed}
        return {mailbox: state for mailbox, state in book.items() if state != "closed"}

    # --- what holds after any sequence ---

    @invariant()
    def the_right_person_or_nobody(self):
        live = [row for row in self.rows if row.lives and row.mailbox]
        assert len({row.mailbox for row in live}) == len(live), "one live row a mailbox"
        present = set(read_addresses(self.contacts[self.owner]).normals)
        for row in live:
            assert row.person == self.owner, "the present person's"
            assert row.mailbox in present if row.follows else row.mailbox in self.typed
        assert {row.mailbox: row.state for row in live} == self.expected_live()

    @invariant()
    def a_misspelt_text_is_shown_and_gets_nothing(self):
        reading = read_addresses(self.contacts[self.owner])
        misspelt = [row for row in self.rows if row.lives and not row.mailbox]
        assert not any(row.receives for row in misspelt)
        assert len(misspelt) <= 1
        for row in misspelt:
            assert (row.problem, row.follows) == (reading.problems[0].code, True)
            assert row.text

    @invariant()
    def only_closed_rows_remember_and_once(self):
        remembering = [(row.person, row.mailbox) for row in self.rows if row.memory]
        assert len(set(remembering)) == len(remembering) or self.gone
        assert not any(row.memory and (row.lives or not row.follows) for row in self.rows)


TestAddresses = Addresses.TestCase
TestAddresses.settings = settings(max_examples=SEQUENCES, stateful_step_count=25, deadline=None)


# --- the rows of the table, told one by one --------------------------------------------------------


def start(text, person=1):
    return number(life.change_owner((), person, read_addresses(text)))


def change(rows, before, after, person=1):
    before, after = read_addresses(before), read_addresses(after)
    return number(life.follow(rows, person, after, life.get_given(before, after)))


def receiving(rows):
    return [row.mailbox for row in rows if row.receives]


def test_cleared():
    rows = change(start("a@x.ru"), "a@x.ru", "")
    assert receiving(rows) == []
    assert (rows[0].state, rows[0].memory) == ("closed", "")


def test_a_new_address_after_the_office_closed_the_old_one_lives():
    rows = life.close(start("a@x.ru"), 1)
    assert receiving(change(rows, "a@x.ru", "b@x.ru")) == ["b@x.ru"]
    assert receiving(change(rows, "a@x.ru", "A@x.ru")) == [], "the same again is not given"
    away = change(change(rows, "a@x.ru", ""), "", "a@x.ru")
    assert receiving(away) == ["a@x.ru"], "given again"


def test_spouse_with_the_same_mailbox():
    rows = number(life.change_owner(start("a@x.ru"), 2, read_addresses("a@x.ru")))
    assert [(row.person, row.state) for row in rows] == [(1, "closed"), (2, "active")]


def test_one_address_typed_and_on_the_contact_follows_the_person():
    rows = number(life.type_in(start("a@x.ru"), 1, read_addresses("b@x.ru")))
    rows = change(rows, "a@x.ru", "b@x.ru")
    assert [(row.mailbox, row.follows, row.state) for row in rows] == [
        ("a@x.ru", True, "closed"),
        ("b@x.ru", True, "active"),
    ]


def test_a_changed_address_keeps_its_row():
    rows = life.lose(start("a@x.ru"), 1, "bounced")
    rows = change(rows, "a@x.ru", "b@x.ru, c@x.ru")
    assert [(row.key, row.mailbox, row.state) for row in rows] == [
        (1, "b@x.ru", "active"),
        (2, "c@x.ru", "active"),
    ]


@pytest.mark.parametrize(("lost", "again"), [("bounced", "bounced"), ("unsubscribed",) * 2])
def test_back_again_as_it_was_left(lost, again):
    rows = life.lose(start("a@x.ru"), 1, lost)
    rows = number(life.change_owner(rows, 2, read_addresses("")))
    rows = number(life.change_owner(rows, 1, read_addresses("a@x.ru")))
    assert (rows[-1].state, receiving(rows)) == (again, [])


def test_misspelt():
    rows = change(start("a@x.ru"), "a@x.ru", "a petrov@x.ru")
    assert [(row.text, row.problem, row.mailbox) for row in rows] == [
        ("a petrov@x.ru", "space", "")
    ]
    assert receiving(change(rows, "a petrov@x.ru", "a@x.ru")) == ["a@x.ru"]


def test_typed_twice():
    with pytest.raises(life.AlreadyThere, match="a@x.ru"):
        life.type_in(start("a@x.ru"), 1, read_addresses("A@X.ru."))


def test_retyped():
    rows = number(life.type_in((), 1, read_addresses("a@x.ru")))
    rows = life.lose(rows, 1, "bounced")
    more = number(life.retype(rows, 1, read_addresses("a@x.ru, b@x.ru")))
    assert [(row.mailbox, row.state) for row in more] == [
        ("a@x.ru", "bounced"),
        ("b@x.ru", "active"),
    ]
    other = number(life.retype(rows, 1, read_addresses("c@x.ru")))
    assert [(row.mailbox, row.state) for row in other] == [("c@x.ru", "active")]


def test_what_the_office_closed_is_forgotten_once_the_person_gave_it_up():
    rows = change(life.close(start("a@x.ru"), 1), "a@x.ru", "b@x.ru")
    rows = number(life.change_owner(rows, 2, read_addresses("")))
    rows = number(life.forget(rows, 1, read_addresses("a@x.ru")))  # meanwhile it is theirs again
    rows = number(life.change_owner(rows, 1, read_addresses("a@x.ru")))
    assert receiving(rows) == ["a@x.ru"]
