import json
import re
from datetime import UTC

from lxml import etree
from odoo.exceptions import AccessError, UserError
from odoo.http import Controller, request, route
from odoo.tools import str2bool
from werkzeug.exceptions import BadRequest, NotFound

from ..tools import xlsx_table
from .file_answer import XLSX, give_written, say

BATCH = 1000  # records read at a time
# kind of a field → kind of a column of the workbook, and its width in characters
COLUMNS = {
    "char": ("text", 26),
    "text": ("text", 40),
    "selection": ("text", 20),
    "many2one": ("text", 30),
    "one2many": ("text", 30),
    "many2many": ("text", 30),
    "boolean": ("text", 8),
    "integer": ("int", 10),
    "float": ("number", 12),
    "monetary": ("money", 14),
    "date": ("date", 12),
    "datetime": ("moment", 17),
}


class ListExport(Controller):
    """«To Excel» of any list of the addon, for operators: the columns of the list, as one workbook.

    Odoo's own export asks for a right of its own, over all models, and has texts that begin with «=»
    become formulas.
    """

    @route("/epd_mailing/list.xlsx", type="http", auth="user", methods=["POST"])
    def export(self, data, token=None):
        """Return the records of a list as XLSX, read with the rights of the user.

        :param data: JSON: ``model``, ``view_id`` (or null), ``domain``, ``ids`` (of what is chosen, or
            null for all that the screen shows), ``order`` (as the list is sorted, or nothing),
            ``title``, ``company_ids`` (chosen in the corner of the screen)
        :param token: sent by the web client's ``download`` with everything, and needed by nobody
        """
        try:
            wanted = json.loads(data)
            model, domain, ids = wanted["model"], wanted["domain"], wanted.get("ids")
            view_id, title = wanted.get("view_id") or False, str(wanted.get("title") or "")
            companies = [int(number) for number in wanted.get("company_ids") or []]
            ids = ids and [int(number) for number in ids]
            order = str(wanted.get("order") or "") or None
        except (ValueError, TypeError, KeyError) as error:
            raise BadRequest from error
        user = request.env.user
        if not (isinstance(model, str) and model.startswith("epd.") and model in request.env):
            raise NotFound()
        if not user.has_group("epd_mailing.group_epd_operator"):
            raise NotFound()
        records = request.env[model].with_context(
            allowed_company_ids=[c for c in companies if c in user.company_ids.ids]
            or user.company_id.ids,
        )
        try:
            columns = read_columns(records, view_id)
            if ids:  # what was archived may have been chosen too
                chosen = records.with_context(active_test=False)
                found = chosen.search([("id", "in", ids)], order=order).with_env(records.env)
            else:
                found = records.search(domain, order=order)
            if len(found) > xlsx_table.ROWS_LIMIT:
                raise UserError(records.env._("There are more rows than a sheet holds. Filter."))
        except AccessError:
            raise NotFound() from None
        except UserError as error:
            return say(str(error), 409)
        except (ValueError, TypeError, KeyError) as error:
            raise BadRequest from error
        name = re.sub(r"[\[\]:*?/\\'\x00-\x1f]", " ", title).strip()[:60] or model

        def write(target):
            with xlsx_table.Book(target) as book:
                heads = [(label, *reversed(COLUMNS[field.type])) for field, label in columns]
                book.write_table(name, heads, read_rows(found, [field for field, _l in columns]))

        return give_written(write, f"{name}.xlsx", XLSX)


def read_columns(records, view_id):
    """Return ``(field, label)`` of the columns of a list: shown ones and those one may show.

    :raise UserError: when it is no list of this model
    """
    view = records.env["ir.ui.view"].sudo().browse(view_id or []).exists()
    if view and (view.model != records._name or view.type != "list"):
        view_id = False
    arch = etree.fromstring(records.get_view(view_id, "list")["arch"])
    columns = {}
    for node in arch.iterchildren("field"):
        field = records._fields[node.get("name")]
        if field.type not in COLUMNS or node.get("widget") == "handle":
            continue
        if str2bool(node.get("column_invisible") or "0", default=False):
            continue
        label = node.get("string") or field._description_string(records.env)
        columns.setdefault(field.name, (field, label))
    if not columns:
        raise UserError(records.env._("This list has no columns to be exported."))
    return list(columns.values())


def read_rows(records, columns):
    """Yield the rows of a workbook, batch by batch: memory stays flat.

    :param columns: fields of the records
    """
    env = records.env
    answers = {True: env._("Yes"), False: env._("No")}
    zone = env.tz

    def show(record, field):
        value = record[field.name]
        if field.type == "boolean":
            return answers[value]
        if field.relational:
            return ", ".join(value.mapped("display_name"))
        if field.type == "selection":
            return labels[field.name].get(value, value)
        if field.type == "datetime" and value:
            return value.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
        if field.type in ("integer", "float", "monetary"):
            return value or 0.0
        return value

    labels = {
        field.name: dict(field._description_selection(env))
        for field in columns
        if field.type == "selection"
    }
    for place in range(0, len(records), BATCH):
        batch = records[place : place + BATCH]
        batch.fetch([field.name for field in columns if field.store])
        for record in batch:
            yield [show(record, field) for field in columns]
        env.invalidate_all(flush=False)
