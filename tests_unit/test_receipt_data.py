"""Sums of a document: what does not add up is rejected, naming the figure."""

import copy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import money, receipt_data, receipt_view
from tools.payment_qr import PaymentOrder, build_payment_string

PAYEE = {
    "name": "УК",
    "personal_acc": "40702810900000001234",
    "bank_name": "Банк",
    "bic": "049205999",
    "corresp_acc": "30101810000000000999",
    "payee_inn": "",
    "kpp": "",
}
ZEROS = dict.fromkeys(
    [
        "excess",
        "recalculation",
        "discount",
        "ratio",
        "tariff",
        "volume_individual",
        "volume_common",
        "amount_individual",
        "amount_common",
        "norm_individual",
        "norm_common",
        "house_reading",
        "house_volume_premises",
        "house_volume_common",
        "instalment_period",
        "instalment_past",
        "instalment_percent",
        "instalment_interest",
        "instalment_total",
    ],
    "0.00",
)


def make_line(amount, service="Отопление", **more):
    line = {
        **ZEROS,
        "service": service,
        "kind": "utility",
        "uom": "Гкал",
        "provider": "УК",
        "method": "meter",
        "recalculation_reason": "",
        "explanation": "",
        "amount": str(amount),
        **{key: str(value) for key, value in more.items()},
    }
    total = (
        Decimal(line["amount"])
        + Decimal(line["excess"])
        + Decimal(line["recalculation"])
        - Decimal(line["discount"])
    )
    return {**line, "total": str(total)}


def make(lines, opening="0.00", paid="0.00", penalty="0.00", blocks=1):
    block = {
        "title": "Жилищно-коммунальные услуги",
        "purpose": "Оплата",
        "payee": PAYEE,
        "lines": lines,
        "balance": {
            "opening": str(opening),
            "paid": str(paid),
            "paid_through": "2026-03-31",
            "last_payment": "",
            "penalty": str(penalty),
            "court_costs": "0.00",
        },
    }
    snapshot = {
        "schema": 1,
        "form": "epd",
        "number": "0100001-0326-Е1",
        "period": {
            "start": "2026-03-01",
            "present_by": "2026-04-05",
            "pay_by": "2026-04-15",
            "limit_index": "0.00",
        },
        "issuer": dict.fromkeys(
            [
                "name",
                "inn",
                "kpp",
                "ogrn",
                "address",
                "phone",
                "dispatch_phone",
                "email",
                "website",
            ],
            "x",
        ),
        "account": {
            "number": "0100001",
            "unified_number": "",
            "gis_service_id": "",
            "gis_document_id": "",
        },
        "payer": {"name": "Иванов", "is_company": False, "inn": "", "kpp": ""},
        "premises": {
            "address": "г. Казань",
            "kind": "flat",
            "area": "38.40",
            "residents": 1,
            "building_area": "3402.50",
            "common_area": "612.00",
        },
        "blocks": [copy.deepcopy(block) for _number in range(blocks)],
        "readings": [],
        "info": [],
    }
    receipt_data.fill_totals(snapshot)
    for entry in snapshot["blocks"]:
        order = PaymentOrder(**PAYEE, sum_kopecks=money.kopecks(entry["due"]))
        entry["qr"] = build_payment_string(order)
    return snapshot


amounts = st.decimals(min_value=-99999, max_value=99999, places=2)


@given(st.lists(amounts, min_size=1, max_size=20), amounts, amounts)
def test_a_document_that_adds_up_passes(values, opening, paid):
    snapshot = make([make_line(value) for value in values], opening, paid)
    receipt_data.check_sums(snapshot)
    owed = opening - paid + sum(values)
    assert Decimal(snapshot["total"]["due"]) == max(owed, 0)
    assert receipt_data.qr_sum(snapshot["blocks"][0]["qr"]) == max(owed, 0) * 100


@pytest.mark.parametrize(
    ("path", "figure"),
    [
        (("lines", 0, "total"), "итого"),
        (("totals", "total"), "начислено"),
        (("due",), "к оплате"),
        (("qr",), "QR"),
    ],
)
def test_the_figure_that_differs_is_named(path, figure):
    snapshot = make([make_line("100.00")])
    target = snapshot["blocks"][0]
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = target["qr"].replace("Sum=10000", "Sum=1") if path == ("qr",) else "77.00"
    with pytest.raises(receipt_data.SumError) as caught:
        receipt_data.check_sums(snapshot)
    assert figure in caught.value.figure


def test_one_payees_advance_never_pays_another():
    snapshot = make([make_line("100.00")], blocks=2)
    snapshot["blocks"][0]["balance"]["opening"] = "-500.00"
    receipt_data.fill_totals(snapshot)
    assert snapshot["blocks"][0]["due"] == "0.00"
    assert snapshot["blocks"][0]["advance"] == "400.00"
    assert snapshot["total"]["due"] == "100.00"


