"""Claimed letters on their way: prepared in batches, sent in waves of at most k."""

import time
from collections import namedtuple
from contextlib import closing
from datetime import timedelta

from odoo import fields

from ...tools.unisender import pool
from .letter_queue import LetterQueue
from .sending_limits import SendingLimits
from .transaction import in_transaction

SLOW_WAVE = 10.0  # seconds; after such an answer the cron run ends, to stay within its budget
UNSENT_WAIT = timedelta(seconds=15)
SHOW_EVERY = 1.0  # seconds; screens that follow the mailing read it again no more often
BATCH_BYTES = 8 * 2**20  # of receipts that are prepared together

# letters worked on; when to look again, or None; whether it waits for the pace of a minute alone
Step = namedtuple("Step", "count next_at paced")


class ClaimedSlice:
    """Letters claimed under one token; sends them as far as budget and limits let. Cron only: it commits.

    :param sender: ``epd.mailing.sender``, whose methods say what goes and what came of it
    :param mailing: ``epd.mailing`` of the letters
    :param letters: ``epd.mailing.letter``
    :param token: text of the claim
    :param budget: ``tools.work_budget.Budget``
    """

    def __init__(self, sender, mailing, letters, token, budget):
        self.sender, self.env = sender, sender.env
        self.mailing, self.letters = mailing, letters
        self.token, self.budget = token, budget
        self.account = mailing.unisender_account_id
        self.workers = max(1, self.account.parallel_calls)
        self.limits = SendingLimits(self.account)
        self.queue = letters  # not prepared yet
        self.ready = {}  # {letter id: unisender.Letter}, prepared and not sent
        self.count = 0  # letters that were dealt with
        self.sent = 0  # letters that were called for
        self.shown_at = time.monotonic()

    def send(self):
        """Send, wave by wave; return a Step."""
        account = self.account
        with (
            closing(account._get_client()) as client,
            pool.make_threads(self.workers) as threads,
        ):
            self._skip_unfit()
            while (self.queue or self.ready) and self.budget.left():
                if not self.ready:
                    self._prepare()
                    continue
                wave = self.letters.browse(list(self.ready)[: self.workers])
                held = self.limits.reserve(wave, self.token)
                calls = {one: self.ready.pop(one) for one in (wave - held.waiting).ids}
                if not held.room.free:
                    return self.sender._wait(self.mailing, held.room, self.count)
                if held.going:
                    jobs = [(letter_id, calls[letter_id]) for letter_id in held.going.ids]
                    if self._call(client, jobs, held.going, threads):
                        break
                elif not self.sender._may_go_on(self.mailing, wave):
                    break
        # where nothing of it could go, the next look tells why: its account may be off, or another company's
        wait = timedelta() if self.count else UNSENT_WAIT
        return Step(self.count, fields.Datetime.now() + wait, False)

    def _skip_unfit(self):
        self.queue = in_transaction(self.env, lambda: self.sender._skip_unfit(self.letters))
        self.count += len(self.letters) - len(self.queue)

    def _prepare(self):
        """Make the calls of the next batch; what cannot be made is skipped with the reason."""
        batch = self._take_batch()
        self.ready = in_transaction(
            self.env, lambda: self.sender._prepare_calls(batch, self.account)
        )
        self.count += len(batch) - len(self.ready)

    def _take_batch(self):
        """Take from the queue what is prepared together: as many as fit, and one at the least."""
        self.queue.fetch(["document_id"])
        self.queue.document_id.fetch(["pdf_size"])
        size, number = 0, 0
        for letter in self.queue:
            size += letter.document_id.pdf_size
            if number and size > BATCH_BYTES:
                break
            number += 1
        # of its own: reading one record reads its whole batch
        batch = self.queue.browse(self.queue.ids[:number])
        self.queue = self.queue.browse(self.queue.ids[number:])
        return batch

    def _call(self, client, jobs, going, threads):
        """Call the service for reserved letters and write what came of it.

        :return: True when no further wave is to begin now
        """
        began = time.monotonic()
        outcomes = pool.send_many(client, jobs, self.workers, threads)
        halted = in_transaction(self.env, lambda: self._apply(going, outcomes))
        self.sent += len(jobs)
        self.count += len(jobs)
        if time.monotonic() - began > SLOW_WAVE:
            self.budget.end()
        return halted

    def _apply(self, going, outcomes):
        halted = self.sender._apply_outcomes(self.mailing, going, outcomes)
        now = time.monotonic()
        if now - self.shown_at > SHOW_EVERY:
            self.mailing._notify_screens()
            self.shown_at = now
        return halted

    def close(self):
        """Give back what was not sent; tell the screens and the cron job how far it came."""
        left = self._count_left() if self.sent else None
        in_transaction(self.env, self._give_back, processed=self.sent, remaining=left)

    def _give_back(self):
        LetterQueue(self.env).release(self.token)
        if self.count:
            self.mailing._notify_screens()

    def _count_left(self):
        domain = [
            ("mailing_id", "=", self.mailing.id),
            ("send_state", "in", ("pending", "claimed")),
        ]
        return self.env["epd.mailing.letter"].search_count(domain)
