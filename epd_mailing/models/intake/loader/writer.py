import io

from odoo.tools import SQL

from ....tools import money

# methods that, overridden, may do more than write columns
_HOOKS = (
    "create", "write", "_create", "_write", "_write_multi", "_prepare_create_values",
    "_add_missing_default_values", "_validate_fields", "modified",
)  # fmt: skip
# whose overrides are known: what they do is done here or by the loader
_KNOWN = ("odoo.orm.", "odoo.addons.base.models.", "odoo.addons.epd_mailing.models.")
_COLUMNS = {"int4", "numeric", "varchar", "text", "date", "bool"}
_LOGGED = ("create_uid", "create_date", "write_uid", "write_date")
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class BulkWriter:
    """Creates and changes many records at once, behind the rules of the ORM.

    Rows go by ``COPY`` and one ``UPDATE`` where a model is *plain*: nobody but this addon and Odoo
    itself has a say in ``create`` and ``write``, and each stored field that follows from others comes
    with the values. Rights, record rules, defaults and constraints are those of the ORM. A model that
    another module has extended in a way we do not know is written by the ORM itself, more slowly.

    The caller marks documents, and has seen to it that all a row refers to is of one company.

    :param env: environment with the rights of whose work it is
    """

    def __init__(self, env):
        self.env = env
        self._defaults = {}

    # --- what may go at once ----------------------------------------------------------------------

    def _can_skip_orm(self, records, names, is_new):
        """Return whether rows of these columns can be written without the ORM.

        :param names: set of the fields that are written
        :param is_new: whether the records are created
        """
        for cls in type(records).__mro__:
            for hook in _HOOKS:
                method = cls.__dict__.get(hook)
                if method and not getattr(method, "__module__", "").startswith(_KNOWN):
                    return False
        fields = [records._fields[name] for name in names]
        if any(
            not field.store or field.groups or field.column_type[0] not in _COLUMNS
            for field in fields
        ):
            return False
        if is_new and any(
            field.compute and field.store and field.name not in names
            for field in records._fields.values()
        ):
            return False
        tree = self.env.registry.get_trigger_tree(fields, select=lambda field: field.store)
        if any(
            field.model_name == records._name and field.name not in names for field in tree.root
        ):
            return False
        # what points at a record that is only being created cannot be there yet
        return not any(
            field
            for label, branch in tree.items()
            if not (is_new and label.type == "many2one")
            for part in branch.depth_first()
            for field in part.root
        )

    # --- new records ------------------------------------------------------------------------------

    def insert(self, model, vals_list, sudo=False):
        """Create records of these values.

        :param model: name of the model
        :param sudo: with the rights of the program, for rows that people may only read
        :return: their ids, in the order of the values
        """
        if not vals_list:
            return []
        records = self._get_records(model, sudo)
        names = {name for vals in vals_list for name in vals}
        if not self._can_skip_orm(records, names, is_new=True):
            return records.create(vals_list).ids
        records.check_access("create")
        defaults = self._get_defaults(records, names)
        self.env.flush_all()
        ids = self._get_new_ids(records, len(vals_list))
        columns = ["id", *sorted(names), *defaults, *_LOGGED]
        fixed = [self._encode(records, name, value) for name, value in defaults.items()]
        now = self.env.cr.now().isoformat(sep=" ")
        fixed += [str(self.env.uid), now, str(self.env.uid), now]
        tail = "\t".join(fixed) + "\n"
        encoders = [
            (name, self._get_encoder(records._fields[name]), self._encode_default(records, name))
            for name in sorted(names)
        ]
        stream = io.StringIO()
        for id_, vals in zip(ids, vals_list, strict=True):
            cells = [
                encode(vals[name]) if name in vals else missing
                for name, encode, missing in encoders
            ]
            stream.write("\t".join((str(id_), *cells, tail)))
        stream.seek(0)
        query = SQL(
            "COPY %s (%s) FROM STDIN",
            SQL.identifier(records._table),
            SQL(", ").join(map(SQL.identifier, columns)),
        )
        self.env.cr.copy_expert(query.code, stream)
        self.env.invalidate_all(flush=False)
        self._validate(records, list(zip(ids, vals_list, strict=True)), names, is_new=True)
        records.browse(ids).check_access("create")
        return ids

    def _get_records(self, model, sudo):
        records = self.env[model].sudo() if sudo else self.env[model]
        # values that follow from others come along, and are the program's to write
        records = records._unlocked()
        return records._without_touching() if hasattr(records, "_without_touching") else records

    def _get_defaults(self, records, names):
        """Return ``{field: default}`` of the columns that the values do not have."""
        if records._name not in self._defaults:
            stored = [
                field.name
                for field in records._fields.values()
                if field.store and field.column_type and not field.compute
            ]
            self._defaults[records._name] = records.default_get(stored)
        return {
            name: value
            for name, value in self._defaults[records._name].items()
            if name not in names and name not in _LOGGED and name != "id"
        }

    def _get_new_ids(self, records, count):
        rows = self.env.execute_query(
            SQL(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                records._table,
                count,
            )
        )
        return [id_ for (id_,) in rows]

    def _encode_default(self, records, name):
        """Return what a row without this value has."""
        known = self._defaults[records._name]
        return self._encode(records, name, known[name]) if name in known else r"\N"

    def _encode(self, records, name, value):
        return self._get_encoder(records._fields[name])(value)

    @staticmethod
    def _get_encoder(field):
        """Return the function that writes a value of the field as ``COPY`` reads it."""
        kind = field.column_type[0]
        if kind == "numeric":
            return lambda value: repr(float(value or 0))
        if kind == "bool":
            return lambda value: "t" if value else "f"
        if kind == "int4" and field.type == "integer":
            return lambda value: str(int(value or 0))
        if kind == "int4":
            return lambda value: str(value) if value else r"\N"
        if kind == "date":
            return lambda value: value.isoformat() if value else r"\N"
        return lambda value: r"\N" if value is None or value is False else value.translate(_ESCAPED)

    # --- records that are there -------------------------------------------------------------------

    def update(self, model, changed):
        """Write ``(id, values that differ)`` of records that are there."""
        changed = [(id_, vals) for id_, vals in changed if vals]
        if not changed:
            return
        records = self._get_records(model, False)
        names = {name for _id, vals in changed for name in vals}
        if not self._can_skip_orm(records, names, is_new=False):
            for id_, vals in changed:
                records.browse(id_).write(vals)
            return
        records.browse([id_ for id_, _vals in changed]).check_access("write")
        self.env.flush_all()
        groups = {}
        for id_, vals in changed:
            groups.setdefault(tuple(sorted(vals)), []).append((id_, vals))
        for columns, rows in groups.items():
            self._update_columns(records, columns, rows)
        self.env.invalidate_all(flush=False)
        self._validate(records, changed, names, is_new=False)

    def _update_columns(self, records, columns, rows):
        fields = [records._fields[name] for name in columns]
        arrays = [SQL("%s::int4[]", [id_ for id_, _vals in rows])]
        for field in fields:
            values = [self._as_column(field, vals[field.name]) for _id, vals in rows]
            arrays.append(SQL("%s::%s[]", values, SQL(field.column_type[0])))
        names = [SQL.identifier(name) for name in columns]
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s, write_uid = %s, write_date = %s"
                " FROM unnest(%s) AS changed(id, %s) WHERE %s = changed.id",
                SQL.identifier(records._table),
                SQL(", ").join(
                    SQL("%s = %s", name, SQL.identifier("changed", column))
                    for name, column in zip(names, columns, strict=True)
                ),
                self.env.uid,
                self.env.cr.now(),
                SQL(", ").join(arrays),
                SQL(", ").join(names),
                SQL.identifier(records._table, "id"),
            )
        )

    @staticmethod
    def _as_column(field, value):
        if field.column_type[0] == "numeric":
            return float(value or 0)
        return value if value or (field.type in ("char", "text") and value == "") else None

    # --- rules ------------------------------------------------------------------------------------

    def _validate(self, records, rows, names, is_new):
        """Check the model's own rules on the rows that they may concern.

        A rule of ours says nothing of empty values, so that of new rows only few are read; a rule of
        another module is asked of every row.

        :param rows: list of ``(id, values)``
        """
        for check in records._constraint_methods:
            wanted = names.intersection(check._constrains)
            if not wanted and not is_new:
                continue
            ids = [id_ for id_, _vals in rows]
            if check.__module__.startswith(_KNOWN):
                ids = [
                    id_
                    for id_, vals in rows
                    if any(name in vals and (not is_new or vals[name]) for name in wanted)
                ]
            if ids:
                check(records.sudo().browse(ids))

    # --- comparing --------------------------------------------------------------------------------

    def drop_same(self, record, vals):
        """Return what of ``vals`` a record does not say yet, as it is written."""
        return {
            name: float(value) if hasattr(value, "as_tuple") else value
            for name, value in vals.items()
            if self._differs(record, name, value)
        }

    def _differs(self, record, name, value):
        field, now = record._fields[name], record[name]
        if field.type == "many2one":
            return now.id != value
        if field.type in ("float", "monetary"):
            digits = field.get_digits(self.env) if field.type == "float" else (16, 2)
            places = digits[1] if digits else 6
            return money.to_decimal(now, places) != money.to_decimal(value, places)
        return (now or False) != (value or False)
