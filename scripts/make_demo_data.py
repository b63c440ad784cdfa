"""Makes the files of the demo house: a building in Казань, its accounts and three months of charges.

``python -m scripts.make_demo_data``. Deterministic; its output is committed in
``epd_mailing/demo``. People and requisites are not real.
"""

import csv
import sys
from decimal import Decimal
from pathlib import Path

ADDON = Path(__file__).resolve().parent.parent / "epd_mailing"
sys.path.insert(
    0, str(ADDON)
)  # ``tools`` without the addon's own package, which would pull Odoo in

from tools import figures  # noqa: E402

from .demo_charges import (  # noqa: E402
    MONTHS,
    SERVICES,
    TARIFF,
    consumption,
    make_balances,
    make_lines,
)
from .demo_house import email_of, make_accounts, ref  # noqa: E402

OUT = ADDON / "demo"
# the columns that the house has: without norms, house meters and instalments
CHARGE_COLUMNS = figures.CHARGE.names[: figures.CHARGE.names.index("discount") + 1]
ACCOUNT_COLUMNS = (
    *("id", "number", "building_id:id", "premises", "premises_kind", "entrance", "floor", "area"),
    *("residents", "unified_number", "gis_service_id", "date_open", "date_close"),
    *("partner_id:id", "channel"),
)
BALANCE_COLUMNS = ("opening", "paid", "paid_through", "charged", "penalty")
READING_COLUMNS = ("meter_number", "previous", "current", "consumption", "read_on", "verify_by")
D = Decimal
NO_CONSENT = (6, 12, 18, 24, 30, 36)
TWO_ADDRESSES = (2, 8, 14)


def write(name, head, rows):
    """Write one CSV file."""
    with (OUT / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def write_people(accounts):
    """Write partners, accounts, consents and further addresses."""
    write(
        "res.partner",
        ("id", "name", "email", "is_company", "vat", "epd_kpp", "lang"),
        [partner_row(account) for account in accounts],
    )
    write("epd.personal.account", ACCOUNT_COLUMNS, [account_row(account) for account in accounts])
    write(
        "epd.delivery.consent",
        ("id", "account_id:id", "action", "kind", "date", "basis"),
        [row for account in accounts for row in consent_rows(account)],
    )
    write(
        "epd.delivery.address",
        ("id", "account_id:id", "email"),
        [
            (
                f"demo_address_{ref(account)}",
                f"demo_account_{ref(account)}",
                f"semya.{account['flat']}@example.com",
            )
            for account in accounts
            if account["flat"] in TWO_ADDRESSES
        ],
    )


def partner_row(account):
    """Return one row of res.partner.csv."""
    company = account["flat"] == 61
    return (
        f"demo_partner_{ref(account)}",
        account["name"],
        email_of(account),
        "1" if company else "",
        "1655098768" if company else "",
        "165501001" if company else "",
        "ru_RU",
    )


def account_row(account):
    """Return one row of epd.personal.account.csv."""
    key, flat = ref(account), account["flat"]
    serial = 330000 + int(key[:7]) % 100000 * 10 + (1 if key.endswith("_1") else 0)
    unified = f"16АК{serial:06d}"
    return (
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
        "2026-03-18" if flat == 62 else "2014-06-01",
        "2026-03-17" if account["number"] == "0100044" else "",
        f"demo_partner_{key}",
        {22: "both"}.get(flat, "paper" if flat in (5, 9) else "email"),
    )


def consent_rows(account):
    """Return the rows of epd.delivery.consent.csv of one account."""
    key, flat, rows = ref(account), account["flat"], []
    if email_of(account) and flat not in NO_CONSENT:
        basis = f"Заявление № {flat} от 10.09.2025"
        rows.append((f"demo_consent_{key}", "given", "2025-09-10", basis))
    if flat == 20:
        basis = "Заявление об отзыве согласия от 12.02.2026"
        rows.append((f"demo_consent_{key}_off", "withdrawn", "2026-02-12", basis))
    return [
        (name, f"demo_account_{key}", action, "instead", day, basis)
        for name, action, day, basis in rows
    ]


def write_month_data(accounts):
    """Write charges, balances and meter readings of the three months."""
    charges, balances, readings = [], [], []
    for account in accounts:
        months = MONTHS[-1:] if account["flat"] == 62 else MONTHS
        lines_by_month = {month: make_lines(account, month) for month in months}
        if account["number"] == "0100044":
            lines_by_month["2026-03"] = []  # March goes to the new owner
        charges += [
            charge_row(ref(account), month, entry)
            for month in months
            for entry in lines_by_month[month]
        ]
        balances += balance_rows(account, lines_by_month)
        readings += reading_rows(account, months)
    owner = ("id", "account_id:id", "period_id:id")
    write("epd.charge", (*owner, "service_id:id", *CHARGE_COLUMNS), charges)
    write("epd.account.balance", (*owner, "payee_id:id", *BALANCE_COLUMNS), balances)
    write("epd.meter.reading", (*owner, "service_id:id", *READING_COLUMNS), readings)


def balance_rows(account, lines_by_month):
    """Return the rows of epd.account.balance.csv of one account."""
    key = ref(account)
    paid_through = {"2026-01": "2026-01-31", "2026-02": "2026-02-28"}
    run = make_balances(account, {month: lines_by_month.get(month, []) for month in MONTHS})
    return [
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
        for (month, payee), balance in run.items()
    ]


def charge_row(key, month, entry):
    """Return one row of epd.charge.csv."""
    own, common = (D(0), entry["amount"]) if entry["common"] else (entry["amount"], D(0))
    figures = {
        "volume_individual": 0 if entry["common"] else entry["volume"],
        "volume_common": entry["volume"] if entry["common"] else 0,
        "volume_method": entry["method"],
        "tariff": TARIFF[entry["number"]],
        "amount_individual": own,
        "amount_common": common,
        "recalculation_reason": entry["reason"],
        **{
            name: entry[name] for name in ("amount", "ratio", "excess", "recalculation", "discount")
        },
    }
    return (
        f"demo_charge_{key}_{month[5:]}_{entry['number']}",
        f"demo_account_{key}",
        f"demo_period_{month.replace('-', '_')}",
        f"demo_service_{entry['number']}",
        *(figures[name] for name in CHARGE_COLUMNS),
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
