"""The life of the e-mail addresses of one account: what happens to them, as pure functions.

An account has rows, one for each mailbox it was ever given. A row either follows the e-mail of a
person's contact or was typed by hand for that person. Each function takes the rows before an event
and returns the rows after it; whoever keeps the rows writes down what differs (:func:`diff`). Closed
rows are history: they never come back, a mailbox that is given again gets a new row.

=====================  =========================================================================
event                  what becomes of the rows
=====================  =========================================================================
e-mail set             a mailbox that was not in the text before was *given*: it is live, whatever
                       was known of it (bounced, unsubscribed, closed). A mailbox typed by hand
                       is from now on followed. One that stood in the text before stays as it is
e-mail changed         the row of a mailbox that went takes the new one on: another mailbox,
                       nothing that was known of the old one holds
e-mail cleared         the followed rows close
e-mail misspelt        no mailbox; one row shows the text as typed and its problem
typed by hand          a new live row for the present person; rejected where the mailbox is live
typed row retyped      it is another mailbox now, and live
file, API              they set the contact's e-mail, or type by hand where there is no contact
contact merged         the rows of the one are the other's (Odoo's wizard), then as «e-mail set»
                       with nothing given
contact archived       nothing: a warning before the mailing (the debt stays)
owner changed          all rows close; the new person's mailboxes get rows of their own
owner changed back     followed mailboxes come back as they were left: bounced stays bounced, what
                       the office closed stays closed; typed ones do not come back
closed                 the office closed it; it stays so until it is given again
bounced, unsubscribed  the service said so; a letter goes there no more
reopened               the office knows that it works: live again; not when closed
=====================  =========================================================================

====================================  ======================================
state of a row                        what the account can receive by it
====================================  ======================================
``active`` with a mailbox             its letters
``active`` without (misspelt)         nothing: «адрес записан с ошибкой»
``bounced``, ``unsubscribed``         nothing: paper
``closed``                            nothing
====================================  ======================================
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from .address_text import Reading

ACTIVE, BOUNCED, UNSUBSCRIBED, CLOSED = "active", "bounced", "unsubscribed", "closed"
LOST = (BOUNCED, UNSUBSCRIBED)


@dataclass(frozen=True)
class Row:
    """One mailbox of an account.

    :ivar key: what the keeper knows the row by; ``None`` while it is new
    :ivar mailbox: normal form (``address_text``); empty while the text is misspelt
    :ivar text: what stands on screen: the mailbox in readable letters, or the misspelt text as typed
    :ivar problem: code of what is wrong with the text (``address_text.PROBLEM_CODES``), or empty
    :ivar follows: whether it follows the contact's e-mail; else it was typed by hand
    :ivar person: key of the person it is for; ``None`` where the account has none
    :ivar state: one of the four above
    :ivar memory: of a closed row: the state in which its mailbox goes on when its person is back, or
        when their e-mail is read again: what it was when the flat changed hands, ``closed`` where
        the office closed it; empty when nothing is remembered. At most one row of a person and a
        mailbox remembers
    """

    key: int | None
    mailbox: str
    text: str
    problem: str = ""
    follows: bool = True
    person: int | None = None
    state: str = ACTIVE
    memory: str = ""

    @property
    def lives(self) -> bool:
        """Whether it is not history."""
        return self.state != CLOSED

    @property
    def receives(self) -> bool:
        """Whether letters go there."""
        return self.state == ACTIVE and bool(self.mailbox)


Rows = tuple[Row, ...]


class AlreadyThere(Exception):
    """The mailbox typed by hand is a live address of the account already."""

    def __init__(self, mailbox: str):
        super().__init__(mailbox)
        self.mailbox = mailbox


def follow(rows: Rows, person: int | None, reading: Reading, given: Iterable[str] = ()) -> Rows:
    """The contact of the present person says ``reading``.

    :param given: mailboxes that the person has just given (were not in the text before)
    """
    rows, given = forget(rows, person, reading), set(given)
    live = {row.mailbox: row for row in rows if row.lives and row.mailbox}
    spare = [
        row
        for row in rows
        if row.lives and row.follows and (not row.mailbox or row.mailbox not in reading.normals)
    ]
    changed: dict[int | None, Row] = {}
    fresh: list[Row] = []

    def put(mailbox: str, text: str, problem: str, state: str) -> None:
        base = spare.pop(0) if spare else Row(None, "", "")
        row = replace(
            base,
            mailbox=mailbox,
            text=text,
            problem=problem,
            follows=True,
            person=person,
            state=state,
        )
        if base.key is None:
            fresh.append(row)
        else:
            changed[base.key] = row

    for mailbox in reading.normals:
        row = live.get(mailbox)
        state = row.state if row else _remember(rows, person, mailbox)
        if mailbox in given:
            state = ACTIVE
        if row is not None:
            changed[row.key] = replace(row, follows=True, person=person, state=state)
        elif state != CLOSED:
            put(mailbox, reading.shown[mailbox], "", state)
    if reading.problems:
        put("", _join_typed(reading), reading.problems[0].code, ACTIVE)
    for row in spare:
        changed[row.key] = _close(row, "")
    rows = (*(changed.get(row.key, row) for row in rows), *fresh)
    alive = {row.mailbox for row in rows if row.lives}
    return tuple(
        replace(row, memory="") if row.memory and _is_of(row, person, alive) else row
        for row in rows
    )


def forget(rows: Rows, person: int | None, reading: Reading) -> Rows:
    """What was closed of a mailbox is forgotten when its person gives the mailbox up.

    Also for accounts that the person does not answer for at present: they may come back.
    """
    gone = {row.mailbox for row in rows} - set(reading.normals)
    return tuple(
        replace(row, memory="") if row.memory and _is_of(row, person, gone) else row for row in rows
    )


def leave(rows: Rows) -> Rows:
    """The person of the account leaves: nobody receives anything."""
    return tuple(
        _close(row, row.state if row.mailbox else "") if row.lives else row for row in rows
    )


def change_owner(rows: Rows, person: int | None, reading: Reading) -> Rows:
    """Another person answers for the account, whose contact says ``reading``."""
    return follow(leave(rows), person, reading)


def type_in(rows: Rows, person: int | None, reading: Reading) -> Rows:
    """A clerk types addresses by hand for the present person.

    :raise AlreadyThere: when one of them is a live address of the account
    """
    fresh = []
    for mailbox in reading.normals:
        if any(row.lives and row.mailbox == mailbox for row in rows):
            raise AlreadyThere(mailbox)
        fresh.append(Row(None, mailbox, reading.shown[mailbox], follows=False, person=person))
    return (*rows, *fresh)


def retype(rows: Rows, key: int, reading: Reading) -> Rows:
    """A clerk types over a row that was typed by hand; further addresses of the text are added.

    :raise AlreadyThere: when one of them is another live address of the account
    """
    row = _get(rows, key)
    first = row.mailbox if row.mailbox in reading.normals else reading.normals[0]
    more = [mailbox for mailbox in reading.normals if mailbox != first]
    for mailbox in (first, *more):
        if any(each.lives and each.mailbox == mailbox and each.key != key for each in rows):
            raise AlreadyThere(mailbox)
    state = row.state if first == row.mailbox else ACTIVE
    now = replace(row, mailbox=first, text=reading.shown[first], problem="", state=state)
    fresh = [Row(None, new, reading.shown[new], follows=False, person=row.person) for new in more]
    return (*(now if each.key == key else each for each in rows), *fresh)


def close(rows: Rows, key: int) -> Rows:
    """The office closes an address; it stays closed until it is given again."""
    return _change(rows, key, lambda row: _close(row, CLOSED) if row.lives else row)


def lose(rows: Rows, key: int, state: str) -> Rows:
    """The service says ``bounced`` or ``unsubscribed``; an unsubscribed one stays so."""

    def change(row: Row) -> Row:
        may = row.state == ACTIVE or (row.state == BOUNCED and state == UNSUBSCRIBED)
        return replace(row, state=state) if may else row

    return _change(rows, key, change)


def reopen(rows: Rows, key: int) -> Rows:
    """The office knows that the address works after all."""
    return _change(rows, key, lambda row: replace(row, state=ACTIVE) if row.state in LOST else row)


def get_given(before: Reading, after: Reading) -> set[str]:
    """Return the mailboxes that a person gives by changing their e-mail."""
    return set(after.normals) - set(before.normals)


def diff(before: Rows, after: Rows) -> tuple[list[Row], list[Row]]:
    """Return the rows that changed and the new ones."""
    known = {row.key: row for row in before}
    changed = [row for row in after if row.key is not None and known[row.key] != row]
    # room is made in a mailbox before it is taken
    changed.sort(key=lambda row: row.lives)
    return changed, [row for row in after if row.key is None]


# --- helpers ---------------------------------------------------------------------------------------


def _is_of(row: Row, person: int | None, mailboxes: set[str]) -> bool:
    return row.person == person and row.mailbox in mailboxes


def _remember(rows: Rows, person: int | None, mailbox: str) -> str:
    """Return the state in which a mailbox of a person goes on that has no live row."""
    memories = [row.memory for row in rows if row.memory and _is_of(row, person, {mailbox})]
    # two only where contacts were merged: then the more careful one
    return next((state for state in (CLOSED, *LOST[::-1]) if state in memories), ACTIVE)


def _join_typed(reading: Reading) -> str:
    return ", ".join(problem.typed for problem in reading.problems)


def _close(row: Row, memory: str) -> Row:
    """Close a row; only followed ones are remembered."""
    return replace(row, state=CLOSED, memory=memory if row.follows else "")


def _get(rows: Rows, key: int) -> Row:
    return next(row for row in rows if row.key == key)


def _change(rows: Rows, key: int, change: Callable[[Row], Row]) -> Rows:
    return tuple(change(row) if row.key == key else row for row in rows)
