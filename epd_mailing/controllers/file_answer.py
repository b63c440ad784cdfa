"""How files are answered with: who may have them, and what a browser may do with them.

One place for all addresses that give files away, so that none of them forgets a header or a check.
"""

import tempfile

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import content_disposition, request
from werkzeug.wsgi import wrap_file

# a receipt is personal: nothing on the way keeps it, and nothing guesses what else it could be
HEADERS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
CSV = "text/csv; charset=windows-1251"
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"


def answer_for(model, record_id, make):
    """Answer with ``make(record)`` if the user may read the record.

    What they may not read looks like what is not there; an error that they can correct is answered as text.
    """
    record = request.env[model].browse(record_id)
    try:
        if not record:  # number 0 is no record, and there is nothing to reject
            raise request.not_found()
        record.check_access("read")
        return make(record)
    except (AccessError, MissingError):
        raise request.not_found() from None
    except UserError as error:
        return say(str(error), 409)


def say(text, status, headers=()):
    """Answer with plain text: names in it are no markup."""
    return request.make_response(
        text, [("Content-Type", "text/plain; charset=utf-8"), *HEADERS, *headers], status=status
    )


def give(data, name, mimetype, headers=()):
    """Answer with bytes: a PDF to show, anything else to save."""
    return request.make_response(data, _describe(name, mimetype, headers))


def give_written(write, name, mimetype):
    """Answer with what ``write(file)`` writes, by way of the disk: it may be large."""
    target = tempfile.TemporaryFile()  # closed with the answer
    try:
        write(target)
    except BaseException:
        target.close()
        raise
    size = target.seek(0, 2)
    target.seek(0)
    response = request.make_response(b"", _describe(name, mimetype))
    response.response = wrap_file(request.httprequest.environ, target)
    response.headers["Content-Length"] = str(size)
    response.direct_passthrough = True
    response.call_on_close(target.close)
    return response


def _describe(name, mimetype, headers=()):
    kind = "inline" if mimetype == PDF else "attachment"
    return [
        ("Content-Type", mimetype),
        ("Content-Disposition", content_disposition(name, kind)),
        *HEADERS,
        *headers,
    ]
