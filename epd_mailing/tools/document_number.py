"""The number of a payment document: what is printed, shown and sorted by; and its file's name."""

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Form:
    """What a form of the document is called where.

    :param mark: in the printed number
    :param file_mark: in a file's name, ASCII letters
    :param title: at the head of the paper
    """

    mark: str
    file_mark: str
    title: str


FORMS = {
    "receipt": Form("К", "receipt", "Квитанция на оплату жилищно-коммунальных услуг"),
    "epd": Form("Е", "epd", "Единый платёжный документ"),
    "capital_repair": Form("КР", "capital", "Взнос на капитальный ремонт"),
}


def make_document_number(account_number: str, start: date | None, form: str, version: int) -> str:
    """Return account, month, form and version, such as ``0100001-0326-Е2``.

    :param start: first day of the billing period
    :param form: key of :data:`FORMS`
    """
    month = f"{start:%m%y}" if start else ""
    mark = FORMS[form].mark if form else ""
    return f"{account_number or ''}-{month}-{mark}{version}"


# as in the passports of the Russian Federation (order of the MFA № 4271 of 2020, ICAO Doc 9303)
_LATIN = str.maketrans(
    dict(
        zip(
            "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
            "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y _ e iu ia".split(),
            strict=True,
        )
    )
)


def transliterate(text: str) -> str:
    """Return a text with Latin letters in place of Russian ones, in their case."""
    return "".join(
        char.translate(_LATIN) if char == char.lower() else char.lower().translate(_LATIN).upper()
        for char in text
    )


def make_file_name(
    account_number: str, account_id: int, start: date, form: str, version: int
) -> str:
    """Return the name of a document's file, another one for each document: form, account, month, version.

    ASCII letters only: UniSender documents nothing about others. Where the number had to be changed
    for that («А-1»), or has capitals («A1» and «a1» are one file on Windows and macOS), the account's
    id keeps it apart from one that looks the same.

    :param start: first day of the billing period
    :param form: key of :data:`FORMS`
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", transliterate(account_number)).strip("_")
    if not re.fullmatch(r"[a-z0-9]+", account_number):
        plain = f"{plain}_id{account_id}".strip("_")
    return f"{FORMS[form].file_mark}_{plain}_{start:%Y_%m}_v{version}.pdf"