def test_canonical_text_does_not_depend_on_order():
    assert receipt_data.canonical({"б": 1, "а": "ё"}) == receipt_data.canonical({"а": "ё", "б": 1})
    assert receipt_data.canonical({"а": "ё"}) == '{"а":"ё"}'


def test_comparison_names_the_fields():
    before = make([make_line("100.00")])
    after = make([make_line("120.00")])
    paths = {path for path, _old, _new in receipt_data.compare(before, after)}
    assert "total.due" in paths
    assert any("Отопление" in path for path in paths)


def rows_of(pages):
    return [row for page in pages for table in page for row in table["rows"]]


@pytest.mark.parametrize(("lines", "pages"), [(14, 1), (55, 2)])
def test_pages(lines, pages):
    snapshot = make([make_line("1.00", f"Услуга {number}") for number in range(lines)])
    view = receipt_view.view(snapshot)
    assert len(view["pages"]) == pages
    shown = [row["service"] for row in rows_of(view["pages"]) if row["kind"] == "line"]
    assert shown == [f"Услуга {number}" for number in range(lines)]


def test_empty_columns_vanish():
    def shown(**more):
        view = receipt_view.view(make([make_line("1.00", **more)]))
        assert sum(column["mm"] for column in view["columns"]) == pytest.approx(192, abs=0.1)
        return {column["name"] for column in view["columns"]}

    optional = {"volume_common", "amount_common", "excess", "recalculation", "discount"}
    assert not shown() & optional
    assert shown(discount="0.50") & optional == {"discount"}
    assert shown(**dict.fromkeys(optional, "0.10")) >= optional


names = st.text("Услуга по договору №ё ", min_size=1, max_size=90)


@given(st.lists(names, min_size=1, max_size=120), st.integers(1, 3), st.text(max_size=900))
def test_no_row_is_lost_doubled_or_torn_between_pages(services, blocks, info):
    snapshot = make([make_line("1.00", name) for name in services], blocks=blocks)
    snapshot["info"] = [info]
    view = receipt_view.view(snapshot)
    rows = rows_of(view["pages"])
    assert [row["service"] for row in rows if row["kind"] == "line"] == services * blocks
    assert [row["text"] for row in rows if row["table"] == "info"] == [info]
    for page in view["pages"]:
        assert page, "no empty page"
        for table in page:
            # every page's table says whose lines these are, and no heading stands alone
            if table["table"] == "services":
                assert table["rows"][0]["kind"] == "group"
            assert table["rows"][-1]["kind"] != "group"


def test_a_table_that_goes_on_says_so():
    snapshot = make([make_line("1.00", f"Услуга {number}") for number in range(90)])
    pages = receipt_view.view(snapshot)["pages"]
    assert len(pages) > 1
    assert all("продолжение" in page[0]["rows"][0]["text"] for page in pages[1:])


@given(
    st.lists(st.tuples(st.sampled_from("АБВ"), amounts), max_size=6),
    st.lists(st.tuples(st.sampled_from("АБВ"), amounts), max_size=6),
    amounts,
    amounts,
)
def test_why_the_sum_changed_adds_up(before, after, opening, paid):
    old = make([make_line(value, name) for name, value in before], opening)
    new = make([make_line(value, name) for name, value in after], opening="0.00", paid=paid)
    rows = receipt_data.explain(old, new)
    change = receipt_data.block_due(new["blocks"][0]) - receipt_data.block_due(old["blocks"][0])
    assert sum(Decimal(row["difference"]) for row in rows) == change
    assert all(Decimal(row["difference"]) for row in rows)


@pytest.mark.parametrize(
    ("old", "new", "causes"),
    [
        ({"tariff": "1"}, {"tariff": "2"}, ["tariff"]),
        ({"volume_individual": "1"}, {"volume_individual": "3"}, ["volume"]),
        ({}, {"recalculation": "-5.00"}, ["recalculation"]),
        ({"discount": "1.00"}, {}, ["discount"]),
        ({}, {}, ["other"]),
    ],
)
def test_causes(old, new, causes):
    row, *more = receipt_data.explain(
        make([make_line("100.00", **old)]), make([make_line("130.00", **new)])
    )
    assert not more
    assert row["causes"] == causes


def test_new_and_gone_services():
    rows = receipt_data.explain(
        make([make_line("1.00", "Домофон")]), make([make_line("2.00", "Видео")])
    )
    assert [(row["what"], row["causes"]) for row in rows] == [
        ("Домофон", ["gone"]),
        ("Видео", ["new"]),
    ]


def test_lines_of_one_service_are_compared_each():
    before = make([make_line("1.00"), make_line("2.00")])
    after = make([make_line("1.00"), make_line("3.00")])
    paths = [path for path, _old, _new in receipt_data.compare(before, after)]
    assert "blocks[40702810900000001234].lines[Отопление 2].amount" in paths
    assert not any("lines[Отопление]." in path for path in paths)
    assert not any(path.endswith("qr") for path in paths)
