SHOWN = 200  # rows of a table in a form


def find_shown(rows, own, odd):
    """Return the first ``SHOWN`` rows of a table in a form, those with a problem before the others.

    A form is sent the ids of all the rows of a table in it: 100 000 of them took 0.2 s of Python.

    :param rows: model of the rows
    :param own: domain of the rows of the record that the form shows
    :param odd: domain of those with a problem
    """
    first = rows.search(own & odd, order="id", limit=SHOWN)
    left = SHOWN - len(first)
    return first | rows.search(own & ~odd, order="id", limit=left) if left else first
