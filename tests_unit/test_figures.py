"""One list of the columns of charges, balances and readings; who reads it fits it."""

import csv
import random
from decimal import Decimal
from pathlib import Path

import pytest
from tools import figures
from tools.table_file import kinds
from tools.table_file.rows import check_charge

DEMO = Path(__file__).resolve().parent.parent / "epd_mailing" / "demo"
# kind of a figure → type of a column of a file
FILE_TYPES = {
    "money": {"money"},
    "quantity": {"quantity"},
    "norm": {"quantity"},
    "tariff": {"tariff"},
    "ratio": {"ratio"},
    "text": {"text"},
    "choice": {"choice"},
    "date": {"date"},
}


@pytest.mark.parametrize("source", figures.ALL, ids=lambda source: source.model)
def test_each_column_once_and_of_a_known_kind(source):
    assert len({*source.key, *source.names}) == len(source.key) + len(source.names)
    assert {figure.kind for figure in source.figures} <= figures.DIGITS.keys()


@pytest.mark.parametrize(
    ("source", "kind"),
    [(figures.CHARGE, "charge"), (figures.BALANCE, "balance"), (figures.READING, "reading")],
)
def test_files_can_bring_every_column_as_what_it_is(source, kind):
    columns = kinds.KINDS[kind]
    for figure in source.figures:
        assert columns[figure.name].type in FILE_TYPES[figure.kind], figure.name


@pytest.mark.parametrize("source", figures.ALL, ids=lambda source: source.model)
def test_demo_house_gives_columns_of_the_list_only(source):
    with (DEMO / f"{source.model}.csv").open(encoding="utf-8") as file:
        header = next(csv.reader(file))
    own = {f"{name}:id" if name.endswith("_id") else name for name in source.key}
    assert set(header) <= {"id", "account_id:id", "period_id:id", *own, *source.names}


def test_what_columns_add_up_to():
    line = {"amount": 0.285, "excess": "1.005", "recalculation": Decimal("-0.1"), "discount": False}
    assert figures.expected_total(line) == Decimal("1.20")


@pytest.mark.parametrize("seed", range(40))
def test_a_row_of_a_file_is_held_against_the_same_sum(seed):
    chance = random.Random(seed)
    values = {name: Decimal(chance.randint(0, 9999)) / 100 for name in figures.TOTAL_SIGNS}
    values["recalculation_reason"] = "Отсутствие жильца"
    total = figures.expected_total(values)
    for given in (total, total + Decimal("0.01")):
        told = []
        check_charge(
            {**values, "total": given}, {}, lambda name, code, *_more, told=told: told.append(code)
        )
        assert told == ([] if given == total else ["not_total"])
    made = {**values, "total": total, "amount": None}
    check_charge(made, {}, lambda *_told: None)
    assert made["amount"] == values["amount"]


def test_numbers_of_a_snapshot_keep_their_decimals():
    line = dict.fromkeys(figures.CHARGE.names, 1.5)
    texts = figures.snapshot_figures(line, figures.CHARGE)
    assert texts["amount"] == "1.50"
    assert texts["tariff"] == "1.500000"
    assert texts["volume_common"] == texts["norm_common"] == "1.5000000"
    assert not {"explanation", "volume_method", "recalculation_reason"} & texts.keys()
