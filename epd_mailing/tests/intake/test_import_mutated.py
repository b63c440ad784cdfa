import base64
import io
import os
import re
import zipfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odoo.exceptions import UserError
from odoo.tests import tagged

from ...models.intake.import_run import ImportRun
from ...tools.table_file import KINDS, sample_rows
from ..import_common import ImportCase, make_csv, make_xlsx

# the short form by default; the long one is `make fuzz`
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
HEAD = ["Лицевой счёт", "Услуга", "Объём", "Тариф", "Начислено", "Итого"]
# what stands in cells of real tables, and what people make of it
ODD = (
    "", " ", "-", "—", "0", "-0", "00100", "100", "00100 ", "5", "1", "итого", "Итого: 5", "=1+1", "'5",
    "1e5", "NaN", "inf", "-inf", "#REF!", "#N/A", "31.02.2026", "01.03.2026 10:15", "03.2026", "2026",
    "0,005", "1,23,4", "1 000,5 руб.", "99999999999,99", "-99999999999,99", "999999999999999999",
    "9" * 40, "ё" * 501, "a" * 5000, "x@y", "a@b.ru; c@d.ru", "\x00", "\u200b", "\ufeff00100", "\u202e00100",
    "🏠", "E-mail", "16АК330010", True, 10**15, 1e-9, 12.345,
)  # fmt: skip
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
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


def many_times():
    """Return how often hypothesis tries: the same few examples usually, many new ones for long."""
    return settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES < 100,
        suppress_health_check=list(HealthCheck),
    )


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

        @many_times()
        @given(st.sampled_from(sorted(files)), st.lists(change, max_size=8))
        def load(what, changes):
            data, change_it = files[what]
            with self.env.cr.savepoint() as savepoint:
                self._check_file(change_it(data, changes), *what)
                savepoint.rollback()
            self.env.invalidate_all()

        load()

    def test_odd_cells_mutated(self):
        """Sound files of every kind with odd cells: good rows are loaded, each row is accounted for."""
        cell = st.one_of(
            st.sampled_from(ODD),
            st.text(max_size=60),
            st.floats(allow_nan=False),
            st.integers(),
            st.decimals(-(10**12), 10**12, places=3).map(str),
            st.dates().map(lambda day: f"{day:%d.%m.%Y}"),
        )
        change = st.tuples(st.integers(0, 5), st.integers(0, 40), cell)

        @many_times()
        @given(st.sampled_from(sorted(KINDS)), st.booleans(), st.lists(change, max_size=8))
        def load(kind, as_text, changes):
            with self.env.cr.savepoint() as savepoint:
                self._check_cells(kind, as_text, changes)
                savepoint.rollback()
            self.env.invalidate_all()

        load()

    def _check_cells(self, kind, as_text, changes):
        header, example, *_more = sample_rows(kind)
        rows = [[f"0010{n % 4}", *example[1:]] for n in range(6)]
        for row, column, value in changes:
            rows[row][column % len(header)] = value
        if as_text:
            clean = [[str(value).replace("\ud800", "") for value in row] for row in rows]
            data = make_csv([header, *clean], "utf-8")
        else:
            clean = [
                [CONTROL.sub("", value) if isinstance(value, str) else value for value in row]
                for row in rows
            ]
            data = make_xlsx([header, *clean])
        try:
            order = self._order(
                data,
                kind,
                name="файл.csv" if as_text else "файл.xlsx",
                user=self.manager,
                payee_id=self.office_payee.id,
                good_only=True,
                scope="whole",
                delimiter=";" if as_text else False,
                create_missing=True,
                create_services=True,
            )
        except UserError as error:  # so many odd signs that it looks like no table
            self.assertTrue(str(error).strip())
            return
        order.action_check()
        if order.state == "checked":
            order.action_load()
            ImportRun(order._for_user()).run(lambda: True, commit=False)
            self.env.flush_all()
            self.assertEqual(order.state, "done")
            counted = order.created_count + order.updated_count + order.same_count
            self.assertEqual(order.row_count, counted + order.left_count)
        self.assertNotRegex(order.pause_reason or "", "unexpected|Непредвиденн|неожиданн")
        self.assertFalse(order.problem_ids.filtered(lambda problem: not problem.text))

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
        ImportRun(order._for_user()).run(lambda: True, commit=False)
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
