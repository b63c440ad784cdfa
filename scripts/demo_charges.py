"""What is charged in the demo house: services, tariffs, lines, balances.

Rules and figures are illustrative. Volumes are rounded to 4 decimals, each line half-up to kopecks.
"""

from decimal import ROUND_HALF_UP, Decimal

D = Decimal
BUILDING_AREA, COMMON_AREA = D("3402.5"), D("612")
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


def money(value):
    """Round to kopecks, half-up."""
    return value.quantize(D("0.01"), rounding=ROUND_HALF_UP)


def volume(value):
    """Round a volume to 4 decimals, half-up."""
    return value.quantize(D("0.0001"), rounding=ROUND_HALF_UP)


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
        # 3 for cold water from 06.12.2025 (government's decree 1871 of 25.11.2025)
        lines[5]["ratio"] = D("3")
        lines[5]["excess"] = money(lines[5]["amount"] * (lines[5]["ratio"] - 1))
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
