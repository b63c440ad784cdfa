import logging
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from .cron_bell import BELL
from .queue_health import QueueHealth

_logger = logging.getLogger(__name__)


# how a queue tells our kinds of work apart, by the XML id of the cron that does it without a queue;
# the capacity of each is the administrator's (docs/scale.md)
CHANNELS = {
    "epd_mailing.ir_cron_prepare": "root.epd.prepare",
    "epd_mailing.ir_cron_outlook": "root.epd.prepare",
    "epd_mailing.ir_cron_fill": "root.epd.send",
    "epd_mailing.ir_cron_send": "root.epd.send",
    "epd_mailing.ir_cron_refresh": "root.epd.send",
    "epd_mailing.ir_cron_events": "root.epd.send",
    "epd_mailing.ir_cron_import": "root.epd.load",
    "epd_mailing.ir_cron_receipt_import": "root.epd.load",
    "epd_mailing.ir_cron_paper": "root.epd.paper",
}
# work that several workers can share: their claims are row locks
SHARED = ("epd_mailing.ir_cron_prepare", "epd_mailing.ir_cron_import", "epd_mailing.ir_cron_send")
WORKERS = "epd_mailing.worker_count"
WORKERS_MAX = 32
SLOT = 10  # seconds; wake-ups for moments this near are one job of the queue
ASKED = "epd_mailing.asked"  # in the data of ``postcommit``: the jobs to be looked for once more


