"""Rows a second of loading registers of payments: new ones, known ones, and taking one back."""

import csv
import io
import os
import time

from .figures import record
from .imports import make_accounts, make_order, report

COUNT = int(os.environ.get("BENCH_PAYMENT_ACCOUNTS", "20000"))
EACH = 3  # payments of an account


def measure(env):
    """Print the figures of two registers, the second of which repeats a third of the first."""
    numbers = make_accounts(env, COUNT)
    period = env.ref("epd_mailing.demo_period_2026_03")
    payee = make_balances(env, numbers, period)
    rows = COUNT * EACH
    print(f"Loading payments, {COUNT} accounts × {EACH} = {rows} rows:")
    for title, first in (("a register", 1), ("a second one, a third of it known", EACH)):
        more = {"kind": "payment", "payee_id": payee.id}
        order = make_order(env, period, title, make_register(numbers, first), **more)
        spent = report(env, order, title, rows)
        if first == 1:
            record("payments.new", rows / spent, count=rows)
    report_taking_back(env, order)


def make_balances(env, numbers, period):
    """Give each account a balance with one payee; return the payee."""
    payee = env.ref("epd_mailing.demo_account_0100002").balance_ids[0].payee_id
    accounts = env["epd.personal.account"].search([("number", "in", numbers)])
    for place in range(0, COUNT, 5000):
        env["epd.account.balance"].create(
            [
                {"account_id": account.id, "period_id": period.id, "payee_id": payee.id}
                for account in accounts[place : place + 5000]
            ]
        )
        env.cr.commit()
    return payee


def make_register(numbers, first):
    """Return a register (bytes) that begins with the payment ``first`` of each account."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";")
    writer.writerow(["Лицевой счёт", "Дата платежа", "Сумма платежа", "№ платежа"])
    for payment in range(first, first + EACH):  # payments of one account stand far apart
        writer.writerows(
            (number, f"{payment:02d}.03.2026", f"{100 + n % 900},{payment:02d}", f"{n}-{payment}")
            for n, number in enumerate(numbers)
        )
    return stream.getvalue().encode("cp1251")


def report_taking_back(env, order):
    """Take the payments of an order back and print how many a second."""
    count = len(order.payment_ids)
    order.action_take_back()
    env.cr.commit()
    started = time.perf_counter()
    while order.state == "taking_back":
        order._for_user()._work(lambda: True)
    rate = count / (time.perf_counter() - started)
    assert order.state == "taken_back" and not order.payment_ids
    record("payments.back", rate, count=count)
