"""The payment code: GOST R 56042-2014."""

import hashlib
import io
import json
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from tools.payment_qr import (
    SEPARATORS,
    PaymentOrder,
    PaymentQrError,
    build_payment_string,
    payment_qr_png,
)

VECTORS = {
    row["name"][:2]: row
    for row in json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
}
GOST = {
    "name": "ООО «Три кита»",
    "personal_acc": "40702810138250123017",
    "bank_name": 'ОАО "БАНК"',
    "bic": "044525225",
    "corresp_acc": "30101810400000000225",
}
HOUSING = {
    "name": "ООО «УК Демо Сервис»",
    "personal_acc": "40702810900000001234",
    "bank_name": "Банк «Пример», г. Казань",
    "bic": "049205999",
    "corresp_acc": "30101810000000000999",
    "sum_kopecks": 912345,
    "purpose": "Оплата ЖКУ за 03.2026 л/с 0100001",
    "payee_inn": "1655123453",
    "kpp": "165501001",
    "last_name": "Иванов",
    "first_name": "Иван",
    "middle_name": "Иванович",
    "payer_address": "г. Казань, ул. Примерная, д. 10, кв. 1",
    "pers_acc": "0100001",
    "payment_period": "032026",
    "category": "ЖКУ",
    "tech_code": "02",
}


def parse(text):
    """An independent reader: header, separator, pairs."""
    assert text[:6] == "ST0001" and text[6] == "2"
    return dict(part.split("=", 1) for part in text[8:].split(text[7]))


def test_vector_of_the_standard_minimum():
    assert build_payment_string(PaymentOrder(**GOST)) == VECTORS["V1"]["string"]


def test_vector_of_housing():
    text = build_payment_string(PaymentOrder(**HOUSING))
    assert text == VECTORS["V3"]["string"]
    assert hashlib.sha256(text.encode()).hexdigest() == VECTORS["V3"]["sha256"]


def test_another_separator_is_used_everywhere():
    order = PaymentOrder(**{**HOUSING, "bank_name": "Банк | «Пример»"})
    assert build_payment_string(order) == VECTORS["V6"]["string"]


@pytest.mark.parametrize("kopecks", [None, 0, -5])
def test_nothing_due_has_no_sum(kopecks):
    text = build_payment_string(PaymentOrder(**{**HOUSING, "sum_kopecks": kopecks}))
    assert "Sum" not in parse(text)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("bic", "", "missing"),
        ("bic", "04920599", "format"),
        ("personal_acc", "4070281090000000123", "format"),
        ("corresp_acc", "abc", "format"),
        ("bank_name", "Б" * 46, "too_long"),
        ("name", "|#;:^_~{}!$%&()*+,/@", "separator"),
    ],
)
def test_wrong_requisites_are_named(field, value, code):
    with pytest.raises(PaymentQrError) as caught:
        build_payment_string(PaymentOrder(**{**HOUSING, field: value}))
    assert caught.value.code == code
    assert caught.value.field == field


def test_mandatory_block_is_bounded():
    with pytest.raises(PaymentQrError) as caught:
        build_payment_string(PaymentOrder(**{**HOUSING, "name": "Ж" * 160}))
    assert caught.value.code == "too_long"


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40),
    st.integers(min_value=1, max_value=10**12),
)
@example(purpose=":;@/+*)(&%$#!^_{|}~", kopecks=1)
def test_what_is_written_is_read_back(purpose, kopecks):
    order = PaymentOrder(**{**HOUSING, "purpose": purpose, "sum_kopecks": kopecks})
    try:
        text = build_payment_string(order)
    except PaymentQrError as error:
        assert error.code == "separator"
        assert set(SEPARATORS) <= set(purpose + "".join(map(str, HOUSING.values())))
        return
    fields = parse(text)
    assert fields["Sum"] == str(kopecks)
    assert fields.get("Purpose", "") == " ".join(purpose.split())
    assert fields["PersAcc"] == HOUSING["pers_acc"]


def test_image_is_small_one_bit_transparent_and_readable():
    text = build_payment_string(PaymentOrder(**HOUSING))
    png = payment_qr_png(text)
    image = Image.open(io.BytesIO(png))
    assert image.mode == "1" and "transparency" in image.info and len(png) < 3000
    codes = zxingcpp.read_barcodes(image.convert("L"))
    assert [code.bytes.decode() for code in codes] == [text]
    assert codes[0].ec_level == "M"
