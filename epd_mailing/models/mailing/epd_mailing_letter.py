import logging
import re
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.unisender import errors
from .letter_mend import get_mendable
from .letter_writer import LetterWriter
from .mailing_repeat import MailingRepeat
from .mailing_withdrawal import GIVEN_UP

_logger = logging.getLogger(__name__)

# «invalid_email: …» as the service answers a call
CODE = re.compile(r"^[a-z][a-z0-9_]*: ")
# «… (err_user_unknown)», the service's status behind our words
RAW_STATUS = re.compile(r" \([a-z][a-z0-9_]*\)$")
RETRY_PAUSES = (1, 2, 5, 15, 30, 60)  # minutes, by the number of attempts
MAX_ATTEMPTS = 10
FIRST_POLL = timedelta(minutes=2)
# answers of the service that are about this letter alone
REJECTIONS = {
    "invalid_email": "invalid_address",
    "unsubscribed_globally": "unsubscribed",
    "attachment_quota_error": "too_large",
    "body_exceeds_length": "too_large",
    # reasons of Unisender Go
    "permanent_unavailable": "mailbox_unavailable",
    "temporary_unavailable": "mailbox_unavailable",
    "blocked": "blocked",
}
# what a rejection says of the address, for later letters
LOSSES = {
    "invalid_email": "bounced",
    "permanent_unavailable": "bounced",
    "unsubscribed_globally": "unsubscribed",
}
# nothing is known any more of a letter that stands in one of these, but that it may have gone
LEFT = ("claimed", "sending", "sent", "rejected", "unknown")
# an event of one of these says that it was sent
UNSETTLED = ("pending", "claimed", "unknown")
# of these the world may have said more: what is shown is the last of that
ANSWERED = ("sent", "rejected", "unknown")
# reasons of being skipped that the office can mend; the other ones are somebody's decision
MENDABLE = (
    "no_address",
    "malformed_address",
    "address_bounced",
    "address_unsubscribed",
    "address_closed",
    "address_changed",
    "document_outdated",
    "file_missing",
    "file_damaged",
    "too_large",
    "template_error",
)
FACT_SOURCES = [
    ("webhook", "Webhook"),
    ("dump", "UniSender's event dump"),
    ("contact", "UniSender contact"),
    ("poll", "Not later than (polled)"),
    ("person", "Person"),
]
SETTLERS = [
    ("event", "UniSender's event"),
    ("contact", "UniSender contact"),
    ("person", "An employee"),
]
FAILURE_TYPES = [
    # why a letter was skipped
    ("no_address", "No e-mail address"),
    ("malformed_address", "Malformed e-mail address"),
    ("address_bounced", "Earlier letters came back from the address"),
    ("address_unsubscribed", "The payer unsubscribed"),
    ("address_closed", "The address is closed"),
    ("address_changed", "The address was changed after the letter was made"),
    ("payer_changed", "The document is of the previous responsible person"),
    ("no_consent", "No consent to e-mail"),
    ("paper_only", "Wants paper only"),
    ("no_document", "No saved document"),
    ("document_superseded", "The document was superseded or cancelled"),
    ("document_outdated", "Changed after the document was saved"),
    ("file_missing", "The receipt file is missing"),
    ("file_damaged", "The receipt file is damaged"),
    ("already_sent", "Already sent"),
    ("too_large", "The letter is too large"),
    ("template_error", "The template does not work for this account"),
    ("withdrawn", "Withdrawn before sending"),
    # why a letter did not arrive
    ("invalid_address", "Wrong e-mail address"),
    ("mailbox_unavailable", "The mailbox does not exist or is closed"),
    ("mailbox_full", "The mailbox is full"),
    ("domain", "The mail domain does not work"),
    ("spam_rejected", "Rejected as spam"),
    ("unsubscribed", "Unsubscribed at UniSender"),
    ("blocked", "Blocked at UniSender"),
    ("no_money", "No money on the UniSender account"),
    ("lost", "Lost by the service"),
    ("no_answer", "No answer from the service"),
    ("other", "Other"),
]
LETTER_STATES = [
    ("pending", "To Send"),
    ("claimed", "In the Queue"),
    ("sending", "Sending"),
    ("unknown", "Outcome Unknown"),
    ("sent", "Sent"),
    ("deferred", "Being Retried"),
    ("delivered", "Delivered"),
    ("opened", "Opened"),
    ("read", "Read"),
    ("spam", "Put into Spam"),
    ("complained", "Complaint"),
    ("unsubscribed", "Unsubscribed After Delivery"),
    ("bounced", "Not Delivered"),
    ("rejected", "Rejected"),
    ("skipped", "Skipped"),
    ("cancelled", "Cancelled"),
]


