"""``1CClientBankExchange`` (kl_to_1c.txt): the statement of a bank, each document a section of lines.

Format 1.03: https://v8.1c.ru/tekhnologii/obmen-dannymi-i-integratsiya/standarty-i-formaty/ (as of 2026).
Only documents that bring money to the statement's account are payments; others are reported. The personal
account is looked for in the purpose of the payment, by the words that people and banks put before it.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from .control import Control
from .delimited import LINE, DelimitedTable, first_lines
from .errors import TableError
from .reader import Row
from .values import parse_number

if TYPE_CHECKING:
    from .kinds_of_files import Wanted

_START = "1CClientBankExchange"
_END = "КонецФайла"
_FIELDS = ("Номер", "Дата", "ДатаПоступило", "Сумма", "Плательщик", "ПлательщикИНН",
           "ПлательщикСчет", "Получатель", "ПолучательИНН", "ПолучательСчет",
           "НазначениеПлатежа")  # fmt: skip
_HEADINGS = ["Номер документа", "Дата платежа", "Сумма", "Лицевой счёт", "Плательщик",
             "ИНН плательщика", "Счёт плательщика", "Получатель (наименование)", "ИНН получателя",
             "Расчётный счёт", "Назначение платежа", "Операция"]  # fmt: skip
_NUMBER = r"[\s:№#N.\-–—]*(?P<number>[0-9A-Za-zА-Яа-яЁё][0-9A-Za-zА-Яа-яЁё/\-]{2,29})"
_IN_PURPOSE = (
    re.compile(r"///\s*ЖКУ\s*(?:[:;]\s*)?(?P<number>[0-9A-Za-zА-Яа-я]{10}(?:-\d\d)?)", re.I),
    re.compile(r"\bлиц(?:евой|евого|\.)?[\s.]*сч(?:[её]т[ау]?|\.)?" + _NUMBER, re.I),
    re.compile(r"(?<![\w/])л\s*[/.\\]?\s*сч?\.?(?![а-яё])" + _NUMBER, re.I),
    re.compile(r"\bPersAcc\s*[=:]" + _NUMBER, re.I),
)


def is_client_bank(sample: bytes) -> bool:
    """Tell such a file by its first line."""
    return any(line.startswith(_START.encode()) for line in first_lines(sample, 1))


def find_account(purpose: str) -> str:
    """Return the personal account named in the purpose of a payment, or an empty text.

    Two different numbers are as good as none: a payment is never put where it may not belong.
    """
    for pattern in _IN_PURPOSE:
        found = {
            match["number"].rstrip("-/")
            for match in pattern.finditer(purpose)
            if any(letter.isdigit() for letter in match["number"])
        }
        if found:
            return found.pop() if len(found) == 1 else ""
    return ""


class ClientBankTable(DelimitedTable):
    """Documents as rows, numbered in their order."""

    def __init__(self, stream: BinaryIO, wanted: "Wanted") -> None:
        super().__init__(stream, wanted)
        self.format, self.delimiter = "client_bank", ""
        self.headings = list(_HEADINGS)
        self._own, arrived, documents = set(), Decimal(0), 0
        stated = False
        for _end, name, value in self._fields(0):
            if name == "РасчСчет" and not documents:
                self._own.add(value)
            elif name == "ВсегоПоступило":
                arrived, stated = arrived + (parse_number(value) or 0), True
            elif name == "СекцияДокумент":
                documents += 1
        if stated:
            self.controls = [Control(0, sums={2: arrived})]

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield a row for each document from byte ``position`` on."""
        values: dict[str, str] | None = None
        is_whole = False
        for end, name, value in self._fields(position):
            if name == "СекцияДокумент":
                if values is not None:
                    raise TableError("damaged", number + 1)
                values = {}
            elif name == "КонецДокумента" and values is not None:
                number += 1
                yield Row(number, self._arrange(values), end)
                values = None
            elif values is not None and name in _FIELDS:
                values.setdefault(name, value)
            is_whole = name == _END or (is_whole and not name)
        # a file that was cut between two documents looks whole but for its last line
        if values is not None or not is_whole:
            raise TableError("damaged", number + 1)

    def suggest(self, kind: str) -> list[tuple[str, str]] | None:
        """Return what the columns hold: payments and nothing else."""
        if kind != "payment":
            return None
        codes = ("payment_number", "last_payment_date", "paid", "account", "", "", "", "", "",
                 "payee", "", "operation")  # fmt: skip
        return [(code, "") for code in codes]

    def _fields(self, position: int) -> Iterator[tuple[int, str, str]]:
        """Yield ``(offset after the line, name, value)``."""
        self._stream.seek(position)
        end = position
        while line := self._stream.readline(LINE):
            end += len(line)
            try:
                text = line.decode(self._codec)
            except UnicodeDecodeError as error:
                raise TableError("encoding", detail=self.encoding) from error
            name, _mark, value = text.strip().partition("=")
            yield end, name.strip(), value.strip()

    def _arrange(self, values: dict[str, str]) -> list[str]:
        def get(name: str) -> str:
            return values.get(name, "")

        incoming = not self._own or get("ПолучательСчет") in self._own
        outgoing = bool(self._own) and get("ПлательщикСчет") in self._own
        return [
            get("Номер"),
            get("ДатаПоступило") or get("Дата"),
            get("Сумма"),
            find_account(get("НазначениеПлатежа")),
            get("Плательщик"),
            get("ПлательщикИНН"),
            get("ПлательщикСчет"),
            get("Получатель"),
            get("ПолучательИНН"),
            get("ПолучательСчет"),
            get("НазначениеПлатежа"),
            "outgoing" if outgoing or not incoming else "payment",
        ]
