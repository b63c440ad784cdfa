#!/usr/bin/env python3
"""Makes the demo house: a building in Казань, its accounts and three months of charges.

Deterministic; its output is committed in ``epd_mailing/demo``. Rules and figures are illustrative,
people and requisites are not real. Volumes are rounded to 4 decimals, each line half-up to kopecks.
"""

import csv
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "epd_mailing" / "demo"
D = Decimal
BUILDING_AREA, COMMON_AREA = D("3402.5"), D("612")
AREAS = (D("38.4"), D("54.2"), D("71.6"))
MONTHS = ("2026-01", "2026-02", "2026-03")
HEATING = {"2026-01": D("0.0260"), "2026-02": D("0.0245"), "2026-03": D("0.0215")}
# number, name, kind, unit, OKEI code, tariff
SERVICES = (
    (1, "Содержание жилого помещения", "housing", "м²", "055", "31.50"),
    (2, "КР на СОИ: холодная вода", "common", "м³", "113", "38.20"),
    (3, "КР на СОИ: водоотведение", "common", "м³", "113", "29.90"),
    (4, "КР на СОИ: электроэнергия", "common", "кВт·ч", "245", "4.95"),
    (5, "Холодное водоснабжение", "utility", "м³", "113", "38.20"),
    (6, "ГВС: теплоноситель", "utility", "м³", "113", "38.20"),
    (7, "ГВС: тепловая энергия", "utility", "Гкал", "233", "2640.00"),
    (8, "Водоотведение", "utility", "м³", "113", "29.90"),
    (9, "Отопление", "utility", "Гкал", "233", "2640.00"),
    (10, "Электроснабжение", "utility", "кВт·ч", "245", "4.95"),
    (11, "Обращение с ТКО", "utility", "чел.", "792", "118.40"),
    (12, "Домофон", "additional", "кв.", "642", "65.00"),
    (13, "Видеонаблюдение", "additional", "кв.", "642", "80.00"),
    (14, "Взнос на капитальный ремонт", "capital_repair", "м²", "055", "10.16"),
)
TARIFF = {number: D(tariff) for number, *_rest, tariff in SERVICES}
LAST_NAMES = (
    "Иванов Петров Сидоров Кузнецов Смирнов Попов Васильев Соколов Михайлов Новиков Фёдоров "
    "Морозов Волков Алексеев Лебедев Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев "
    "Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев"
).split()
FIRST_NAMES = (
    "Иван Пётр Сергей Алексей Дмитрий Николай Андрей Михаил Артём Тимур Марат Ильдар Рустам"
).split()
MIDDLE_NAMES = (
    "Иванович Петрович Сергеевич Алексеевич Дмитриевич Николаевич Андреевич Михайлович Семёнович"
).split()
LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя’",
        "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh sch _ y _ e yu ya _".split(),
        strict=True,
    )
)
NO_ADDRESS = (5, 9, 13, 19, 21, 25, 29, 33, 37, 41, 45, 49, 51, 53, 55, 57, 59)
NO_CONSENT = (6, 12, 18, 24, 30, 36)
TWO_ADDRESSES = (2, 8, 14)
# the sandbox plays these local parts
SCRIPTED = {16: "unsubscribed", 27: "unknown", 31: "full", 32: "retry", 35: "giveup", 38: "spam"}
SHOP_PREMISES = (
    "1-Н (магазин «Продукты у дома», отдельный вход со стороны двора, цокольный этаж, "
    "помещения № 1–7 по плану БТИ от 12.05.2014)"
)


def money(value):
    """Round to kopecks, half-up."""
    return value.quantize(D("0.01"), rounding=ROUND_HALF_UP)


def volume(value):
    """Round a volume to 4 decimals, half-up."""
    return value.quantize(D("0.0001"), rounding=ROUND_HALF_UP)


def latin(text):
    """Return a mailbox name for a Russian one."""
    return "".join(LATIN.get(char, char) for char in text.lower()).replace("_", "")


def person(flat):
    """Return the name of the payer of a flat (Russian order)."""
    special = {
        1: "Иванов Иван Иванович",
        2: "Петрова Мария Сергеевна",
        3: "Сёмин Фёдор Алексеевич",
        7: "Фёдорова-О’Коннор Алёна Семёновна",
        60: "Хабибуллин Тимур Маратович",
    }
    if flat in special:
        return special[flat]
    return " ".join(
        (
            LAST_NAMES[flat * 7 % len(LAST_NAMES)],
            FIRST_NAMES[flat * 5 % len(FIRST_NAMES)],
            MIDDLE_NAMES[flat * 11 % len(MIDDLE_NAMES)],
        )
    )


