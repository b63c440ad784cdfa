"""The demo house: computed accounts to the kopeck, delivery cases, and files that are fresh."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from scripts import make_demo_data

DEMO = Path(make_demo_data.OUT)


def rows(name):
    with (DEMO / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def march():
    lines = defaultdict(dict)
    for row in rows("epd.charge"):
        _demo, _charge, number, month, service = row["id"].rsplit("_", 4)[-5:]
        if month == "03":
            lines[number][int(service)] = row
    return lines


@pytest.mark.parametrize(
    ("number", "office", "excess", "recalculation", "discount", "repair", "due"),
    [
        ("0100001", "4819.12", "0", "0", "0", "390.14", "4819.12"),
        ("0100002", "7904.35", "0", "-118.40", "0", "550.67", "14023.25"),
        ("0100003", "12077.12", "1314.08", "0", "0", "727.46", "13391.20"),
        ("0100060", "7046.01", "0", "0", "853.65", "550.67", "-5807.64"),
    ],
)
def test_computed_accounts(march, number, office, excess, recalculation, discount, repair, due):
    lines = march[number]

    def total(name):
        return sum(Decimal(row[name]) for service, row in lines.items() if service != 14)

    assert total("amount") == Decimal(office)
    assert total("excess") == Decimal(excess)
    assert total("recalculation") == Decimal(recalculation)
    assert total("discount") == Decimal(discount)
    assert Decimal(lines[14]["amount"]) == Decimal(repair)
    balance = next(
        row
        for row in rows("epd.account.balance")
        if row["id"] == f"demo_balance_{number}_03_office"
    )
    owed = (
        Decimal(balance["opening"])
        - Decimal(balance["paid"])
        + Decimal(balance["charged"])
        + Decimal(balance["penalty"])
    )
    assert owed == Decimal(due)


def test_lines_of_the_second_account(march):
    expected = (
        "1707.30 3.72 2.92 52.12 305.60 191.00 785.40 388.70 3076.39 891.00 355.20 65.00 80.00 "
        "550.67"
    ).split()
    assert [march["0100002"][number]["amount"] for number in range(1, 15)] == expected


def test_balances_run_on():
    by_key = {row["id"]: row for row in rows("epd.account.balance")}
    for key, row in by_key.items():
        _demo, _balance, number, month, payee = key.rsplit("_", 4)[-5:]
        before = by_key.get(f"demo_balance_{number}_{int(month) - 1:02d}_{payee}")
        if before:
            due = (
                Decimal(before["opening"])
                - Decimal(before["paid"])
                + Decimal(before["charged"])
                + Decimal(before["penalty"])
            )
            assert Decimal(row["opening"]) == due, key


def test_house():
    accounts = rows("epd.personal.account")
    assert len(accounts) == 63  # 61 of 60 flats, the shop, the new owner of one
    flats = sum(
        Decimal(row["area"])
        for row in accounts
        if row["premises_kind"] == "flat" and row["number"] != "0100062"
    )
    assert flats == Decimal("3284.0")


def test_delivery_cases():
    people = {row["id"]: row for row in rows("res.partner")}
    emails = [row["email"] for row in people.values() if row["email"]]
    assert len(people) - len(emails) == 17
    assert len(emails) - len(set(emails)) == 1  # one address serves two flats
    assert all(mail.endswith("example.com") for mail in emails)
    assert any("ё" in row["name"] and "’" in row["name"] for row in people.values())
    assert any(row["premises"] == "12А" for row in rows("epd.personal.account"))


def test_files_are_fresh(tmp_path, monkeypatch):
    monkeypatch.setattr(make_demo_data, "OUT", tmp_path)
    make_demo_data.main()
    made = list(tmp_path.glob("*.csv"))
    assert len(made) == 9
    for path in made:
        assert path.read_text(encoding="utf-8") == (DEMO / path.name).read_text(encoding="utf-8")
