import base64
import io
import os
import unittest
import zipfile

from odoo.exceptions import UserError
from odoo.tests import tagged

from .import_common import ImportCase, make_csv, make_xlsx

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:  # a database of an office has no test tools
    st = None

# the short form by default; the long one is `make fuzz`
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
HEAD = ["Лицевой счёт", "Услуга", "Объём", "Тариф", "Начислено", "Итого"]
REGISTER = ["Лицевой счёт", "Дата платежа", "Сумма", "№ платежа"]
PAYMENTS = [[f"0010{n % 3}", f"{1 + n:02d}.03.2026", f"{100 + n},10", f"{n}"] for n in range(12)]
ROWS = [
    [f"0010{n % 4}", ("1", "5", "14")[n % 3], "1,5", "38,20", f"{100 + n},00", f"{100 + n},00"]
    for n in range(12)
]


def mutate(data, changes):
    """Return the bytes with each change (place, byte, how) made."""
    data = bytearray(data)
    for place, byte, how in changes:
        at = place % max(len(data), 1)
        if how == "set":
            data[at : at + 1] = bytes([byte])
        elif how == "cut":
            del data[at:]
        elif how == "delete":
            del data[at : at + byte]
        else:
            data[at:at] = bytes([byte])
    return bytes(data)


def mutate_sheet(data, changes):
    """Return a workbook whose sheet is changed inside a sound archive: the parsers meet it."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(made, "w") as out:
        for info in archive.infolist():
            part = archive.read(info)
            out.writestr(
                info.filename, mutate(part, changes) if "sheet1" in info.filename else part
            )
    return made.getvalue()


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportMutated(ImportCase):
    """Whatever the bytes of a file: a person gets words, and either all of it is loaded or nothing."""

    def test_mutated_files(self):
        if st is None:
            raise unittest.SkipTest("hypothesis is not installed")
        rows = {"charge": [HEAD, *ROWS], "payment": [REGISTER, *PAYMENTS]}
        files = {}
        for kind, table in rows.items():
            files[kind, "csv"] = make_csv(table, "cp1251"), mutate
            files[kind, "xlsx"] = make_xlsx(table), mutate
            files[kind, "sheet.xlsx"] = make_xlsx(table), mutate_sheet
        change = st.tuples(
            st.integers(0, 10**5),
            st.integers(0, 255),
            st.sampled_from(["set", "set", "set", "insert", "delete", "cut"]),
        )

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=EXAMPLES < 100,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.sampled_from(sorted(files)), st.lists(change, max_size=8))
        def load(what, changes):
            data, change_it = files[what]
            with self.env.cr.savepoint() as savepoint:
                self._check_file(change_it(data, changes), *what)
                savepoint.rollback()
            self.env.invalidate_all()

        load()

    def _figures(self):
        company = [("company_id", "=", self.company.id)]
        charges = self.env["epd.charge"].search(company)
        balances = self.env["epd.account.balance"].search(company)
        return sorted(
            (charge.id, charge.amount, charge.total, charge.tariff, charge.volume_individual)
            for charge in charges
        ), sorted((balance.id, balance.paid, balance.due) for balance in balances)

    def _check_file(self, data, kind, ending):
        before = self._figures()
        more = {"payee_id": self.office_payee.id} if kind == "payment" else {}
        try:
            order = self._order(data, kind, name=f"файл.{ending}", **more)
            order.action_check()
            self.assertIn(order.state, ("checked", "paused"))
            self.assertEqual(self._figures(), before)
            if order.state == "paused":
                # what is wrong with the file, not with us
                self.assertNotRegex(order.pause_reason, "unexpected|Непредвиденн|неожиданн")
                return
            rows, paid = order.row_count, order.paid_sum
            self.assertFalse(order.problem_ids.filtered(lambda problem: not problem.text))
            order.action_load()
        except UserError as error:
            self.assertTrue(str(error).strip())
            self.assertEqual(self._figures(), before)
            return
        order._for_user()._work_slices(lambda: True, commit=False)
        self.assertEqual((order.state, order.error_count, order.left_count), ("done", 0, 0))
        self.assertEqual(order.row_count, rows)
        self.assertEqual(order.created_count + order.updated_count + order.same_count, rows)
        if kind == "payment":
            accounts = self.env["epd.account.balance"].search(
                [("payee_id", "=", self.office_payee.id), ("paid", "!=", 0)]
            )
            found = sum(accounts.mapped("paid"))
            self.assertEqual((round(found, 2), order.paid_sum), (round(paid, 2), paid))

    def test_the_file_as_it_is(self):
        order = self._order(make_csv([HEAD, *ROWS], "cp1251"))
        order.action_check()
        self.assertEqual((order.state, order.error_count, order.row_count), ("checked", 0, 12))
        self.assertTrue(base64.b64decode(order.file))
