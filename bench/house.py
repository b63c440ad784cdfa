"""A big house for measurements: copies of a demo account with all its lines."""

import itertools
import time

from odoo.tools import SQL

HOUSES = itertools.count(1)
MODEL_ACCOUNT = "epd_mailing.demo_account_0100002"
TABLES = ("epd_charge", "epd_account_balance", "epd_meter_reading")


def make_accounts(env, count):
    """Return ``count`` new open accounts with a payer, an address and March's figures each."""
    pattern = env.ref(MODEL_ACCOUNT)
    company = pattern.company_id
    stamp, house = int(time.time()), next(HOUSES)
    partners = env["res.partner"].create(
        [
            {"name": f"Плательщиков Ёжи {n}", "email": f"noread.{stamp}.{house}.{n}@example.com"}
            for n in range(count)
        ]
    )
    accounts = env["epd.personal.account"].create(
        [
            {
                "number": f"9{stamp % 1000:03d}{house % 100:02d}{n:06d}",
                "company_id": company.id,
                "building_id": pattern.building_id.id,
                "premises": str(n + 1),
                "area": pattern.area,
                "residents": pattern.residents,
                "date_open": "2020-01-01",
                "partner_id": partner.id,
            }
            for n, partner in enumerate(partners)
        ]
    )
    env.flush_all()
    period = env.ref("epd_mailing.demo_period_2026_03")
    copy_figures(env, accounts.ids, period)
    env.invalidate_all()
    env.cr.commit()
    return accounts, period


def copy_figures(env, account_ids, period):
    """Give accounts the charges, balances and readings that the demo account has in a period."""
    pattern = env.ref(MODEL_ACCOUNT)
    for table in TABLES:
        names = env.execute_query(
            SQL(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
                "AND column_name NOT IN ('id', 'account_id')",
                table,
            )
        )
        columns = SQL(", ").join(SQL.identifier(name) for (name,) in names)
        # a charge knows the house of its account
        values = SQL(", ").join(
            SQL("%s.%s", SQL("target" if name == "building_id" else "source"), SQL.identifier(name))
            for (name,) in names
        )
        env.cr.execute(
            SQL(
                "INSERT INTO %(table)s (account_id, %(columns)s) "
                "SELECT target.id, %(values)s FROM %(table)s source, epd_personal_account target "
                "WHERE target.id = ANY(%(ids)s) "
                "AND source.account_id = %(pattern)s AND source.period_id = %(period)s",
                table=SQL.identifier(table),
                columns=columns,
                values=values,
                ids=list(account_ids),
                pattern=pattern.id,
                period=period.id,
            )
        )
