import logging
import time
import uuid
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.unisender import client as unisender
from ..tools.unisender import pool

_logger = logging.getLogger(__name__)

SLICE = 50  # letters claimed together
# a cron pass may take 120 s of wall and 60 s of CPU for all jobs of the database together
PASS_WALL = 40.0
PASS_CPU = 22.0
UNKNOWN_MARGIN = timedelta(seconds=60)
RETRY_PAUSES = (1, 2, 5, 15, 30, 60)  # minutes; a refused connection or «retry later»
FIRST_POLL = timedelta(minutes=2)


class EpdMailing(models.Model):
    """The sender. Claim → commit → re-check → «sending» → commit → call → outcome → commit.

    A row lock ends with the first commit, the written state does not: the state *is* the claim. A
    worker that dies leaves letters claimed (back to the queue when the lease expires: nothing went) or
    sending (unknown: perhaps they went, so they are never sent again by themselves).
    """

    _inherit = "epd.mailing"

    @api.model
    def _cron_send(self):
        """Send what is due, within the budget of a pass."""
        wall, cpu = time.monotonic(), time.process_time()

        def in_budget():
            return (
                time.monotonic() - wall < PASS_WALL and time.process_time() - cpu < PASS_CPU
            )

        self._sweep()
        self._start_due()
        wake = []
        for mailing in self.search([("state", "=", "sending")], order="started_at, id"):
            company = mailing.company_id
            mailing = mailing.with_company(company).with_context(
                lang=mailing.user_id.lang or "ru_RU", tz=company.epd_tz, tracking_disable=True
            )
            try:
                wake.append(mailing._send_slices(in_budget))
            except Exception:  # one mailing must not stop the others
                self.env.cr.rollback()
                _logger.exception("Mailing %s failed", mailing.id)
                mailing._wait(self.env._("An unexpected fault; see the server log."), minutes=5)
                wake.append(fields.Datetime.now() + timedelta(minutes=5))
        wake = [moment for moment in wake if moment]
        if wake:
            self.env.ref("epd_mailing.ir_cron_send")._trigger(
                at=max(min(wake), fields.Datetime.now())
            )
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _start_due(self):
        due = self.search(
            [("state", "=", "scheduled"), ("scheduled_at", "<=", fields.Datetime.now())]
        ).try_lock_for_update()
        for mailing in due:
            mailing._move("sending", started_at=mailing.started_at or fields.Datetime.now())
        self.env["ir.cron"]._commit_progress()

    @api.model
    def _sweep(self):
        """Take back expired claims; what was being sent by a dead worker becomes unknown."""
        now = fields.Datetime.now()
        letters = self.env["epd.mailing.letter"]
        expired = letters.search(
            [("send_state", "=", "claimed"), ("lease_until", "<", now)]
        ).try_lock_for_update()
        expired._through_gate()._move("pending", lease_until=False, claim_token=False)
        dead = letters.search(
            [("send_state", "=", "sending"), ("lease_until", "<", now)]
        ).try_lock_for_update()
        dead._through_gate()._move(
            "unknown",
            failure_type="no_answer",
            failure_reason=self.env._("The server stopped while the letter was being sent."),
            lease_until=False,
            next_poll_at=now,
        )
        self.env["ir.cron"]._commit_progress()

    # --- one mailing -----------------------------------------------------------------------------

    def _send_slices(self, in_budget):
        """Send until the budget, the letters or the limits end.

        :return: when to come back (datetime, UTC), or None when there is nothing to come back for
        """
        account = self.unisender_account_id
        if account.state != "active":
            self._pause(self.env._("The UniSender account is not active."))
            return None
        sender = account._get_client()
        while in_budget():
            self.invalidate_recordset(["state", "wait_until"])
            if self.state != "sending":  # paused or cancelled meanwhile
                return None
            now = fields.Datetime.now()
            if self.wait_until and self.wait_until > now:
                return self.wait_until
            letters = self._claim_letters()
            if not letters:
                return self._finish_or_wait()
            ready = self._check_letters(letters)
            while ready:
                self.invalidate_recordset(["state"])
                if self.state != "sending" or not in_budget():
                    self._release(ready)
                    break
                batch, pause = self._reserve(ready)
                if not batch:
                    if pause > 5 or not in_budget():
                        self._release(ready)
                        return fields.Datetime.now() + timedelta(seconds=max(1, pause))
                    # a paced pass holds its worker: waiting here is not longer than a wake-up
                    time.sleep(min(pause, 1.0))
                    continue
                ready -= batch
                halted = self._send_batch(batch, sender)
                if halted:
                    self._release(ready)
                    return halted if halted is not True else None
        return fields.Datetime.now()

    def _finish_or_wait(self):
        """No letter can be claimed now: done, or wait for the first that may be tried again."""
        letters = self.env["epd.mailing.letter"]
        domain = [("mailing_id", "=", self.id)]
        if letters.search_count(
            [*domain, ("send_state", "in", ("claimed", "sending"))], limit=1
        ):
            return fields.Datetime.now() + timedelta(seconds=30)
        first = letters.search(
            [*domain, ("send_state", "=", "pending")], order="next_try_at", limit=1
        )
        if first:
            return first.next_try_at or fields.Datetime.now() + timedelta(seconds=5)
        self._through_gate()._move(
            "done",
            finished_at=fields.Datetime.now(),
            wait_reason=False,
            wait_until=False,
            next_refresh_at=fields.Datetime.now() + FIRST_POLL,
        )
        self.message_post(
            body=self.env._(
                "Sent: %(sent)s. Refused: %(failed)s. Left out: %(skipped)s. Outcome unknown: "
                "%(unknown)s.",
                sent=self.sent_count,
                failed=self.failed_count,
                skipped=self.skipped_count,
                unknown=self.unknown_count,
            )
        )
        self.env["ir.cron"]._commit_progress()
        return None

    def _claim_letters(self):
        """Claim the next letters and commit the claim."""
        now = fields.Datetime.now()
        found = self.env["epd.mailing.letter"].search(
            [
                ("mailing_id", "=", self.id),
                ("send_state", "=", "pending"),
                "|",
                ("next_try_at", "=", False),
                ("next_try_at", "<=", now),
            ],
            order="id",
            limit=SLICE,
        )
        letters = found.try_lock_for_update().filtered(lambda l: l.send_state == "pending")
        if letters:
            letters._through_gate()._move(
                "claimed",
                claim_token=uuid.uuid4().hex,
                claimed_at=now,
                lease_until=now
                + timedelta(seconds=max(60, self.unisender_account_id.lease_seconds)),
            )
            # the lock ends here, the claim stays
            self.env["ir.cron"]._commit_progress()
        return letters

    def _release(self, letters):
        """Put claimed letters back: nothing was sent."""
        left = letters.filtered(lambda letter: letter.send_state == "claimed")
        left._through_gate()._move("pending", lease_until=False, claim_token=False)
        self.env["ir.cron"]._commit_progress()

    def _check_letters(self, letters):
        """Check each claimed letter again; what may not go is left out, with the reason."""
        good = letters.browse()
        for letter in letters:
            reason = letter._why_not_now()
            if reason:
                letter._through_gate()._move(
                    "skipped", **self._reason(reason), lease_until=False
                )
            else:
                good |= letter
        self.env["ir.cron"]._commit_progress()
        return good

    def _reserve(self, letters):
        """Turn at most k letters to «sending» within the account's limits, and commit that.

        Limits are counted from the letters themselves, under a lock of the account, so that any
        number of workers and hosts share them.

        :return: (letters to send now, seconds to wait when there are none)
        """
        account = self.unisender_account_id
        # SELECT … FOR UPDATE would clash with edits of the account; an advisory lock does not
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, %s)", 0x65706400, account.id))
        free, pause = account._get_free_calls()
        batch = letters.browse()
        if free > 0:
            recent = account._get_recent_addresses(letters.mapped("email_normalized"))
            taken = set()
            for letter in letters.sorted("id"):
                if len(batch) >= min(free, max(1, account.parallel_calls)):
                    break
                email = letter.email_normalized
                if email in recent or email in taken:
                    continue
                if account.limit_address_seconds:
                    taken.add(email)
                batch |= letter
            if not batch and recent:
                pause = min(recent.values())
        # the rows are claimed by this worker alone; still, look at the state in the database
        batch = batch.try_lock_for_update().filtered(lambda letter: letter.send_state == "claimed")
        now = fields.Datetime.now()
        for letter in batch._through_gate():
            letter._move(
                "sending",
                sending_at=now,
                attempts=letter.attempts + 1,
                lease_until=now + timedelta(seconds=account.timeout_seconds) + UNKNOWN_MARGIN,
            )
        # committed before any call: a worker that dies now leaves them to be found
        self.env["ir.cron"]._commit_progress()
        return batch, pause

    def _send_batch(self, letters, sender):
        """Call UniSender for letters that are committed as «sending»; write what came of it.

        :return: falsy to go on; True when the mailing was paused; a datetime to come back at
        """
        account = self.unisender_account_id
        jobs, broken = [], {}
        for letter in letters:
            try:
                jobs.append((letter.id, letter._prepare_call(account)))
            except Exception as error:
                broken[letter.id] = error
        outcomes = pool.send_many(sender, jobs, account.parallel_calls)
        halted = False
        for letter in letters._through_gate():
            if letter.id in broken:
                letter._refuse_prepared(broken[letter.id])
                continue
            halted = letter._write_outcome(outcomes[letter.id]) or halted
        if halted == "stop":
            error = next(o.error for o in outcomes.values() if o.kind == "stop")
            self._pause_for_account(error)
        elif halted == "limited":
            self._wait(self.env._("UniSender asks to slow down."), minutes=1)
        # what the service said is kept whatever happens next
        self.env["ir.cron"]._commit_progress(len(letters))
        return {"stop": True, "limited": self.wait_until}.get(halted, False)

    def _wait(self, reason, minutes):
        self.invalidate_recordset()
        self._through_gate().write(
            {
                "wait_reason": reason,
                "wait_until": fields.Datetime.now() + timedelta(minutes=minutes),
            }
        )
        self.env["ir.cron"]._commit_progress()

    def _pause(self, reason):
        """Pause for a fault that a person has to mend, and tell a manager."""
        self._can_move("paused")._through_gate()._move("paused", wait_reason=reason)
        manager = self.env.ref("epd_mailing.group_epd_manager").all_user_ids.filtered(
            lambda user: user.active and self.company_id in user.company_ids
        )[:1]
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("The mailing stands still"),
            note=reason,
            user_id=(manager or self.user_id or self.env.user).id,
        )
        self.env["ir.cron"]._commit_progress()

    def _pause_for_account(self, error):
        text = self.unisender_account_id._describe_error(error)
        self.unisender_account_id._through_gate().write(
            {"state": "error", "last_error": text}
        )
        self._pause(text)


