import io
import os
import signal
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import psutil
import pypdf
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.document import document_writer
from ...tools import receipt_pdf
from ...tools.receipt_pdf import plutoprint, workdir
from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestParts(EpdCommon):
    """What goes wrong with a later part of a slice, while the engine is at the parts before."""

    def setUp(self):
        super().setUp()
        self.engine = receipt_pdf.PlutoprintEngine(processes=1)
        renderer = type(self.env["epd.receipt.renderer"])
        for change in (
            patch.object(document_writer, "PART", 2),
            patch.object(renderer, "_get_engine", lambda _renderer: self.engine),
        ):
            change.start()
            self.addCleanup(change.stop)
        self.parts = []

    def _before_part(self, do):
        """Have ``do(accounts)`` happen before the accounts of each part are read."""
        snapshots = type(self.env["epd.document.snapshot"])
        build = snapshots._build

        def note(model, accounts, period, form):
            self.parts.append(accounts.ids)
            do(accounts)
            return build(model, accounts, period, form)

        change = patch.object(snapshots, "_build", note)
        change.start()
        self.addCleanup(change.stop)

    def _form(self, accounts=None, mode="missing"):
        documents = self.env["epd.payment.document"].sudo()
        accounts = self.accounts if accounts is None else accounts
        return documents._form_documents(accounts, self.period, "epd", mode)

    def _get_workers(self):
        found = []
        for child in psutil.Process().children(recursive=True):
            # another test's child may end while it is looked at
            with suppress(psutil.Error):
                if str(plutoprint.WORKER) in child.cmdline():
                    found.append(child)
        return found

    def _check_saved(self, outcome, accounts):
        for account in accounts:
            document, problem = outcome[account.id]
            self.assertFalse(problem)
            self.assertEqual(document.account_id, account)
            snapshot = document._load_snapshot()
            self.assertEqual(snapshot["account"]["number"], account.number)
            notes = pypdf.PdfReader(io.BytesIO(document._read_pdf())).pages[0]["/Annots"]
            (token,) = {note.get_object()["/A"]["/URI"].rpartition("/")[2] for note in notes}
            self.assertTrue(token.startswith(f"{account.id}-"), "made for this account")

    def test_an_account_that_cannot_be_read_stops_itself_alone(self):
        """The slice is given up, its engine ended, and the culprit found one by one."""
        culprit = self.accounts[3]

        def fail(accounts):
            if culprit in accounts:
                raise ZeroDivisionError("made by the test")

        self._before_part(fail)
        run = (
            self.env["epd.billing.run"]
            .with_user(self.operator)
            .create(
                {
                    "period_id": self.period.id,
                    "list_ids": [(6, 0, self.env.ref("epd_mailing.account_list_all_open").ids)],
                }
            )
        )
        run.action_prepare()
        with (
            self.enter_registry_test_mode(),
            mute_logger("odoo.addons.epd_mailing.models.run.run_slice"),
        ):
            self.env.ref("epd_mailing.ir_cron_prepare").method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(self._get_workers())
        states = {line.account_id: line.state for line in run.sudo().line_ids}
        self.assertEqual(
            states, {one: "error" if one == culprit else "saved" for one in self.accounts}
        )
        self.assertFalse(culprit.document_ids)
        self.assertEqual(self.parts[0], self.accounts[:2].ids)
        self.assertEqual(self.parts[1], self.accounts[2:].ids)
        self.assertEqual(self.parts[2:], [[one] for one in self.accounts.ids])

    def test_an_engine_that_is_killed_between_parts(self):
        def kill(accounts):
            if self.accounts[2] in accounts:
                workers = self._get_workers()
                self.assertTrue(workers)
                for worker in workers:
                    worker.send_signal(signal.SIGKILL)
                    # dead, and its status left to who started it
                    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)

        self._before_part(kill)
        self._check_saved(self._form(), self.accounts)

    def test_an_account_named_twice(self):
        accounts = self.accounts.browse([*self.accounts[:2].ids, *self.accounts.ids])
        self._before_part(lambda _accounts: None)
        self._check_saved(self._form(accounts), self.accounts)
        self.assertEqual(len(self.accounts.document_ids), 4)
        self.assertEqual(sum(map(len, self.parts)), 4)

    def test_only_the_later_part_has_changed(self):
        first = self._form()
        charge = self.accounts[3].charge_ids.filtered(lambda c: c.service_id == self.service_water)
        charge.write({"amount": 200})
        charge.total = 200
        balance = self.accounts[3].balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        balance.charged = 1409.60
        outcome = self._form(mode="changed")
        for account in self.accounts[:3]:
            document, problem = outcome[account.id]
            self.assertEqual(document, first[account.id][0])
            self.assertEqual(problem["code"], "unchanged")
        self._check_saved(outcome, self.accounts[3])
        self.assertEqual(outcome[self.accounts[3].id][0].version, 2)
        self.assertEqual(first[self.accounts[3].id][0].state, "superseded")

    def test_no_room_is_told_of_every_account(self):
        with patch.object(workdir, "base_directory", lambda _wanted=None: None):
            results = self.env["epd.receipt.renderer"]._render_receipts(
                self._snapshots(self.accounts)
            )
        self.assertEqual(set(results), set(self.accounts.ids))
        self.assertTrue(all(result.error.startswith("disk: ") for result in results.values()))

    def _snapshots(self, accounts):
        built = self.env["epd.document.snapshot"]._build(accounts, self.period, "epd")
        for key, (snapshot, _problem) in built.items():
            yield key, {**snapshot, "number": "образец"}

    def test_nothing_to_print_asks_no_engine(self):
        self._form()
        renderer = type(self.env["epd.receipt.renderer"])
        with patch.object(Path, "write_text", side_effect=OSError("made by the test")):
            outcome = self._form()
        self.assertEqual(
            {problem["code"] for _document, problem in outcome.values()}, {"already_saved"}
        )
        self.engine = None
        with patch.object(renderer, "_get_engine", lambda _renderer: self.fail("asked")):
            self.assertEqual(self.env["epd.receipt.renderer"]._render_receipts([]), {})
