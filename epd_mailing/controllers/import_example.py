import csv
import io

import openpyxl
from odoo.http import Controller, request, route
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE as ILLEGAL
from werkzeug.exceptions import NotFound

from ..tools import table_file
from .file_answer import CSV, XLSX, answer_for, give


class ImportExample(Controller):
    """Example files to load: headings and a few rows, made from what the loader understands."""

    @route(
        "/epd_mailing/import/example/<string:kind>.<string:suffix>",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def example(self, kind, suffix):
        """Return the example of a kind of file as XLSX or CSV (cp1251, semicolons)."""
        if (
            kind not in table_file.KINDS
            or suffix not in ("xlsx", "csv")
            or not request.env["epd.import"].has_access("read")
        ):
            raise NotFound()
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
        labels = request.env["epd.import"]._fields["kind"]._description_selection(request.env)
        name = request.env._("Example – %s", dict(labels)[kind].lower())
        return give(stream.getvalue(), f"{name}.{suffix}", XLSX if suffix == "xlsx" else CSV)

    @route(
        "/epd_mailing/import/<int:order_id>/problems.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def problems(self, order_id):
        """Return the problems of a loading as XLSX; what the file held stands there as text."""
        return answer_for("epd.import", order_id, self._make_problems)

    def _make_problems(self, order):
        problems = order.problem_ids
        names = ("row", "column", "header", "value", "text", "severity")
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append([problems._fields[n]._description_string(request.env) for n in names])
        labels = dict(problems._fields["severity"]._description_selection(request.env))
        for line, problem in enumerate(problems, 2):
            values = [problem[name] for name in names[:-1]] + [labels[problem.severity]]
            for place, value in enumerate(values, 1):
                cell = sheet.cell(line, place)
                cell.value = ILLEGAL.sub("", value) if isinstance(value, str) else value or None
                if isinstance(value, str):
                    cell.data_type = "s"  # a text that begins with «=» is no formula
        stream = io.BytesIO()
        book.save(stream)
        return give(stream.getvalue(), f"problems_{order.id}.xlsx", XLSX)
