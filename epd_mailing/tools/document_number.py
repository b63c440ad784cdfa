"""The number of a payment document: what is printed, shown and sorted by."""

from datetime import date

#: mark of each form in the printed number
FORM_MARKS = {"receipt": "К", "epd": "Е", "capital_repair": "КР"}
#: the same in a file name, in ASCII letters
FORM_FILE_MARKS = {"receipt": "receipt", "epd": "epd", "capital_repair": "capital"}


def make_document_number(account_number: str, start: date | None, form: str, version: int) -> str:
    """Return account, month, form and version, such as ``0100001-0326-Е2``.

    :param start: first day of the billing period
    :param form: key of :data:`FORM_MARKS`
    """
    month = f"{start:%m%y}" if start else ""
    return f"{account_number or ''}-{month}-{FORM_MARKS.get(form, '')}{version}"
