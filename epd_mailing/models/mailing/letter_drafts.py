"""What letters will be once a slice of reports is written: read once, folded in memory, written once."""

from dataclasses import dataclass
from datetime import datetime

from odoo import fields, models

from ...tools.unisender.times import Judged
from .epd_mailing_letter import find_state

# what is read of a letter to fold reports into it; all scalar
READ = (
    *("send_state", "state", "provider_id", "letter_key", "email", "sending_at", "sent_at"),
    *("create_date", "delivered_at", "delivered_source", "opened_at", "opened_source"),
    *("clicked_at", "clicked_source", "bounced_at", "bounced_source", "machine_opened_at"),
    *("spam_at", "complained_at", "unsubscribed_at", "is_deferred", "failure_type"),
    *("failure_reason", "raw_status", "raw_status_at", "next_poll_at", "poll_count", "is_test"),
)


@dataclass(slots=True)
class EventReport:
    """An event that is of a letter, given by its draft.

    ``event_at``: the time it told, ``received_at``: when it came (naive UTC); ``judged``: what is
    believed of them, by ``epd.letter.facts``.
    """

    draft: "LetterDraft"
    account: models.BaseModel
    provider_id: str | None
    raw_status: str
    event_at: datetime | None
    received_at: datetime
    source: str
    judged: Judged | None = None


class LetterDraft:
    """A letter with the values that are to be written over those it has.

    :param letter: ``epd.mailing.letter``
    """

    __slots__ = ("known", "letter", "vals")

    def __init__(self, letter):
        self.letter = letter
        self.known, self.vals = {}, {}

    def __getitem__(self, name):
        if name in self.vals:
            return self.vals[name]
        if name not in self.known:
            self.known[name] = self.letter[name]
        return self.known[name]


class LetterDrafts:
    """The drafts of one slice, and what is to be done beside them.

    :param env: environment with the rights of the program
    """

    def __init__(self, env):
        self.env = env
        self.drafts = {}  # {letter id: LetterDraft}
        self.events = []  # values of ``epd.letter.event`` to be kept
        self.lost = {}  # {(company id, state, raw status): {address: None}}, in their order
        self.reasons = {}  # {failure type: values that say it}

    def load(self, letters):
        """Open the drafts of letters, with what is read of them at once: thousands are folded.

        :param letters: ``epd.mailing.letter``
        """
        letters.fetch([*READ, "company_id", "mailing_id", "address_id", "unisender_account_id"])
        columns = []
        for name in READ:
            known = letters._fields[name]._get_cache(letters.env).get
            columns.append([False if known(one) is None else known(one) for one in letters.ids])
        for letter, *values in zip(letters, *columns, strict=True):
            self.open(letter).known.update(zip(READ, values, strict=True))

    def open(self, letter):
        """Return the draft of a letter."""
        letter_id = letter.id
        draft = self.drafts.get(letter_id)
        if draft is None:
            draft = self.drafts[letter_id] = LetterDraft(letter)
        return draft

    def describe(self, failure_type):
        """Return the values that say a failure type, in the present language."""
        if failure_type not in self.reasons:
            letters = self.env["epd.mailing.letter"]
            self.reasons[failure_type] = letters._describe_reason(failure_type)
        return self.reasons[failure_type]

    def lose(self, draft, state, raw):
        """Note that the address of a letter takes no more letters."""
        key = draft["company_id"].id, state, raw
        self.lost.setdefault(key, {})[draft["email_normalized"]] = None

    def save(self):
        """Write the letters, keep the events, close the addresses."""
        changes = {}
        for draft in self.drafts.values():
            if draft.vals:
                state = find_state(draft)
                if state != draft["state"]:
                    draft.vals["state"] = state
                changes[draft.letter] = draft.vals
        letters = self.env["epd.mailing.letter"]
        letters._unlocked()._write_each(changes)
        if any("state" in vals for vals in changes.values()):
            told = letters.browse([letter.id for letter in changes])
            told.document_id._write_delivery_state()
        self.env["epd.letter.event"].sudo()._log(self.events)
        for (company_id, state, raw), emails in self.lost.items():
            self.env["epd.letter.facts"]._lose_addresses(company_id, list(emails), state, raw)


def make_event_vals(draft, raw, moment, source):
    """Return the event that keeps what was said of a letter.

    :param moment: naive UTC
    """
    return {
        "letter_id": draft.letter.id,
        "unisender_account_id": draft["unisender_account_id"].id,
        "provider_id": draft["provider_id"] or None,
        "letter_key": draft["letter_key"] or None,
        "email": draft["email"] or None,
        "raw_status": raw,
        "event_at": moment,
        "source": source,
        "received_at": fields.Datetime.now(),
    }
