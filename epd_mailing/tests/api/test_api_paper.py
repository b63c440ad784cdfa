import base64
import hashlib

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .test_api import ApiCase


@tagged("post_install", "-at_install", "epd_mailing")
class TestApiPaper(ApiCase):
    """Paper as a program makes it: the same rules as on the screen, every call safe to repeat."""

    def setUp(self):
        super().setUp()
        # these two are content with e-mail
        self._consent(self.accounts[:2])

    def _print(self, key="b-1", **more):
        batch = self.api.make_paper_batch(key, "2026-03", **more)["batch"]
        self._run_cron("ir_cron_paper")
        self.env.invalidate_all()
        return batch

    def test_paper_from_the_list_to_the_handing_over(self):
        made = self.api.make_paper_batch("b-1", "2026-03")
        batch = made["batch"]
        self.assertEqual((made["state"], made["number"], made["pending_count"]), ("building", 1, 2))
        # the answer was lost: the same call makes no second batch
        self.assertEqual(self.api.make_paper_batch("b-1", "2026-03"), made)
        self.assertEqual(self.env["epd.paper.batch"].search_count([]), 1)
        early = self.api.mark_paper_printed(batch)
        self.assertEqual(
            (early["status"], self.api.get_paper_batch(batch)["state"]), ("refused", "building")
        )
        self._run_cron("ir_cron_paper")
        self.env.invalidate_all()
        answer = self.api.get_paper_batch(batch)
        self.assertEqual(
            [answer[name] for name in ("state", "document_count", "file_count", "page_count")],
            ["ready", 2, 1, 2],
        )
        receipts = self.api.list_paper_receipts(batch)["receipts"]
        self.assertEqual([r["account"] for r in receipts], ["00102", "00103"])
        self.assertEqual([r["page"] for r in receipts], [1, 2])
        first = self.api.list_paper_receipts(batch, limit=1)
        rest = self.api.list_paper_receipts(batch, after=first["next"], limit=1)
        self.assertEqual([*first["receipts"], *rest["receipts"]], receipts)
        self.assertEqual(rest["next"], 0)
        day = str(self.env["epd.paper.batch"].browse(batch).started_at.date())
        printed = self.api.mark_paper_printed(batch)
        self.assertEqual(printed["state"], "printed")
        self.assertGreaterEqual(printed["presented_on"], day)
        self.assertEqual(self.documents[2].delivery_state, "paper")
        # again, with and without the day: nothing more happens
        self.assertEqual(self.api.mark_paper_printed(batch), printed)
        self.assertEqual(self.api.mark_paper_printed(batch, on=printed["presented_on"]), printed)
        refused = self.api.mark_paper_printed(batch, on="2020-01-01")
        self.assertEqual(refused["problems"][0]["code"], "printed_already")
        self.assertEqual(self.api.cancel_paper_batch(batch)["status"], "refused")

    def test_files_for_the_printer_in_pieces(self):
        batch = self._print(part_size=10)
        (entry,) = self.api.list_paper_files(batch)["files"]
        data, offset, calls = b"", 0, 0
        while True:
            piece = self.api.get_paper_file(entry["file"], offset=offset, size=400)
            data += base64.b64decode(piece["content"])
            offset, calls = piece["next"], calls + 1
            if not offset:
                break
        self.assertGreater(calls, 1)
        self.assertEqual((len(data), piece["sha256"]), (entry["size"], entry["sha256"]))
        self.assertEqual(hashlib.sha256(data).hexdigest(), entry["sha256"])
        whole = self.api.get_paper_file(entry["file"])
        self.assertEqual((base64.b64decode(whole["content"]), whole["next"]), (data, 0))
        for wrong in (
            {"size": 0},
            {"size": 2**23},
            {"offset": -1},
            {"offset": 10**9},
            {"size": "1"},
        ):
            refused = self.api.get_paper_file(entry["file"], **wrong)
            self.assertEqual(refused["problems"][0]["code"], "piece_wrong")
        part = self.env["epd.paper.batch.part"].browse(entry["file"])
        self.env["ir.attachment"].sudo().search(
            [
                ("res_model", "=", part._name),
                ("res_id", "=", part.id),
                ("res_field", "=", "pdf_file"),
            ]
        ).raw = b"other"
        self.env.invalidate_all()
        self.assertEqual(self.api.get_paper_file(entry["file"])["status"], "refused")

    def test_a_top_up_over_the_interface(self):
        mailing = self._make_mailing()
        self._print()
        refused = self.api.make_paper_batch("b-2", "2026-03")
        self.assertEqual(refused["problems"][0]["code"], "nothing_to_print")
        self.assertEqual(self.env["epd.paper.batch"].search_count([]), 1)
        letter = mailing.letter_ids[0]
        letter._unlocked().write({"send_state": "sent", "bounced_at": "2026-04-02 08:00:00"})
        # the key of the rejected call is free
        answer = self.api.make_paper_batch("b-2", "2026-03")
        self.assertEqual((answer["number"], answer["pending_count"]), (2, 1))
        receipts = self.api.list_paper_receipts(answer["batch"])["receipts"]
        self.assertEqual([r["account"] for r in receipts], [letter.account_id.number])

    def test_paper_that_is_left_out_stopped_or_cancelled(self):
        self._damage(self.documents[3])
        batch = self.api.make_paper_batch("b-1", "2026-03", odd_start=True)["batch"]
        self.assertEqual(self.api.pause_paper_batch(batch)["state"], "paused")
        self.assertEqual(self.api.pause_paper_batch(batch)["state"], "paused")
        self.assertEqual(self.api.resume_paper_batch(batch)["state"], "building")
        self.assertEqual(self.api.resume_paper_batch(batch)["state"], "building")
        self._run_cron("ir_cron_paper")
        self.env.invalidate_all()
        answer = self.api.list_paper_receipts(batch)
        self.assertEqual([p["record"] for p in answer["problems"]], ["00103"])
        self.assertEqual(answer["problems"][0]["code"], "left_out")
        self.assertTrue(answer["problems"][0]["text"])
        self.assertEqual(self.api.cancel_paper_batch(batch)["state"], "cancelled")
        self.assertEqual(self.api.cancel_paper_batch(batch)["state"], "cancelled")
        self.assertEqual(self.api.resume_paper_batch(batch)["status"], "refused")

    def test_what_paper_is_refused(self):
        for code, more in {
            "form_unknown": {"form": "paper"},
            "account_unknown": {"numbers": ["nobody"]},
            "part_size_wrong": {"part_size": 5},
            "period_unknown": {"period": "2025-01"},
        }.items():
            answer = self.api.make_paper_batch(**{"key": "b-1", "period": "2026-03", **more})
            self.assertEqual(answer["problems"][0]["code"], code)
        self.assertFalse(self.env["epd.paper.batch"].search([]))
        batch = self._print()
        future = self.api.mark_paper_printed(batch, on="2099-01-01")
        wrong = self.api.mark_paper_printed(batch, on="soon")
        self.assertEqual((future["status"], wrong["problems"][0]["code"]), ("refused", "day_wrong"))
        self.assertEqual(self.api.get_paper_batch(0)["problems"][0]["code"], "batch_unknown")
        file = self.api.list_paper_files(batch)["files"][0]["file"]
        strange = self._get_stranger()
        nobody = new_test_user(self.env, "epd_api_nobody", "base.group_user")
        for api in (strange, self.env["epd.api"].with_user(nobody)):
            for method in (
                "get_paper_batch", "list_paper_files", "list_paper_receipts", "mark_paper_printed",
                "pause_paper_batch", "resume_paper_batch", "cancel_paper_batch",
            ):  # fmt: skip
                with self.assertRaises(AccessError):
                    getattr(api, method)(batch)
            with self.assertRaises(AccessError):
                api.get_paper_file(file)
