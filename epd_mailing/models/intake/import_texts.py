"""What is wrong with a file or a row, and what to do about it, in the user's words."""

from ...tools.address_text import read_addresses


def describe_problem(env, code, value=""):
    """Return what is wrong and what to do.

    :param code: of a problem of ``tools.table_file`` or of the loader
    :param value: what the text tells beside the cell (what the row makes, say)
    """
    if code in ("bad_email", "email_hint"):
        return _describe_email(env, code, value)
    texts = {
        **_get_cell_texts(env, value),
        **_get_record_texts(env, value),
        **_get_line_texts(env, value),
        **_get_payment_texts(env, value),
        **_get_account_texts(env, value),
    }
    return texts.get(code, code)


def _get_cell_texts(env, value):
    """Return what is wrong with a cell or the sums of its row."""
    return {
        "required": env._("The cell is empty, and a row needs it."),
        "number": env._("This is no number we can take."),
        "date": env._("This is no date. Write it like 31.03.2026."),
        "month": env._("This is no month. Write it like 03.2026."),
        "other_month": env._("The row is of another billing period."),
        "choice": env._("This word is not known here."),
        "too_large": env._("The number is larger than a bill can hold."),
        "too_long": env._("The text is too long."),
        "lost_digits": env._(
            "The account stands as a number, and Excel has lost its last digits. Format the "
            "column as text."
        ),
        "formula": env._(
            "The cell holds a formula without its value. Open the file in Excel, save it and load it "
            "again."
        ),
        "no_amount": env._(
            "There are a volume and a tariff but no amount. Amounts are not computed here: enter it."
        ),
        "not_due": env._(
            "The closing balance differs: the figures that are read make %s. See which column with "
            "money is not read.",
            value,
        ),
        "of_all": env._(
            "This sum is of the whole row, and the services stand across: it would count once for "
            "each. Do not read the column, or say whose it is."
        ),
        "control_count": env._(
            "The control row states another count: the rows of the file are %s.", value
        ),
        "control_sum": env._(
            "The control row states another sum: the rows of the file make %s. Rows are missing, or "
            "stand there twice.",
            value,
        ),
        "refund": env._("Money was given back: it is taken off what was paid."),
        "outgoing": env._("This is no incoming payment: the row is skipped."),
        "negative_discount": env._("A discount is entered without a minus."),
        "no_reason": env._("A recalculation needs its reason."),
        "not_total": env._("The row does not add up: its figures make %s.", value),
        "thousands": env._(
            "This may be thousands or three decimals. Choose the “Decimal Mark” of the file."
        ),
        "extra_cells": env._(
            "The row has more values than there are headings: a sum or a name may have been divided by "
            "the delimiter. Have the file written with another delimiter, or with quotes."
        ),
        "note": env._("The row has no account and no figure: it is skipped."),
        "rounded": env._("More than two decimals: rounded to kopecks."),
    }


def _get_record_texts(env, value):
    """Return what is wrong with what a row speaks of: account, service, payee."""
    return {
        "no_account": env._(
            "There is no such personal account. Enter it, or have accounts created."
        ),
        "bad_account": env._("This cannot be the number of an account."),
        "no_building": env._("A new account needs the address of its building."),
        "zeros": env._("Leading zeros were lost: taken as account %s.", value),
        "no_service": env._(
            "There is no such service. Enter it, or have a manager tick that services are created."
        ),
        "no_provision": env._(
            "It is not known to whom the service is paid in this building: %s.", value
        ),
        "no_payee": env._("It is not said who is paid. Choose “Paid To”."),
        "unknown_payee": env._("There is no such bank account of a payee."),
        "unknown_building": env._(
            "There is no building with this address. Enter or load it first."
        ),
        "unknown_provider": env._(
            "There is no such organisation, or several have this name: write its INN."
        ),
        "tariff_differs": env._("Another tariff is in force in this month: %s.", value),
        "other_unit": env._(
            "The service is measured in another unit: %s. Correct the tariff, or the unit of the service.",
            value,
        ),
        "provision_dates": env._("The provision ends before it begins. Correct the dates."),
        "which_meter": env._(
            "The account has several meters of this service (%s), and the heading does not say which. "
            "Load the readings with the numbers of meters.",
            value,
        ),
    }


def _get_line_texts(env, value):
    """Return what is wrong with a line of the month that stands twice, or in the file or here alone."""
    return {
        "twice": env._("The same line stands in the file before."),
        "line_gone": env._(
            "The file does not have this line of the month. It is removed: %s", value
        ),
        "line_moved": env._(
            "Was changed after the file was loaded, so it stays as it is: %s", value
        ),
        "line_deleted": env._(
            "Was deleted after the file was loaded, so there is nothing to take back: %s", value
        ),
        "line_paid": env._(
            "Payments came to this balance, so it keeps them and loses the other figures: %s", value
        ),
        "line_kept": env._(
            "The file does not have this line of the month, but it stays, as a row of its account "
            "cannot be taken: %s",
            value,
        ),
    }


