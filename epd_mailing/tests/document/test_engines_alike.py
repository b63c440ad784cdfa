import numpy
from odoo.tests import tagged
from PIL import ImageFilter

from ...tools import receipt_pdf
from ...tools.document_number import FORMS
from ..code_readers import rasterise
from ..common import EpdCommon
from .test_receipt import pdf_text

DPI = 50
# What two engines may differ by, of 255, where letters blur: over the whole page (its ink is 15 to 22), and in the
# tile of 10 × 10 mm where they differ most (a payment code has 127). Rows of tables are a little taller in one, so
# texts drift by up to 8 mm down the page: measured 3.8 to 5.9, and 28, with wkhtmltopdf 0.12.6 and plutoprint 0.23.0.
MEAN = 8.0
TILE = 45.0
TILE_DOTS = 20
BYTES = 45_000


@tagged("post_install", "-at_install", "epd_mailing")
class TestEnginesAlike(EpdCommon):
    """A receipt looks the same, and is as small, whichever engine of this machine printed it."""

    def _render(self, form):
        """Return ``{engine: PDF}`` of the same figures."""
        documents = self.env["epd.payment.document"].sudo()
        account = self.accounts[0]
        document, problem = documents._form_documents(account, self.period, form)[account.id]
        self.assertFalse(problem)
        files = {}
        for name, engine in receipt_pdf.ENGINES.items():
            if engine().is_there():
                self.company.epd_print_engine = name
                renderer = self.env["epd.receipt.renderer"].with_company(self.company)
                files[name] = renderer._render_receipts([(1, document._load_snapshot())])[1].pdf
        return files

    def _look(self, pdf):
        """Return the pages of a file as arrays of greys, letters blurred."""
        count = pdf_text(pdf).count("\f")
        pages = [rasterise(pdf, DPI, number) for number in range(1, count + 1)]
        return [numpy.asarray(page.filter(ImageFilter.GaussianBlur(2)), "f4") for page in pages]

    def _compare(self, one, other):
        """Return (difference of the page, of its worst tile), of 255 each."""
        self.assertEqual(one.shape, other.shape)
        apart = numpy.abs(one - other)
        rows, columns = (size // TILE_DOTS for size in apart.shape)
        tiles = apart[: rows * TILE_DOTS, : columns * TILE_DOTS]
        tiles = tiles.reshape(rows, TILE_DOTS, columns, TILE_DOTS).mean(axis=(1, 3))
        return float(apart.mean()), float(tiles.max())

    def test_every_form_looks_the_same_page_by_page(self):
        for form in FORMS:
            first, *others = map(self._look, self._render(form).values())
            for other in others:
                self.assertEqual(len(first), len(other))
                for page, (one, two) in enumerate(zip(first, other, strict=True), 1):
                    mean, worst = self._compare(one, two)
                    with self.subTest(form=form, page=page, mean=mean, worst=worst):
                        self.assertLess(mean, MEAN)
                        self.assertLess(worst, TILE)

    def test_what_differs_is_seen(self):
        """The measure itself: an empty page, and a page without its payment code, are no likeness."""
        for file in self._render("epd").values():
            (page, *_more) = self._look(file)
            self.assertGreater(self._compare(page, numpy.full_like(page, 255))[0], MEAN)
            without = page.copy()
            rows, columns = (size // TILE_DOTS for size in page.shape)
            ink = {
                (row, column): page[
                    row * TILE_DOTS : (row + 1) * TILE_DOTS,
                    column * TILE_DOTS : (column + 1) * TILE_DOTS,
                ].mean()
                for row in range(rows)
                for column in range(columns)
            }
            row, column = min(ink, key=ink.get)
            without[
                row * TILE_DOTS : (row + 1) * TILE_DOTS,
                column * TILE_DOTS : (column + 1) * TILE_DOTS,
            ] = 255
            self.assertGreater(self._compare(page, without)[1], TILE)

    def test_a_receipt_is_small(self):
        for form in FORMS:
            for name, file in self._render(form).items():
                with self.subTest(form=form, engine=name):
                    self.assertLess(len(file), BYTES)