class EpdMailingLetter(models.Model):
    """One letter on its way out."""

    _inherit = "epd.mailing.letter"

    def _why_not_now(self):
        """Return why a claimed letter may not go after all (a failure type), or nothing."""
        self.ensure_one()
        document, address = self.document_id, self.address_id
        if document.state != "saved":
            return "document_superseded"
        if not address or address.state == "closed":
            return "address_closed"
        if address.state != "active":
            return f"address_{address.state}"
        if address.email_normalized != self.email_normalized:
            # the address was corrected after the letter was made; a new letter goes to the new one
            return "address_closed"
        if not document.pdf_file:
            return "file_missing"
        try:
            document._read_pdf()
        except UserError:
            return "file_damaged"
        return None

    def _prepare_call(self, account):
        """Return the plain ``unisender.Letter`` of this row, with its verified file."""
        mailing, document = self.mailing_id, self.document_id
        text = document._render_letter(self, mailing)
        letter = unisender.Letter(
            email=self.email_normalized,
            sender_name=account.sender_name,
            sender_email=account.sender_email,
            subject=text.subject,
            body=text.html,
            list_id=account.list_id or "",
            attachments=((document.pdf_name, document._read_pdf()),),
            metadata={"key": self.letter_key},
            ref_key=self.letter_key if account.send_ref_key else None,
            reply_to=document.building_id.reply_to or account.reply_to or None,
            track_links=account.track_links,
        )
        limit = account.limit_letter_bytes
        if limit and unisender.letter_size(letter) > limit:
            raise LetterProblem("too_large")
        return letter

    def _refuse_prepared(self, error):
        """The call was never made: the letter is refused by ourselves, with the reason."""
        failure = error.failure_type if isinstance(error, LetterProblem) else "template_error"
        reason = self.mailing_id._reason(failure)
        if failure == "template_error":
            reason["failure_reason"] += f": {error}"
            _logger.warning("Letter %s cannot be made: %s", self.id, type(error).__name__)
        self._move("rejected", **reason, lease_until=False)

    def _write_outcome(self, outcome):
        """Write what a call came to.

        :return: ``stop`` / ``limited`` when the whole mailing has to react, else nothing
        """
        now = fields.Datetime.now()
        error = outcome.error
        if outcome.kind == "sent":
            self._move(
                "sent",
                provider_id=outcome.provider_id,
                sent_at=now,
                lease_until=False,
                failure_type=False,
                failure_reason=False,
                next_poll_at=now + FIRST_POLL,
            )
        elif outcome.kind == "unknown":
            self._move(
                "unknown",
                failure_type="no_answer",
                failure_reason=f"{error.code}: {error.message}",
                lease_until=False,
                next_poll_at=now + FIRST_POLL,
            )
        elif outcome.kind == "refused":
            self._write_refusal(error)
        else:
            # retry, limited, stop, not tried: it was certainly not sent
            pause = RETRY_PAUSES[min(self.attempts, len(RETRY_PAUSES)) - 1]
            retry = outcome.kind == "retry"
            self._move(
                "pending",
                lease_until=False,
                sending_at=self.sending_at if outcome.kind in ("retry", "limited") else False,
                next_try_at=now + timedelta(minutes=pause) if retry else False,
                failure_reason=f"{error.code}: {error.message}" if error else False,
            )
            if outcome.kind in ("stop", "limited"):
                return outcome.kind
        return None

    def _write_refusal(self, error):
        kinds = {
            "invalid_email": "invalid_address",
            "unsubscribed_globally": "unsubscribed",
            "attachment_quota_error": "too_large",
            "body_exceeds_length": "too_large",
        }
        failure = kinds.get(error.code, "other")
        self._move(
            "rejected",
            failure_type=failure,
            failure_reason=f"{error.code}: {error.message}",
            lease_until=False,
        )
        if failure in ("invalid_address", "unsubscribed"):
            state = "bounced" if failure == "invalid_address" else "unsubscribed"
            self.address_id._lose(state, error.code)


class LetterProblem(Exception):
    """A letter that cannot be sent as it is; ``failure_type`` says why."""

    def __init__(self, failure_type):
        super().__init__(failure_type)
        self.failure_type = failure_type