class EpdWorkEngine(models.AbstractModel):
    """Who does the work in the background: cron jobs of Odoo, or OCA's ``queue_job``.

    One row of ``ir.cron`` runs on one worker of the whole cluster at a time. So the work that can
    be shared has as many rows as the setting «parallel workers» says: each takes what the others
    have not locked. Where ``queue_job`` is installed, a wake-up puts as many jobs into the channel
    of that work instead, and the cron rows are only the net: for wake-ups that got lost, and for a
    queue that does nothing (:class:`QueueHealth`). Either way the work itself is the same code: the
    method that the cron row calls.

    ``queue_job`` is no dependency: it is found in the registry
    (https://github.com/OCA/queue/tree/19.0/queue_job, seen 2026-11-26).
    """

    _name = "epd.work.engine"
    _description = "Engine of Background Work"

    # --- wake-ups -----------------------------------------------------------------------------------

    @api.model
    def _wake(self, cron, at=None):
        """Have the work of a cron done as soon as this transaction is committed, or later.

        :param cron: XML id of the cron
        :param at: naive UTC datetime, or None for at once
        """
        if self._uses_queue():
            self._enqueue(cron, at)
            return
        rows = self._get_rows(cron)
        if at and at > fields.Datetime.now():
            # a pass each minute, of each worker, waits for the same moment, as where a day's limit is reached
            at = _get_whole_second(at)
            called = [("cron_id", "in", rows.ids), ("call_at", "=", at)]
            rows -= self.env["ir.cron.trigger"].sudo().search(called).cron_id
        for row in rows:
            row._trigger(at)

    @api.model
    def _wake_quickly(self, cron):
        """Have the work of a cron done as soon as this transaction is committed: for calls that come in crowds.

        :param cron: XML id of a cron that has one row
        """
        if self._uses_queue():
            self._enqueue(cron)
            return
        row_id = self.env["ir.model.data"]._xmlid_to_res_id(cron)
        self.env["ir.cron"].flush_model(["active"])
        woken = self.env.execute_query(
            SQL(
                "INSERT INTO ir_cron_trigger (cron_id, call_at)"
                " SELECT id, %s FROM ir_cron WHERE id = %s AND active RETURNING id",
                fields.Datetime.now(),
                row_id or None,
            )
        )
        if woken:
            dbname = self.env.cr.dbname
            self.env.cr.postcommit.add(lambda: BELL.ring(dbname))

    @api.model
    def _hand_over(self, cron):
        """Leave what a cron was called for to the queue, where there is one.

        :return: whether the queue has it now: the cron has nothing to do
        """
        if self.env.context.get("epd_from_queue") or not self._uses_queue():
            return False
        self._enqueue(cron)
        self.env["ir.cron"]._commit_progress(remaining=0)
        return True

    # --- cron rows ----------------------------------------------------------------------------------

    @api.model
    def _get_rows(self, cron):
        """Return the rows of ``ir.cron`` that do this work: the shipped one and its copies."""
        row = self.env.ref(cron, raise_if_not_found=False)
        rows = row.sudo() if row else self.env["ir.cron"].sudo()
        if cron in SHARED:
            for _number, copy in self._get_copies(cron):
                rows |= copy
        return rows

    def _get_copies(self, cron):
        """Return ``[(number, ir.cron)]``; the shipped row is number 1, copies begin with 2."""
        module, name = cron.split(".")
        entries = (
            self.env["ir.model.data"]
            .sudo()
            .search(
                [("module", "=", module), ("model", "=", "ir.cron"), ("name", "=like", f"{name}_%")]
            )
        )
        found = []
        for entry in entries:
            number = entry.name.removeprefix(f"{name}_")
            if number.isdecimal():
                row = (
                    self.env["ir.cron"].sudo().with_context(active_test=False).browse(entry.res_id)
                )
                if row.exists():
                    found.append((int(number), row))
        return sorted(found, key=lambda pair: pair[0])

    @api.model
    def _get_worker_count(self):
        """Return how many workers share a piece of work, 1 or more."""
        value = self.env["ir.config_parameter"].sudo().get_param(WORKERS) or "1"
        return min(max(int(value), 1), WORKERS_MAX) if value.isdecimal() else 1

    @api.model
    def _set_up_rows(self):
        """Give each work that can be shared as many cron rows as there shall be workers."""
        wanted = self._get_worker_count()
        for cron in SHARED:
            row = self.env.ref(cron, raise_if_not_found=False)
            if not row:
                continue
            copies = dict(self._get_copies(cron))
            for number, copy in copies.items():
                if number > wanted:
                    copy.unlink()
            for number in range(2, wanted + 1):
                if number not in copies:
                    self._copy_row(cron, row.sudo(), number)

    def _copy_row(self, cron, row, number):
        module, name = cron.split(".")
        copy = (
            self.env["ir.cron"]
            .sudo()
            .create(
                {
                    "name": f"{row.with_context(lang='en_US').name} ({number})",
                    "model_id": row.model_id.id,
                    "state": "code",
                    "code": row.code,
                    "user_id": row.user_id.id,
                    "interval_number": row.interval_number,
                    "interval_type": row.interval_type,
                    "active": row.active,
                }
            )
        )
        # known as ours, so that it goes with the module and an update leaves it
        self.env["ir.model.data"].sudo().create(
            {
                "module": module,
                "name": f"{name}_{number}",
                "model": "ir.cron",
                "res_id": copy.id,
                "noupdate": True,
            }
        )

    # --- OCA's queue --------------------------------------------------------------------------------

    @api.model
    def _has_queue(self):
        """Whether ``queue_job`` is installed in this database."""
        return "queue.job" in self.env

    def _uses_queue(self):
        """Whether work is left to the queue: it is installed, and does its jobs."""
        return self._has_queue() and not QueueHealth(self.env).get_silent_since()

    def _enqueue(self, cron, at=None):
        """Put jobs for a work into its channel; those that wait there already are not doubled.

        One that waits, as this transaction sees it, may have begun by now without seeing what this
        transaction leaves: whether it still waits is asked once more after the commit.

        :param at: naive UTC datetime, or None for at once
        """
        if self._put_jobs(cron, at):
            return
        postcommit, registry = self.env.cr.postcommit, self.env.registry
        asked = postcommit.data.setdefault(ASKED, [])
        if not asked:
            postcommit.add(lambda: _put_jobs_again(registry, asked))
        asked.append((cron, at))

    def _put_jobs(self, cron, at):
        """Put jobs for a work into its channel; return whether none of them waited there already.

        :param at: see :meth:`_enqueue`
        """
        self._let_jobs_commit()
        workers = self._get_worker_count() if cron in SHARED else 1
        # the work is the same whoever wakes it: of the caller's context the queue would keep language,
        # companies and ``active_test``
        engine = self.env(user=SUPERUSER_ID, context={})[self._name]
        moment = ""
        if at and at > fields.Datetime.now():
            at = _get_slot(at)
            moment = f"@{at:%Y-%m-%d %H:%M:%S}"
        keys = [f"{cron}#{number}{moment}" for number in range(1, workers + 1)]
        # one that has begun does not count: what comes now may be behind its look
        waiting = [("identity_key", "in", keys), ("state", "in", ("pending", "enqueued"))]
        known = set(engine.env["queue.job"].search(waiting).mapped("identity_key"))
        for key in keys:
            if key not in known:
                engine.with_delay(
                    channel=CHANNELS[cron],
                    eta=at,
                    identity_key=key,
                    description=self.env.ref(cron).sudo().name,
                )._run_job(cron)
        return not known

    def _run_job(self, cron):
        """Do the work of a cron inside a job of the queue, unless an administrator has switched it off.

        What goes wrong with a record is on that record, with its reason; a job fails only where the
        program itself does.
        """
        row = self.env.ref(cron).sudo()
        if row.active:
            row.ir_actions_server_id.with_context(epd_from_queue=True).run()

    def _let_jobs_commit(self):
        """Tell the queue that our jobs commit slice by slice.

        Its own protection takes a commit for a lost lock
        (https://github.com/OCA/queue/wiki/Upgrade-warning:-commits-inside-jobs, seen 2026-11-26);
        ours is the lock on the rows, and work done twice does nothing twice.
        """
        functions = self.env["queue.job.function"].sudo()
        name = functions.job_function_name(self._name, "_run_job")
        function = functions.search([("name", "=", name)], limit=1)
        if not function:
            model = self.env["ir.model"]._get(self._name)
            function = functions.create({"model_id": model.id, "method": "_run_job"})
        if not function.allow_commit:
            function.allow_commit = True


def _get_whole_second(at):
    """Return the first whole second that is no earlier than ``at`` (datetime)."""
    return at.replace(microsecond=0) + timedelta(seconds=bool(at.microsecond))


def _get_slot(at):
    """Return the first moment of a slot that is no earlier than ``at`` (datetime)."""
    whole = _get_whole_second(at)
    return whole + timedelta(seconds=-whole.second % SLOT)


def _put_jobs_again(registry, asked):
    """Put the jobs that waited before a commit and do not wait any more; in a transaction of its own.

    :param registry: of the database
    :param asked: list of (XML id of a cron, when it is to be done)
    """
    try:
        with registry.cursor() as cr:
            engine = api.Environment(cr, SUPERUSER_ID, {})[EpdWorkEngine._name]
            for cron, at in dict.fromkeys(asked):
                engine._put_jobs(cron, at)
    except Exception as error:  # what is committed stands; the cron rows find it
        _logger.warning("Jobs cannot be looked for after a commit: %s", type(error).__name__)
