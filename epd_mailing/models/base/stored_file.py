"""Files of binary fields, read as streams: the field itself would bring a whole file into memory."""

import io

from odoo.exceptions import UserError


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

    :param missing: what a person is told when there is none
    :raise UserError: when there is none, or it is lost on the disk
    """
    record.ensure_one()
    attachment = find_attachment(record, field)
    if not attachment:
        raise UserError(missing)
    if attachment.store_fname:
        try:
            return open(attachment._full_path(attachment.store_fname), "rb")
        except OSError as error:
            raise UserError(record.env._("The file is missing on the server.")) from error
    return io.BytesIO(attachment.raw or b"")
