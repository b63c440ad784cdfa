import logging
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.work_budget import Budget
from .cron_health import CronHealth
from .thread import QUIET

_logger = logging.getLogger(__name__)

RETRY_AFTER = timedelta(seconds=30)
# the database's own troubles: the transaction is lost, the work is not
LOST_TRANSACTION = (psycopg2.OperationalError, psycopg2.InterfaceError)


class EpdBackgroundWork(models.AbstractModel):
    """Records that a cron works on, run after run, in slices that are each committed by themselves.

    A cron run takes the records in their order, within the budget of wall and CPU time that all
    jobs of the database share. An error of one record stops that record alone, and a person sees
    why; a transaction that the database gave up is begun anew a little later; a run that is out of
    time calls the next. What a record came to is committed before the next one begins.

    A model that uses it sets ``_work_cron`` (XML id of the job, whose code calls
    ``model._run_work()``) and ``_work_states`` (where ``state`` stands while there is work), has
    ``company_id`` and ``user_id``, and says one of

    * :meth:`_work_slice` – the next slice, when slices need nothing in common;
    * :meth:`_work` – all of it, when something (an open file) is held from slice to slice, or when
      the work is one short step: do it, set the state, return. The run commits.

    An error calls :meth:`_pause_for_error`, which is right as it stands for models of
    ``epd.state.gate`` and ``mail.thread`` with a state «paused» and a field ``pause_reason``.
    Others, such as a wizard that ends as «failed», override it and write what :meth:`_get_error_text`
    returns. Buttons that give work call :meth:`_wake_worker`.

    The work is done with the rights of the program, or those of :meth:`_work_as`. A wizard that has
    something checked, in full::

        _inherit = ["epd.background.work"]
        _work_cron = "epd_mailing.ir_cron_check"
        _work_states = ("checking",)

        def _work(self, in_budget):
            self.write({"state": "ready", "findings": self._check()})

        def _pause_for_error(self, error):
            self.write({"state": "failed", "problem": self._get_error_text(error)})
    """

    _name = "epd.background.work"
    _description = "Work in the Background"

    _work_cron = None
    _work_states = ()
    # whether several workers may share a record, each with slices that it locks row by row
    _work_is_shared = False
    # errors that are reported to a person and need no trace in the log
    _work_expected = (UserError,)

    stall_reason = fields.Text(
        string="Why Nothing Moves",
        compute="_compute_stall_reason",
        help="Shown while there is work and nothing on the server does it.",
    )

    @api.depends_context("lang", "company")
    def _compute_stall_reason(self):
        """Tell whoever waits before a work that does not begin: jobs off, no worker."""
        described = {None: ""}
        for record in self:
            cron = record._get_awaited_cron()
            if cron not in described:
                described[cron] = CronHealth(self.env).describe(cron)
            record.stall_reason = described[cron] or False

    def _get_awaited_cron(self):
        """Return the XML id of the job that somebody waits for; None while there is no work."""
        return self._work_cron if self.filtered_domain(self._get_work_domain()) else None

    # --- the cron run ---------------------------------------------------------------------------------

    @api.model
    def _run_work(self):
        """Work on all records that wait for it, within the budget of a cron run (cron only)."""
        engine = self.env["epd.work.engine"]
        if engine._hand_over(self._work_cron):
            return
        budget, lost = Budget(), False
        at_work = self._get_work_domain()
        for record in self.search(at_work, order="id"):
            with record._claim_work() as claimed:
                # who has it may be past its last look: what it was woken for would be seen by nobody
                lost = not (claimed and record._work_safely(budget.left)) or lost
            if not budget.left():
                break
        if lost:
            engine._wake(self._work_cron, fields.Datetime.now() + RETRY_AFTER)
        if not budget.left() and self.search_count(at_work, limit=1):
            engine._wake(self._work_cron)
        self.env["ir.cron"]._commit_progress(remaining=0)

    @contextmanager
    def _claim_work(self):
        """Keep other workers from this record, over all slices; yield whether it is free.

        An advisory lock of the session: it outlives the commits between slices, and is gone with a
        worker that dies. Behind PgBouncer it needs pooling by session, as Odoo itself does
        (docs/scale.md).
        """
        if self._work_is_shared:
            yield True
            return
        cr, key = self.env.cr, (self._name, self.id)
        cr.execute("SELECT pg_try_advisory_lock(hashtext(%s), %s)", key)
        claimed = cr.fetchone()[0]
        try:
            yield claimed
        finally:
            if claimed:
                # a lost connection has lost the lock too
                with suppress(psycopg2.InterfaceError, psycopg2.OperationalError):
                    cr.execute("SELECT pg_advisory_unlock(hashtext(%s), %s)", key)

    def _try_lock(self):
        """Lock this record unless another worker has it; return whether it is ours.

        As ``try_lock_for_update``, but a clash with what another one has just committed, which is usual
        where work is shared and is tried again, leaves no error in the log.

        :raise psycopg2.errors.SerializationFailure: it was changed since this transaction began
        """
        table = SQL.identifier(self._table)
        self.env.cr.execute(
            SQL("SELECT id FROM %s WHERE id = %s FOR UPDATE SKIP LOCKED", table, self.id),
            log_exceptions=False,
        )
        return bool(self.env.cr.fetchone())

    def _wake_worker(self):
        """Have the job run as soon as this transaction is committed."""
        self.env["epd.work.engine"]._wake(self._work_cron)

    def _work_safely(self, in_budget):
        """Work on one record; whatever happens to it, the others have their turn.

        :return: False when the database gave the transaction up and the record has to wait
        """
        try:
            self._work_as()._work(in_budget)
            self.env["ir.cron"]._commit_progress()
        except LOST_TRANSACTION:
            return self._wait_for_retry()
        except Exception as error:
            self.env.cr.rollback()
            if not isinstance(error, self._work_expected):
                _logger.exception("%s %s failed", self._name, self.id)
            return self._pause_safely(error)
        return True

    def _wait_for_retry(self):
        self.env.cr.rollback()
        _logger.warning("%s %s: the transaction was lost, the work waits", self._name, self.id)
        return False

    def _pause_safely(self, error):
        try:
            if self.exists():  # deleted meanwhile: there is nobody to report to
                # whatever the rights of the user are by now, the reason is written in their language
                self._for_office()._pause_for_error(error)
                self.env["ir.cron"]._commit_progress()
        except LOST_TRANSACTION:  # a person moved it at the same moment
            return self._wait_for_retry()
        except Exception:
            self.env.cr.rollback()
            _logger.exception("%s %s cannot be stopped", self._name, self.id)
        return True

    # --- hooks ------------------------------------------------------------------------------------

    @api.model
    def _get_work_domain(self):
        """Return the domain of the records that there is work on."""
        return Domain("state", "in", self._work_states)

    def _work_as(self):
        """Return the record with the environment in which it is worked on."""
        return self._for_office()

    def _work(self, in_budget):
        """Work slice after slice until there are none, somebody stops it, or the cron run is over.

        :param in_budget: function that tells whether the cron run has time left
        """
        while in_budget():
            self.invalidate_recordset()
            if not self.filtered_domain(self._get_work_domain()):  # stopped or cancelled meanwhile
                return
            count = self._work_slice()
            if count is None:
                return
            # each slice stands by itself: a cut later loses at most the next one
            self._slice_ends(count, self._work_left())
            self.env.invalidate_all()

    def _work_slice(self):
        """Do the next slice.

        :return: how many things it had; None when nothing is left to do now
        """
        raise NotImplementedError

    def _slice_ends(self, count, left):
        """Commit a slice, and have the screens that follow the record read it again.

        :param count: how many things the slice had
        :param left: how many are left, or 1 for «some»
        """
        if isinstance(self, self.env.registry["epd.live"]):
            self._notify_screens()
        self.env["ir.cron"]._commit_progress(count, remaining=left)

    def _work_left(self):
        """Return how many things are left, counted as :meth:`_work_slice` counts them."""
        return 0

    def _pause_for_error(self, error):
        """Stop the work on an error that concerns all of it, and say why."""
        text = self._get_error_text(error)
        stopped = self._can_move("paused")
        stopped._move("paused", pause_reason=text)
        for record in stopped:
            record.message_post(body=text)

    def _get_error_text(self, error):
        """Return what a person reads of an error."""
        if isinstance(error, UserError):
            return str(error)
        return self.env._(
            "An unexpected error (%s); the administrator sees it in the log.",
            type(error).__name__,
        )

    # --- whose work it is -------------------------------------------------------------------------

    def _get_work_lang(self):
        installed = dict(self.env["res.lang"].get_installed())
        wanted = (self.user_id.lang, "ru_RU")
        return next((code for code in wanted if code in installed), "en_US")

    def _for_office(self):
        """Return the record with its company, its user's language and the office's time zone."""
        return self.with_company(self.company_id).with_context(
            lang=self._get_work_lang(), tz=self.company_id._epd_zone()
        )

    def _for_user(self):
        """Return the record with its user's rights and language, in its company."""
        return (
            self.with_user(self.user_id)
            .with_company(self.company_id)
            .with_context(
                allowed_company_ids=self.company_id.ids,
                lang=self._get_work_lang(),
                tz=self.company_id._epd_zone(),
                tracking_disable=QUIET,
            )
        )
