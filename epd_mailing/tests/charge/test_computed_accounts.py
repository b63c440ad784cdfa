from decimal import ROUND_HALF_UP, Decimal

from odoo.tests import tagged

from ...tools import receipt_data
from ..common import EpdCommon

D = Decimal
# name, kind, unit, tariff; the last is paid to the capital repair account
SERVICES = (
    ("Содержание жилого помещения", "housing", "м²", "31.50"),
    ("КР на СОИ: холодная вода", "common", "м³", "38.20"),
    ("КР на СОИ: водоотведение", "common", "м³", "29.90"),
    ("КР на СОИ: электроэнергия", "common", "кВт·ч", "4.95"),
    ("Холодное водоснабжение", "utility", "м³", "38.20"),
    ("ГВС: теплоноситель", "utility", "м³", "38.20"),
    ("ГВС: тепловая энергия", "utility", "Гкал", "2640.00"),
    ("Водоотведение", "utility", "м³", "29.90"),
    ("Отопление", "utility", "Гкал", "2640.00"),
    ("Электроснабжение", "utility", "кВт·ч", "4.95"),
    ("Обращение с ТКО", "utility", "чел.", "118.40"),
    ("Домофон", "additional", "кв.", "65.00"),
    ("Видеонаблюдение", "additional", "кв.", "80.00"),
    ("Взнос на капитальный ремонт", "capital_repair", "м²", "10.16"),
)
# area, people, cold, hot, electricity; opening, penalty; dues of the office and of capital repair
ACCOUNTS = {
    "0100001": ("38.4", 1, "3", "2", 95, "0", "0", "4819.12", "390.14"),
    "0100002": ("54.2", 3, "8", "5", 180, "6200.00", "37.30", "14023.25", "550.67"),
    "0100003": ("71.6", 4, "17.2", "12", 240, "0", "0", "13391.20", "727.46"),
    "0100060": ("54.2", 2, "5", "3.5", 140, "-12000.00", "0", "0.00", "550.67"),
}
# service number: further columns, by account
EXTRAS = {
    "0100002": {10: {"recalculation": "-118.40", "recalculation_reason": "Отсутствие жильца"}},
    "0100003": {4: {"excess": "1314.08", "ratio": "3"}},
    "0100060": {0: {"discount": "853.65"}},
}


def _round(value, places):
    return value.quantize(D(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _volumes(area, people, cold, hot, electricity):
    area, cold, hot = D(area), D(cold), D(hot)
    share = D(612) * area / D("3402.5")
    shared = _round(D("0.010") * share, 4)
    heat = _round(D("0.0595") * hot, 4)
    return (
        *(area, shared, shared, _round(D("1.08") * share, 4), cold, hot, heat, cold + hot),
        *(_round(D("0.0215") * area, 4), D(electricity), D(people), D(1), D(1), area),
    )


@tagged("post_install", "-at_install", "epd_mailing")
class TestComputedAccounts(EpdCommon):
    """Four accounts of a house computed by hand, to the kopeck: printed due = sum of the code."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.services = cls.env["epd.service"].create(
            [
                {
                    "name": name,
                    "code": f"c{number}",
                    "kind": kind,
                    "uom_name": uom,
                    "sequence": number + 1,
                }
                for number, (name, kind, uom, _tariff) in enumerate(SERVICES)
            ]
        )
        cls.env["epd.service.provision"].create(
            [
                {
                    "building_id": cls.building.id,
                    "service_id": service.id,
                    "provider_id": cls.company.partner_id.id,
                    "payee_id": payee.id,
                }
                for service, payee in zip(
                    cls.services, [cls.office_payee] * 13 + [cls.repair_payee], strict=True
                )
            ]
        )

    def _make_account(self, number):
        area, people, cold, hot, electricity, opening, penalty, *_dues = ACCOUNTS[number]
        account = self.accounts[0].copy({"number": number, "area": float(area)})
        charged = [D(0), D(0)]
        for place, volume in enumerate(_volumes(area, people, cold, hot, electricity)):
            amount = _round(volume * D(SERVICES[place][3]), 2)
            extra = EXTRAS.get(number, {}).get(place, {})
            charge = self.env["epd.charge"].create(
                {
                    "account_id": account.id,
                    "period_id": self.period.id,
                    "service_id": self.services[place].id,
                    "volume_individual": float(volume),
                    "tariff": float(SERVICES[place][3]),
                    "amount": float(amount),
                    **extra,
                }
            )
            charged[place == 13] += D(str(charge.total))
        self.env["epd.account.balance"].create(
            [
                {
                    "account_id": account.id,
                    "period_id": self.period.id,
                    "payee_id": self.office_payee.id,
                    "opening": float(opening),
                    "penalty": float(penalty),
                    "charged": float(charged[0]),
                },
                {
                    "account_id": account.id,
                    "period_id": self.period.id,
                    "payee_id": self.repair_payee.id,
                    "charged": float(charged[1]),
                },
            ]
        )
        return account

    def test_to_the_kopeck(self):
        accounts = self.env["epd.personal.account"]
        for number in ACCOUNTS:
            accounts |= self._make_account(number)
        built = self.env["epd.document.snapshot"]._build(accounts, self.period, "epd")
        for account in accounts:
            snapshot, problem = built[account.id]
            self.assertFalse(problem)
            dues = [block["due"] for block in snapshot["blocks"]]
            expected = list(ACCOUNTS[account.number][-2:])
            self.assertEqual(dues, expected, account.number)
            sums = [receipt_data.qr_sum(block["qr"]) for block in snapshot["blocks"]]
            self.assertEqual(sums, [int(D(due) * 100) for due in expected])
        last = built[accounts[-1].id][0]["blocks"][0]
        self.assertEqual(last["advance"], "5807.64")
        self.assertNotIn("Sum=", last["qr"])
        lines = [line["amount"] for line in built[accounts[1].id][0]["blocks"][0]["lines"]]
        self.assertEqual(
            lines,
            "1707.30 3.72 2.92 52.12 305.60 191.00 785.40 388.70 3076.39 891.00 355.20 65.00 "
            "80.00".split(),
        )