def _get_payment_texts(env, value):
    """Return what is wrong with a payment, or with those recorded before."""
    return {
        "paid_twice": env._(
            "The same payment (account, day and sum) stands in the file before: it is added once "
            "more. If it is one payment, delete the row; a column with payment numbers tells "
            "such rows apart."
        ),
        "paid_no_day": env._(
            "The file has neither days nor numbers of payments: another file with the same payments "
            "would count them once more. If these are the sums of the whole month, choose “All of the "
            "month's data”."
        ),
        "paid_in_part": env._(
            "Another row of this account cannot be read, and its sum would be too small: none of "
            "its payments is taken. Correct that row."
        ),
        "paid_less": env._(
            "More is recorded as paid: %s. The sum of the file takes its place: see that the "
            "file holds all payments of the period.",
            value,
        ),
        "paid_gone": env._(
            "Payments loaded before are not in this file, which holds all of the month: %s. They "
            "are forgotten. If the file is a further register, choose “A part of the month's "
            "data”.",
            value,
        ),
        "paid_known": env._(
            "Payments of the same day and sum were loaded from another file: %s. They are not "
            "counted again. A column with payment numbers would tell such payments apart.",
            value,
        ),
        "paid_changed": env._(
            "Payments with these numbers were loaded with another day or sum: %s. They become as "
            "this file has them.",
            value,
        ),
        "paid_other": env._(
            "A sum was recorded as paid without a register: %s. The payments of the file are "
            "added to it: see that it does not hold them already.",
            value,
        ),
    }


def _get_account_texts(env, value):
    """Return what is wrong with what a row says of an account itself."""
    return {
        "gis_length": env._("The identifier has a wrong number of characters."),
        "gis_other": env._(
            "The document's identifier belongs to another account: here it begins with %s.",
            value,
        ),
        "new_building": env._(
            "There is no building with this address: it is created, and the account moves there. If "
            "it is one of yours, write its address as it is entered."
        ),
        "dates_order": env._("The account closes before it opens. Correct the dates."),
        "archived_building": env._("The building is archived. Restore it or give another one."),
        "other_email": env._(
            "Another row of this file gives another e-mail of the same responsible person. The "
            "first one is taken: they have one contact for all their accounts."
        ),
        "other_payer": env._(
            "The account has another responsible person, who stays: use “New Owner”."
        ),
        "no_rows": env._("There is no row to load under the headings."),
        "fault": value,
    }


def _describe_email(env, code, value):
    """Return what is wrong with an e-mail, or what is odd about it."""
    reading = read_addresses(value)
    if code == "email_hint":
        return env._(
            "The address may be misspelt: “%s” is more common. It is taken as it stands.",
            ", ".join(hint for _typed, hint in reading.hints),
        )
    return env._(
        "%(problem)s. The row is loaded; no letter goes to this address.",
        problem=env["epd.delivery.address"]._describe_problems(reading),
    )


def describe_table_error(env, error):
    """Return a ``tools.table_file.TableError`` as a text that says what to do."""
    texts = {
        **_get_kind_texts(env, error.detail),
        **_get_content_texts(env, error.detail),
    }
    text = texts.get(error.code, error.code)
    return env._("Row %(row)s: %(text)s", row=error.row, text=text) if error.row else text


def _get_kind_texts(env, detail):
    """Return what a file is that is no table of ours."""
    return {
        "empty": env._("The file is empty."),
        "old_excel": env._(
            "This file of Excel is older than 1997 or damaged. Save it as XLSX and load that."
        ),
        "not_table": env._(
            "This is no table. Load a table of Excel (XLSX, XLS), ODS, DBF, CSV or a bank's register."
        ),
        "pdf": env._(
            "This is a PDF. Receipts go to “Ready-Made Receipts”; a table is needed here: ask for it "
            "as XLSX or CSV."
        ),
        "word": env._("This is a text document. Copy its table to Excel and save it as XLSX."),
        "image": env._("This is a picture. A table is needed: ask for it as XLSX or CSV."),
        "archive": env._(
            "This is an archive of a kind that is not opened here. Unpack it, or pack the one file "
            "as ZIP."
        ),
        "access": env._("This is a database of Access. Export the table as XLSX and load that."),
        "html": env._(
            "This is a web page, though it may be named .xls. Open it in Excel and save it as XLSX."
        ),
        "excel_xml": env._(
            "This is a table of Excel 2003 in XML. Open it in Excel and save it as XLSX."
        ),
        "xml_other": env._(
            "This is an XML export (<%s>) whose structure is not known here. Export the same as XLSX "
            "or CSV, or send a sample of the file to the program's maintainers.",
            detail,
        ),
        "json_other": env._(
            "This JSON holds no list of rows, or several. Export one list of accounts or charges."
        ),
        "receipts": env._(
            "This archive holds PDF files (%s). They are loaded in “Ready-Made Receipts”.",
            detail,
        ),
    }


def _get_content_texts(env, detail):
    """Return what is wrong inside a file."""
    return {
        "many_files": env._("The archive holds several files. Load them one by one: %s", detail),
        "no_file": env._("The archive is empty."),
        "no_headings": env._(
            "The headings of this ГИС ЖКХ template are not known here: “%s” is missing. Choose the "
            "sheet, and it is read as a usual table.",
            detail,
        ),
        "encrypted": env._(
            "The file is protected by a password. Save it without one and load that."
        ),
        "damaged": env._(
            "The file is damaged and cannot be read to its end. Save it anew and load that."
        ),
        "too_big": env._("The file is too big. Divide it, or save it as CSV."),
        "bomb": env._("The file unpacks to far more than it is. It is not loaded."),
        "unsafe_xml": env._("The file holds what no table does. It is not loaded."),
        "no_sheet": env._("The workbook has no sheet."),
        "encoding": env._("The text is not in the encoding it seemed to be. Choose the encoding."),
        "quotes": env._("A quotation mark is not closed, so it is not clear where the cell ends."),
        "long_row": env._("A row is longer than a row can be. Choose the delimiter."),
        "many_columns": env._("There are too many columns: at most %s.", detail),
    }
