"""Wakes the cron workers for many calls at once."""

import logging
import threading

from odoo import sql_db
from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class CronBell:
    """Tells the cron workers of this machine's databases that a job waits, beside what rings it.

    Odoo does it itself after each commit that leaves a trigger, with a connection opened for that alone:
    it is the dearest part of a short call. Here whoever rings goes on, and those who ring while a
    connection is being opened have the next one together. What is not told because the process ends is
    found by the workers' own look, once a minute, as it is with Odoo's.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._asked, self._is_running = set(), False

    def ring(self, dbname):
        """Have the workers told that a job of a database waits; only after it is committed."""
        with self._lock:
            self._asked.add(dbname)
            if self._is_running:
                return
            self._is_running = True
        try:
            threading.Thread(target=self._run, name="epd_mailing.cron_bell", daemon=True).start()
        except RuntimeError as error:
            # the memory of a process is limited; what is told is kept by now
            with self._lock:
                self._asked, self._is_running = set(), False
            _logger.warning("Cron workers are not woken: %s", error)

    def _run(self):
        while dbnames := self._take():
            try:
                with sql_db.db_connect("postgres").cursor() as cr:
                    for dbname in dbnames:
                        function = SQL.identifier(ODOO_NOTIFY_FUNCTION)
                        cr.execute(SQL("SELECT %s('cron_trigger', %s)", function, dbname))
            except Exception as error:  # nothing is lost: the workers look by themselves
                _logger.warning("Cron workers are not woken: %s", type(error).__name__)

    def _take(self):
        with self._lock:
            dbnames, self._asked = self._asked, set()
            self._is_running = bool(dbnames)
        return dbnames


BELL = CronBell()
