import csv
import io

import openpyxl
from odoo.addons.epd_mailing.tools import table_file
from odoo.http import Controller, content_disposition, request, route

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ImportExample(Controller):
    """Example files to load: headings and one row, made from what the loader understands."""

    @route("/epd_mailing/import/example/<string:kind>.<string:suffix>", type="http", auth="user")
    def example(self, kind, suffix):
        """Return the example of a kind of file as XLSX or CSV (cp1251, semicolons)."""
        if (
            kind not in table_file.KINDS
            or suffix not in ("xlsx", "csv")
            or not request.env["epd.import"].has_access("read")
        ):
            return request.not_found()
        rows = table_file.sample_rows(kind)
        stream = io.BytesIO()
        if suffix == "csv":
            text = io.StringIO()
            csv.writer(text, delimiter=";").writerows(rows)
            stream.write(text.getvalue().encode("cp1251", "replace"))
        else:
            book = openpyxl.Workbook()
            for row in rows:
                book.active.append(row)
            for column in book.active.columns:
                width = max(len(cell.value) for cell in column) + 2
                book.active.column_dimensions[column[0].column_letter].width = width
            book.save(stream)
        return request.make_response(
            stream.getvalue(),
            headers=[
                ("Content-Type", XLSX if suffix == "xlsx" else "text/csv; charset=windows-1251"),
                ("Content-Disposition", content_disposition(f"example_{kind}.{suffix}")),
            ],
        )
