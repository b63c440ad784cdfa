import logging
import time
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models

from ...tools.unisender import errors, statuses
from ...tools.unisender.client import STATUS_BATCH, CheckResult
from .letter_drafts import LetterDrafts
from .transaction import in_transaction

_logger = logging.getLogger(__name__)

# the vendor forgets a letter after about a month
# https://www.unisender.com/ru/support/api/messages/check-email/, seen 2026-11-26
KEPT = timedelta(days=30)
# minutes until the next poll, by the number of polls so far
INTERVALS = (2, 5, 15, 30, 60, 180, 360, 720, 1440)
# a letter that has just gone may not be known at every place of the service yet
KNOWN_AFTER = timedelta(hours=1)
# an event is reported within minutes, and again every ten where nobody answered; a webhook that is
# silent for longer is taken for dead
# https://www.unisender.com/ru/support/api/common/sistema-uvedomlenij-o-sobytiyah-webhooks/, seen 2026-11-26
SILENCE = timedelta(minutes=20)
RENEW = timedelta(days=1)  # a silent webhook is registered again so often
RUN_WALL = 15.0  # seconds; a cron run shares its time with the other jobs
BATCHES_AT_ONCE = 10  # by the button; the rest goes through the queue
BATCHES_A_SLICE = 4  # asked one after another, written and committed together
CONTACTS_A_RUN = 50
MISSED_LOOKED_AT = 500  # events, to tell whether the webhook is silent


class Answer(NamedTuple):
    """What the service answered for letters.

    ``result``: ``CheckResult``; ``asked``: the letters it answered for; ``rejected``: those of the call
    that went wrong with ``error``, if one did.
    """

    result: CheckResult
    asked: models.BaseModel
    rejected: models.BaseModel
    error: errors.UniSenderError | None


