"""What the Go side remembers, in tables of its own beside those of the classic side."""

import hashlib
import json
import secrets

SCHEMA = """
CREATE TABLE IF NOT EXISTS go_letter (
    id INTEGER PRIMARY KEY, job_id TEXT, email TEXT, sender TEXT, reply_to TEXT, subject TEXT, body TEXT,
    metadata TEXT, headers TEXT, track_read INTEGER, track_links INTEGER, idempotence_key TEXT, received REAL);
CREATE TABLE IF NOT EXISTS go_attachment (
    letter_id INTEGER, name TEXT, kind TEXT, sha256 TEXT, size INTEGER, data BLOB);
CREATE TABLE IF NOT EXISTS go_event (
    id INTEGER PRIMARY KEY, letter_id INTEGER, at REAL, status TEXT, delivery_status TEXT, traffic TEXT,
    url TEXT, due INTEGER);
CREATE TABLE IF NOT EXISTS go_hook (url TEXT PRIMARY KEY, settings TEXT, status TEXT, told INTEGER);
CREATE TABLE IF NOT EXISTS go_suppression (email TEXT, cause TEXT, source TEXT, created REAL, until REAL);
CREATE TABLE IF NOT EXISTS go_dump (id TEXT PRIMARY KEY, request TEXT, made REAL);
CREATE TABLE IF NOT EXISTS go_call (at REAL, method TEXT);
CREATE INDEX IF NOT EXISTS go_letter_key ON go_letter (idempotence_key, received);
CREATE INDEX IF NOT EXISTS go_letter_received ON go_letter (received);
CREATE INDEX IF NOT EXISTS go_event_at ON go_event (at);
"""
TABLES = "go_letter go_attachment go_event go_hook go_suppression go_dump go_call".split()


class GoStore:
    """Door to the Go tables of a ``sandbox.store.Store``."""

    def __init__(self, store):
        self.store = store
        for statement in SCHEMA.split(";"):
            if statement.strip():
                store.run(statement)
        self.now, self.rows, self.run, self.run_many = (
            store.now,
            store.rows,
            store.run,
            store.run_many,
        )

    def add_letters(self, letters, attachments, events):
        """Keep the letters of one request; return their job id.

        :param letters: list of dicts of columns
        :param attachments: list of (name, kind, bytes), the same for all
        :param events: function of a letter → list of (seconds after receipt, status, delivery_status, traffic, url)
        """
        job = f"{secrets.token_hex(3)}-{secrets.token_hex(3)}-{secrets.token_hex(2)}"
        now = self.now()
        for letter in letters:
            values = {**letter, "job_id": job, "received": now}
            names, marks = ", ".join(values), ", ".join("?" * len(values))
            letter_id = self.run(
                f"INSERT INTO go_letter ({names}) VALUES ({marks})", *values.values()
            )
            for name, kind, data in attachments:
                digest = hashlib.sha256(data).hexdigest()
                self.run(
                    "INSERT INTO go_attachment VALUES (?, ?, ?, ?, ?, ?)",
                    *(letter_id, name, kind, digest, len(data), data),
                )
            for seconds, *rest in events(letter):
                self.run(
                    "INSERT INTO go_event (letter_id, at, status, delivery_status, traffic, url, due) "
                    "VALUES (?, ?, ?, ?, ?, ?, 1)",
                    *(letter_id, now + seconds, *rest),
                )
        return job

    def add_event(self, letter_id, status, delivery_status="", traffic="human", url=""):
        """Let something happen to a letter now; what was to come does not any more."""
        now = self.now()
        self.run("DELETE FROM go_event WHERE letter_id = ? AND at > ?", letter_id, now)
        return self.run(
            "INSERT INTO go_event (letter_id, at, status, delivery_status, traffic, url, due) "
            "VALUES (?, ?, ?, ?, ?, ?, 1)",
            *(letter_id, now, status, delivery_status, traffic, url),
        )

    def events(self, where="1", *args, limit=-1):
        """Return events that have happened, with their letters' facts, in their order.

        :param limit: how many at the most, a negative one for all
        """
        return self.rows(
            "SELECT e.*, l.email, l.job_id, l.metadata, l.sender FROM go_event e "
            f"JOIN go_letter l ON l.id = e.letter_id WHERE e.at <= ? AND {where} ORDER BY e.at, e.id LIMIT ?",
            *(self.now(), *args, limit),
        )

    def letters(self, where="1", *args):
        """Return letters with the facts of their attachments and their last status, oldest first."""
        letters = self.rows(f"SELECT * FROM go_letter WHERE {where} ORDER BY id", *args)
        files, last = {}, {}
        for row in self.rows(
            "SELECT rowid, letter_id, name, sha256, size FROM go_attachment "
            f"WHERE letter_id IN (SELECT id FROM go_letter WHERE {where})",
            *args,
        ):
            files.setdefault(row["letter_id"], []).append(row)
        for event in self.events():
            last[event["letter_id"]] = event["status"]
        for letter in letters:
            letter["metadata"] = json.loads(letter["metadata"])
            letter["attachments"] = files.get(letter["id"], [])
            letter["status"] = last.get(letter["id"], "accepted")
        return letters

    def reset(self):
        """Forget everything."""
        for table in TABLES:
            self.run(f"DELETE FROM {table}")
