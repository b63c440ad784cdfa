from odoo.tools import SQL

from ...tools.money import to_decimal
from ..charge.control_sums import Compared, get_previous_period


def compare_documents(env, period, documents):
    """Return what documents come to, beside the documents of the same accounts and forms a month ago.

    :param env: environment with the rights of the program
    :param period: ``epd.billing.period`` of the documents
    :param documents: SQL of a subselect of document ids
    :return: :class:`~..charge.control_sums.Compared`, roubles due
    """
    env.flush_all()
    rows = SQL("(SELECT * FROM epd_payment_document WHERE id IN %s)", documents)
    return read_comparison(*env.execute_query(get_comparison_query(period, rows))[0])


def get_comparison_query(period, documents):
    """Return SQL of one row, what documents come to and those of a month ago: two texts, or NULL.

    :param period: ``epd.billing.period`` of the documents
    :param documents: SQL in brackets of ``account_id``, ``form`` and ``total_due``, a row a document
    """
    return SQL(
        """
        SELECT SUM(document.total_due)::text, SUM(earlier.total_due)::text
          FROM %s AS document
          LEFT JOIN epd_payment_document earlier
            ON earlier.account_id = document.account_id AND earlier.form = document.form
           AND earlier.period_id = %s AND earlier.state = 'saved'
        """,
        documents,
        get_previous_period(period).id or 0,
    )


def read_comparison(now, before):
    """Return the row of :func:`get_comparison_query` as :class:`~..charge.control_sums.Compared`."""
    return Compared(to_decimal(now or 0), to_decimal(before or 0))