class EpdStatusPoll(models.AbstractModel):
    """Statistics by polling: a fact seen so has a «not later than» time."""

    _name = "epd.status.poll"
    _description = "Polling of Letter Statuses"

    @api.model
    def _run(self):
        """Ask the statuses of all letters whose time has come, in batches of 500."""
        engine = self.env["epd.work.engine"]
        if engine._hand_over("epd_mailing.ir_cron_refresh"):
            return
        began, more, next_at = time.monotonic(), False, None
        in_transaction(self.env, self._match_kept_events)
        # an account put away is asked on: an office that changed to the other service keeps its letters' story
        accounts = (
            self.env["epd.unisender.account"]
            .with_context(active_test=False)
            .search([("state", "!=", "draft")])
            .with_context(active_test=True)
        )
        for account in accounts:
            try:
                account = account._for_office()
                if account._describe_strange_home():
                    continue  # the original asks
                if account.api_kind == "go":
                    back = self.env["epd.go.events"]._run(account)
                    next_at = min(filter(None, (next_at, back)), default=None)
                else:
                    more = self._poll_account(account, began) or more
                in_transaction(self.env, lambda account=account: self._settle_unknown(account))
                in_transaction(self.env, lambda account=account: self._watch_webhook(account))
                # a webhook that is heard tells the exact times by itself, and so does a dump
                if account.api_kind == "classic" and (
                    account.webhook_state != "on" or account.webhook_silent_at
                ):
                    asked = in_transaction(
                        self.env, lambda account=account: self._ask_times(account)
                    )
                    more = asked or more
            except Exception:  # one account must not stop the others
                self.env.cr.rollback()
                if account.exists():  # nobody deletes one with letters, but one without
                    _logger.exception("Statuses of UniSender account %s cannot be read", account.id)
        if more or next_at:
            engine._wake("epd_mailing.ir_cron_refresh", None if more else next_at)
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _poll_account(self, account, began):
        """Ask batch by batch; return True when there is more than fits into the cron run."""
        while True:
            due = self._get_due(account)
            if not due:
                return False
            if time.monotonic() - began > RUN_WALL:
                return True
            # asked once: what is repeated after a clash is the writing
            answer = self._ask(account, due)
            if not in_transaction(
                self.env,
                lambda answer=answer: self._take(account, answer),
                processed=len(due),
            ):
                return False
            self.env.invalidate_all()

    @api.model
    def _get_due(self, account, extra=()):
        return self.env["epd.mailing.letter"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("send_state", "=", "sent"),
                ("provider_id", "!=", False),
                ("next_poll_at", "<=", fields.Datetime.now()),
                *extra,
            ],
            order="next_poll_at",
            limit=STATUS_BATCH * BATCHES_A_SLICE,
        )

    @api.model
    def _refresh(self, mailing):
        """Ask now for the letters of a mailing whose story is not at its end.

        :return: False when the service could not be asked
        """
        if mailing.unisender_account_id.api_kind == "go":
            return self.env["epd.go.events"]._ask_now(mailing.unisender_account_id)
        letters = self.env["epd.mailing.letter"].search(
            [
                ("mailing_id", "=", mailing.id),
                ("send_state", "=", "sent"),
                ("provider_id", "!=", False),
                ("next_poll_at", "!=", False),
                ("sent_at", ">", fields.Datetime.now() - KEPT),
            ],
            order="next_poll_at",
        )
        now = letters[: STATUS_BATCH * BATCHES_AT_ONCE]
        later = letters[STATUS_BATCH * BATCHES_AT_ONCE :]
        account = mailing.unisender_account_id
        if now and not self._take(account, self._ask(account, now), counted=False):
            return False
        if later:
            later._unlocked().write({"next_poll_at": fields.Datetime.now()})
            self.env["epd.work.engine"]._wake("epd_mailing.ir_cron_refresh")
        mailing._unlocked().write({"refreshed_at": fields.Datetime.now()})
        return True

    @api.model
    def _ask(self, account, letters):
        """Ask for letters, as many a call as the service takes, until it does not answer.

        :return: :class:`Answer`
        """
        client, result = account._get_client(), CheckResult({}, {})
        for start in range(0, len(letters), STATUS_BATCH):
            batch = letters[start : start + STATUS_BATCH]
            try:
                found = client.check_email(batch.mapped("provider_id"))
            except errors.UniSenderError as error:
                return Answer(result, letters[:start], batch, error)
            result = CheckResult(
                result.statuses | found.statuses,
                result.failed | found.failed,
                result.warnings + found.warnings,
            )
        return Answer(result, letters, letters.browse(), None)

    @api.model
    def _take(self, account, answer, counted=True):
        """Apply what the service answered.

        :param answer: :class:`Answer`
        :param counted: False when a person asked: the next poll does not move away
        :return: False when the service could not be asked for all
        """
        now, result, error = fields.Datetime.now(), answer.result, answer.error
        if error:
            _logger.warning("Statuses cannot be asked: %s", error.code)
            account._unlocked().write({"last_error": account._describe_error(error)})
            if isinstance(error, errors.Rejected):
                # the same batch would be rejected again: each letter waits as after any check
                self._plan_next_poll(answer.rejected, now, counted)
        letters = answer.asked
        account._note_warnings(result.warnings)
        if not error and account.last_error and account.state == "active":
            if not account.fault_count:
                account._unlocked().write({"last_error": False})  # of a poll before
        drafts = self.env["epd.letter.facts"]._fold_statuses(
            [
                (letter, result.statuses[letter.provider_id], now, "poll")
                for letter in letters
                if letter.provider_id in result.statuses
            ]
        )
        self._plan_next_poll(letters, now, counted, drafts)
        self._forget(
            letters.filtered(
                lambda letter: (
                    letter.provider_id in result.failed
                    and (letter.sent_at or letter.create_date) < now - KNOWN_AFTER
                )
            ),
            result.failed,
        )
        for mailing in letters.mailing_id:
            if not mailing.refreshed_at or now - mailing.refreshed_at > timedelta(seconds=20):
                mailing._unlocked().write({"refreshed_at": now})
        return not error

    @api.model
    def _forget(self, letters, reasons):
        """Ask no more for letters that the service does not know, and say so.

        They went by another key (an account that was changed), or the service forgot them.

        :param reasons: ``{id of the service: its words}``
        """
        if not letters:
            return
        letters._unlocked().write({"next_poll_at": False, "is_forgotten": True})
        self.env["epd.letter.event"].sudo().create(
            [
                {
                    "letter_id": letter.id,
                    "unisender_account_id": letter.unisender_account_id.id,
                    "provider_id": letter.provider_id,
                    "letter_key": letter.letter_key,
                    "raw_status": "failed_email_id",
                    "source": "poll",
                    "note": str(reasons[letter.provider_id])[:500],
                }
                for letter in letters
            ]
        )
        for mailing, own in letters.grouped("mailing_id").items():
            mailing = mailing._for_office()
            mailing.message_post(
                body=mailing.env._(
                    "UniSender does not know %(count)s letters of this mailing: they went by "
                    "another API key, or too long ago. Their status stays as it was and is not "
                    "asked any more.",
                    count=len(own),
                )
            )

    # --- a webhook that is not heard -------------------------------------------------------------

    @api.model
    def _watch_webhook(self, account):
        """Notice a webhook that gets no calls: notify a manager, register it again each day.

        It is silent when a poll saw letters arrive a while ago and no genuine call came since.
        """
        if account.webhook_state != "on":
            return
        now = fields.Datetime.now()
        heard = max(
            filter(None, (account.webhook_called_at, account.webhook_on_at)),
            default=account.write_date,
        )
        if not account.webhook_silent_at:
            if not self._has_missed_call(account, heard, now):
                return
            account._unlocked().write({"webhook_silent_at": heard})
            account._notify_manager(
                account.env._("UniSender's webhook gets no calls"),
                "\n".join(
                    filter(
                        None,
                        [
                            account.env._(
                                "Letters change at UniSender, and no call of it comes. The "
                                "webhook is registered again; until a call comes, the exact "
                                "times are asked of the contacts."
                            ),
                            account.webhook_warning,
                        ],
                    )
                ),
            )
        if not account.webhook_renewed_at or account.webhook_renewed_at < now - RENEW:
            self._renew_webhook(account, now)

    @api.model
    def _has_missed_call(self, account, heard, now):
        """Tell whether polls saw what no call reported, though there was time for it.

        Calls are noted once a minute, so the letters' own events are looked at too. Events that wait
        to be read were called for; that their job is off or late is the health check's to say.
        """
        waiting = [("unisender_account_id", "=", account.id), ("is_waiting", "=", True)]
        if self.env["epd.letter.event"].search_count(waiting, limit=1):
            return False
        seen = self.env["epd.letter.event"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("source", "in", ("poll", "dump")),
                ("raw_status", "in", statuses.ARRIVED),
                ("received_at", ">=", heard),
                ("received_at", "<", now - SILENCE),
            ],
            order="id desc",
            limit=MISSED_LOOKED_AT,
        )
        reported = self.env["epd.letter.event"].search(
            [
                ("letter_id", "in", seen.letter_id.ids),
                ("source", "=", "webhook"),
                ("received_at", ">=", heard),
            ]
        )
        return bool(seen.letter_id - reported.letter_id)

    @api.model
    def _renew_webhook(self, account, now):
        """Register the webhook once more: the service switches off what failed for a day."""
        account._unlocked().write({"webhook_renewed_at": now})
        try:
            account._register_webhook(account._get_client())
        except errors.UniSenderError as error:
            _logger.warning("The webhook cannot be registered: %s", error.code)
            account._unlocked().write({"last_error": account._describe_error(error)})

    # --- letters of unknown outcome, events without a letter --------------------------------------

    @api.model
    def _match_kept_events(self):
        """Match events that were kept while their letter's id was just being written."""
        events = self.env["epd.letter.event"].search(
            [
                ("letter_id", "=", False),
                ("is_waiting", "!=", True),
                ("source", "=", "webhook"),
                ("received_at", ">", fields.Datetime.now() - timedelta(days=2)),
                ("unisender_account_id", "!=", False),
            ],
            order="id",
            limit=5000,
        )
        if events:
            self.env["epd.letter.facts"]._match_safely(events)

    @api.model
    def _settle_unknown(self, account):
        """Ask the contact of letters of unknown outcome whose time has come."""
        letters = self.env["epd.mailing.letter"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("send_state", "=", "unknown"),
                ("next_poll_at", "<=", fields.Datetime.now()),
            ],
            order="next_poll_at",
            limit=CONTACTS_A_RUN,
        )
        facts = self.env["epd.letter.facts"]
        facts._adopt_events(letters)
        if account.api_kind == "go":
            return  # its dumps name each letter by our key
        client = account._get_client() if letters else None
        for letter in letters.filtered(lambda letter: letter.send_state == "unknown"):
            try:
                contact = client.get_contact(letter.email_normalized)
            except errors.Rejected:
                contact = None  # the service does not know the address
            except errors.UniSenderError as error:
                _logger.warning("Contacts cannot be asked: %s", error.code)
                return
            facts._settle_by_contact(letter, contact)
            self._plan_next_poll(letter, fields.Datetime.now(), True)

    @api.model
    def _ask_times(self, account):
        """Ask the contacts of facts that polling could date by «not later than» alone.

        :return: True when more of them wait
        """
        letters = self.env["epd.mailing.letter"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("contact_at", "<=", fields.Datetime.now()),
            ],
            order="contact_at",
            limit=CONTACTS_A_RUN + 1,
        )
        facts = self.env["epd.letter.facts"]
        now, client = letters[:CONTACTS_A_RUN], account._get_client()
        rivalled = facts._get_rivalled(now)
        for letter in now:
            # asked once for each fact: the contact forgets with their next letter
            letter._unlocked().write({"contact_at": False})
            if not letter.provider_id or not letter.sending_at or letter in rivalled:
                continue
            try:
                facts._date_by_contact(letter, client.get_contact(letter.email_normalized))
            except errors.Rejected:
                continue
            except errors.UniSenderError as error:
                _logger.warning("Contacts cannot be asked: %s", error.code)
                return False
        return len(letters) > len(now)

    # --- when to ask next ------------------------------------------------------------------------

    @api.model
    def _plan_next_poll(self, letters, now, counted, drafts=None):
        """Set the next poll: later each time, none after a final fact or the vendor's 30 days.

        :param drafts: :class:`LetterDrafts` of what else is to be written of them, written along
        """
        drafts = drafts or LetterDrafts(self.env)
        for letter in letters:
            draft = drafts.open(letter)
            next_at, count = self._get_next_poll(draft, now, counted)
            draft.vals |= {"next_poll_at": next_at, "poll_count": count}
        drafts.save()

    @api.model
    def _plan_heard(self, drafts):
        """Plan the next poll of letters that an event dump has told of, to be written along with it.

        :param drafts: :class:`LetterDrafts`
        """
        now = fields.Datetime.now()
        for draft in drafts.drafts.values():
            if draft["next_poll_at"] and draft["next_poll_at"] <= now:
                next_at, count = self._get_next_poll(draft, now, True)
                draft.vals |= {"next_poll_at": next_at, "poll_count": count}

    @api.model
    def _get_next_poll(self, letter, now, counted):
        """Return (when to ask next or False, number of polls by then).

        :param letter: its ``LetterDraft``
        """
        count = letter["poll_count"] + int(counted)
        facts = self.env["epd.letter.facts"]
        age = facts._get_age(letter, letter["raw_status"])
        final = statuses.get_status(letter["raw_status"] or "", age).final
        began = letter["sent_at"] or letter["sending_at"]
        if (final and letter["send_state"] == "sent") or (began and began + KEPT < now):
            return False, count
        minutes = INTERVALS[min(max(count - 1, 0), len(INTERVALS) - 1)]
        return now + timedelta(minutes=minutes), count