# the first that is there decides what is shown
SHOWN_FACTS = (
    ("unsubscribed", "unsubscribed_at"),
    ("complained", "complained_at"),
    ("spam", "spam_at"),
    ("read", "clicked_at"),
    ("opened", "opened_at"),
    ("delivered", "delivered_at"),
    ("bounced", "bounced_at"),
    ("deferred", "is_deferred"),
)


def find_state(letter):
    """Return the state that a letter shows, a function of what we did and what the world answered.

    :param letter: ``epd.mailing.letter`` or its ``LetterDraft``
    """
    state = letter["send_state"]
    if state in ANSWERED:
        state = next((name for name, field in SHOWN_FACTS if letter[field]), state)
    return state


class EpdMailingLetter(models.Model):
    """One document to one address: queue row, claim, outcome and what the world answered.

    ``send_state`` is what *we* did; the dated facts are what the world answered. The shown
    ``state`` is a function of both, so late, repeated or unordered events do no harm.

    ============  ===============================================================
    send_state    set by
    ============  ===============================================================
    pending       creation; an expired claim (nothing was sent)
    claimed       the sender claimed a slice, with a lease
    sending       committed right before the call; at most k at once
    sent          UniSender accepted it and gave an id, or told of it in an event
    rejected      a definite rejection of this letter
    unknown       no clear answer, or the worker died: never sent again by itself
    skipped       not to go, with ``failure_type``
    cancelled     withdrawn before it went
    ============  ===============================================================

    ============  ===============================================================
    state         ← what sets it (first line that fits)
    ============  ===============================================================
    send_state    unless ``sent`` or ``unknown`` with a later fact
    unsubscribed  unsubscribed_at
    complained    complained_at
    spam          spam_at
    read          clicked_at
    opened        opened_at
    delivered     delivered_at
    bounced       bounced_at
    deferred      is_deferred
    sent          nothing more is known
    ============  ===============================================================
    """

    _name = "epd.mailing.letter"
    _description = "Letter"
    _inherit = ["epd.state.gate", "epd.behind", "epd.bulk.rows", "epd.counted.groups"]
    _order = "mailing_id desc, id"
    _rec_name = "email"
    # those of the index below
    _counted_columns = (
        "mailing_id",
        "state",
        "period_id",
        "building_id",
        "failure_type",
        "company_id",
        "is_test",
    )
    _counted_always = ("company_id",)

    _state_field = "send_state"
    _transitions = {
        "pending": ("claimed", "skipped", "cancelled", "sent"),
        "claimed": ("pending", "sending", "skipped", "cancelled", "sent"),
        "sending": ("sent", "rejected", "unknown", "pending"),
        "unknown": ("sent", "rejected", "cancelled"),
        "sent": (),
        "rejected": (),
        "skipped": (),
        "cancelled": (),
    }
    _fact_fields = (
        "delivered_at",
        "delivered_source",
        "opened_at",
        "opened_source",
        "clicked_at",
        "clicked_source",
        "bounced_at",
        "bounced_source",
        "machine_opened_at",
        "spam_at",
        "complained_at",
        "unsubscribed_at",
        "is_deferred",
        "raw_status",
    )
    _guarded_fields = (
        *_fact_fields,
        "company_id",
        "unisender_account_id",
        "mailing_id",
        "document_id",
        "address_id",
        "account_id",
        "partner_id",
        "email",
        "email_normalized",
        "is_test",
        "resend_no",
        "failure_type",
        "failure_reason",
        "letter_key",
        "claim_token",
        "lease_until",
        "claimed_at",
        "sending_at",
        "sent_at",
        "provider_id",
        "attempts",
        "next_try_at",
        "next_poll_at",
        "poll_count",
        "contact_at",
        "decided_by",
        "settled_by",
        "raw_status_at",
        "is_forgotten",
    )

    # what left the house is kept, whoever deletes: a mailing takes along its letters that never went
    mailing_id = fields.Many2one(
        "epd.mailing", required=True, readonly=True, ondelete="restrict"
    )  # indexed with the state
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    unisender_account_id = fields.Many2one(
        "epd.unisender.account", readonly=True, ondelete="restrict"
    )
    document_id = fields.Many2one(
        "epd.payment.document", index="btree_not_null", readonly=True, ondelete="restrict"
    )
    account_id = fields.Many2one(
        "epd.personal.account", index="btree_not_null", readonly=True, ondelete="restrict"
    )
    building_id = fields.Many2one(related="account_id.building_id", store=True, precompute=True)
    period_id = fields.Many2one(related="document_id.period_id", store=True, precompute=True)
    partner_id = fields.Many2one("res.partner", string="Payer", readonly=True)
    address_id = fields.Many2one(
        "epd.delivery.address", index="btree_not_null", readonly=True, ondelete="set null"
    )
    email = fields.Char(readonly=True)
    email_normalized = fields.Char(readonly=True)
    # required: an empty value would slip through the unique index
    is_test = fields.Boolean(readonly=True, required=True, default=False)
    resend_no = fields.Integer(readonly=True, default=0)
    resend_reason = fields.Char(readonly=True)
    letter_key = fields.Char(readonly=True, copy=False)  # indexed by its uniqueness
    # what we did
    send_state = fields.Selection(
        [
            (key, label)
            for key, label in LETTER_STATES
            if key
            in (
                "pending",
                "claimed",
                "sending",
                "sent",
                "rejected",
                "unknown",
                "skipped",
                "cancelled",
            )
        ],
        required=True,
        default="pending",
        readonly=True,
    )
    failure_type = fields.Selection(FAILURE_TYPES, readonly=True)
    failure_reason = fields.Text(string="Reason", readonly=True)
    reason_text = fields.Char(
        string="Why",
        compute="_compute_reason_text",
        help="Why the letter did not go or arrive, in words.",
    )
    can_mend = fields.Boolean(
        compute="_compute_can_mend",
        help="It did not reach the payer, and no later one is under way.",
    )
    claim_token = fields.Char(readonly=True)
    claimed_at = fields.Datetime(readonly=True)
    lease_until = fields.Datetime(readonly=True)
    sending_at = fields.Datetime(readonly=True)
    sent_at = fields.Datetime(readonly=True)
    provider_id = fields.Char(string="UniSender Id", readonly=True, index="btree_not_null")
    attempts = fields.Integer(readonly=True)
    next_try_at = fields.Datetime(readonly=True)
    decided_by = fields.Many2one("res.users", readonly=True)
    settled_by = fields.Selection(
        SETTLERS,
        string="Outcome Settled By",
        readonly=True,
        help="What settled a letter whose outcome was unknown.",
    )
    # what the world answered
    delivered_at = fields.Datetime(readonly=True)
    delivered_source = fields.Selection(FACT_SOURCES, readonly=True)
    opened_at = fields.Datetime(readonly=True)
    opened_source = fields.Selection(FACT_SOURCES, readonly=True)
    machine_opened_at = fields.Datetime(
        string="Opened by a Program At",
        readonly=True,
        help="An image proxy or a scanner of the recipient's mail loaded the pictures. That proves no "
        "person, and does not count as opened.",
    )
    clicked_at = fields.Datetime(string="Read At", readonly=True)
    clicked_source = fields.Selection(FACT_SOURCES, readonly=True)
    bounced_at = fields.Datetime(readonly=True)
    bounced_source = fields.Selection(FACT_SOURCES, readonly=True)
    spam_at = fields.Datetime(readonly=True)
    complained_at = fields.Datetime(readonly=True)
    unsubscribed_at = fields.Datetime(readonly=True)
    is_deferred = fields.Boolean(readonly=True)
    raw_status = fields.Char(string="UniSender Status", readonly=True)
    raw_status_at = fields.Datetime(string="Status Known Since", readonly=True)
    is_forgotten = fields.Boolean(
        string="UniSender Does Not Know It",
        readonly=True,
        help="UniSender does not know the letter's id: it went by another key, or long ago. Its "
        "status is not asked any more.",
    )
    next_poll_at = fields.Datetime(readonly=True)
    poll_count = fields.Integer(readonly=True)
    contact_at = fields.Datetime(
        readonly=True, help="When the contact is to be asked for the exact time of a polled fact."
    )
    event_ids = fields.One2many("epd.letter.event", "letter_id")
    state = fields.Selection(
        LETTER_STATES, compute="_compute_state", store=True, string="Status", precompute=True
    )

    _never_twice = models.UniqueIndex(
        "(document_id, email_normalized, resend_no) "
        "WHERE NOT is_test AND send_state NOT IN ('skipped', 'cancelled')",
        "This document has already been sent, or is being sent, to this address.",
    )
    _key_uniq = models.UniqueIndex("(letter_key) WHERE letter_key IS NOT NULL")
    _queue_idx = models.Index(
        "(mailing_id, id) WHERE send_state IN ('pending', 'claimed', 'sending')"
    )
    _rate_idx = models.Index("(unisender_account_id, sending_at) WHERE sending_at IS NOT NULL")
    _lease_idx = models.Index("(lease_until) WHERE lease_until IS NOT NULL")
    _poll_idx = models.Index("(next_poll_at) WHERE next_poll_at IS NOT NULL")
    _contact_idx = models.Index("(contact_at) WHERE contact_at IS NOT NULL")
    # all that letters are counted by: a million are counted without reading them
    _mailing_state_idx = models.Index(
        "(mailing_id, state, period_id, building_id, failure_type, company_id, is_test)"
    )

    @api.depends(
        "send_state",
        "delivered_at",
        "opened_at",
        "clicked_at",
        "bounced_at",
        "spam_at",
        "complained_at",
        "unsubscribed_at",
        "is_deferred",
    )
    def _compute_state(self):
        for letter in self:
            letter.state = find_state(letter)

    @api.depends("failure_type", "failure_reason", "raw_status")
    def _compute_reason_text(self):
        labels = dict(self._fields["failure_type"]._description_selection(self.env))
        for letter in self:
            letter.reason_text = letter._describe_failure(labels)

    def _describe_failure(self, labels):
        """Return why the letter did not go or arrive, in words without codes of the service.

        :param labels: ``{failure type: label}`` in the reader's language
        :return: False when there is no reason
        """
        reason, label = self.failure_reason or "", labels.get(self.failure_type) or False
        words = {
            "err_giveup": self.env._(
                "The recipient's mail server did not take it; UniSender gave up"
            ),
            "err_delivery_failed": self.env._("The recipient's mail server did not take it"),
        }
        if self.failure_type == "other" and self.raw_status in words:
            return words[self.raw_status]
        coded = CODE.match(reason)
        if not coded:
            # as in the language it was written in, unless it says no more than the type
            return RAW_STATUS.sub("", reason) or label
        said = reason[coded.end() :]
        if label and self.failure_type != "other" or not said:
            return label
        return self.env._("UniSender answered: %s", said)

    @api.depends("state", "failure_type", "document_id.state")
    def _compute_can_mend(self):
        mendable = get_mendable(self)
        for letter in self:
            letter.can_mend = letter in mendable

    @api.model_create_multi
    def create(self, vals_list):
        # a letter just cancelled makes room in the unique index only when that is written
        self.flush_model(["send_state"])
        return super().create(vals_list)

    @api.model
    def _add_precomputed_values(self, vals_list):
        # Odoo makes a record in memory of each row to compute these: a third of writing the letters
        accounts = self.env["epd.personal.account"].sudo()
        accounts = accounts.browse(filter(None, (vals.get("account_id") for vals in vals_list)))
        buildings = {account.id: account.building_id.id for account in accounts}
        documents = self.env["epd.payment.document"].sudo()
        documents = documents.browse(filter(None, (vals.get("document_id") for vals in vals_list)))
        periods = {document.id: document.period_id.id for document in documents}
        for vals in vals_list:
            vals["state"] = find_state(defaultdict(bool, vals))
            vals["building_id"] = buildings.get(vals.get("account_id"), False)
            vals["period_id"] = periods.get(vals.get("document_id"), False)
        return super()._add_precomputed_values(vals_list)

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        # documents' own order (month, house, flat) would be looked up for each of a million letters; they are
        # made in that order
        if field_name == "document_id":
            field_name = "document_id.id"
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    def _has_left(self):
        """Tell whether a letter went out of the house, or may have."""
        self.ensure_one()
        return bool(
            self.send_state in LEFT or self.sending_at or self.sent_at or self.sudo().event_ids
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        free = ("pending", "skipped")
        if self._is_unlocked():  # along with its mailing
            free += ("cancelled",)
        if self.filtered(lambda letter: letter.send_state not in free or letter._has_left()):
            raise UserError(self.env._("The history of letters is not deleted."))

    def _move(self, target, **vals):
        # what is shown follows from it alone, as long as the world has not answered: with one write
        if target not in ANSWERED:
            vals.setdefault("state", target)
        return super()._move(target, **vals)

    # --- may it go ----------------------------------------------------------------------------------

    @api.model
    def _describe_reason(self, failure_type):
        """Return the values that say why a letter does not go, in the present language."""
        labels = dict(self._fields["failure_type"]._description_selection(self.env))
        return {"failure_type": failure_type, "failure_reason": labels[failure_type]}

    def _skip(self, failure_type, detail=""):
        reason = self._describe_reason(failure_type)
        if detail:
            reason["failure_reason"] += f": {detail}"
        self._unlocked()._move("skipped", **reason, lease_until=False, claim_token=False)

    # --- outcomes --------------------------------------------------------------------------------

    def _write_outcomes(self, outcomes):
        """Write what the calls came to: ``{letter id: pool.Outcome}``."""
        for letter in self._unlocked():
            outcome = outcomes[letter.id]
            if letter.send_state not in ("sending", "unknown"):
                # settled meanwhile, by a webhook or a person: what is known stays
                _logger.info("Letter %s is %s already", letter.id, letter.send_state)
                continue
            if outcome.kind == "sent":
                letter._write_sent(outcome.provider_id)
                letter._log_answer(outcome.warnings)
            elif outcome.kind == "unknown":
                letter._write_unknown(f"{outcome.error.code}: {outcome.error.message}")
            elif letter.send_state == "unknown":
                continue  # the sweep was quicker; a definite «not sent» is for a person to decide
            elif outcome.kind == "rejected":
                letter._write_rejected(outcome.error)
            elif letter.provider_id:
                letter._write_sent(None)  # an event told meanwhile that the service has it
            else:
                letter._write_not_sent(outcome)

    def _write_sent(self, provider_id):
        now = fields.Datetime.now()
        self._move(
            "sent",
            # a service that says «received already» names no id, and an event may have reported it
            provider_id=provider_id or self.provider_id,
            # an event may have been quicker than the answer
            sent_at=self.sent_at or min(filter(None, [now, self.delivered_at, self.bounced_at])),
            lease_until=False,
            claim_token=False,
            failure_type=False,
            failure_reason=False,
            next_poll_at=now + FIRST_POLL,
        )

    def _write_unknown(self, reason):
        """Nobody knows whether it went; never sent again by itself."""
        letter = self._unlocked()
        if letter.send_state == "sending":
            letter._move(
                "unknown",
                failure_type="no_answer",
                failure_reason=reason,
                lease_until=False,
                claim_token=False,
                poll_count=0,
                next_poll_at=fields.Datetime.now() + FIRST_POLL,
            )

    def _write_rejected(self, error):
        """A definite rejection of this letter."""
        failure = REJECTIONS.get(error.code, "other")
        self._move(
            "rejected",
            failure_type=failure,
            failure_reason=f"{error.code}: {error.message}",
            lease_until=False,
            claim_token=False,
        )
        if error.code in LOSSES and not self.is_test:
            # by what the letter was sent to: its row may hold another address by now
            self.env["epd.letter.facts"]._lose_addresses(
                self.company_id.id, [self.email_normalized], LOSSES[error.code], error.code
            )

    def _write_not_sent(self, outcome):
        """Certainly not sent (no connection, «retry later», limit, stop): back to the queue."""
        error, vals = outcome.error, {"lease_until": False, "claim_token": False}
        if outcome.kind == "retry" and not isinstance(error, errors.ConnectFailed):
            if self.attempts >= MAX_ATTEMPTS:
                self._write_rejected(error)
                return
            pause = timedelta(minutes=RETRY_PAUSES[min(self.attempts, len(RETRY_PAUSES)) - 1])
            vals |= {
                "next_try_at": fields.Datetime.now() + pause,
                "failure_reason": f"{error.code}: {error.message}",
            }
        else:
            # no attempt of this letter; the service counts a call that met its limit, and no other
            vals |= {"attempts": max(0, self.attempts - 1)}
            vals |= {} if outcome.kind == "limited" else {"sending_at": False}
        self._move("pending", **vals)
        # given up while it was under way, as another transaction may have done: it goes no more
        self.mailing_id.invalidate_recordset(["state"])
        if self.mailing_id.state in GIVEN_UP:
            self._withdraw(self.env._("The mailing was cancelled."))

    def _log_answer(self, warnings):
        """Keep what the service warned of when it took the letter."""
        self.env["epd.letter.event"].sudo().create(
            [
                {
                    "letter_id": self.id,
                    "unisender_account_id": self.unisender_account_id.id,
                    "provider_id": self.provider_id,
                    "letter_key": self.letter_key,
                    "raw_status": "warning",
                    "source": "answer",
                    "note": warning,
                }
                for warning in warnings
            ]
        )

    def _settle_as_sent(self, provider_id, moment, by):
        """The service knows the letter: one of unknown outcome was sent, and one in the queue too.

        It was handed over when it was called for, whenever we heard of it. Of a letter in the queue
        the service knows when the database is of a backup, or its own «not taken» was wrong.

        :param provider_id: the service's id, or False when it is not known
        :param moment: naive UTC to take when the moment of the call is not known
        :param by: what settles it, a key of ``settled_by``
        """
        for letter in self._unlocked():
            vals = {} if letter.provider_id else {"provider_id": provider_id}
            if letter.send_state in UNSETTLED:
                letter._move(
                    "sent",
                    lease_until=False,
                    claim_token=False,
                    sent_at=letter.sent_at or letter.sending_at or moment or fields.Datetime.now(),
                    settled_by=by,
                    failure_type=False,
                    failure_reason=False,
                    poll_count=0,
                    next_poll_at=fields.Datetime.now(),
                    **vals,
                )
            elif vals:
                letter.write(vals)

    # --- what a person decides --------------------------------------------------------------------

    def _check_operator(self):
        if not self.env.user.has_group("epd_mailing.group_epd_operator"):
            raise UserError(self.env._("Only operators of payment documents may do this."))
        self.check_access("read")
        return self.sudo()._unlocked()

    def _withdraw(self, reason):
        """Cancel the letters that have not gone; the others stay as they are."""
        waiting = self.sudo().filtered(lambda letter: letter.send_state in ("pending", "claimed"))
        waiting._unlocked()._move(
            "cancelled",
            failure_type="withdrawn",
            failure_reason=reason,
            lease_until=False,
            claim_token=False,
        )

    def action_mark_sent(self):
        """«It Was Sent»: a person settles a letter whose outcome is unknown."""
        letters = self._check_operator()
        letters._check_unknown()
        letters._move(
            "sent",
            decided_by=self.env.uid,
            settled_by="person",
            failure_type=False,
            failure_reason=False,
            next_poll_at=False,
        )
        for letter in letters:
            letter.sent_at = letter.sent_at or letter.sending_at
        letters._log_decision(self.env._("It was sent"))
        return True

    def action_send_again(self):
        """«Send Once More»: a person decides that a letter of unknown outcome did not go.

        The repeat is a new row of the same mailing with the next resend number; the first letter
        stays as one that got no answer, and shows what the service may still say of it.
        """
        letters = self._check_operator()
        letters._check_unknown()
        reasons = self.env["epd.letter.eligibility"]._get_reasons(letters)
        unfit = letters.filtered(reasons.get)
        if unfit:
            raise UserError(
                self.env._(
                    "The letter to %(email)s cannot go again: %(reason)s.",
                    email=unfit[0].email,
                    reason=self._describe_reason(reasons[unfit[0]])["failure_reason"],
                )
            )
        if letters.mailing_id.filtered(lambda mailing: mailing.state in GIVEN_UP):
            raise UserError(
                self.env._("The mailing is cancelled. Make a new mailing of these documents.")
            )
        note = self.env._(
            "Outcome unknown; %(user)s had it sent once more", user=self.env.user.name
        )
        letters._move(
            "rejected",
            decided_by=self.env.uid,
            settled_by="person",
            failure_reason=note,
            next_poll_at=False,
        )
        letters._log_decision(self.env._("Send once more"))
        for mailing, own in letters.grouped("mailing_id").items():
            LetterWriter(mailing).repeat([(letter, letter.address_id) for letter in own], note)
        for mailing in letters.mailing_id:
            if mailing.state == "done":
                mailing._unlocked()._move("sending", finished_at=False)
            mailing._wake_sender()
        return True

    def action_mend(self):
        """«Correct and Send»: ask for the right address of this letter's payer."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct the Address and Send"),
            "res_model": "epd.letter.mend",
            "view_mode": "form",
            "target": "new",
            "context": {"default_letter_id": self.id},
        }

    def _check_unknown(self):
        if self.filtered(lambda letter: letter.send_state != "unknown"):
            raise UserError(self.env._("Only letters whose outcome is unknown are settled so."))

    def action_resend(self):
        """Send chosen letters again as a new linked mailing (after the address was corrected).

        Letters that were sent or rejected, and those skipped for a reason that can be corrected.
        """
        letters = self._check_operator()
        if len(letters.mailing_id) != 1:
            raise UserError(self.env._("Choose letters of one mailing."))
        if letters.filtered(
            lambda letter: (
                letter.send_state not in ("sent", "rejected")
                and (letter.send_state != "skipped" or letter.failure_type not in MENDABLE)
            )
        ):
            raise UserError(
                self.env._(
                    "Only letters that were sent, rejected, or skipped for something that can be "
                    "corrected, are sent again."
                )
            )
        repeat = MailingRepeat(letters.mailing_id.with_user(self.env.user))
        return repeat.of_letters(letters, self.env._("Chosen letters"))._get_records_action()

    def _log_decision(self, note):
        self.env["epd.letter.event"].sudo().create(
            [
                {
                    "letter_id": letter.id,
                    "unisender_account_id": letter.unisender_account_id.id,
                    "letter_key": letter.letter_key,
                    "raw_status": "decision",
                    "event_at": fields.Datetime.now(),
                    "source": "person",
                    "user_id": self.env.uid,
                    "note": note,
                }
                for letter in self
            ]
        )
