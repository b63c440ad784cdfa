"""The file of a loading: opened as a stream, its columns matched, its first rows shown as read."""

import contextlib
import hashlib
import itertools
from decimal import Decimal

from markupsafe import Markup
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import table_file
from ...tools.money import format_date, format_money, format_number
from ...tools.table_file.values import clean_text
from ..base.stored_file import find_attachment, open_stored
from .epd_import_field import TIMELESS
from .import_texts import describe_problem, describe_table_error

HEAD_ROWS = 25
PREVIEW_ROWS = 12
# columns whose cells are one of a few words → where these words come from
CHOICES = {
    "premises_kind": ("epd.personal.account", "premises_kind"),
    "channel": ("epd.personal.account", "channel"),
    "service_kind": ("epd.service", "kind"),
    "volume_method": ("epd.charge", "volume_method"),
}


class ImportFile:
    """The file of one ``epd.import``. A plain class: it is opened, asked and forgotten.

    :param loading: record of ``epd.import``
    """

    def __init__(self, loading):
        loading.ensure_one()
        self.loading, self.env = loading, loading.env

    def get_attachment(self):
        """Return the attachment that holds the file, an empty one when there is none."""
        return find_attachment(self.loading, "file")

    def open_stream(self):
        """Return the file as a binary stream, from the disk where it lies there.

        :raise UserError: when there is none
        """
        missing = self.env._(
            "There is no file. Choose it, or load it again: old files are removed."
        )
        return open_stored(self.loading, "file", missing)

    def is_small(self, size):
        """Return whether the file has at most ``size`` bytes."""
        with self.open_stream() as stream:
            return len(stream.read(size + 1)) <= size

    def open_table(self, stream):
        """Return a reader of the file, by what the loading says of it.

        :raise tools.table_file.TableError: when it cannot be read
        """
        loading = self.loading
        megabytes = loading.company_id.epd_import_max_mb or 96
        return table_file.open_table(
            stream,
            sheet=loading.sheet or "",
            encoding=loading.encoding or "",
            # a tab would be lost in the name under which the label is translated
            delimiter="\t" if loading.delimiter == "tab" else loading.delimiter or "",
            limits=table_file.Limits(file_size=megabytes * 2**20),
            kind=loading.kind,
            name=loading.file_name or "",
        )

    def read_layout(self):
        """Check the file just chosen: its hash, its headings, the columns as far as known.

        :raise UserError: when it is no table we read
        """
        loading = self.loading._unlocked()
        loading.column_ids.sudo().unlink()
        if not self.get_attachment():
            loading.write(
                {"file_sha256": False, "signature": False, "header_row": 0, "encoding_doubt": False}
            )
            return
        with self.open_stream() as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            table, rows = self.read_head(stream)
        layout = self._understand(table, rows)
        vals = {
            "file_sha256": digest,
            "header_row": layout.header_row,
            "signature": layout.signature,
            "is_guessed": layout.guessed,
            "encoding_doubt": self._describe_doubt(table),
        }
        payee = table.payee and not loading.payee_id and self._find_payee(table.payee)
        if payee:
            vals["payee_id"] = payee.id
        loading.write(vals)
        self._create_columns(layout, [row for row in rows if row.number > layout.header_row])

    def read_head(self, stream):
        """Return the reader (closed, to be asked only) and the first rows of the file.

        :raise UserError: when they cannot be read
        """
        try:
            with contextlib.closing(self.open_table(stream)) as table:
                return table, list(itertools.islice(table.rows(), HEAD_ROWS))
        except table_file.TableError as error:
            raise UserError(describe_table_error(self.env, error)) from error

    def _understand(self, table, rows):
        """Return the layout of the file: as a person chose, as remembered, or as guessed.

        :raise UserError: when the file has nothing to be read
        """
        loading = self.loading
        if not any(clean_text(cell) for row in rows for cell in row.cells):
            raise UserError(self.env._("The file has no rows."))
        header_row = {"none": 0, "row": loading.heading_number}.get(loading.heading_choice)
        if header_row is None and table.headings is None:
            header_row = self._recall_header_row(table, rows)
        layout = table_file.understand(
            loading.kind, table, rows, self._get_service_names(), header_row, self._find_numbers
        )
        if header_row and not layout.header_row:
            raise UserError(
                self.env._("The file has no row %s among its first ones.", loading.heading_number)
            )
        return layout

    def _recall_header_row(self, table, rows):
        """Return the row of headings of the layout that is known for such a file, or None."""
        kind = self.loading.kind
        by_row = {table_file.signature(kind, row.cells): row.number for row in rows}
        shape = [row.cells for row in rows if not table_file.is_control(row.cells)]
        by_row[table_file.sign_shape(kind, table, shape)] = 0
        known = self.env["epd.import.layout"].search(
            [
                ("company_id", "=", self.loading.company_id.id),
                ("kind", "=", kind),
                ("signature", "in", list(by_row)),
            ],
            order="used_at desc",
            limit=1,
        )
        return by_row[known.signature] if known else None

    def _get_service_names(self):
        services = self.env["epd.service"].search([("company_id", "=", self.loading.company_id.id)])
        return [*services.mapped("name"), *services.mapped("code")]

    def _find_numbers(self, texts):
        """Return those of the texts that are numbers of accounts, whether zeros were lost or not."""
        stripped = {text.lstrip("0"): text for text in texts if text.strip("0")}
        rows = self.env.execute_query(
            SQL(
                "SELECT ltrim(number, '0') FROM epd_personal_account"
                " WHERE company_id = %s AND ltrim(number, '0') = ANY(%s)",
                self.loading.company_id.id,
                list(stripped),
            )
        )
        return {stripped[text] for (text,) in rows}

    def _find_payee(self, number):
        """Return the company's bank account that the name of the file tells."""
        return self.env["res.partner.bank"].search(
            [
                ("sanitized_acc_number", "=", number),
                ("company_id", "in", (self.loading.company_id.id, False)),
            ],
            limit=1,
        )

    def _describe_doubt(self, table):
        """Return both readings of a text whose encoding is in doubt, side by side."""
        if self.loading.encoding or not table.guess or not table.guess.doubtful:
            return False
        labels = dict(self.loading._fields["encoding"]._description_selection(self.env))
        cells = Markup("").join(
            Markup('<td style="white-space: pre-line"><b>%s</b><br/>%s</td>')
            % (labels.get(reading.encoding, reading.encoding), reading.sample)
            for reading in table.guess.readings
        )
        return (
            Markup('<table class="table table-sm mb-0"><tbody><tr>%s</tr></tbody></table>') % cells
        )

    def _create_columns(self, reading, rows):
        layout = self.env["epd.import.layout"]._find(self.loading)
        guessed, header = reading.columns, reading.headings
        self.loading._unlocked().layout_id = layout
        if layout:
            known = layout.mapping or {}
            guessed = [tuple(known.get(str(n), ("", ""))) for n in range(len(header))]
            may_create = self.env["epd.service"].has_access("create")
            self.loading.write(
                {
                    "create_missing": self.loading.create_missing or layout.create_missing,
                    "create_services": self.loading.create_services
                    or (layout.create_services and may_create),
                }
            )
        if not self.loading.scope:
            # a register of payments is one of several until a person says otherwise
            self.loading.scope = layout.scope or "part"
        choices = {
            entry.code: entry.id
            for entry in self.env["epd.import.field"].search([("kind", "=", self.loading.kind)])
        }
        cells = [row.cells for row in rows]
        with_numbers = set(table_file.unread_numbers([("", "")] * len(header), cells, header))
        self.env["epd.import.column"].sudo().create(
            [
                {
                    "import_id": self.loading.id,
                    "index": index,
                    "header": title,
                    "samples": self._sample(rows, index),
                    "field_id": choices.get(guessed[index][0], False),
                    "service": guessed[index][1],
                    "has_numbers": index in with_numbers,
                }
                for index, title in enumerate(header)
                if title or self._sample(rows, index)
            ]
        )

    def _sample(self, rows, index):
        cells = (clean_text(row.cells[index]) for row in rows if index < len(row.cells))
        return " · ".join(itertools.islice(filter(None, cells), 3))[:200]

    def get_parser(self, table=None):
        """Return the reader of rows, by the columns as matched, going on where the loading stands.

        :param table: the opened file, whose own control sums are compared; None: rows are only shown
        """
        columns = [
            table_file.Column(column.index, column.field_id.code, column.service or "")
            for column in self.loading.column_ids
            if column.field_id
        ]
        titles = {column.index: column.header or "" for column in self.loading.column_ids}
        headings = [titles.get(n, "") for n in range(max(titles, default=-1) + 1)]
        # of a sheet, notes may stand beside the table
        is_strict = table and table.format == "csv" and self.loading.header_row
        return table_file.RowParser(
            self.loading.kind,
            columns,
            choices=self._get_choices(),
            decimal=self.loading.decimal or "",
            month=self.loading.period_id.date_start,
            watch=self.loading.column_ids.filtered(
                lambda column: column.has_numbers and not column.field_id
            ).mapped("index"),
            headings=headings if table else (),
            width=len(headings) if is_strict else 0,
            running=table_file.Running.load(self.loading.running) if table else None,
            controls=table.controls if table else (),
        )

    def _get_choice_labels(self):
        """Return ``{field: {key: label}}`` in the language of the reader of the preview."""
        labels = {
            name: dict(self.env[model]._fields[field]._description_selection(self.env))
            for name, (model, field) in CHOICES.items()
        }
        labels["operation"] = {
            "payment": self.env._("Payment"),
            "refund": self.env._("Refund"),
            "outgoing": self.env._("Money That Went Out"),
        }
        return labels

    def _get_choices(self):
        """Return ``{field: {key: words}}``: keys and labels, English and Russian."""
        found = {}
        for name, (model, field) in CHOICES.items():
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
        """Reject a loading that is not filled in.

        :raise UserError: saying what is missing
        """
        if not self.get_attachment():  # the field itself would bring the whole file into memory
            raise UserError(self.env._("Choose the file first."))
        if self.loading.kind not in TIMELESS and not self.loading.period_id:
            raise UserError(self.env._("Choose the billing period the file is for."))
        if self.loading.create_services and not self.env["epd.service"].has_access("create"):
            raise UserError(self.env._("Only a manager may have services created on the way."))
        if self.loading.encoding_doubt and not self.loading.encoding:
            raise UserError(
                self.env._(
                    "The text can be read in two ways. Choose the encoding in which the names are right."
                )
            )
        missing = self.get_parser().missing_fields()
        if missing:
            names = self.env["epd.import.field"].search(
                [("kind", "=", self.loading.kind), ("code", "in", missing)]
            )
            raise UserError(
                self.env._(
                    "Say which column holds: %s. Choose it in “Read As”.",
                    ", ".join(names.mapped("name")),
                )
            )
        money = {
            code
            for code, field in table_file.KINDS[self.loading.kind].items()
            if field.type == "money"
        }
        for column in self.loading.column_ids:
            if column.field_id.code in money and table_file.is_in_kopecks(column.header or ""):
                raise UserError(
                    self.env._(
                        "The sums under “%s” are kopecks. Have the file written in roubles (1500,50), or "
                        "choose a column in roubles.",
                        column.header,
                    )
                )
        pairs = [(c.field_id, c.service or "") for c in self.loading.column_ids if c.field_id]
        twice = next((pair for pair in pairs if pairs.count(pair) > 1), None)
        if twice:
            raise UserError(self.env._("“%s” is chosen for two columns. Leave one.", twice[0].name))

    def get_warnings(self):
        """Return what a person should think of before loading, whatever the rows hold."""
        loading = self.loading
        codes = set(loading.column_ids.field_id.mapped("code"))
        dated = {"last_payment_date", "payment_number"} & codes
        if loading.kind == "payment" and loading.scope == "part" and not dated:
            return [table_file.Problem(loading.header_row or 1, None, "paid_no_day", "", "warning")]
        return []

    def make_preview(self):
        """Return the first rows as they will be read, as a table; wrong cells are marked."""
        try:
            with self.open_stream() as stream:
                _table, rows = self.read_head(stream)
        except UserError as error:
            return Markup("<p>%s</p>") % str(error)
        parser = self.get_parser()
        records, wrong = [], []
        for row in rows:
            if row.number > self.loading.header_row and len(records) < PREVIEW_ROWS:
                found, problems = parser.parse(row.number, row.cells)
                records += found
                wrong += problems
        names = {
            entry.code: entry.name
            for entry in self.env["epd.import.field"].search([("kind", "=", self.loading.kind)])
        }
        codes = [code for code in names if any(code in record.values for record in records)]
        head = Markup("").join(Markup("<th>%s</th>") % names[code] for code in codes)
        labels = self._get_choice_labels()
        body = Markup("").join(
            Markup("<tr><td>%s</td>%s</tr>")
            % (
                record.row,
                Markup("").join(
                    Markup("<td>%s</td>")
                    % self._format(
                        labels.get(code, {}).get(value := record.values.get(code), value)
                    )
                    for code in codes
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
