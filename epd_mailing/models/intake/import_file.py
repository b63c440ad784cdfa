"""The file of a loading: opened as a stream, its columns matched, its first rows shown as read."""

import contextlib
import hashlib
import itertools
from decimal import Decimal

from markupsafe import Markup
from odoo.exceptions import UserError

from ...tools import table_file
from ...tools.money import format_date, format_money, format_number
from ...tools.table_file.values import clean_text
from ..base.stored_file import find_attachment, open_stored
from .import_texts import describe_problem, describe_table_error

HEAD_ROWS = 25
PREVIEW_ROWS = 12


class ImportFile:
    """The file of one ``epd.import``. A plain class: it is opened, asked and forgotten.

    :param order: record of ``epd.import``
    """

    def __init__(self, order):
        order.ensure_one()
        self.order, self.env = order, order.env

    def get_attachment(self):
        """Return the attachment that holds the file, an empty one when there is none."""
        return find_attachment(self.order, "file")

    def open_stream(self):
        """Return the file as a binary stream, from the disk where it lies there.

        :raise UserError: when there is none
        """
        missing = self.env._(
            "There is no file. Choose it, or load it again: old files are removed."
        )
        return open_stored(self.order, "file", missing)

    def is_small(self, size):
        """Return whether the file has at most ``size`` bytes."""
        with self.open_stream() as stream:
            return len(stream.read(size + 1)) <= size

    def open_table(self, stream):
        """Return a reader of the file, by what the order says of it.

        :raise tools.table_file.TableError: when it cannot be read
        """
        megabytes = self.order.company_id.epd_import_max_mb or 96
        limits = table_file.Limits(file_size=megabytes * 2**20)
        return table_file.open_table(
            stream,
            sheet=self.order.sheet or "",
            encoding=self.order.encoding or "",
            # a tab would be lost in the name under which the label is translated
            delimiter="\t" if self.order.delimiter == "tab" else self.order.delimiter or "",
            limits=limits,
        )

    def read_layout(self):
        """Check the file just chosen: its hash, its headings, the columns as far as known.

        :raise UserError: when it is no table we read
        """
        order = self.order._through_gate()
        order.column_ids.sudo().unlink()
        if not self.get_attachment():
            order.write({"file_sha256": False, "signature": False, "header_row": 0})
            return
        with self.open_stream() as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            rows = self.read_head(stream)
        place = table_file.find_header(order.kind, [row.cells for row in rows])
        header = [clean_text(cell)[:200] for cell in rows[place].cells] if rows else []
        if not any(header):
            raise UserError(self.env._("The file has no headings."))
        order.write(
            {
                "file_sha256": digest,
                "header_row": rows[place].number,
                "signature": table_file.signature(order.kind, header),
            }
        )
        self._create_columns(header, rows[place + 1 :])

    def read_head(self, stream):
        """Return the first rows of the file.

        :raise UserError: when they cannot be read
        """
        try:
            with contextlib.closing(self.open_table(stream)) as table:
                return list(itertools.islice(table.rows(), HEAD_ROWS))
        except table_file.TableError as error:
            raise UserError(describe_table_error(self.env, error)) from error

    def _create_columns(self, header, rows):
        layout = self.env["epd.import.layout"]._find(self.order)
        services = self.env["epd.service"].search([("company_id", "=", self.order.company_id.id)])
        names = [*services.mapped("name"), *services.mapped("code")]
        guessed = table_file.guess_columns(self.order.kind, header, names)
        if layout:
            known = layout.mapping or {}
            guessed = [tuple(known.get(str(n), ("", ""))) for n in range(len(header))]
            self.order.write(
                {
                    "layout_id": layout.id,
                    "create_missing": self.order.create_missing or layout.create_missing,
                    "create_services": self.order.create_services
                    or (layout.create_services and services.has_access("create")),
                }
            )
        else:
            self.order.layout_id = False
        if not self.order.scope:
            self.order.scope = layout.scope or self._guess_scope(
                {code for code, _service in guessed}
            )
        choices = {
            entry.code: entry.id
            for entry in self.env["epd.import.field"].search([("kind", "=", self.order.kind)])
        }
        self.env["epd.import.column"].sudo().create(
            [
                {
                    "import_id": self.order.id,
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
        return "whole" if self.order.kind == "payment" and not single else "part"

    def _sample(self, rows, index):
        cells = (clean_text(row.cells[index]) for row in rows if index < len(row.cells))
        return " · ".join(itertools.islice(filter(None, cells), 3))[:200]

    def get_parser(self):
        """Return the reader of rows, by the columns as matched."""
        columns = [
            table_file.Column(column.index, column.field_id.code, column.service or "")
            for column in self.order.column_ids
            if column.field_id
        ]
        return table_file.RowParser(
            self.order.kind,
            columns,
            choices=self._get_choices(),
            decimal=self.order.decimal or "",
            month=self.order.period_id.date_start,
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

    def check_startable(self):
        """Reject an order that is not filled in.

        :raise UserError: saying what is missing
        """
        if not self.get_attachment():  # the field itself would bring the whole file into memory
            raise UserError(self.env._("Choose the file first."))
        if self.order.kind != "account" and not self.order.period_id:
            raise UserError(self.env._("Choose the billing period the file is for."))
        if self.order.create_services and not self.env["epd.service"].has_access("create"):
            raise UserError(self.env._("Only a manager may have services created on the way."))
        missing = self.get_parser().missing_fields()
        if missing:
            names = self.env["epd.import.field"].search(
                [("kind", "=", self.order.kind), ("code", "in", missing)]
            )
            raise UserError(
                self.env._(
                    "Say which column holds: %s. Choose it in “Read As”.",
                    ", ".join(names.mapped("name")),
                )
            )
        pairs = [(c.field_id, c.service or "") for c in self.order.column_ids if c.field_id]
        twice = next((pair for pair in pairs if pairs.count(pair) > 1), None)
        if twice:
            raise UserError(self.env._("“%s” is chosen for two columns. Leave one.", twice[0].name))

    def make_preview(self):
        """Return the first rows as they will be read, as a table; wrong cells are marked."""
        try:
            with self.open_stream() as stream:
                rows = self.read_head(stream)
        except UserError as error:
            return Markup("<p>%s</p>") % str(error)
        parser = self.get_parser()
        records, wrong = [], []
        for row in rows:
            if row.number > self.order.header_row and len(records) < PREVIEW_ROWS:
                found, problems = parser.parse(row.number, row.cells)
                records += found
                wrong += problems
        names = {
            entry.code: entry.name
            for entry in self.env["epd.import.field"].search([("kind", "=", self.order.kind)])
        }
        codes = [code for code in names if any(code in record.values for record in records)]
        head = Markup("").join(Markup("<th>%s</th>") % names[code] for code in codes)
        body = Markup("").join(
            Markup("<tr><td>%s</td>%s</tr>")
            % (
                record.row,
                Markup("").join(
                    Markup("<td>%s</td>") % self._format(record.values.get(code)) for code in codes
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
                text=describe_problem(self.env, problem.code, problem.detail or problem.value),
            )
            for problem in wrong[:PREVIEW_ROWS]
        )
        table = Markup(
            '<div class="table-responsive"><table class="table table-sm table-striped">'
            "<thead><tr><th>%s</th>%s</tr></thead><tbody>%s</tbody></table></div>"
        ) % (self.env._("Row"), head, body)
        return table + (Markup('<ul class="text-danger">%s</ul>') % notes if notes else Markup(""))

    def _format(self, value):
        if value in (None, False):
            return ""
        if hasattr(value, "isoformat"):
            return format_date(value)
        if isinstance(value, Decimal) and value.as_tuple().exponent == -2:
            return format_money(value)
        return value if isinstance(value, str) else format_number(value, 7)
