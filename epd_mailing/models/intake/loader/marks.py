"""Which lines a source had before: over all slices of a file, or within one call of a program."""

from hashlib import blake2b

from odoo.tools import SQL


def get_digest(key):
    """Return 64 bits (int, signed) of what tells a line from others: a tuple of plain values."""
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=8).digest(), signed=True)


class Marks:
    """Digests of the keys seen so far, in memory."""

    def __init__(self):
        self.seen = set()

    def add(self, keys):
        """Remember keys.

        :return: set of the places (in ``keys``) of those that were there before
        """
        digests = list(map(get_digest, keys))
        fresh = self._remember(digests) if digests else set()
        twins = set()
        for place, digest in enumerate(digests):
            if digest in fresh:
                fresh.discard(digest)
            else:
                twins.add(place)
        return twins

    def _remember(self, digests):
        fresh = set(digests) - self.seen
        self.seen |= fresh
        return set(fresh)

    def find(self, digests):
        """Return those of the digests that were remembered."""
        return self.seen.intersection(digests)

    def save(self):
        """Return what :meth:`restore` takes to forget what comes from now on."""
        return set(self.seen)

    def restore(self, saved):
        """Go back to what was known at :meth:`save`, after the database rolled back."""
        self.seen = saved


class FileMarks(Marks):
    """Digests of the lines of a file, in ``epd.import.key``: they outlive a slice and a worker.

    :param order: the ``epd.import``
    """

    def __init__(self, order):
        super().__init__()
        self.env, self.order = order.env, order

    def _remember(self, digests):
        rows = self.env.execute_query(
            SQL(
                "INSERT INTO epd_import_key (import_id, digest) SELECT %s, unnest(%s::bigint[])"
                " ON CONFLICT DO NOTHING RETURNING digest",
                self.order.id,
                digests,
            )
        )
        return {digest for (digest,) in rows}

    def find(self, digests):
        """Return those of the digests that were remembered for this file."""
        rows = self.env.execute_query(
            SQL(
                "SELECT digest FROM epd_import_key WHERE import_id = %s AND digest = ANY(%s)",
                self.order.id,
                list(digests),
            )
        )
        return {digest for (digest,) in rows}

    def save(self):
        """Return nothing: a savepoint of the database does it."""

    def restore(self, saved):
        """Do nothing: the database has rolled back."""
