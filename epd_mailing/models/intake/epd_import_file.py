import contextlib
import hashlib
import io
import itertools
from decimal import Decimal

from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import table_file
from ...tools.money import format_date, format_money, format_number
from ...tools.table_file.values import clean_text

HEAD_ROWS = 25
PREVIEW_ROWS = 12


class EpdImport(models.Model):
    """The file of an order: opened as a stream, its columns matched, its first rows shown as read."""

    _inherit = "epd.import"

    def _get_attachment(self):
        return (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("res_field", "=", "file"),
                ],
                limit=1,
            )
        )

    def _open_stream(self):
        """Return the file as a binary stream, from the disk where it lies there."""
        self.ensure_one()
        attachment = self._get_attachment()
        if not attachment:
            raise UserError(
                self.env._("There is no file. Choose it, or load it again: old files are removed.")
            )
        if attachment.store_fname:
            try:
                return open(attachment._full_path(attachment.store_fname), "rb")
            except OSError as error:
                raise UserError(self.env._("The file is missing on the server.")) from error
        return io.BytesIO(attachment.raw or b"")

    def _read_bytes(self, count):
        with self._open_stream() as stream:
            return stream.read(count)

    def _open_table(self, stream):
        megabytes = self.company_id.epd_import_max_mb or 96
        limits = table_file.Limits(file_size=megabytes * 2**20)
        return table_file.open_table(
            stream,
            sheet=self.sheet or "",
            encoding=self.encoding or "",
            # a tab would be lost in the name under which the label is translated
            delimiter="\t" if self.delimiter == "tab" else self.delimiter or "",
            limits=limits,
        )

    def _describe_table_error(self, error):
        """Return a ``TableError`` as a text that says what to do."""
        texts = {
            "empty": self.env._("The file is empty."),
            "old_excel": self.env._(
                "This file of Excel is older than 1997 or damaged. Save it as XLSX and load that."
            ),
            "not_table": self.env._(
                "This is no table. Load a table of Excel (XLSX, XLS), ODS, DBF, CSV or a bank's register."
            ),
            "pdf": self.env._(
                "This is a PDF. Receipts go to “Ready-Made Receipts”; a table is needed here: ask for it "
                "as XLSX or CSV."
            ),
            "word": self.env._(
                "This is a text document. Copy its table to Excel and save it as XLSX."
            ),
            "image": self.env._("This is a picture. A table is needed: ask for it as XLSX or CSV."),
            "archive": self.env._(
                "This is an archive of a kind that is not opened here. Unpack it, or pack the one file "
                "as ZIP."
            ),
            "access": self.env._(
                "This is a database of Access. Export the table as XLSX and load that."
            ),
            "html": self.env._(
                "This is a web page, though it may be named .xls. Open it in Excel and save it as XLSX."
            ),
            "excel_xml": self.env._(
                "This is a table of Excel 2003 in XML. Open it in Excel and save it as XLSX."
            ),
            "xml_other": self.env._(
                "This is an XML export (<%s>) whose structure is not known here. Export the same as XLSX "
                "or CSV, or send a sample of the file to the program's maintainers.",
                error.detail,
            ),
            "json_other": self.env._(
                "This JSON holds no list of rows, or several. Export one list of accounts or charges."
            ),
            "receipts": self.env._(
                "This archive holds PDF files (%s). They are loaded in “Ready-Made Receipts”.",
                error.detail,
            ),
            "many_files": self.env._(
                "The archive holds several files. Load them one by one: %s", error.detail
            ),
            "no_file": self.env._("The archive is empty."),
            "no_headings": self.env._(
                "The headings of this ГИС ЖКХ template are not known here: “%s” is missing. Choose the "
                "sheet, and it is read as a usual table.",
                error.detail,
            ),
            "encrypted": self.env._(
                "The file is protected by a password. Save it without one and load that."
            ),
            "damaged": self.env._(
                "The file is damaged and cannot be read to its end. Save it anew and load that."
            ),
            "too_big": self.env._("The file is too big. Divide it, or save it as CSV."),
            "bomb": self.env._("The file unpacks to far more than it is. It is not loaded."),
            "unsafe_xml": self.env._("The file holds what no table does. It is not loaded."),
            "no_sheet": self.env._("The workbook has no sheet."),
            "encoding": self.env._(
                "The text is not in the encoding it seemed to be. Choose the encoding."
            ),
            "quotes": self.env._(
                "A quotation mark is not closed, so it is not clear where the cell ends."
            ),
            "long_row": self.env._("A row is longer than a row can be. Choose the delimiter."),
            "many_columns": self.env._("There are too many columns: at most %s.", error.detail),
        }
        text = texts.get(error.code, error.code)
        return self.env._("Row %(row)s: %(text)s", row=error.row, text=text) if error.row else text

    def _take_file(self):
        """Look at the file just chosen: its hash, its headings, the columns as far as known.

        :raise UserError: when it is no table we read
        """
        for order in self:
            gate = order._through_gate()
            gate.column_ids.sudo().unlink()
            if not order._get_attachment():
                gate.write({"file_sha256": False, "signature": False, "header_row": 0})
                continue
            with order._open_stream() as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                rows = order._read_head(stream)
            place = table_file.find_header(order.kind, [row.cells for row in rows])
            header = [clean_text(cell)[:200] for cell in rows[place].cells] if rows else []
            if not any(header):
                raise UserError(self.env._("The file has no headings."))
            gate.write(
                {
                    "file_sha256": digest,
                    "header_row": rows[place].number,
                    "signature": table_file.signature(order.kind, header),
                }
            )
            gate._make_columns(header, rows[place + 1 :])

    def _read_head(self, stream):
        try:
            with contextlib.closing(self._open_table(stream)) as table:
                rows = list(itertools.islice(table.rows(), HEAD_ROWS))
        except table_file.TableError as error:
            raise UserError(self._describe_table_error(error)) from error
        return rows

    def _make_columns(self, header, rows):
        layout = self.env["epd.import.layout"]._find(self)
        services = self.env["epd.service"].search([("company_id", "=", self.company_id.id)])
        names = [*services.mapped("name"), *services.mapped("code")]
        guessed = table_file.guess_columns(self.kind, header, names)
        if layout:
            known = layout.mapping or {}
            guessed = [tuple(known.get(str(n), ("", ""))) for n in range(len(header))]
            self.write(
                {
                    "layout_id": layout.id,
                    "create_missing": self.create_missing or layout.create_missing,
                    "create_services": self.create_services
                    or (layout.create_services and services.has_access("create")),
                }
            )
        else:
            self.layout_id = False
        if not self.scope:
            self.scope = layout.scope or self._guess_scope({code for code, _service in guessed})
        choices = {
            entry.code: entry.id
            for entry in self.env["epd.import.field"].search([("kind", "=", self.kind)])
        }
        self.env["epd.import.column"].sudo().create(
            [
                {
                    "import_id": self.id,
                    "index": index,
                    "header": title,
                    "samples": self._sample(rows, index),
                    "field_id": choices.get(guessed[index][0], False),
                    "service": guessed[index][1],
                }
                for index, title in enumerate(header)
                if title or self._sample(rows, index)
            ]
        )

    def _guess_scope(self, codes):
        """Return what files of such columns usually hold.

        Payments with days or numbers are a register, one of several; sums alone are a total.
        """
        single = {"payment_number", "last_payment_date"} & codes
        return "whole" if self.kind == "payment" and not single else "part"

    @api.model
    def _sample(self, rows, index):
        cells = (clean_text(row.cells[index]) for row in rows if index < len(row.cells))
        return " · ".join(itertools.islice(filter(None, cells), 3))[:200]

    def _get_parser(self):
        """Return the reader of rows, by the columns as matched."""
        columns = [
            table_file.Column(column.index, column.field_id.code, column.service or "")
            for column in self.column_ids
            if column.field_id
        ]
        return table_file.RowParser(
            self.kind,
            columns,
            choices=self._get_choices(),
            decimal=self.decimal or "",
            month=self.period_id.date_start,
        )

    def _get_choices(self):
        """Return ``{field: {key: words}}``: keys and labels, English and Russian."""
        sources = {
            "premises_kind": ("epd.personal.account", "premises_kind"),
            "channel": ("epd.personal.account", "channel"),
            "service_kind": ("epd.service", "kind"),
            "volume_method": ("epd.charge", "volume_method"),
        }
        found = {}
        for name, (model, field) in sources.items():
            options = {}
            for lang in {"en_US", "ru_RU", self.env.lang or "en_US"}:
                described = self.env[model].with_context(lang=lang)
                for key, label in described._fields[field]._description_selection(described.env):
                    options.setdefault(key, set()).add(label)
            found[name] = options
        # as form 43/pr marks the ways of measuring
        for key, words in {
            "norm": {"N", "норматив", "н"},
            "meter": {"M", "прибор учета", "прибор учёта", "ипу", "п"},
            "other": {"O", "иное", "и"},
        }.items():
            found["volume_method"].setdefault(key, set()).update(words)
        return found

    def _check_startable(self):
        """Refuse to work on an order that is not filled in.

        :raise UserError: saying what is missing
        """
        if not self._get_attachment():  # the field itself would bring the whole file into memory
            raise UserError(self.env._("Choose the file first."))
        if self.kind != "account" and not self.period_id:
            raise UserError(self.env._("Choose the billing period the file is for."))
        if self.create_services and not self.env["epd.service"].has_access("create"):
            raise UserError(self.env._("Only a manager may have services created on the way."))
        missing = self._get_parser().missing_fields()
        if missing:
            names = self.env["epd.import.field"].search(
                [("kind", "=", self.kind), ("code", "in", missing)]
            )
            raise UserError(
                self.env._(
                    "Say which column holds: %s. Choose it in “Read As”.",
                    ", ".join(names.mapped("name")),
                )
            )
        pairs = [(c.field_id, c.service or "") for c in self.column_ids if c.field_id]
        twice = next((pair for pair in pairs if pairs.count(pair) > 1), None)
        if twice:
            raise UserError(self.env._("“%s” is chosen for two columns. Leave one.", twice[0].name))

    @api.depends("column_ids.field_id", "column_ids.service", "decimal", "file_sha256")
    def _compute_preview_html(self):
        for order in self:
            order.preview_html = False
            if order.file_sha256 and order._origin.id:
                order.preview_html = order._make_preview()

    def _make_preview(self):
        """Return the first rows as they will be read, as a table; wrong cells are marked."""
        try:
            with self._origin._open_stream() as stream:
                rows = self._read_head(stream)
        except UserError as error:
            return Markup("<p>%s</p>") % str(error)
        parser = self._get_parser()
        records, wrong = [], []
        for row in rows:
            if row.number > self.header_row and len(records) < PREVIEW_ROWS:
                found, problems = parser.parse(row.number, row.cells)
                records += found
                wrong += problems
        names = {
            entry.code: entry.name
            for entry in self.env["epd.import.field"].search([("kind", "=", self.kind)])
        }
        codes = [code for code in names if any(code in record.values for record in records)]
        head = Markup("").join(Markup("<th>%s</th>") % names[code] for code in codes)
        body = Markup("").join(
            Markup("<tr><td>%s</td>%s</tr>")
            % (
                record.row,
                Markup("").join(
                    Markup("<td>%s</td>") % self._show(record.values.get(code)) for code in codes
                ),
            )
            for record in records[:PREVIEW_ROWS]
        )
        notes = Markup("").join(
            Markup("<li>%s</li>")
            % self.env._(
                "Row %(row)s, column %(column)s: %(text)s",
                row=problem.row,
                column="—" if problem.column is None else table_file.column_letter(problem.column),
                text=self._problem_text(problem.code, problem.detail or problem.value),
            )
            for problem in wrong[:PREVIEW_ROWS]
        )
        table = Markup(
            '<div class="table-responsive"><table class="table table-sm table-striped">'
            "<thead><tr><th>%s</th>%s</tr></thead><tbody>%s</tbody></table></div>"
        ) % (self.env._("Row"), head, body)
        return table + (Markup('<ul class="text-danger">%s</ul>') % notes if notes else Markup(""))

    @api.model
    def _show(self, value):
        if value in (None, False):
            return ""
        if hasattr(value, "isoformat"):
            return format_date(value)
        if isinstance(value, Decimal) and value.as_tuple().exponent == -2:
            return format_money(value)
        return value if isinstance(value, str) else format_number(value, 7)

    @api.autovacuum
    def _gc_files(self):
        """Remove the files of finished loadings after the company's time of keeping; orders stay."""
        removed = 0
        for company in self.env["res.company"].sudo().search([("epd_import_keep_days", ">", 0)]):
            rows = self.env.execute_query(
                SQL(
                    """SELECT attachment.id FROM ir_attachment attachment
                         JOIN epd_import source ON source.id = attachment.res_id
                        WHERE attachment.res_model = 'epd.import' AND attachment.res_field = 'file'
                          AND source.company_id = %s AND source.state IN ('done', 'cancelled', 'taken_back')
                          AND source.write_date < %s LIMIT 100""",
                    company.id,
                    fields.Datetime.subtract(
                        fields.Datetime.now(), days=company.epd_import_keep_days
                    ),
                )
            )
            self.env["ir.attachment"].sudo().browse([number for (number,) in rows]).unlink()
            removed += len(rows)
        return removed, removed >= 100
