"""The program that ``plutoprint.PlutoprintEngine`` feeds: "source" "target" lines in, PDF files out.

Run by path, in a process of its own: a crash of the library, as in
https://github.com/plutoprint/plutoprint/issues/1 (seen 2026-11-26), takes one process along, not Odoo.
"""

import os
import re
import sys

import plutoprint

LINE = re.compile(r'"([^"]*)" "([^"]*)"')
# the same on all pages: the library knows no others, https://github.com/plutoprint/plutobook/issues/29, seen 2026-11-26
MARGINS = plutoprint.PageMargins(
    *(number * plutoprint.UNITS_MM for number in (7, 9, 6, 9))  # top, right, bottom, left
)


class DataOnly(plutoprint.ResourceFetcher):
    """Gives what the page itself holds (``data:``); no file and no network, whatever it asks for."""

    def fetch_url(self, url: str) -> plutoprint.ResourceData:
        """Return the data of a ``data:`` address."""
        if not url.startswith("data:"):
            raise ValueError("only data: addresses are read")
        return plutoprint.default_resource_fetcher.fetch_url(url)


def convert(source: str, target: str) -> None:
    """Write the PDF of an HTML file, whole or not at all."""
    book = plutoprint.Book(
        size=plutoprint.PAGE_SIZE_A4, margins=MARGINS, media=plutoprint.MEDIA_TYPE_PRINT
    )
    book.custom_resource_fetcher = DataOnly()
    with open(source, encoding="utf-8") as stream:
        book.load_html(stream.read())
    unfinished = target + ".part"
    book.write_to_pdf(unfinished)
    os.replace(unfinished, target)


def main() -> None:
    """Convert until the input ends; what cannot be converted leaves no file."""
    for line in sys.stdin:
        found = LINE.fullmatch(line.strip())
        try:
            if found:
                convert(*found.groups())
        except Exception as error:  # the caller finds the file missing, and renders it alone
            sys.stderr.write(f"{type(error).__name__}\n")


if __name__ == "__main__":
    main()
