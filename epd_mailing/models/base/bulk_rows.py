"""Many rows, each with values of its own, in one statement."""

from odoo import models
from odoo.orm.models import UPDATE_BATCH_SIZE
from odoo.tools import SQL


class EpdBulkRows(models.AbstractModel):
    """Records of which thousands change at once, each in its own way.

    Odoo writes a hundred rows a statement, and as many statements as there are sets of fields.
    """

    _name = "epd.bulk.rows"
    _description = "Rows Written Together"

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
        rows = [
            (
                record.id,
                *(
                    field.convert_to_column(
                        vals[field.name]
                        if field.name in vals
                        # as it stands in our own snapshot: who changes it meanwhile makes us start anew
                        else field.convert_to_write(record[field.name], record),
                        record,
                    )
                    for field in columns
                ),
            )
            for record, vals in changes.items()
        ]
        self._update_rows(columns, rows, self.env.uid, self.env.cr.now())
        records.invalidate_recordset(names, flush=False)
        records.modified(names)
        for field in columns:
            if field.compute:
                self.env.remove_to_compute(field, records)

    def _write_multi(self, vals_list):
        columns = {name: self._fields[name] for vals in vals_list for name in vals}
        plain = not any(field.translate or field.company_dependent for field in columns.values())
        if len(self) <= UPDATE_BATCH_SIZE or not plain or self._parent_store:
            return super()._write_multi(vals_list)
        groups = {}
        for record, vals in zip(self, vals_list, strict=True):
            names = tuple(sorted(vals.keys() - {"write_uid", "write_date"}))
            groups.setdefault(names, []).append((record.id, *(vals[name] for name in names)))
        for names, rows in groups.items():
            fields = [columns[name] for name in names]
            self._update_rows(fields, rows, self.env.uid, self.env.cr.now())
        return None

    def _update_rows(self, columns, rows, uid, now):
        """Write columns in one statement.

        :param columns: list of fields
        :param rows: list of (id, value of each column)
        :param uid: of whom it is written
        :param now: when, naive UTC
        """
        names = [SQL.identifier(field.name) for field in columns]
        self.env.execute_query(
            SQL(
                """
                UPDATE %(table)s row
                   SET %(assignments)s
                  FROM (VALUES %(rows)s) AS said (%(columns)s)
                 WHERE row.id = said.id
             RETURNING row.id
                """,
                table=SQL.identifier(self._table),
                assignments=SQL(", ").join(
                    [
                        *(
                            SQL("%s = said.%s::%s", name, name, SQL(field.column_type[1]))
                            for name, field in zip(names, columns, strict=True)
                        ),
                        SQL("write_uid = %s", uid),
                        SQL("write_date = %s", now),
                    ]
                ),
                rows=SQL(", ").join(SQL("%s", row) for row in rows),
                columns=SQL(", ").join([SQL.identifier("id"), *names]),
            )
        )
