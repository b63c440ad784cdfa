import base64
import io
import json
from unittest.mock import patch

import pypdf
from odoo.exceptions import UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ...models.document import document_writer
from ...models.document.epd_payment_document import FORMS
from ...tools import document_number, receipt_data, receipt_pdf
from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestPaymentDocument(EpdCommon):
    def _form(self, accounts=None, form="epd", mode="missing", **more):
        documents = self.env["epd.payment.document"].sudo()
        accounts = self.accounts if accounts is None else accounts
        return documents._form_documents(accounts, self.period, form, mode, **more)

    def _document(self, account=None, **more):
        account = account or self.accounts[0]
        document, problem = self._form(account, **more)[account.id]
        self.assertFalse(problem)
        return document

    def test_each_form_has_its_mark_and_title(self):
        self.assertEqual([form for form, _label in FORMS], list(document_number.FORMS))

    def test_a_document_holds_its_proved_file_and_snapshot(self):
        outcome = self._form()
        for account in self.accounts:
            document, problem = outcome[account.id]
            self.assertFalse(problem)
            pdf = document._read_pdf()
            self.assertTrue(pdf.startswith(b"%PDF"))
            self.assertEqual(receipt_data.digest(pdf), document.pdf_sha256)
            notes = pypdf.PdfReader(io.BytesIO(pdf)).pages[0]["/Annots"]
            (token,) = {note.get_object()["/A"]["/URI"].rpartition("/")[2] for note in notes}
            self.assertTrue(token.startswith(f"{account.id}-"), "made for this account")
            snapshot = document._load_snapshot()
            self.assertEqual(snapshot["account"]["number"], account.number)
            self.assertEqual(document.total_due, 1714.34)
            self.assertEqual(snapshot["total"]["due"], "1714.34")

    def test_a_renamed_payer_and_a_renumbered_account_are_flagged(self):
        renamed, renumbered = self._document(self.accounts[0]), self._document(self.accounts[1])
        earlier = renamed.name, renumbered.name
        documents = renamed | renumbered
        self.assertFalse(any(documents.mapped("is_outdated")))
        self.accounts[0].partner_id.with_user(self.operator).name = "Иванова Анна"
        self.accounts[1].with_user(self.operator).number = "Б-7"
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(documents.mapped("is_outdated"), [True, True])
        found = self.env["epd.payment.document"].search([("is_outdated", "=", True)])
        self.assertEqual(found, documents)
        self.assertEqual((renamed.name, renumbered.name), earlier, "what is printed")
        self.env.add_to_compute(documents._fields["name"], documents)
        self.assertEqual((renamed.name, renumbered.name), earlier, "computed anew")
        self.accounts[0].partner_id.name = "Иванов Иван Иванович"
        self.accounts[1].number = "00101"
        self.env.invalidate_all()
        self.assertEqual(documents.mapped("is_outdated"), [False, False], "as printed again")

    def test_each_document_has_a_file_name_of_its_own(self):
        self.accounts[0].number, self.accounts[1].number = "А-1", "Б-1"
        documents = self._document(self.accounts[0]) | self._document(self.accounts[1])
        documents |= self._document(self.accounts[0], form="capital_repair")
        self.accounts[0].charge_ids[0].amount_individual += 1
        documents |= self._document(self.accounts[0], mode="all")
        names = documents.mapped("pdf_name")
        self.assertEqual(len(set(names)), 4, names)
        self.assertTrue(all(name.isascii() for name in names), names)

    def test_forms(self):
        epd = self._document(form="epd")._load_snapshot()
        self.assertEqual([block["due"] for block in epd["blocks"]], ["1324.20", "390.14"])
        own = self._document(form="receipt")._load_snapshot()
        self.assertEqual([block["due"] for block in own["blocks"]], ["1324.20"])
        repair = self._document(form="capital_repair")._load_snapshot()
        self.assertEqual([block["due"] for block in repair["blocks"]], ["390.14"])
        for snapshot in (epd, own, repair):
            for block in snapshot["blocks"]:
                self.assertEqual(
                    receipt_data.qr_sum(block["qr"]), int(block["due"].replace(".", ""))
                )

    def test_advance_is_not_paid_out_and_has_no_sum(self):
        balance = self.accounts[0].balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        balance.opening = -5000
        block = self._document()._load_snapshot()["blocks"][0]
        self.assertEqual((block["due"], block["advance"]), ("0.00", "3675.80"))
        self.assertNotIn("Sum=", block["qr"])

    def test_what_does_not_add_up_is_not_saved(self):
        self.accounts[0].balance_ids[0].charged += 1
        self.accounts[1].charge_ids[0].total += 0.01
        self.env["epd.service.provision"].search(
            [("service_id", "=", self.service_water.id)]
        ).unlink()
        outcome = self._form()
        self.assertEqual(outcome[self.accounts[0].id][1]["code"], "no_provision")
        self._provide_water()
        outcome = self._form(self.accounts[:2])
        self.assertEqual(outcome[self.accounts[0].id][1]["code"], "charged_differs")
        self.assertIn(outcome[self.accounts[1].id][1]["code"], ("sums_differ", "charged_differs"))
        self.assertFalse(outcome[self.accounts[0].id][0])
        self.assertFalse(self.env["epd.payment.document"].search([]) & self.accounts.document_ids)

    def _provide_water(self):
        self.env["epd.service.provision"].create(
            {
                "building_id": self.building.id,
                "service_id": self.service_water.id,
                "provider_id": self.company.partner_id.id,
                "payee_id": self.office_payee.id,
            }
        )

    def test_requisites_that_a_code_needs(self):
        self.bank.bic = "12"
        problem = self._form(self.accounts[0])[self.accounts[0].id][1]
        self.assertEqual(problem["code"], "requisites")
        self.assertIn("BIC", problem["text"])

    def test_nobody_changes_what_was_saved(self):
        document = self._document()
        before = document.snapshot, document.pdf_sha256
        for user in (self.operator, self.manager, self.env.ref("base.user_admin")):
            mine = document.with_user(user).with_company(self.company)
            for vals in (
                {"snapshot": "{}"},
                {"pdf_file": b"eA=="},
                {"pdf_sha256": "0"},
                {"state": "draft"},
                {"total_due": 1},
                {"account_id": self.accounts[1].id},
            ):
                with self.assertRaises(UserError), self.cr.savepoint():
                    mine.write(vals)
            with self.assertRaises(UserError), self.cr.savepoint():
                mine.unlink()
        with self.assertRaises(UserError):
            document._unlocked().write({"snapshot": "{}"})
        self.assertEqual((document.snapshot, document.pdf_sha256), before)

    def test_nobody_changes_the_file(self):
        document = self._document()
        file = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", document._name),
                    ("res_id", "=", document.id),
                    ("res_field", "=", "pdf_file"),
                ]
            )
        )
        self.assertEqual(len(file), 1)
        for change in (lambda: file.write({"raw": b"x"}), file.unlink):
            with self.assertRaises(UserError), self.cr.savepoint():
                change()
        self.assertEqual(base64.b64decode(document.receipt_file), document._read_pdf())

    def test_no_file_is_slipped_in_beside_the_saved_one(self):
        document = self._document()
        attachments = self.env["ir.attachment"].sudo()
        place = {"res_model": document._name, "res_id": document.id, "res_field": "pdf_file"}
        with self.assertRaises(UserError), self.cr.savepoint():
            attachments.create({"name": "x.pdf", "raw": b"%PDF-foreign", **place})
        stray = attachments.create({"name": "x.pdf", "raw": b"%PDF-foreign"})
        with self.assertRaises(UserError), self.cr.savepoint():
            stray.write(place)
        self.assertEqual(receipt_data.digest(document._read_pdf()), document.pdf_sha256)
        # the very file that was saved is accepted: how a lost one is put back
        again = attachments.create({"name": "x.pdf", "raw": document._read_pdf(), **place})
        with self.assertRaises(UserError), self.cr.savepoint():
            again.unlink()

    def test_over_rpc_nothing_saved_is_changed_by_anybody(self):
        """The whole list of the ORM's public ways to write, called as the RPC door calls them."""
        document = self._document()
        file = (
            self.env["ir.attachment"]
            .sudo()
            .search([("res_field", "=", "pdf_file"), ("res_id", "=", document.id)])
        )
        self.assertEqual(len(file), 1)
        before = document.snapshot, document.pdf_sha256, document._read_pdf()
        ways = [
            (document._name, "write", [document.ids, {"snapshot": "{}"}]),
            (document._name, "write", [document.ids, {"state": "cancelled"}]),
            (document._name, "web_save", [document.ids, {"total_due": 1}, {}]),
            (document._name, "unlink", [document.ids]),
            (document._name, "copy", [document.ids]),
            (document._name, "load", [[".id", "total_due"], [[str(document.id), "1"]]]),
            (document._name, "create", [{"account_id": self.accounts[1].id, "state": "saved"}]),
            ("ir.attachment", "write", [file.ids, {"datas": "eA=="}]),
            ("ir.attachment", "write", [file.ids, {"res_id": 0}]),
            ("ir.attachment", "unlink", [file.ids]),
        ]
        root = self.env.ref("base.user_root")
        for user in (self.operator, self.manager, self.env.ref("base.user_admin"), root):
            env = self.env(user=user, context={"allowed_company_ids": self.company.ids})
            for model, method, arguments in ways:
                with self.subTest(user=user.login, way=method):
                    try:
                        with self.cr.savepoint(), mute_logger("odoo.sql_db"):
                            # a gate opened from outside is no gate
                            arguments = json.loads(json.dumps(arguments))
                            context = {"context": {"epd_guard_key": True}}
                            answer = call_kw(env[model], method, arguments, context)
                            if method != "load" or answer["ids"]:
                                self.fail(f"{model}.{method} is open")
                    except (UserError, IntegrityError):
                        pass
        document.invalidate_recordset()
        self.assertEqual((document.snapshot, document.pdf_sha256, document._read_pdf()), before)
        self.assertEqual(document.state, "saved")

    def test_a_damaged_file_is_noticed(self):
        document = self._document()
        self.env.cr.execute(
            "UPDATE epd_payment_document SET pdf_sha256 = %s WHERE id = %s",
            ("0" * 64, document.id),
        )
        document.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "damaged"):
            document._read_pdf()

    def test_later_changes_touch_nothing_saved(self):
        document = self._document()
        before = document.snapshot
        self.accounts[0].partner_id.name = "Другой Человек"
        self.bank.name = "Другой банк"
        self.assertEqual(document.snapshot, before)
        self.assertFalse(document.is_outdated and document.partner_id.name == before)

    def test_changed_charges_show_and_are_issued_again(self):
        document = self._document()
        self.assertFalse(document.is_outdated)
        charge = self.accounts[0].charge_ids.filtered(lambda c: c.service_id == self.service_water)
        charge.write({"amount": 200})
        charge.total = 200
        balance = self.accounts[0].balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        balance.charged = 1409.60
        document.invalidate_recordset(["is_outdated"])
        self.assertTrue(document.is_outdated)
        action = document.with_user(self.operator).action_reissue("Исправлены начисления")
        fresh = document.browse(action["res_id"])
        self.assertEqual((fresh.version, fresh.state, document.state), (2, "saved", "superseded"))
        self.assertEqual(document.state_reason, "Исправлены начисления")
        self.assertEqual(fresh.total_due, 1799.74)
        changes = receipt_data.compare(document._load_snapshot(), fresh._load_snapshot())
        self.assertIn(("total.due", "1714.34", "1799.74"), changes)

    def test_one_live_document(self):
        document = self._document()
        self.assertEqual(self._form(self.accounts[0])[self.accounts[0].id][0], document)
        vals = {
            "company_id": self.company.id,
            "account_id": self.accounts[0].id,
            "period_id": self.period.id,
            "form": "epd",
            "version": 9,
            "state": "saved",
        }
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.env["epd.payment.document"]._unlocked().create(vals)

    def test_cancel_needs_a_reason(self):
        document = self._document().with_user(self.operator)
        with self.assertRaises(UserError):
            document.action_cancel_document(" ")
        document.action_cancel_document("Ошибочный")
        self.assertEqual((document.state, document.state_reason), ("cancelled", "Ошибочный"))

    def test_accounts_are_formed_while_the_engine_works(self):
        """Part after part: a page is asked for before the accounts after it are read."""
        self.env["epd.charge"].search([("account_id", "=", self.accounts[2].id)]).unlink()
        engine = self.env["epd.receipt.renderer"]._get_engine()
        snapshots, renderer = (
            type(self.env["epd.document.snapshot"]),
            type(self.env["epd.receipt.renderer"]),
        )
        seen, build, page = [], snapshots._build, renderer._render_html

        def note_build(self, accounts, period, form):
            seen.extend(accounts.mapped("number"))
            return build(self, accounts, period, form)

        def note_page(self, *arguments):
            seen.append("page")
            return page(self, *arguments)

        with (
            patch.object(document_writer, "PART", 2),
            patch.object(renderer, "_get_engine", lambda self: engine),
            patch.object(snapshots, "_build", note_build),
            patch.object(renderer, "_render_html", note_page),
        ):
            outcome = self._form()
        first, second, third, fourth = self.accounts
        numbers = self.accounts.mapped("number")
        self.assertEqual(seen, [*numbers[:2], "page", "page", *numbers[2:], "page"])
        self.assertFalse(outcome[third.id][0])
        self.assertEqual(outcome[third.id][1]["code"], "charged_differs")
        for account in first | second | fourth:
            self.assertEqual(outcome[account.id][0].account_id, account)

    def test_missing_program_is_said_before_starting(self):
        engine = receipt_pdf.WkhtmltopdfEngine("/nothing/wkhtmltopdf")
        renderer = type(self.env["epd.receipt.renderer"])
        with patch.object(renderer, "_get_engine", lambda self: engine):
            with self.assertRaisesRegex(UserError, "wkhtmltopdf"):
                self.accounts[0].with_user(self.operator).action_make_receipt()
            with self.assertRaisesRegex(UserError, "wkhtmltopdf"):
                self._form(self.accounts[0])
        self.assertFalse(self.accounts[0].document_ids)

    def test_receipt_from_the_account(self):
        action = self.accounts[0].with_user(self.operator).action_make_receipt()
        document = self.env["epd.payment.document"].browse(action["res_id"])
        self.assertEqual(document.account_id, self.accounts[0])
        self.assertEqual(document.saved_by, self.operator)

    def test_snapshot_is_canonical(self):
        document = self._document()
        self.assertEqual(receipt_data.canonical(json.loads(document.snapshot)), document.snapshot)

    def test_queries_do_not_grow_with_accounts(self):
        build = self.env["epd.document.snapshot"]._build
        build(self.accounts, self.period, "epd")  # warm

        def count(accounts):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            build(accounts, self.period, "epd")
            return self.cr.sql_log_count - before

        self.assertLessEqual(count(self.accounts), count(self.accounts[:1]) + 1)
