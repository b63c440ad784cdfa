"""Which lines a source had before: over all slices of a file, or within one call of a program."""

from array import array
from functools import lru_cache
from hashlib import blake2b

import psycopg2
from odoo.tools import SQL

# what is remembered of an account beside its lines: a row of it was read, could not be taken
NAMED, LOST = "named", "lost"


def get_digest(key):
    """Return 64 bits (int, signed) of what tells things apart: plain values."""
    return _get_digest(repr(key))


# a source has the same services, account after account
@lru_cache(maxsize=4096)
def _get_digest(text):
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True)


class Marks:
    """Keys seen so far, in memory.

    A key is a tuple of plain values. Its first one groups keys that come together, mostly the
    account: a file has the lines of an account beside each other.
    """

    def __init__(self):
        self.seen = {}  # group → set of digests

    def add(self, keys):
        """Remember keys.

        :return: set of the places (in ``keys``) of those that were there before
        """
        groups = {}
        for place, key in enumerate(keys):
            groups.setdefault(key[0], []).append((place, get_digest(key[1:])))
        if not groups:
            return set()
        known, twins, fresh = self.read_groups(groups), set(), {}
        for group, marks in groups.items():
            seen = known.setdefault(group, set())
            for place, digest in marks:
                if digest in seen:
                    twins.add(place)
                else:
                    seen.add(digest)
                    fresh.setdefault(group, []).append(digest)
        self._write(fresh)
        return twins

    def read_groups(self, groups):
        """Return ``{group: set of digests}`` of what is remembered of these groups.

        A digest is :func:`get_digest` of what follows the group in a key.
        """
        return self.seen

    def _write(self, fresh):
        """Remember ``{group: digests}``."""

    def save(self):
        """Return what :meth:`restore` takes to forget what comes from now on."""
        return {group: set(digests) for group, digests in self.seen.items()}

    def restore(self, saved):
        """Go back to what was known at :meth:`save`, after the database rolled back."""
        self.seen = saved


class FileMarks(Marks):
    """Keys of the lines of a file, in ``epd.import.key``: they outlive a slice and a worker.

    A group has one row with the digests of its keys packed: a row for each line took most of the
    time of a check.

    :param loading: the ``epd.import``
    """

    def __init__(self, loading):
        super().__init__()
        self.env, self.loading = loading.env, loading

    def read_groups(self, groups):
        """See the base."""
        digests = {get_digest(group): group for group in groups}
        rows = self.env.execute_query(
            SQL(
                "SELECT digest, lines FROM epd_import_key WHERE import_id = %s AND digest = ANY(%s)",
                self.loading.id,
                list(digests),
            )
        )
        return {digests[digest]: set(array("q", bytes(lines))) for digest, lines in rows}

    def _write(self, fresh):
        if not fresh:
            return
        self.env.cr.execute(
            SQL(
                "INSERT INTO epd_import_key (import_id, digest, lines)"
                " SELECT %s, * FROM unnest(%s::bigint[], %s::bytea[])"
                " ON CONFLICT (import_id, digest) DO UPDATE"
                " SET lines = epd_import_key.lines || EXCLUDED.lines",
                self.loading.id,
                list(map(get_digest, fresh)),
                [psycopg2.Binary(array("q", digests).tobytes()) for digests in fresh.values()],
            )
        )

    def save(self):
        """Return nothing: a savepoint of the database does it."""

    def restore(self, saved):
        """Do nothing: the database has rolled back."""
