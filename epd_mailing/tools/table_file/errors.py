"""What can be wrong with a table: as a whole (``TableError``) and in one place (``Problem``)."""

from typing import NamedTuple


class TableError(ValueError):
    """The file cannot be read (on): ``code`` for programs, ``row`` where known (0: the file).

    Codes: ``empty``, ``old_excel``, ``not_table``, ``encrypted``, ``damaged``, ``too_big``,
    ``bomb``, ``unsafe_xml``, ``no_sheet``, ``encoding``, ``quotes``, ``long_row``, ``many_columns``.
    """

    def __init__(self, code, row=0, detail=""):
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.row = row
        self.detail = detail


class Problem(NamedTuple):
    """One thing wrong in one place.

    ``row``: number as a person sees it, from 1; ``column``: index from 0, or None (the whole row);
    ``code``: see ``rows``; ``value``: the text found there; ``severity``: ``error`` or ``warning``.
    """

    row: int
    column: int | None
    code: str
    value: str = ""
    severity: str = "error"
