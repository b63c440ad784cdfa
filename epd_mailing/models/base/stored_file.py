"""Files of binary fields, read as streams: the field itself would bring a whole file into memory."""

import contextlib
import io

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

FILES_AT_ONCE = 100


def find_attachment(record, field):
    """Return the attachment behind a field of kind ``Binary(attachment=True)``, empty when none.

    Only call it where the user may read the record: attachments are looked up with all rights.
    """
    return (
        record.env["ir.attachment"]
        .sudo()
        .search(
            [
                ("res_model", "=", record._name),
                ("res_id", "=", record.id),
                ("res_field", "=", field),
            ],
            limit=1,
        )
    )


def open_stored(record, field, missing):
    """Return the file of a field as a binary stream, from the disk where it lies there.

    What lies elsewhere is brought by ``ir.attachment`` itself: the database, or the store of an addon
    whose ``store_fname`` is no path (``s3://…`` of OCA's ``fs_attachment``:
    https://github.com/OCA/storage/tree/19.0/fs_attachment, seen 2026-11-26).

    :param missing: what a person reads when there is none
    :raise UserError: when there is none, or it is lost in its store
    """
    record.ensure_one()
    attachment = find_attachment(record, field)
    if not attachment:
        raise UserError(missing)
    if attachment.store_fname:
        with contextlib.suppress(OSError):
            return open(attachment._full_path(attachment.store_fname), "rb")
    data = attachment.raw or b""
    if attachment.file_size and not data:
        raise UserError(record.env._("The file is missing on the server."))
    return io.BytesIO(data)


def drop_old_files(model, field, states):
    """Remove the files of records at rest after their company's time of keeping; the records stay.

    :param model: model with ``state`` and ``company_id``
    :param field: name of its field of kind ``Binary(attachment=True)``
    :param states: states of records at rest
    :return: ``(files removed, whether more are left)``, as ``@api.autovacuum`` wants it
    """
    removed = 0
    env = model.env
    for company in env["res.company"].sudo().search([("epd_import_keep_days", ">", 0)]):
        rows = env.execute_query(
            SQL(
                """SELECT attachment.id FROM ir_attachment attachment
                     JOIN %s source ON source.id = attachment.res_id
                    WHERE attachment.res_model = %s AND attachment.res_field = %s
                      AND source.company_id = %s AND source.state IN %s
                      AND source.write_date < %s LIMIT %s""",
                SQL.identifier(model._table),
                model._name,
                field,
                company.id,
                tuple(states),
                fields.Datetime.subtract(fields.Datetime.now(), days=company.epd_import_keep_days),
                FILES_AT_ONCE,
            )
        )
        env["ir.attachment"].sudo().browse([number for (number,) in rows]).unlink()
        removed += len(rows)
    return removed, removed >= FILES_AT_ONCE
