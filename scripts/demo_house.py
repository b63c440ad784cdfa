"""The demo house: its accounts, who lives there, and what becomes of their letters."""

from decimal import Decimal

D = Decimal
AREAS = (D("38.4"), D("54.2"), D("71.6"))
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
# the sandbox plays these local parts
SCRIPTED = {16: "unsubscribed", 27: "unknown", 31: "full", 32: "retry", 35: "giveup", 38: "spam"}
SHOP_PREMISES = (
    "1-Н (магазин «Продукты у дома», отдельный вход со стороны двора, цокольный этаж, "
    "помещения № 1–7 по плану БТИ от 12.05.2014)"
)


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