def make_accounts():
    """Return the accounts as dicts, in order: 61 of the 60 flats, the shop, the new owner."""
    accounts = []
    for flat in range(1, 61):
        # flats 59 and 60 of the last floor stand the other way round
        area = AREAS[{59: 2, 60: 1}.get(flat, (flat - 1) % 3)]
        residents = {1: 1, 2: 3, 3: 4, 60: 2}.get(flat, 1 + flat * 3 % 4)
        base = {
            "flat": flat,
            "premises": "12А" if flat == 12 else str(flat),
            "entrance": 1 + (flat - 1) // 30,
            "floor": 1 + (flat - 1) % 30 // 3,
            "area": area,
            "residents": residents,
            "name": person(flat),
        }
        if flat == 17:
            # one flat, two owners with accounts of their own
            accounts.append({**base, "number": "0100017/1", "area": D("30.2"), "residents": 1})
            accounts.append(
                {
                    **base,
                    "number": "0100017/2",
                    "area": D("24.0"),
                    "residents": 1,
                    "name": "Зиннатуллина Алия Ильдаровна",
                }
            )
        else:
            accounts.append({**base, "number": f"01{flat:05d}"})
    shop = {
        "flat": 61,
        "number": "0100061",
        "premises": SHOP_PREMISES,
        "kind": "nonresidential",
        "entrance": 0,
        "floor": 1,
        "area": D("118.5"),
        "residents": 0,
        "name": "ООО «Продукты у дома»",
    }
    successor = {
        **next(account for account in accounts if account["number"] == "0100044"),
        "flat": 62,
        "number": "0100062",
        "name": "Гарифуллина Динара Рустамовна",
    }
    return [*accounts, shop, successor]


def consumption(account, month):
    """Return (cold, hot, electricity kWh, by norm?) of an account in a month."""
    flat, people = account["flat"], account["residents"]
    given = {1: (3, 2, 95), 2: (8, 5, 180), 60: (5, D("3.5"), 140)}
    if flat in given and month == "2026-03":
        return (*map(D, given[flat]), False)
    if flat == 3:
        return D("4.30") * people, D("3.00") * people, D(240), True
    step = MONTHS.index(month)
    cold = D(people) * D("2.5") + D((flat * 3 + step) % 5) / 2
    hot = D(people) * D("1.5") + D((flat * 2 + step) % 4) / 2
    return cold, hot, D(60 * people + flat * 7 % 45 + 5 * step), False


def make_lines(account, month):
    """Return the charge lines of an account in a month, as dicts of Decimals."""
    if account["flat"] == 56:
        # an empty document: nobody lives there, everything was charged elsewhere
        return [line(1, D(0), "other")]
    area, people = account["area"], account["residents"]
    share = COMMON_AREA * area / BUILDING_AREA
    cold, hot, power, norm = consumption(account, month)
    method = "norm" if norm else "meter"
    heat = volume(HEATING[month] * area)
    lines = [
        line(1, area, "other"),
        line(2, volume(D("0.010") * share), "norm", common=True),
        line(3, volume(D("0.010") * share), "norm", common=True),
        line(4, volume(D("1.08") * share), "norm", common=True),
    ]
    if account["flat"] != 61:
        lines += [
            line(5, cold, method),
            line(6, hot, method),
            line(7, volume(D("0.0595") * hot), "norm" if norm else "other"),
            line(8, cold + hot, method),
        ]
    lines += [line(9, heat, "other"), line(10, power, "meter")]
    if people:
        lines += [line(11, D(people), "other"), line(12, D(1), "other")]
    lines += [line(13, D(1), "other"), line(14, area, "other")]
    by_number = {entry["number"]: entry for entry in lines}
    if month == "2026-03":
        add_march(account, by_number)
    return lines


def line(number, quantity, method, common=False):
    """Return one line: quantity × tariff."""
    amount = money(quantity * TARIFF[number])
    return {
        "number": number,
        "volume": quantity,
        "common": common,
        "method": method,
        "amount": amount,
        "ratio": D(0),
        "excess": D(0),
        "recalculation": D(0),
        "reason": "",
        "discount": D(0),
    }


def add_march(account, lines):
    """Write the special cases of March 2026 into the lines."""
    if account["flat"] == 2:
        lines[11]["recalculation"] = D("-118.40")
        lines[11]["reason"] = "Временное отсутствие одного проживающего, заявление от 02.03.2026"
    if account["flat"] == 3:
        lines[5]["ratio"] = D("1.5")
        lines[5]["excess"] = money(lines[5]["amount"] * D("0.5"))
    if account["flat"] == 60:
        lines[1]["discount"] = money(lines[1]["amount"] / 2)


def total(entry):
    """Return what a line comes to."""
    return entry["amount"] + entry["excess"] + entry["recalculation"] - entry["discount"]


