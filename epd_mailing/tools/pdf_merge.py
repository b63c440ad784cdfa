"""Many receipts → one file for the printer."""

import io
from collections.abc import Iterable

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError


class MergeError(ValueError):
    """A file is no PDF that can be read; ``index`` says which one."""

    def __init__(self, index: int) -> None:
        super().__init__(f"file {index} cannot be read")
        self.index = index


def merge(
    files: Iterable[bytes], odd_start: bool = False, backs: Iterable[bytes] | None = None
) -> tuple[bytes, list[tuple[int, int]]]:
    """Join PDF files in their order.

    :param files: iterable of bytes; read one after another
    :param odd_start: insert a blank page after a file of an odd number of pages, so that each
        begins on a sheet of its own when both sides are printed
    :param backs: a PDF of one page for each file, in their order: the back of its first sheet (the address
        of a folded one). Each file then begins on a sheet of its own
    :return: ``(bytes, [(first page, pages), …])``, pages counted from 1, blank ones not in ``pages``
    :raise MergeError: when a file cannot be read; nothing is returned then
    """
    writer, places = PdfWriter(), []
    backs = list(backs or [])
    for index, data in enumerate(files):
        if (odd_start or backs) and len(writer.pages) % 2:
            # of the size of the sheet it lies on the back of
            writer.add_blank_page()
        first = len(writer.pages) + 1
        try:
            reader = PdfReader(io.BytesIO(data))
            writer.append(reader, import_outline=False)
            if backs:
                back = PdfReader(io.BytesIO(backs[index])).pages[0]
                writer.insert_page(back, first)  # counted from 0: right behind the first
        except (PyPdfError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MergeError(index) from error
        places.append((first, len(writer.pages) + 1 - first))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue(), places
