"""Page numbers for a finished PDF."""

import io

from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen import canvas


def number_pages(data: bytes, margin: float = 24) -> bytes:
    """Return the PDF with «page / pages» in the foot of each page.

    :param data: bytes of a PDF
    :param margin: points from the lower and the right edge
    """
    reader = PdfReader(io.BytesIO(data))
    writer, total = PdfWriter(clone_from=reader), len(reader.pages)
    for number, page in enumerate(writer.pages, start=1):
        width = float(page.mediabox.width)
        layer = io.BytesIO()
        drawing = canvas.Canvas(layer, pagesize=(width, float(page.mediabox.height)))
        drawing.setFont("Helvetica", 8)
        drawing.drawRightString(width - margin, margin - 10, f"{number} / {total}")
        drawing.save()
        page.merge_page(PdfReader(io.BytesIO(layer.getvalue())).pages[0])
        page.compress_content_streams()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
