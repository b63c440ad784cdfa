"""Checks of Russian payment requisites. They warn, they do not forbid: the sample in GOST R
56042-2014 itself has an INN with a wrong check digit."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from stdnum.ru import inn as stdnum_inn


class Problem(NamedTuple):
    """What looks wrong: a code of ours, the field as ``payment_qr.PaymentOrder`` names it, its value."""

    code: str
    field: str
    value: str


_WEIGHTS = (7, 1, 3)
_CURRENCY_LETTERS = {letter: str(digit) for digit, letter in enumerate("ABCEHKMPTX")}
_LATIN_LOOKALIKES = set("ABCEHKMOPTXYabcehkmoptxy")


def check_bic(bic: str | None) -> list[Problem]:
    """Return the problems of a BIC (9 digits)."""
    if re.fullmatch(r"\d{9}", bic or ""):
        return []
    return [Problem("bic_format", "bic", bic or "")]


def account_key_is_valid(account: str, bic: str, correspondent: bool = False) -> bool:
    """Tell whether the key of a 20-character account fits the BIC (Bank of Russia 515, 08.09.1997).

    :param correspondent: the account is with the Bank of Russia (other prefix than a client's)
    """
    prefix = "0" + bic[4:6] if correspondent else bic[6:9]
    digits = prefix + "".join(_CURRENCY_LETTERS.get(char, char) for char in account)
    total = sum(int(digit) * _WEIGHTS[place % 3] % 10 for place, digit in enumerate(digits))
    return total % 10 == 0


def check_account(
    account: str | None, bic: str | None, correspondent: bool = False
) -> list[Problem]:
    """Return the problems of an account: its form and its key."""
    field = "corresp_acc" if correspondent else "personal_acc"
    account = account or ""
    if not re.fullmatch(r"\d{5}[0-9ABCEHKMPTX]\d{14}", account):
        return [Problem("account_format", field, account)]
    if not bic or check_bic(bic):
        return []
    if not account_key_is_valid(account, bic, correspondent):
        return [Problem("account_key", field, account)]
    return []


def check_inn(inn: str | None) -> list[Problem]:
    """Return the problems of an INN (10 or 12 digits with check digits)."""
    inn = inn or ""
    if not re.fullmatch(r"\d{10}|\d{12}", inn):
        return [Problem("inn_format", "payee_inn", inn)]
    return [] if stdnum_inn.is_valid(inn) else [Problem("inn_check", "payee_inn", inn)]


def check_kpp(kpp: str | None) -> list[Problem]:
    """Return the problems of a KPP (9 digits, GIS ZhKKh schema)."""
    return [] if re.fullmatch(r"\d{9}", kpp or "") else [Problem("kpp_format", "kpp", kpp or "")]


def check_payee(values: Mapping[str, str], is_company: bool = False) -> list[Problem]:
    """Return the problems of a payee's requisites.

    :param values: dict keyed as ``payment_qr.PaymentOrder``: name, personal_acc, bank_name, bic,
        corresp_acc, payee_inn, kpp
    :param is_company: a legal person has to have INN and KPP; a sole trader (INN of 12 digits) has no KPP
    """
    problems = [
        Problem("missing", field, "")
        for field in ("name", "bank_name", "bic", "personal_acc", "corresp_acc")
        if not values.get(field)
    ]
    bic = values.get("bic")
    if bic:
        problems += check_bic(bic)
    if values.get("personal_acc"):
        problems += check_account(values["personal_acc"], bic)
    if values.get("corresp_acc"):
        problems += check_account(values["corresp_acc"], bic, correspondent=True)
    if values.get("payee_inn"):
        problems += check_inn(values["payee_inn"])
    if values.get("kpp"):
        problems += check_kpp(values["kpp"])
    if is_company and not values.get("payee_inn"):
        problems.append(Problem("legal_missing", "payee_inn", ""))
    if is_company and not values.get("kpp") and len(values.get("payee_inn") or "") != 12:
        problems.append(Problem("legal_missing", "kpp", ""))
    return problems


def _check_gis(value: str, length: int, pattern: str, field: str) -> list[Problem]:
    problems = []
    if len(value) != length:
        problems.append(Problem("gis_length", field, value))
    elif not re.fullmatch(pattern, value):
        problems.append(Problem("gis_mask", field, value))
    if _LATIN_LOOKALIKES.intersection(value):
        problems.append(Problem("gis_latin", field, value))
    return problems


def check_unified_account(value: str | None) -> list[Problem]:
    """Return the problems of an ЕЛС: 10 characters, 2 digits, 2 Cyrillic letters, 6 digits."""
    return _check_gis(value or "", 10, r"\d\d[А-Яа-яЁё]{2}\d{6}", "unified_number")


def check_service_id(value: str | None) -> list[Problem]:
    """Return the problems of an ИЖКУ: ЕЛС, a hyphen, 2 digits."""
    return _check_gis(value or "", 13, r"\d\d[А-Яа-яЁё]{2}\d{6}-\d\d", "gis_service_id")


def check_document_id(value: str | None) -> list[Problem]:
    """Return the problems of an ИПД: 18 characters, beginning with the ИЖКУ."""
    return _check_gis(value or "", 18, r"\d\d[А-Яа-яЁё]{2}\d{6}-\d\d-\d{4}", "gis_document_id")
