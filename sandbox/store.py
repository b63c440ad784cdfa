"""What the sandbox remembers: letters, contacts, hooks and settings, in one SQLite file."""

import hashlib
import json
import sqlite3
import threading
import time
from datetime import UTC, datetime

SCHEMA = """
CREATE TABLE IF NOT EXISTS letter (
    id INTEGER PRIMARY KEY, email TEXT, subject TEXT, body TEXT, sender TEXT, reply_to TEXT,
    list_id TEXT, metadata TEXT, ref_key TEXT, track_read INTEGER, track_links INTEGER,
    received REAL, status TEXT, status_at REAL, next_at REAL);
CREATE TABLE IF NOT EXISTS attachment (
    letter_id INTEGER, name TEXT, sha256 TEXT, size INTEGER, data BLOB);
CREATE TABLE IF NOT EXISTS list (id INTEGER PRIMARY KEY, title TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS contact (
    email TEXT, list_id TEXT, status TEXT, added_at REAL, UNIQUE (email, list_id));
CREATE TABLE IF NOT EXISTS sender (email TEXT PRIMARY KEY, is_checked INTEGER);
CREATE TABLE IF NOT EXISTS hook (
    url TEXT PRIMARY KEY, format TEXT, single INTEGER, status TEXT, events TEXT,
    checked INTEGER);
CREATE TABLE IF NOT EXISTS call (at REAL, method TEXT);
CREATE INDEX IF NOT EXISTS letter_email ON letter (email, received);
CREATE INDEX IF NOT EXISTS letter_received ON letter (received);
CREATE INDEX IF NOT EXISTS letter_ref ON letter (ref_key) WHERE ref_key <> '';
CREATE INDEX IF NOT EXISTS letter_next ON letter (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS call_at ON call (at);
CREATE INDEX IF NOT EXISTS attachment_letter ON attachment (letter_id);
"""
FIRST_ID = 11411542313  # as long as the real service's ids
FIRST_LIST = 20547


class Store:
    """Thread-safe door to the SQLite file; the clock can be moved on.

    :param path: of the file; ``:memory:`` for none
    """

    def __init__(self, path=":memory:"):
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(SCHEMA)
        self.offset = 0.0
        if not self.rows("SELECT 1 FROM list"):
            self.run("INSERT INTO list VALUES (?, ?)", FIRST_LIST, "Плательщики")

    def now(self):
        """Return the sandbox's time, seconds since 1970."""
        return time.time() + self.offset

    def run(self, sql, *args):
        """Execute a statement and return its last row id."""
        with self._lock:
            return self._db.execute(sql, args).lastrowid

    def run_many(self, sql, rows):
        """Execute a statement for each row of values, all or none."""
        with self._lock:
            self._db.execute("BEGIN")
            self._db.executemany(sql, rows)
            self._db.execute("COMMIT")

    def rows(self, sql, *args):
        """Return the rows of a query as dicts."""
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, args)]

    def add_letter(self, letter, attachments):
        """Keep a letter with its attachments byte by byte; return its id."""
        with self._lock:
            self._db.execute("BEGIN")
            top = self._db.execute("SELECT max(id) FROM letter").fetchone()[0]
            now = self.now()
            values = {**letter, "id": (top or FIRST_ID - 1) + 1, "received": now}
            # next_at: when its status is to be checked again, nothing at its end
            values |= {"status": "not_sent", "status_at": now, "next_at": now}
            names = ", ".join(values)
            marks = ", ".join("?" * len(values))
            self._db.execute(
                f"INSERT INTO letter ({names}) VALUES ({marks})", list(values.values())
            )
            self._db.executemany(
                "INSERT INTO attachment VALUES (?, ?, ?, ?, ?)",
                [
                    (values["id"], name, hashlib.sha256(data).hexdigest(), len(data), data)
                    for name, data in attachments
                ],
            )
            self._db.execute("COMMIT")
        return values["id"]

    def letters(self, where="1", *args):
        """Return letters with the facts of their attachments, oldest first."""
        letters = self.rows(f"SELECT * FROM letter WHERE {where} ORDER BY id", *args)
        files = {}
        for row in self.rows(
            "SELECT rowid, letter_id, name, sha256, size FROM attachment "
            f"WHERE letter_id IN (SELECT id FROM letter WHERE {where})",
            *args,
        ):
            files.setdefault(row["letter_id"], []).append(row)
        for letter in letters:
            letter["metadata"] = json.loads(letter["metadata"])
            letter["attachments"] = files.get(letter["id"], [])
            letter["received_at"] = stamp(letter["received"])
        return letters

    def reset(self):
        """Forget everything but the lists."""
        for table in ("letter", "attachment", "contact", "sender", "hook", "call"):
            self.run(f"DELETE FROM {table}")
        self.offset = 0.0


def stamp(moment):
    """Return a moment as the service writes it: UTC, no zone."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")
