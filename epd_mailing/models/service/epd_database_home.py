import logging
import os
import secrets
from pathlib import Path

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS
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


class EpdDatabaseHome(models.AbstractModel):
    """An account with a key that belongs to one database: a copy of that database sends nothing.

    The mark of the database (``HomeMark``) is remembered when the key is entered. Where it differs
    no call is made, a manager is informed once, and confirms once that this is the working database.
    Needs ``api_key``, ``_for_office``, ``_notify_manager`` and ``mail.activity.mixin``.
    """

    _name = "epd.database.home"
    _description = "Bound to One Database"

    home = fields.Json(
        groups=NO_ACCESS,
        readonly=True,
        copy=False,
        help="Mark of the database in which the key was entered.",
    )
    stranger_since = fields.Datetime(
        string="Found to Be a Copy At",
        readonly=True,
        copy=False,
        help="When this database was first found to be another one than that of the key.",
    )
    home_problem = fields.Text(
        string="Why Nothing Goes From Here", compute="_compute_home_problem", compute_sudo=True
    )

    def _get_home_vals(self):
        """Return the values that make this database the one that sends."""
        return {"home": HomeMark(self.env).get_mark(make=True), "stranger_since": False}

    @api.depends("api_key", "home")
    @api.depends_context("uid", "lang")
    def _compute_home_problem(self):
        for account in self:
            account.home_problem = account._describe_strange_home()

    def _describe_strange_home(self):
        """Return why nothing goes from this database, or False when it is the key's own."""
        account = self.sudo()
        if not account.api_key:
            return False
        differing = HomeMark(self.env).find_differences(account.home)
        if account.home and not differing:
            return False
        words = {
            "database": self.env._("the name of the database"),
            "uuid": self.env._("Odoo's number of the database"),
            "filestore": self.env._("the folder of files"),
            "place": self.env._("the place in PostgreSQL"),
        }
        return self.env._(
            "This database is a copy or was restored from a backup: it is not the one in which the "
            "UniSender key was entered (%(what)s). Nothing is sent, so that no payer gets a letter "
            "twice. If it is the working database, a manager opens the UniSender account and "
            "presses “This Is the Working Database”.",
            what=", ".join(words[key] for key in differing) or "—",
        )

    def _check_home(self):
        """:raise UserError: when this database may be a copy, saying what to do"""
        for account in self:
            problem = account._describe_strange_home()
            if problem:
                raise UserError(problem)

    def _stop_stranger(self):
        """Return why nothing goes, False when all is well; a manager is informed once."""
        self.ensure_one()
        account = self._for_office()
        problem = account._describe_strange_home()
        if problem and not account.stranger_since:
            account._unlocked().write({"stranger_since": fields.Datetime.now()})
            account._notify_manager(account.env._("Is this the working database?"), problem)
        return problem

    def action_confirm_home(self):
        """«This Is the Working Database»: letters go from here, and the key belongs here."""
        self.check_access("write")
        for account in self.sudo():
            if not account.api_key:
                raise UserError(self.env._("Enter the API key first."))
            known = account.home or {}
            vals = account._get_home_vals()
            account._unlocked().write(vals)
            account.message_post(
                body=self.env._(
                    "%(user)s confirmed that this is the working database (%(before)s → %(now)s).",
                    user=self.env.user.name,
                    before=known.get("database") or "—",
                    now=vals["home"]["database"],
                )
            )
            summary = account._for_office().env._("Is this the working database?")
            account.activity_search(
                ["mail.mail_activity_data_todo"], additional_domain=[("summary", "=", summary)]
            ).action_feedback()
        self.env.ref("epd_mailing.ir_cron_send").sudo()._trigger()
        return True