def make_balances(account, lines_by_month):
    """Return {(month, payee): dict} of balances that run on from month to month."""
    balances = {}
    for payee in ("office", "repair"):
        due = D(0)
        for month in MONTHS:
            if account["flat"] == 62 and month != "2026-03":
                continue
            charged = sum(
                (
                    total(entry)
                    for entry in lines_by_month[month]
                    if (entry["number"] == 14) == (payee == "repair")
                ),
                D(0),
            )
            opening, paid, penalty = due, max(due, D(0)), D(0)
            if payee == "office":
                opening, paid, penalty = special_office(account, month, due, charged)
            due = opening - paid + charged + penalty
            balances[month, payee] = {
                "opening": opening,
                "paid": paid,
                "charged": charged,
                "penalty": penalty,
            }
    return balances


def special_office(account, month, due, charged):
    """Return (opening, paid, penalty) at the office's account."""
    flat = account["flat"]
    wanted = {2: D("6200.00"), 60: D("-12000.00")}.get(flat)
    if wanted is not None and month == "2026-02":
        # paid so much that the next month opens with the wanted balance
        return due, due + charged - wanted, D(0)
    if wanted is not None and month == "2026-03":
        return wanted, D(0), D("37.30") if flat == 2 else D(0)
    if flat % 9 == 4 and month == "2026-03":
        return due, money(max(due, D(0)) / 2), D(0)
    return due, max(due, D(0)), D(0)


def email_of(account):
    """Return the e-mail of the responsible person ('' for none)."""
    flat = account["flat"]
    if flat in NO_ADDRESS:
        return ""
    if flat == 23:
        return "petrov-at-example.com"
    if flat == 11:
        return email_of({"flat": 10, "name": person(10), "number": "0100010"})
    if flat == 61:
        return "buh@produkty.example.com"
    last = latin(account["name"].split()[0])
    box = f"{SCRIPTED[flat]}.{last}" if flat in SCRIPTED else last
    tail = account["number"][-4:].lstrip("0").replace("/", ".")
    return f"{box}.{tail}@example.com"


def ref(account):
    """Return the tail of the external ids of an account."""
    return account["number"].replace("/", "_")


