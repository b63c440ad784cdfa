"""How many rows of each state lie beneath records."""

from collections import defaultdict

from odoo.fields import Domain


def count_by_state(records, rows):
    """Return ``{id of the record: {state: number of its rows}}``.

    :param records: of one model; new ones count as nothing
    :param rows: name of the one2many field; its domain counts
    :return: a mapping that answers for any id
    """
    field = records._fields[rows]
    domain = field.get_comodel_domain(records) & Domain(field.inverse_name, "in", records.ids)
    counts = defaultdict(dict)
    groups = records.env[field.comodel_name]._read_group(
        domain, [field.inverse_name, "state"], ["__count"]
    )
    for record, state, count in groups:
        counts[record.id][state] = count
    return counts
