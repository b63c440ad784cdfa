import logging
import time
import uuid
from collections import namedtuple
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...tools.unisender import errors, pool
from ...tools.work_budget import Budget
from . import epd_mailing_letter_call as letter_call

_logger = logging.getLogger(__name__)

SLICE = 50  # letters claimed together
SLOW_WAVE = 10.0  # seconds; after such an answer the pass ends, to stay within its budget
TRIES = 5
SAME_REFUSALS = 10  # of the same kind in a row: the mailing pauses
FIRST_REFRESH = timedelta(minutes=2)
# a wait that is shorter than the moment until a worker looks again
SHORT_WAIT = timedelta(seconds=5)

# letters worked on; when to look again, or None; whether it waits for the pace of a minute alone
Step = namedtuple("Step", "count next_at paced")


class EpdMailing(models.Model):
    """The sender. Claim → commit → re-check → «sending» → commit → call → outcome → commit.

    A row lock ends with the first commit, the written state does not: the state *is* the claim. A
    worker that dies leaves letters claimed (back to the queue when the lease expires: nothing
    went) or sending (unknown: perhaps they went, so they are never sent again by themselves).
    Commits stand in the cron alone; buttons only change states and wake it.
    """

    _inherit = "epd.mailing"

    # --- transactions ----------------------------------------------------------------------------

    def _commit(self):
        # cron only: the next step must not undo this one, see the class docstring
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _in_transaction(self, work, processed=0, remaining=None):
        """Do ``work()`` and commit; after a clash with another transaction do it once more.

        Clashes are usual (a clerk pauses, a webhook writes); what the service answered must not
        be lost by one.
        """
        for number in range(TRIES):
            try:
                result = work()
                if processed:
                    self.env["ir.cron"]._commit_progress(processed, remaining=remaining)
                else:
                    self._commit()
                return result
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                if number == TRIES - 1:
                    raise
                time.sleep(0.05 * (number + 1))
        return None

    # --- the pass --------------------------------------------------------------------------------

    @api.model
    def _cron_send(self):
        """Send what is due, within the budget of a pass."""
        budget = Budget()
        self._in_transaction(self.env["epd.mailing.letter"]._sweep)
        self._in_transaction(self._start_due)
        next_at = self._run_pass(budget)
        if next_at:
            # a moment that has come wakes a worker, a later one waits for its next look
            self.env.ref("epd_mailing.ir_cron_send")._trigger(
                at=max(next_at, fields.Datetime.now())
            )
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _start_due(self):
        due = self.search(self._get_due_domain()).try_lock_for_update()
        for mailing in due:
            mailing._for_office()._move(
                "sending", started_at=mailing.started_at or fields.Datetime.now()
            )

    @api.model
    def _get_due_domain(self):
        """Return the domain of the mailings whose time has come."""
        return Domain("state", "=", "scheduled") & Domain(
            "scheduled_at", "<=", fields.Datetime.now()
        )

    @api.model
    def _get_working(self):
        """Return the mailings that have something to send now or later."""
        tests = self.env["epd.mailing.letter"].search(
            [
                ("send_state", "=", "pending"),
                ("is_test", "=", True),
                ("mailing_id.state", "!=", "cancelled"),
            ]
        )
        sending = self.search([("state", "=", "sending")], order="started_at, id")
        return tests.mailing_id | sending

    def _run_pass(self, budget):
        """Go round the mailings, a slice each, until the budget or the work ends.

        A queue that only keeps the pace of the minute, or waits for some seconds, holds its worker:
        a wake-up by time may be a minute late. Any other wait gives the worker back.

        :return: when to come back (naive UTC), or None when there is nothing to come back for
        """
        broken = set()
        while budget.left():
            soonest, moved, paced = None, 0, False
            for mailing in self._get_working():
                if mailing.id in broken or not budget.left():
                    continue
                step = mailing._for_office()._send_slice_safely(budget)
                if step is None:
                    broken.add(mailing.id)
                    step = Step(0, fields.Datetime.now() + timedelta(minutes=5), False)
                moved += step.count
                paced = paced or step.paced
                if step.next_at:
                    soonest = min(soonest or step.next_at, step.next_at)
            self._commit()
            if moved:
                continue
            if not paced and not (soonest and soonest - fields.Datetime.now() <= SHORT_WAIT):
                return soonest
            # short naps: a pause, a new mailing or a raised limit are noticed at once
            budget.nap(1.0)
        return fields.Datetime.now()

    def _send_slice_safely(self, budget):
        """Send a slice; a fault of one mailing must not stop the others.

        :return: Step, or None after a fault
        """
        try:
            return self._send_slice(budget)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()
            return Step(0, fields.Datetime.now(), True)
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Mailing %s failed", self.id)
            reason = self.env._("An unexpected fault; the administrator sees it in the log.")
            until = fields.Datetime.now() + timedelta(minutes=5)
            self._in_transaction(lambda: self._show_wait(reason, until))
            return None

    # --- one mailing -----------------------------------------------------------------------------

    def _send_slice(self, budget):
        """Claim one slice and send it as far as budget and limits let.

        :return: Step
        """
        account = self.unisender_account_id
        if account.state != "active":
            self._in_transaction(
                lambda: self._pause(self.env._("The UniSender account is not active."))
            )
            return Step(0, None, False)
        room = account._get_room()
        if not room.free:
            self._in_transaction(lambda: self._show_wait(room.reason, room.until))
            return Step(0, room.until, not room.reason)
        letters, token = self.env["epd.mailing.letter"], uuid.uuid4().hex
        claimed = self._in_transaction(lambda: letters._claim(self, token, SLICE))
        if not claimed:
            return Step(0, self._in_transaction(self._finish_or_wait), False)
        try:
            return self._send_claimed(claimed, token, budget)
        except Exception:
            self.env.cr.rollback()
            raise
        finally:
            self._in_transaction(lambda: letters._release(token))

    def _send_claimed(self, letters, token, budget):
        """Send claimed letters in waves of at most k; return a Step."""
        account, count = self.unisender_account_id, 0
        sender = account._get_client()
        queue = self._in_transaction(letters._skip_unfit)
        count += len(letters) - len(queue)
        left = self._count_left()
        while queue and budget.left():
            self.env.invalidate_all()
            if not self._may_go_on(account, queue):
                break
            room = account._get_room()
            if not room.free:
                self._in_transaction(lambda room=room: self._show_wait(room.reason, room.until))
                return Step(count, room.until, not room.reason)
            wave, queue = queue[: room.free], queue[room.free :]
            calls = self._in_transaction(lambda wave=wave: wave._prepare_calls(account))
            count += len(wave) - len(calls)
            going = account._reserve(letters.browse(calls), token)
            if not going:
                continue
            began = time.monotonic()
            jobs = [(letter_id, calls[letter_id]) for letter_id in going.ids]
            outcomes = pool.send_many(sender, jobs, max(1, account.parallel_calls))
            left = max(0, left - len(going))
            halted = self._in_transaction(
                lambda going=going, outcomes=outcomes: self._take_outcomes(going, outcomes),
                processed=len(going),
                remaining=left,
            )
            count += len(going)
            if halted:
                break
            if time.monotonic() - began > SLOW_WAVE:
                budget.end()
        return Step(count, fields.Datetime.now() if count else None, False)

    def _may_go_on(self, account, queue):
        """Look at the states in the database: a pause or a cancel acts within one wave."""
        going = self.state == "sending" or all(queue.mapped("is_test"))
        return going and account.state == "active"

    def _count_left(self):
        return self.env["epd.mailing.letter"].search_count(
            [("mailing_id", "=", self.id), ("send_state", "in", ("pending", "claimed"))]
        )

    def _take_outcomes(self, letters, outcomes):
        """Write the outcomes and react to what concerns the whole queue.

        :return: True when no further wave is to begin now
        """
        letters._write_outcomes(outcomes)
        account = self.unisender_account_id
        found = list(outcomes.values())
        kinds = {outcome.kind for outcome in found}
        if "stop" in kinds:
            error = next(outcome.error for outcome in found if outcome.kind == "stop")
            account._stop(error)
            return True
        if "limited" in kinds:
            account._rest(self.env._("UniSender asks to slow down."))
            return True
        if kinds <= {"unknown", "retry", "not_tried"} and all(
            isinstance(o.error, (errors.ConnectFailed, errors.ResultUnknown))
            for o in found
            if o.kind != "not_tried"
        ):
            error = next(outcome.error for outcome in found if outcome.error)
            account._rest(account._describe_error(error))
            return True
        account._recover()
        if kinds == {"refused"} and self._is_refused_over_and_over(found[-1].error):
            self._pause(
                self.env._(
                    "UniSender refuses letter after letter with the same answer: %(answer)s",
                    answer=f"{found[-1].error.code}: {found[-1].error.message}",
                )
            )
            return True
        if self.wait_reason:
            self._show_wait(False, False)
        return False

    def _is_refused_over_and_over(self, error):
        """Tell whether the last letters all met one refusal that is not about their addresses.

        Such a refusal concerns the sender or the text (DMARC, moderation): the rest of a big
        mailing would meet it too, and a person has to look.
        """
        if error.code in letter_call.REFUSALS:
            return False
        last = self.env["epd.mailing.letter"].search_read(
            [("mailing_id", "=", self.id), ("is_test", "=", False), ("sending_at", "!=", False)],
            ["send_state", "failure_reason"],
            order="sending_at desc, id desc",
            limit=SAME_REFUSALS,
        )
        start = f"{error.code}:"
        return len(last) == SAME_REFUSALS and all(
            row["send_state"] == "rejected" and (row["failure_reason"] or "").startswith(start)
            for row in last
        )

    def _finish_or_wait(self):
        """No letter can be claimed now: done, or wait for the first that may be tried again."""
        if self.state != "sending":
            return None
        letters = self.env["epd.mailing.letter"]
        domain = [("mailing_id", "=", self.id), ("is_test", "=", False)]
        if letters.search_count([*domain, ("send_state", "in", ("claimed", "sending"))], limit=1):
            return fields.Datetime.now() + timedelta(seconds=15)
        first = letters.search(
            [*domain, ("send_state", "=", "pending")], order="next_try_at", limit=1
        )
        if first:
            return first.next_try_at or fields.Datetime.now() + timedelta(seconds=5)
        now = fields.Datetime.now()
        self._move(
            "done",
            finished_at=now,
            wait_reason=False,
            wait_until=False,
            next_refresh_at=now + FIRST_REFRESH,
        )
        self.message_post(body=self._get_summary())
        return None

    def _get_summary(self):
        """Return one line of what became of the letters."""
        return self.env._(
            "Sent: %(sent)s. Refused: %(failed)s. Left out: %(skipped)s. Outcome unknown: "
            "%(unknown)s.",
            sent=self.sent_count,
            failed=self.failed_count,
            skipped=self.skipped_count,
            unknown=self.unknown_count,
        )

    def _show_wait(self, reason, until):
        """Say on the mailing why it waits; written only when it says something new."""
        known = self.wait_until
        same_time = known == until or (
            known and until and abs(known - until) < timedelta(seconds=60)
        )
        if (self.wait_reason or False) != (reason or False) or (reason and not same_time):
            self._through_gate().write({"wait_reason": reason, "wait_until": until})

    def _pause(self, reason):
        """Pause for a fault that a person has to mend, and tell a manager."""
        mailing = self._can_move("paused")
        if mailing.state == "sending":
            mailing._move("paused", wait_reason=reason, wait_until=False)
            mailing.message_post(body=reason)
            manager = self.env["epd.delivery.address"]._get_office_user(self)
            mailing.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("The mailing stands still"),
                note=reason,
                user_id=manager.id,
            )
        waiting = self.env["epd.mailing.letter"].search(
            [
                ("mailing_id", "=", self.id),
                ("is_test", "=", True),
                ("send_state", "=", "pending"),
            ]
        )
        for letter in waiting:
            letter._through_gate()._move(
                "cancelled", failure_type="withdrawn", failure_reason=reason
            )
