"""What can be wrong with a table: as a whole (``TableError``) and in one place (``Problem``)."""

from typing import NamedTuple

# what a file can be that is no table of ours, and how each is known from its first bytes
NO_TABLES = (
    "pdf", "word", "image", "archive", "access", "html", "excel_xml", "xml_other", "json_other",
    "receipts", "many_files", "no_file", "no_headings", "not_table",
)  # fmt: skip


class TableError(ValueError):
    """The file cannot be read (on): ``code`` for programs, ``row`` where known (0: the file).

    Codes: ``empty``, ``old_excel`` (an Excel of before 1997, or something else in its container),
    ``encrypted``, ``damaged``, ``too_big``, ``bomb``, ``unsafe_xml``, ``no_sheet``, ``encoding``,
    ``quotes``, ``long_row``, ``many_columns``, and :data:`NO_TABLES`: what is no table, by its kind.
    ``detail`` is for the message: a number, the names of files, the root of an XML file.
    """

    def __init__(self, code: str, row: int = 0, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.row = row
        self.detail = detail


class Problem(NamedTuple):
    """One thing wrong in one place.

    ``row``: number as a person sees it, from 1; ``column``: index from 0, or None (the whole row);
    ``code``: see ``rows``; ``value``: the cell's own text; ``severity``: ``error`` or ``warning``;
    ``detail``: what the message tells beside the cell (what the row makes, say).
    """

    row: int
    column: int | None
    code: str
    value: str = ""
    severity: str = "error"
    detail: str = ""