def write(name, head, rows):
    """Write one CSV file."""
    with (OUT / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def write_people(accounts):
    """Partners, accounts, consents and further addresses."""
    partners, rows, consents, addresses = [], [], [], []
    for account in accounts:
        key, flat = ref(account), account["flat"]
        company = flat == 61
        partners.append(
            (
                f"demo_partner_{key}",
                account["name"],
                email_of(account),
                "1" if company else "",
                "1655098768" if company else "",
                "165501001" if company else "",
                "ru_RU",
            )
        )
        channel = {22: "both"}.get(flat, "paper" if flat in (5, 9) else "email")
        closed = "2026-03-17" if account["number"] == "0100044" else ""
        opened = "2026-03-18" if flat == 62 else "2014-06-01"
        serial = 330000 + int(key[:7]) % 100000 * 10 + (1 if key.endswith("_1") else 0)
        unified = f"16АК{serial:06d}"
        rows.append(
            (
                f"demo_account_{key}",
                account["number"],
                "demo_building",
                account["premises"],
                account.get("kind", "flat"),
                account["entrance"],
                account["floor"],
                account["area"],
                account["residents"],
                unified,
                f"{unified}-01",
                opened,
                closed,
                f"demo_partner_{key}",
                channel,
            )
        )
        if email_of(account) and flat not in NO_CONSENT:
            consents.append(
                (
                    f"demo_consent_{key}",
                    f"demo_account_{key}",
                    "given",
                    "instead",
                    "2025-09-10",
                    f"Заявление № {flat} от 10.09.2025",
                )
            )
        if flat == 20:
            consents.append(
                (
                    f"demo_consent_{key}_off",
                    f"demo_account_{key}",
                    "withdrawn",
                    "instead",
                    "2026-02-12",
                    "Заявление об отзыве согласия от 12.02.2026",
                )
            )
        if flat in TWO_ADDRESSES:
            addresses.append(
                (f"demo_address_{key}", f"demo_account_{key}", f"semya.{flat}@example.com")
            )
    write("res.partner", ("id", "name", "email", "is_company", "vat", "epd_kpp", "lang"), partners)
    write(
        "epd.personal.account",
        (
            "id",
            "number",
            "building_id:id",
            "premises",
            "premises_kind",
            "entrance",
            "floor",
            "area",
            "residents",
            "unified_number",
            "gis_service_id",
            "date_open",
            "date_close",
            "partner_id:id",
            "channel",
        ),
        rows,
    )
    write(
        "epd.delivery.consent", ("id", "account_id:id", "action", "kind", "date", "basis"), consents
    )
    write("epd.delivery.address", ("id", "account_id:id", "email"), addresses)


def write_month_data(accounts):
    """Charges, balances and meter readings of the three months."""
    charges, balances, readings = [], [], []
    for account in accounts:
        key = ref(account)
        months = MONTHS[-1:] if account["flat"] == 62 else MONTHS
        lines_by_month = {month: make_lines(account, month) for month in months}
        if account["number"] == "0100044":
            lines_by_month["2026-03"] = []  # March goes to the new owner
        for month in months:
            for entry in lines_by_month[month]:
                charges.append(charge_row(key, month, entry))
        run = make_balances(account, {month: lines_by_month.get(month, []) for month in MONTHS})
        for (month, payee), balance in run.items():
            paid_through = {"2026-01": "2026-01-31", "2026-02": "2026-02-28"}
            balances.append(
                (
                    f"demo_balance_{key}_{month[5:]}_{payee}",
                    f"demo_account_{key}",
                    f"demo_period_{month.replace('-', '_')}",
                    f"demo_payee_{payee}",
                    balance["opening"],
                    balance["paid"],
                    paid_through.get(month, "2026-03-31"),
                    balance["charged"],
                    balance["penalty"],
                )
            )
        readings += reading_rows(account, months)
    write(
        "epd.charge",
        (
            "id",
            "account_id:id",
            "period_id:id",
            "service_id:id",
            "volume_individual",
            "volume_common",
            "volume_method",
            "tariff",
            "amount_individual",
            "amount_common",
            "amount",
            "ratio",
            "excess",
            "recalculation",
            "recalculation_reason",
            "discount",
        ),
        charges,
    )
    write(
        "epd.account.balance",
        (
            "id",
            "account_id:id",
            "period_id:id",
            "payee_id:id",
            "opening",
            "paid",
            "paid_through",
            "charged",
            "penalty",
        ),
        balances,
    )
    write(
        "epd.meter.reading",
        (
            "id",
            "account_id:id",
            "period_id:id",
            "service_id:id",
            "meter_number",
            "previous",
            "current",
            "consumption",
            "read_on",
            "verify_by",
        ),
        readings,
    )


def charge_row(key, month, entry):
    """Return one row of epd.charge.csv."""
    own, common = (D(0), entry["amount"]) if entry["common"] else (entry["amount"], D(0))
    return (
        f"demo_charge_{key}_{month[5:]}_{entry['number']}",
        f"demo_account_{key}",
        f"demo_period_{month.replace('-', '_')}",
        f"demo_service_{entry['number']}",
        0 if entry["common"] else entry["volume"],
        entry["volume"] if entry["common"] else 0,
        entry["method"],
        TARIFF[entry["number"]],
        own,
        common,
        entry["amount"],
        entry["ratio"],
        entry["excess"],
        entry["recalculation"],
        entry["reason"],
        entry["discount"],
    )


def reading_rows(account, months):
    """Return the rows of epd.meter.reading.csv of one account: water (if metered) and power."""
    if account["flat"] == 56:
        return []
    key, rows = ref(account), []
    current = {5: D(200 + account["flat"]), 6: D(120 + account["flat"]), 10: D(9000)}
    for month in months:
        cold, hot, power, norm = consumption(account, month)
        used = {10: power} if norm or account["flat"] == 61 else {5: cold, 6: hot, 10: power}
        for number, quantity in used.items():
            previous, current[number] = current[number], current[number] + quantity
            rows.append(
                (
                    f"demo_reading_{key}_{month[5:]}_{number}",
                    f"demo_account_{key}",
                    f"demo_period_{month.replace('-', '_')}",
                    f"demo_service_{number}",
                    f"{number}{int(key[:7]):08d}{'-2' if key.endswith('_2') else ''}",
                    previous,
                    current[number],
                    quantity,
                    f"{month}-24",
                    f"{2027 + account['flat'] % 5}-{1 + account['flat'] % 12:02d}-01",
                )
            )
    return rows


def write_services():
    """Services and their provision to the two payees."""
    write(
        "epd.service",
        ("id", "code", "name", "kind", "uom_name", "okei_code", "sequence"),
        [
            (f"demo_service_{number}", number, name, kind, unit, okei, number)
            for number, name, kind, unit, okei, _tariff in SERVICES
        ],
    )
    write(
        "epd.service.provision",
        ("id", "building_id:id", "service_id:id", "provider_id:id", "payee_id:id", "date_from"),
        [
            (
                f"demo_provision_{number}",
                "demo_building",
                f"demo_service_{number}",
                "base.main_partner",
                "demo_payee_repair" if number == 14 else "demo_payee_office",
                "2020-01-01",
            )
            for number, *_rest in SERVICES
        ],
    )


def main():
    """Write all files."""
    OUT.mkdir(exist_ok=True)
    accounts = make_accounts()
    write_services()
    write_people(accounts)
    write_month_data(accounts)


if __name__ == "__main__":
    main()
