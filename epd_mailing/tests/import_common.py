"""Files to load, made in memory, and orders that load them through the cron."""

import base64
import csv
import io

import openpyxl

from .common import EpdCommon


def make_csv(rows, encoding="utf-8", delimiter=";"):
    """Return rows of texts as a CSV file (bytes)."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return stream.getvalue().encode(encoding)


def make_xlsx(rows):
    """Return rows of values as an XLSX file (bytes)."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Лист1")
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


class ImportCase(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cron = cls.env.ref("epd_mailing.ir_cron_import")

    def _order(self, data, kind="charge", name="начисления.csv", user=None, **more):
        return (
            self.env["epd.import"]
            .with_user(user or self.operator)
            .create(
                {
                    "kind": kind,
                    "company_id": self.company.id,
                    "period_id": self.period.id,
                    "file": base64.b64encode(data),
                    "file_name": name,
                    **more,
                }
            )
        )

    def _work(self):
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def _load(self, data, kind="charge", **more):
        """Check and load a file whole; return the order."""
        order = self._order(data, kind, **more)
        order.action_check()
        self.assertEqual(order.state, "checked", order.pause_reason)
        order.action_load()
        self._work()
        return order

    def _problems(self, order):
        return {(p.row, p.column or "", p.code) for p in order.problem_ids}
