"""Which database this is: a copy of it, or an old state put back, must not send what it holds."""

import logging
import os
import secrets
from pathlib import Path

import psycopg2
from odoo.tools import config

_logger = logging.getLogger(__name__)

MARK_FILE = "epd_mailing.mark"


class HomeMark:
    """What tells this database from its copies.

    =============  =================================  ===============================================
    key            what it is                         differs in
    =============  =================================  ===============================================
    ``database``   its name                           a copy beside it (``createdb -T``, «Duplicate»)
    ``uuid``       Odoo's ``database.uuid``           a copy made by Odoo's database manager
    ``filestore``  a random mark kept in a file of    a copy without the files, or with a new folder
                   the filestore, not in the          of files
                   database
    ``place``      number of the PostgreSQL cluster   whatever was made by ``pg_dump`` and restored,
                   and of the database in it          an old state of this very database too
    =============  =================================  ===============================================

    A copy of the whole machine (disk image, physical copy of the cluster together with the files)
    has the same mark: nothing in it differs.
    """

    def __init__(self, env):
        self.env = env

    def get_mark(self, make=False):
        """Return the mark, a dict of texts; ``None`` where something cannot be asked.

        :param make: the filestore gets its mark when it has none
        """
        cr = self.env.cr
        parameters = self.env["ir.config_parameter"].sudo()
        return {
            "database": cr.dbname,
            "uuid": parameters.get_param("database.uuid") or "",
            "filestore": self._read_file(make),
            "place": self._read_place(),
        }

    def find_differences(self, known):
        """Return the keys in which this database is not the one that ``known`` tells of."""
        now = self.get_mark()
        return [
            key
            for key, value in (known or {}).items()
            # what could not be asked, then or now, tells nothing
            if value is not None and now.get(key) is not None and value != now[key]
        ]

    def _read_file(self, make):
        location = self.env["ir.attachment"]._storage()
        if location != "file":
            return None  # the files lie in the database and are copied with it
        path = Path(config.filestore(self.env.cr.dbname)) / MARK_FILE
        try:
            return path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            if not make:
                return ""
        except (OSError, UnicodeDecodeError):
            _logger.warning("The mark of the filestore cannot be read")
            return ""
        return self._write_file(path)

    @staticmethod
    def _write_file(path):
        mark = secrets.token_hex(16)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # two workers at once: the first one's mark stands
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(number, "w", encoding="ascii") as file:
                file.write(mark)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        except OSError:
            _logger.warning("The mark of the filestore cannot be written")
            return None
        return mark

    def _read_place(self):
        """Return «cluster/database» as PostgreSQL numbers them; a restored dump has others."""
        try:
            with self.env.cr.savepoint(flush=False):
                # https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA,
                # seen 2026-11
                self.env.cr.execute(
                    "SELECT system_identifier, (SELECT oid FROM pg_database"
                    " WHERE datname = current_database()) FROM pg_control_system()"
                )
                return "{}/{}".format(*self.env.cr.fetchone())
        except psycopg2.errors.InsufficientPrivilege:
            return None
