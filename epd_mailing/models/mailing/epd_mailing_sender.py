import logging
import uuid
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...tools import message
from ...tools.unisender import client as unisender
from ...tools.unisender import errors
from ...tools.work_budget import Budget
from .claimed_slice import ClaimedSlice, Step
from .epd_mailing_letter import REJECTIONS
from .letter_queue import LetterQueue
from .mailing_files import MailingFiles
from .mailing_withdrawal import GIVEN_UP, MailingWithdrawal
from .sending_limits import Room, SendingLimits
from .transaction import commit, in_transaction

_logger = logging.getLogger(__name__)

SLICE = 50  # letters claimed together
SAME_REJECTIONS = 10  # of the same kind in a row: the mailing pauses
# a wait that is shorter than the moment until a worker looks again
SHORT_WAIT = timedelta(seconds=5)
FIRST_REFRESH = timedelta(minutes=2)  # of the statistics, after the last letter
REPORT_AFTER = timedelta(days=1)  # to the responsible person, after the last letter
# of letters, what is read when an outcome is written: a row has three times as many
OUTCOME_FIELDS = (
    "send_state",
    "mailing_id",
    "document_id",
    "company_id",
    "unisender_account_id",
    "letter_key",
    "provider_id",
    "sent_at",
    "delivered_at",
    "opened_at",
    "clicked_at",
    "bounced_at",
    "spam_at",
    "complained_at",
    "unsubscribed_at",
    "is_deferred",
    "raw_status",
)


