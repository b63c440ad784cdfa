"""Many rows, each with values of its own, in one statement."""

from collections import defaultdict
from datetime import datetime
from itertools import repeat
from types import NoneType

from odoo import api, models
from odoo.orm.models import INSERT_BATCH_SIZE, UPDATE_BATCH_SIZE
from odoo.tools import SQL

from ...tools.sql_array import to_array

# values of a change that are converted once, however many records get them
_REPEATED = (str, datetime, NoneType)


class _Complete(dict):
    """Values of a new row with their defaults."""


class EpdBulkRows(models.AbstractModel):
    """Records of which thousands are made or change at once, each in its own way.

    Odoo writes a hundred rows a statement, and as many statements as there are sets of fields; of a
    new row it asks for the defaults anew. Here ``create`` and ``write`` keep all they do, and only
    what they do row by row is done once: few rows go Odoo's own way.
    """

    _name = "epd.bulk.rows"
    _description = "Rows Written Together"

    # --- new rows ---------------------------------------------------------------------------------

    def _prepare_create_values(self, vals_list):
        if len(vals_list) > INSERT_BATCH_SIZE and not self._has_own_defaults():
            defaults = self._add_missing_default_values({})
            # what is another one each time, as a token is, is asked for each row
            if defaults == self._add_missing_default_values({}):
                vals_list = [_Complete(defaults | vals) for vals in vals_list]
        return super()._prepare_create_values(vals_list)

    @api.model
    def _has_own_defaults(self):
        """Tell whether rows may get defaults that differ: of another module, or by their parent."""
        ours = {self._original_module}
        return any(
            field.type == "properties"
            or (field.default and ours.symmetric_difference(field._modules))
            for field in self._fields.values()
        )

    @api.model
    def _add_missing_default_values(self, values):
        if isinstance(values, _Complete):
            return values
        return super()._add_missing_default_values(values)

    @api.model
    def _create(self, data_list):
        names = sorted({name for data in data_list for name in data["stored"]})
        if len(data_list) <= INSERT_BATCH_SIZE or not self._are_columns(names):
            return super()._create(data_list)
        rows = [data["stored"] for data in data_list]
        columns = {
            name: _convert_money(self._fields[name], rows, self)
            if self._fields[name].type == "monetary"
            else _convert(self._fields[name].convert_to_column_insert, name, rows, self)
            for name in names
        }
        records = self.browse(self._insert_columns(columns, len(rows)))
        for data, record in zip(data_list, records, strict=True):
            data["record"] = record
        records._fill_cache(names, rows)
        protected = [(data["protected"], data["record"]) for data in data_list]
        with self.env.protecting(protected):
            records.modified(self._fields, create=True)
        records._validate_fields(names)
        records.check_access("create")
        return records

    @api.model
    def _are_columns(self, names):
        """Tell whether fields are columns that hold one value each."""
        fields = [self._fields[name] for name in names]
        return not (self._parent_store or self._inherits) and all(
            field.column_type
            and not field.translate
            and not field.company_dependent
            and field.type != "properties"  # they may change the definition at the parent
            for field in fields
        )

    @api.model
    def _insert_columns(self, columns, count, skip_known=False, returning=("id",)):
        """Write new rows in one statement; return their ids, in the rows' order.

        :param columns: ``{field name: list of values as the database takes them}``, one a row
        :param count: number of rows
        :param skip_known: skip rows that the table's uniqueness rejects, instead of raising
        :param returning: names of the fields to return of each row, as a tuple, instead of its id
        """
        made = self.env.execute_query(
            SQL(
                "%(insert)s %(conflict)s RETURNING %(returning)s",
                insert=self._get_insert(columns, count),
                conflict=SQL("ON CONFLICT DO NOTHING") if skip_known else SQL(),
                returning=SQL(", ").join(map(SQL.identifier, returning)),
            )
        )
        return made if len(returning) > 1 else [row_id for (row_id,) in made]

    @api.model
    def _get_insert(self, columns, count):
        """Return the statement that writes new rows in their order.

        :param columns: see :meth:`_insert_columns`
        :param count: number of rows
        """
        # PostgreSQL reads a list as long as its items; what all rows share is said once
        varying = [name for name, said in columns.items() if said.count(said[0]) < count]
        varying = varying or list(columns)[:1]
        casts = {name: SQL(self._fields[name].column_type[1]) for name in columns}
        return SQL(
            """
            INSERT INTO %(table)s (%(names)s)
            SELECT %(values)s
              FROM unnest(%(lists)s) WITH ORDINALITY AS said (%(varying)s, epd_place)
             ORDER BY epd_place
            """,
            table=SQL.identifier(self._table),
            names=SQL(", ").join(map(SQL.identifier, columns)),
            values=SQL(", ").join(
                SQL("said.%s", SQL.identifier(name))
                if name in varying
                else SQL("%s::%s", said[0], casts[name])
                for name, said in columns.items()
            ),
            lists=SQL(", ").join(
                SQL("%s::%s[]", to_array(columns[name]), casts[name]) for name in varying
            ),
            varying=SQL(", ").join(map(SQL.identifier, varying)),
        )

    def _fill_cache(self, names, rows):
        """Put new rows into the cache as ``create`` does: what is read of them asks no database."""
        stored = [field for field in self._fields.values() if field.store]
        # rounded by their currency, which has to be known by then
        stored.sort(key=lambda field: field.type == "monetary")
        for field in stored:
            if field.type in ("one2many", "many2many"):
                field._insert_cache(self, repeat(()))
            elif field.type == "monetary" and field.name in names:
                for record, row in zip(self, rows, strict=True):
                    value = row.get(field.name)
                    value = field.convert_to_cache(value, record) if field.name in row else None
                    field._insert_cache(record, (value,))
            elif field.name in names:
                values = _convert(field.convert_to_cache, field.name, rows, self.browse())
                if field.type != "html":
                    field._insert_cache(self, values)
                if field.type in ("many2one", "many2one_reference"):
                    self._fill_inverses(field, values)
            elif field.name not in ("id", "parent_path"):
                field._insert_cache(self, repeat(None))

    def _fill_inverses(self, field, values):
        """Add new rows to the lists they belong to, where those have been read."""
        inverses = self.pool.field_inverses[field]
        if any(inverse._get_cache(self.env) for inverse in inverses):
            groups = defaultdict(list)
            for row_id, value in zip(self.ids, values, strict=True):
                groups[value].append(row_id)
            for value, ids in groups.items():
                field._update_inverses(self.browse(ids), value)

    # --- changes ----------------------------------------------------------------------------------

    def _write_each(self, changes):
        """Write values that differ from record to record, in one statement.

        The doors are those of ``write``: rights and guarded fields. Stored computed fields may be
        among the values; the caller answers for them, and they are not computed once more.

        :param changes: ``{record: {field name: value}}`` of stored scalar fields, datetimes naive
            UTC, records as ids; a field that one of them lacks keeps its value
        """
        changes = {record: vals for record, vals in changes.items() if vals}
        if not changes:
            return
        names = sorted(set().union(*changes.values()))
        records = self.browse([record.id for record in changes])
        records.check_access("write")
        rejected = self._find_rejected(names)
        if rejected:
            self._raise_guarded(min(rejected))
        records.flush_recordset()
        columns = [self._fields[name] for name in names]
        # what is not among them stays as it stands in our own snapshot: who changes it meanwhile
        # makes us start anew
        records.fetch(names)
        said = {field.name: _convert_changes(field, changes, records) for field in columns}
        self._update_columns(records.ids, said, self.env.uid, self.env.cr.now())
        records.invalidate_recordset(names, flush=False)
        records.modified(names)
        for field in columns:
            if field.compute:
                self.env.remove_to_compute(field, records)

    def _write_multi(self, vals_list):
        columns = {name: self._fields[name] for vals in vals_list for name in vals}
        if len(self) <= UPDATE_BATCH_SIZE or not self._are_columns(columns):
            return super()._write_multi(vals_list)
        groups = {}
        for record, vals in zip(self, vals_list, strict=True):
            names = tuple(sorted(vals))
            groups.setdefault(names, []).append((record.id, *(vals[name] for name in names)))
        for names, rows in groups.items():
            fields = [columns[name] for name in names]
            self._update_rows(fields, rows, self.env.uid, self.env.cr.now())
        return None

    def _update_rows(self, columns, rows, uid, now):
        """Write columns in one statement.

        :param columns: list of fields; ``write_uid`` and ``write_date`` may be among them: others than
            who made the change may bring it to the database
        :param rows: list of (id, value of each column)
        :param uid: of whom it is written, where the columns do not say so
        :param now: when, naive UTC
        """
        ids, *lists = map(list, zip(*rows, strict=True))
        said = dict(zip((field.name for field in columns), lists, strict=True))
        self._update_columns(ids, said, uid, now)

    def _update_columns(self, ids, said, uid, now):
        """Write columns in one statement.

        :param ids: list of the rows' ids
        :param said: ``{field name: list of values as the database takes them}``, see :meth:`_update_rows`
        """
        stamp = {"write_uid": uid, "write_date": now} if self._log_access else {}
        casts = {name: SQL(self._fields[name].column_type[1]) for name in said}
        said, casts = {"id": ids, **said}, {"id": SQL("int4"), **casts}
        # what all rows get is said once
        varying = [
            name for name in said if name == "id" or said[name].count(said[name][0]) < len(ids)
        ]
        assignments = [
            SQL(
                "%s = %s",
                SQL.identifier(name),
                SQL("said.%s", SQL.identifier(name))
                if name in varying
                else SQL("%s::%s", values[0], casts[name]),
            )
            for name, values in said.items()
            if name != "id"
        ]
        self.env.execute_query(
            SQL(
                """
                UPDATE %(table)s row
                   SET %(assignments)s
                  FROM unnest(%(lists)s) AS said (%(varying)s)
                 WHERE row.id = said.id
             RETURNING row.id
                """,
                table=SQL.identifier(self._table),
                assignments=SQL(", ").join(
                    [
                        *assignments,
                        *(
                            SQL("%s = %s", SQL.identifier(name), value)
                            for name, value in stamp.items()
                            if name not in said
                        ),
                    ]
                ),
                lists=SQL(", ").join(
                    SQL("%s::%s[]", to_array(said[name]), casts[name]) for name in varying
                ),
                varying=SQL(", ").join(map(SQL.identifier, varying)),
            )
        )


