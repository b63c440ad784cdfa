from odoo.fields import Domain


def search_yes_no(operator, value, find_yes):
    """Return the domain of a search by a computed yes-or-no field.

    Odoo asks for ``not in`` as the opposite of ``in``, but hands on both answers at once (a filter «yes or
    no», an integration's list), and takes the search's word for them.
    https://github.com/odoo/odoo/blob/19.0/odoo/orm/domains.py ``_optimize_boolean_in_all``, seen 2026-11-27

    :param operator: as the search method gets it
    :param value: collection of booleans
    :param find_yes: function that returns the ``Domain`` of the records with «yes»
    :return: a ``Domain``, or ``NotImplemented`` for any other operator
    """
    if operator != "in":
        return NotImplemented
    if {True, False} <= set(value):
        return Domain.TRUE
    return find_yes() if True in value else ~find_yes()
