"""How PostgreSQL goes about our queries over whole houses."""

from typing import Protocol


class Cursor(Protocol):
    """What is needed of a cursor of Odoo."""

    def execute(self, query: str) -> object:
        """Run a statement."""


def switch_off_jit(cr: Cursor) -> None:
    """Have queries interpreted, not compiled, until the transaction ends.

    Compiling takes 0.6 s of the 1.5 s of a query over 100 000 accounts, and again at each call. Others
    met the same: https://github.com/gristlabs/grist-core/pull/1504, seen 2026-11-26.

    :param cr: cursor of the transaction
    """
    cr.execute("SET LOCAL jit = off")