class EpdMailingSender(models.AbstractModel):
    """The sender. Claim → commit → re-check → «sending» → commit → call → outcome → commit.

    A row lock ends with the first commit, the written state does not: the state *is* the claim. A
    worker that dies leaves letters claimed (back to the queue when the lease expires: nothing
    went) or sending (unknown: perhaps they went, so they are never sent again by themselves).
    Commits stand in the cron alone; buttons only change states and wake it.

    The waves of a claimed slice: ``ClaimedSlice``. Who sends another letter extends :meth:`_prepare_call`.
    """

    _name = "epd.mailing.sender"
    _description = "Sender of Letters"

    # --- the cron run ----------------------------------------------------------------------------

    @api.model
    def _run(self):
        """Send what is due, within the budget of a cron run (cron only)."""
        engine = self.env["epd.work.engine"]
        if engine._hand_over("epd_mailing.ir_cron_send"):
            return
        budget = Budget()
        in_transaction(self.env, self._sweep)
        in_transaction(self.env, lambda: MailingWithdrawal.withdraw_late(self.env))
        in_transaction(self.env, self._start_due)
        next_at = self._send_all(budget)
        if next_at:
            # a moment that has come wakes a worker, a later one waits for its next look
            engine._wake("epd_mailing.ir_cron_send", max(next_at, fields.Datetime.now()))
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _sweep(self):
        """Take back expired claims; what a dead worker was sending becomes unknown."""
        dead = LetterQueue(self.env).sweep()
        for letter in dead:
            letter._write_unknown(self.env._("The server stopped while the letter was being sent."))
        self.env["epd.letter.facts"]._adopt_events(dead)
        return len(dead)

    @api.model
    def _start_due(self):
        """Begin the scheduled mailings whose time has come."""
        mailings = self.env["epd.mailing"]
        for mailing in mailings.search(mailings._get_due_domain()).try_lock_for_update():
            mailing._for_office()._move(
                "sending", started_at=mailing.started_at or fields.Datetime.now()
            )

    @api.model
    def _get_working(self):
        """Return the mailings that have something to send now or later."""
        tests = self.env["epd.mailing.letter"].search(
            [
                ("send_state", "=", "pending"),
                ("is_test", "=", True),
                ("mailing_id.state", "not in", GIVEN_UP),
            ]
        )
        sending = self.env["epd.mailing"].search(
            [("state", "=", "sending")], order="started_at, id"
        )
        return tests.mailing_id | self._take_turns(sending)

    @api.model
    def _take_turns(self, mailings):
        """Put those first whose UniSender account has begun no letter for the longest time.

        A service that answers slowly takes a whole pass for the letters of one mailing: another office's
        would wait until the last of them has gone.
        """
        accounts = mailings.unisender_account_id
        if len(accounts) < 2:
            return mailings
        last = SendingLimits.get_last_moments(accounts)
        return mailings.sorted(lambda mailing: last[mailing.unisender_account_id.id])

    @api.model
    def _send_all(self, budget):
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
                step = self._send_slice_safely(mailing, budget)
                if step is None:
                    broken.add(mailing.id)
                    step = Step(0, fields.Datetime.now() + timedelta(minutes=5), False)
                moved += step.count
                paced = paced or step.paced
                if step.next_at:
                    soonest = min(soonest or step.next_at, step.next_at)
            commit(self.env)
            # where time ends before anything has moved, no mailing has said when to come back
            if moved or not budget.left():
                continue
            if not paced and not (soonest and soonest - fields.Datetime.now() <= SHORT_WAIT):
                return soonest
            # short naps: a pause, a new mailing or a raised limit are noticed at once
            budget.nap(1.0)
        return fields.Datetime.now()

    @api.model
    def _send_slice_safely(self, mailing, budget):
        """Send a slice in the mailing's company and language; its errors stop no other mailing.

        :return: Step, or None after an error
        """
        sender = self
        try:
            mailing = mailing._for_office()
            sender = self.with_env(mailing.env)
            return sender._send_slice(mailing, budget)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()
            return Step(0, fields.Datetime.now(), True)
        except Exception:
            self.env.cr.rollback()
            if not mailing.exists():  # a draft with a test letter, deleted since the round began
                return Step(0, None, False)
            _logger.exception("Mailing %s failed", mailing.id)
            reason = sender.env._("An unexpected error; the administrator sees it in the log.")
            until = fields.Datetime.now() + timedelta(minutes=5)
            in_transaction(self.env, lambda: mailing._show_wait(reason, until))
            return None

    # --- one mailing -----------------------------------------------------------------------------

    @api.model
    def _send_slice(self, mailing, budget):
        """Claim one slice and send it as far as budget and limits let.

        :return: Step
        """
        account = mailing.unisender_account_id
        if account.state != "active":
            reason = self.env._("The UniSender account is not active.")
            in_transaction(self.env, lambda: mailing._pause(reason))
            return Step(0, None, False)
        if account.company_id != mailing.company_id:
            # both were checked when they were saved, each in a transaction that did not see the other
            reason = self.env._(
                "The UniSender account is another company's now. Choose one of this company."
            )
            in_transaction(self.env, lambda: mailing._pause(reason))
            return Step(0, None, False)
        in_transaction(self.env, account._stop_stranger)
        room = SendingLimits(account).get_room()
        if not room.free:
            return self._wait(mailing, room)
        quiet = mailing._get_quiet_end()
        if quiet and not mailing.test_letter_ids.filtered(lambda x: x.send_state == "pending"):
            return self._wait(mailing, Room(0, quiet, self.env._("Quiet hours of the office")))
        queue, token = LetterQueue(self.env), uuid.uuid4().hex
        claimed = in_transaction(
            self.env, lambda: queue.claim(mailing, token, SLICE, tests_only=bool(quiet))
        )
        if not claimed:
            return Step(0, in_transaction(self.env, lambda: self._finish_or_wait(mailing)), False)
        part = ClaimedSlice(self, mailing, claimed, token, budget)
        try:
            return part.send()
        except Exception:
            self.env.cr.rollback()
            raise
        finally:
            part.close()

    @api.model
    def _wait(self, mailing, room, count=0):
        in_transaction(self.env, lambda: mailing._show_wait(room.reason, room.until))
        return Step(count, room.until, not room.reason)

    @api.model
    def _may_go_on(self, mailing, letters):
        """Tell whether letters that could not be reserved are no sign of a pause or a cancel."""
        going = mailing.state == "sending" or all(letters.mapped("is_test"))
        account = mailing.unisender_account_id
        return going and account.state == "active" and account.company_id == mailing.company_id

    @api.model
    def _skip_unfit(self, letters):
        """Skip, with the reason, what may not go after all; return the others.

        Run at the claim: the document and the address may have changed since the letter was made.
        """
        reasons = self.env["epd.letter.eligibility"]._get_reasons(letters)
        unfit = letters.filtered(reasons.get)
        for letter in unfit:
            letter._skip(reasons[letter])
        return letters - unfit

    @api.model
    def _finish_or_wait(self, mailing):
        """No letter can be claimed now: done, or wait for the first that may be tried again."""
        if mailing.state != "sending":
            return None
        letters = self.env["epd.mailing.letter"]
        domain = [("mailing_id", "=", mailing.id), ("is_test", "=", False)]
        if letters.search_count([*domain, ("send_state", "in", ("claimed", "sending"))], limit=1):
            return fields.Datetime.now() + timedelta(seconds=15)
        first = letters.search(
            [*domain, ("send_state", "=", "pending")], order="next_try_at", limit=1
        )
        if first:
            return first.next_try_at or fields.Datetime.now() + timedelta(seconds=5)
        now = fields.Datetime.now()
        if not mailing._try_lock():
            return now + timedelta(seconds=5)  # another worker ends it, or a person is at it
        mailing._move(
            "done",
            finished_at=now,
            wait_reason=False,
            wait_until=False,
            next_refresh_at=now + FIRST_REFRESH,
            report_due_at=now + REPORT_AFTER,
        )
        mailing.message_post(body=self._get_summary(mailing))
        return None

    @api.model
    def _get_summary(self, mailing):
        """Return one line of what became of the letters."""
        return self.env._(
            "Sent: %(sent)s. Rejected: %(failed)s. Skipped: %(skipped)s. Outcome unknown: "
            "%(unknown)s.",
            sent=mailing.sent_count,
            failed=mailing.failed_count,
            skipped=mailing.skipped_count,
            unknown=mailing.unknown_count,
        )

    # --- what goes -------------------------------------------------------------------------------

    @api.model
    def _prepare_calls(self, letters, account):
        """Return ``{letter id: unisender.Letter}``: plain data with the verified files.

        Letters that cannot be made are skipped with the reason; nothing else suffers.
        """
        calls, files = {}, letters.document_id._read_files()
        for letter in letters:
            try:
                pdf = letter.document_id._read_pdf(files.get(letter.document_id.id, b""))
                call = self._prepare_call(letter, account, pdf)
            except message.TemplateError as error:
                letter._skip("template_error", self.env["epd.message.template"]._describe(error))
            except UserError as error:
                missing = not letter.document_id.with_context(bin_size=True).sudo().pdf_file
                letter._skip("file_missing" if missing else "file_damaged", str(error))
            except Exception as error:  # one poisonous letter must not stop the others
                _logger.exception("Letter %s cannot be made", letter.id)
                letter._skip("template_error", type(error).__name__)
            else:
                limit = account.limit_letter_bytes
                if limit and account._get_service().measure(call) > limit:
                    letter._skip("too_large")
                else:
                    calls[letter.id] = call
        return calls

    @api.model
    def _prepare_call(self, letter, account, pdf):
        """Return the plain ``unisender.Letter`` of a row, with its file.

        :param pdf: bytes of the verified file
        :raise tools.message.TemplateError: the template does not work for this account
        :raise UserError: the data are not what was saved
        """
        document = letter.document_id
        text = document._render_letter(letter, letter.mailing_id)
        return unisender.Letter(
            email=letter.email_normalized,
            sender_name=account.sender_name,
            sender_email=account.sender_email,
            subject=text.subject,
            body=text.html,
            list_id=account.list_id or "",
            attachments=(
                (document.pdf_name, pdf),
                *MailingFiles(letter.mailing_id).read_all(document.pdf_name),
            ),
            metadata={"key": letter.letter_key, "db": self.env.cr.dbname},
            ref_key=letter.letter_key if account._sends_key() else None,
            reply_to=document.account_id.building_id.reply_to or account.reply_to or None,
            track_links=account.track_links,
        )

    # --- what came of it -------------------------------------------------------------------------

    @api.model
    def _apply_outcomes(self, mailing, letters, outcomes):
        """Write the outcomes and react to what concerns the whole queue.

        :param outcomes: ``{letter id: pool.Outcome}``
        :return: True when no further wave is to begin now
        """
        letters.fetch(OUTCOME_FIELDS)
        mailing.fetch(["unisender_account_id", "wait_reason"])
        letters._write_outcomes(outcomes)
        self.env["epd.letter.facts"]._adopt_events(letters)
        account = mailing.unisender_account_id
        found = list(outcomes.values())
        kinds = {outcome.kind for outcome in found}
        account._note_warnings([text for outcome in found for text in outcome.warnings])
        if "stop" in kinds:
            error = next(outcome.error for outcome in found if outcome.kind == "stop")
            self._pause_mailings(account, account._set_error(error))
            return True
        if "limited" in kinds:
            error = next(outcome.error for outcome in found if outcome.kind == "limited")
            account._rest_at_limit(error, "sent" in kinds)
            return True
        if kinds <= {"unknown", "retry", "not_tried"} and all(
            isinstance(o.error, (errors.ConnectFailed, errors.ResultUnknown))
            for o in found
            if o.kind != "not_tried"
        ):
            error = next(outcome.error for outcome in found if outcome.error)
            self._back_off(account, account._describe_error(error))
            return True
        account._recover()
        if kinds == {"rejected"} and self._is_rejected_over_and_over(mailing, found[-1].error):
            mailing._pause(
                self.env._(
                    "UniSender rejects letter after letter with the same answer: %(answer)s",
                    answer=f"{found[-1].error.code}: {found[-1].error.message}",
                )
            )
            return True
        if mailing.wait_reason:
            mailing._show_wait(False, False)
        return False

    @api.model
    def _is_rejected_over_and_over(self, mailing, error):
        """Tell whether the last letters all met one rejection that is not about their addresses.

        Such a rejection concerns the sender or the text (DMARC, moderation): the rest of a big
        mailing would meet it too, and a person has to look.
        """
        if error.code in REJECTIONS:
            return False
        last = self.env["epd.mailing.letter"].search_read(
            [
                ("mailing_id", "=", mailing.id),
                ("is_test", "=", False),
                ("sending_at", "!=", False),
            ],
            ["send_state", "failure_reason"],
            order="sending_at desc, id desc",
            limit=SAME_REJECTIONS,
        )
        start = f"{error.code}:"
        return len(last) == SAME_REJECTIONS and all(
            row["send_state"] == "rejected" and (row["failure_reason"] or "").startswith(start)
            for row in last
        )

    @api.model
    def _back_off(self, account, reason):
        """Let the account's queue wait; after many errors in a row a person has to look."""
        if account._back_off(reason):
            self._pause_mailings(account, reason)

    @api.model
    def _pause_mailings(self, account, reason):
        mailings = self.env["epd.mailing"].search(
            [("unisender_account_id", "=", account.id), ("state", "=", "sending")]
        )
        for mailing in mailings:
            mailing._for_office()._pause(reason)
