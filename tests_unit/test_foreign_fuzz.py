"""Registers as they may come: never a payment lost or doubled without an error, sums in = sums out."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tools.table_file import TableError

from tests_unit.foreign import FILES, load

ENCODINGS = ["utf-8", "utf-8-sig", "cp1251", "cp866", "koi8-r", "utf-16"]
HEADINGS = [
    None,
    ["Лицевой счёт", "ФИО", "Дата платежа", "Сумма"],
    ["ЛИЦЕВОЙ СЧЕТ", "ПЛАТЕЛЬЩИК", "ДАТА ОПЛАТЫ", "ОПЛАЧЕНО, РУБ."],
    ["LS", "FIO", "TRANS_DATE", "SUM"],
]
NAMES = [
    "Иванов Иван Иванович", "Петрова Мария Сергеевна", "Шарафутдинова Гузель", "Щукин Ёрш Ильич",
    "ООО «Ромашка»", "Нгуен Ван", "Цой В.", 'ТСЖ "Уют"', "Итогов Пётр", "Всеволодов А. А.",
]  # fmt: skip
money = st.decimals(min_value="0.01", max_value="999999.99", places=2)
payments = st.lists(
    st.tuples(
        st.integers(100_000, 999_999).map(str), st.sampled_from(NAMES), st.integers(1, 28), money
    ),
    min_size=2,
    max_size=40,
    unique_by=lambda payment: payment[0],
)


def write_money(value, style):
    text = f"{value:.2f}"
    if style == "comma":
        return text.replace(".", ",")
    if style == "spaces":
        whole, _dot, fraction = text.partition(".")
        return f"{int(whole):,}".replace(",", " ") + "," + fraction
    return text


def write_file(rows, form, control):
    """Return the bytes of a register, or None where the encoding has no letter for a name."""
    lines = []
    if form["heading"]:
        lines.append(form["heading"])
    for account, name, day, amount in rows:
        name = name.upper() if form["upper"] else name
        lines.append([account, name, f"{day:02}.11.2026", write_money(amount, form["style"])])
    total = write_money(sum(row[3] for row in rows), form["style"])
    if control in ("count", "ahead"):
        place = len(lines) if control == "count" else int(bool(form["heading"]))
        lines.insert(place, [f"={len(rows)}", total])
    elif control == "total":
        lines.append(["Итого", "", "", total])
    mark = form["delimiter"]

    def quote(cell):
        unsafe = mark in cell or '"' in cell
        return '"' + cell.replace('"', '""') + '"' if unsafe else cell

    text = form["end"].join(mark.join(map(quote, line)) for line in lines) + form["end"]
    try:
        return text.encode(form["encoding"])
    except UnicodeEncodeError:
        return None


forms = st.fixed_dictionaries(
    {
        "encoding": st.sampled_from(ENCODINGS),
        "heading": st.sampled_from(HEADINGS),
        "upper": st.booleans(),
        "delimiter": st.sampled_from([";", "\t", "|", ","]),
        "style": st.sampled_from(["comma", "point", "spaces"]),
        "end": st.sampled_from(["\r\n", "\n", "\r"]),
    }
)


def sum_up(records):
    return sorted((r.values["account"], r.values["paid"]) for r in records)


@settings(deadline=None)
@given(payments, forms, st.sampled_from(["none", "count", "total", "ahead"]))
def test_no_payment_is_lost_or_doubled(rows, form, control):
    data = write_file(rows, form, control)
    if data is None:
        return
    known = {row[0] for row in rows}
    table, layout, records, problems, parser = load(
        data, "payment", find_accounts=lambda texts: known.intersection(texts)
    )
    assert parser.missing_fields() == []
    assert problems == []
    assert sum_up(records) == sorted((account, amount) for account, _n, _d, amount in rows)
    assert (layout.header_row > 0) == bool(form["heading"])
    # the letters of names are read right, or it is said that they may not be
    if not table.guess.doubtful:
        assert table.encoding.removesuffix("-sig") == form["encoding"].removesuffix(
            "-sig"
        ) or not any(ord(letter) > 127 for letter in data.decode(form["encoding"]))


@settings(deadline=None)
@given(payments, forms, st.sampled_from(["count", "total"]), st.data())
def test_what_is_lost_doubled_or_changed_on_the_way_is_an_error(rows, form, control, data):
    text = write_file(rows, form, control)
    if text is None:
        return
    place = data.draw(st.integers(0, len(rows) - 1))
    change = data.draw(st.sampled_from(["lost", "doubled", "changed"]))
    other = list(rows)
    if change == "lost":
        del other[place]
    elif change == "doubled":
        other.insert(place, rows[place])
    else:
        account, name, day, amount = rows[place]
        other[place] = (account, name, day, amount + Decimal("0.01"))
    lines, changed = text, write_file(other, form, control)
    # the control row of the file as it was, the rows as they came
    encoding = form["encoding"]
    told = lines.decode(encoding).split(form["end"])[-2]
    body = changed.decode(encoding).split(form["end"])[:-2]
    broken = form["end"].join([*body, told, ""]).encode(encoding)
    known = {row[0] for row in rows}
    problems = load(broken, "payment", find_accounts=lambda texts: known.intersection(texts))[3]
    assert [p for p in problems if p.severity == "error" and p.code.startswith("control_")]


@settings(deadline=None)
@given(payments, forms)
def test_two_payments_that_became_one_of_their_sum_are_an_error(rows, form):
    """The sum is right then: the count tells."""
    first, second = rows[-2], rows[-1]
    merged = [*rows[:-2], (*first[:3], first[3] + second[3])]
    text, changed = write_file(rows, form, "count"), write_file(merged, form, "count")
    if text is None:
        return
    encoding, end = form["encoding"], form["end"]
    told = text.decode(encoding).split(end)[-2]
    broken = end.join([*changed.decode(encoding).split(end)[:-2], told, ""]).encode(encoding)
    known = {row[0] for row in rows}
    problems = load(broken, "payment", find_accounts=lambda texts: known.intersection(texts))[3]
    assert {"control_count"} == {p.code for p in problems if p.severity == "error"}


@settings(deadline=None)
@given(st.binary(max_size=3000), st.sampled_from(["payment", "charge", "account", "reading"]))
def test_whatever_comes_is_read_or_refused(data, kind):
    try:
        load(data, kind)
    except TableError as error:
        assert error.code


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_samples_are_read_or_refused(data):
    path = data.draw(st.sampled_from(sorted(FILES.glob("f*"))))
    content = bytearray(path.read_bytes())
    for _n in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(content)))
    content = content[:cut] if data.draw(st.booleans()) else content
    for kind in ("payment", "balance"):
        try:
            load(bytes(content), kind, path.name)
        except TableError as error:
            assert error.code