def _convert(convert, name, rows, records):
    """Return what each row says of a field, converted: once, where all say the same.

    :param convert: ``field.convert_to_column_insert`` or ``field.convert_to_cache``
    :param rows: list of ``{field name: value as given to create}``; None of a row that says nothing
    """
    said = [row.get(name) for row in rows]
    alike = said.count(said[0]) == len(said) and all(name in row for row in rows)
    # a text is not told the same by False and 0, which are equal to Python
    if alike and len({type(value) for value in said}) == 1:
        return [convert(said[0], records)] * len(said)
    return [
        convert(value, records) if name in row else None
        for value, row in zip(said, rows, strict=True)
    ]


def _convert_changes(field, changes, records):
    """Return what each record gets of a field, as the database takes it: what it has where none is said.

    :param changes: ``{record: {field name: value}}``
    :param records: those records
    """
    name, values, said, kept = field.name, [], {}, {}
    is_plain = not field.company_dependent and field not in records.env._field_depends_context
    cache = field._get_cache(records.env) if is_plain else {}
    for record, record_id, vals in zip(records, records.ids, changes.values(), strict=True):
        # the same words and moments again and again; a number may equal a yes or no
        if name in vals:
            value = vals[name]
            known = said if type(value) in _REPEATED else {}
            if value not in known:
                known[value] = field.convert_to_column(value, record)
        else:
            value = cache.get(record_id)
            known = kept if is_plain and type(value) in _REPEATED else {}
            if value not in known:
                known[value] = field.get_column_update(record)
        values.append(known[value])
    return values


def _convert_money(field, rows, records):
    """Return the sum each row says as the database takes it: rounded by the row's own currency."""
    return [
        field.convert_to_column_insert(row[field.name], records, row) if field.name in row else None
        for row in rows
    ]
