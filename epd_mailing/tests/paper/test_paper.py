import io
from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from pypdf import PdfReader

from ...models.paper.paper_choice import PaperChoice
from ...models.paper.paper_sorter import PaperSorter
from ...tools import pdf_merge
from ..sending_common import SendingCommon

# what may become of a letter: send_state, further facts
OUTCOMES = {
    "waiting": ("pending", {}),
    "sent": ("sent", {}),
    "deferred": ("sent", {"is_deferred": True}),
    "delivered": ("sent", {"delivered_at": "2026-04-02 08:00:00"}),
    "opened": ("sent", {"opened_at": "2026-04-02 09:00:00"}),
    "spam": ("sent", {"spam_at": "2026-04-02 09:00:00"}),
    "bounced": ("sent", {"bounced_at": "2026-04-02 08:00:00"}),
    "refused": ("rejected", {}),
    "unknown": ("unknown", {}),
    "too_large": ("skipped", {"failure_type": "too_large"}),
}
REACHING = ("waiting", "sent", "deferred", "delivered", "opened", "spam", "unknown")

CASE = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["email", "email", "email", "paper", "both"]),
        # days after the first of February; the cut-off day is the 20th
        "consents": st.one_of(
            st.just([(5, "given", "instead", "own")]),
            st.lists(
                st.tuples(
                    st.sampled_from([0, 5, 20, 30, 45, 60]),
                    st.sampled_from(["given", "withdrawn"]),
                    st.sampled_from(["instead", "copy"]),
                    st.sampled_from(["own", "other"]),
                ),
                min_size=1,
                max_size=3,
            ),
        ),
        "addresses": st.sampled_from(
            [
                ("active",),
                ("active",),
                ("active", "active"),
                ("active", "unsubscribed"),
                ("bounced",),
                ("closed",),
                (),
            ]
        ),
        "outcomes": st.tuples(*[st.sampled_from(sorted(OUTCOMES))] * 2),
        # the address is lost after the letter went
        "lost_later": st.sampled_from([None, None, "unsubscribed", "bounced"]),
        "new_payer": st.sampled_from([False, False, False, True]),
        "mailed": st.sampled_from([True, True, True, False]),
        "withdrawn": st.sampled_from([False, False, False, True]),
    }
)


def make_pdf(pages=1):
    """Return a PDF of so many pages."""
    from pypdf import PdfWriter

    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(200, 300)
    writer.write(out)
    return out.getvalue()


class PaperCase(SendingCommon):
    """Documents whose files are real, small PDFs."""

    @classmethod
    def _make_documents(cls, accounts, period=None, pages=None):
        return super()._make_documents(accounts, period, pages=cls._receipts(1))

    @classmethod
    def _receipts(cls, pages):
        # trailing bytes make each file its own, and a reader passes them over
        return make_pdf(pages) + b"\n% receipt of "

    def _build(self, **vals):
        batch = (
            self.env["epd.paper.batch"]
            .with_user(self.operator)
            .create({"company_id": self.company.id, "period_id": self.period.id, **vals})
        )
        batch.action_build()
        return batch

    def _make(self, **vals):
        batch = self._build(**vals)
        self._run_cron("ir_cron_paper")
        batch.invalidate_recordset()
        return batch

    def _consent(self, accounts, **vals):
        self.env["epd.delivery.consent"].create(
            [
                {"account_id": account.id, "date": date(2026, 2, 1), "basis": "Заявление", **vals}
                for account in accounts
            ]
        )


@tagged("post_install", "-at_install", "epd_mailing")
class TestPaperProperty(PaperCase):
    @given(
        cases=st.lists(CASE, min_size=4, max_size=4),
        policy=st.sampled_from(["email_only", "paper_too", "strict"]),
    )
    @settings(
        max_examples=100,
        deadline=None,
        database=None,
        derandomize=True,
        # the case as it was found says enough; making it smaller takes minutes
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def test_paper_and_letters_are_everybody(self, cases, policy):
        """Every account with a document: by letter or on paper, none missing, none twice."""
        with self.env.cr.savepoint() as savepoint:
            self._check(cases, policy)
            savepoint.rollback()
            self.env.invalidate_all()

    def _check(self, cases, policy):
        self.company.epd_consent_policy = policy
        pairs = list(zip(self.accounts, self.documents, cases, strict=True))
        for account, _document, case in pairs:
            self._set_up(account, case)
        mailed = self.documents.browse([doc.id for _a, doc, case in pairs if case["mailed"]])
        mailing = self._make_mailing(mailed)
        for account, document, case in pairs:
            self._play(document.letter_ids, case)
            if case["lost_later"]:
                self._lose(account.address_ids, case["lost_later"])
            if case["new_payer"]:
                account._change_owner(self._stranger(), fields.Date.today(), "Выписка")
        batch = self.env["epd.paper.batch"].create(
            {"company_id": self.company.id, "period_id": self.period.id}
        )
        PaperSorter(batch._unlocked()).add_documents()
        for account, document, case in pairs:
            self._judge(account, document, case, batch)
        # a second batch finds nothing more
        again = batch.copy()
        PaperSorter(again._unlocked()).add_documents()
        self.assertFalse(again.line_ids.filtered("is_live"))
        self.assertLessEqual(len(mailing.letter_ids), 8)

    def _lose(self, addresses, state):
        # somebody is to look into it, and gets no letter about that: letters took a quarter of all
        addresses.with_context(mail_activity_quick_update=True)._lose(state, "test")

    def _stranger(self):
        return self.env["res.partner"].create({"name": "Новый Владелец"})

    def _set_up(self, account, case):
        account.channel = case["channel"]
        account.address_ids.action_close()
        for number, state in enumerate(case["addresses"]):
            address = self.env["epd.delivery.address"].create(
                {"account_id": account.id, "email": f"a{number}.{account.number}@example.com"}
            )
            if state == "closed":
                address.action_close()
            elif state != "active":
                self._lose(address, state)
        persons = {"own": account.partner_id, "other": self.company.partner_id}
        for day, action, kind, whose in case["consents"]:
            consent = self.env["epd.delivery.consent"].create(
                {
                    "account_id": account.id,
                    "action": action,
                    "kind": kind,
                    "date": date(2026, 2, 1) + timedelta(days=day),
                    "basis": "Заявление",
                }
            )
            # whose it is nobody can write: one of an earlier person was recorded before he left
            self.env.cr.execute(
                "UPDATE epd_delivery_consent SET partner_id = %s WHERE id = %s",
                (persons.get(whose, account.partner_id).id, consent.id),
            )
            consent.invalidate_recordset()

    def _play(self, letters, case):
        going = letters.filtered(lambda letter: letter.send_state == "pending")
        if case["withdrawn"]:
            going._withdraw("test")
            return
        for letter, outcome in zip(going, case["outcomes"], strict=False):
            send_state, facts = OUTCOMES[outcome]
            letter._unlocked().write({"send_state": send_state, **facts})

    def _get_last_word(self, account):
        """Return what the present payer said last of what counts for the period."""
        own = account.consent_ids.filtered(
            lambda said: (
                said.effective_from <= self.period.date_start
                and (not said.partner_id or said.partner_id == account.partner_id)
            )
        )
        last = own.sorted(lambda said: (said.date, said.id))[-1:]
        return last.kind if last.action == "given" else "none"

    def _judge(self, account, document, case, batch):
        """Compare with what a person would say of this account."""
        letters = document.letter_ids
        on_paper = batch.line_ids.filtered(lambda line: line.document_id == document)
        self.assertLessEqual(len(on_paper), 1, "twice on paper")
        emails = letters.filtered(
            lambda letter: letter.send_state not in ("skipped", "cancelled")
        ).mapped("email_normalized")
        self.assertEqual(len(emails), len(set(emails)), "twice to one address")
        reached = any(
            letter.state not in ("bounced", "rejected", "skipped", "cancelled")
            for letter in letters
        )
        consent = self._get_last_word(account)
        wants = account.channel != "email" or (
            self.company.epd_consent_policy != "email_only" and consent != "instead"
        )
        no_address = not any(address.can_receive for address in account.address_ids)
        tried = any(letter.send_state != "cancelled" for letter in letters)
        expected = wants or (not reached and (no_address or tried))
        self.assertEqual(bool(on_paper), expected, (case, consent, letters.mapped("state")))
        if expected:
            other = document.partner_id != account.partner_id
            self.assertEqual(on_paper.state, "error" if other else "pending")
            self.assertEqual(on_paper.is_live, not other)
        if no_address and not reached:
            self.assertTrue(on_paper, "nobody without an address is forgotten")
            self.assertIn(account, account._wants_paper(self.period))
        if not expected and not reached:
            # it could be mailed and is in no mailing: told, and taken when asked for
            counts = PaperChoice(self.env, self.period).count_not_printed()
            self.assertTrue(counts["unsent"])
            query = PaperChoice(self.env, self.period).get_query(with_unsent=True)
            found = [row[0] for row in self.env.execute_query(query)]
            self.assertIn(document.id, found)


@tagged("post_install", "-at_install", "epd_mailing")
class TestPaper(PaperCase):
    def setUp(self):
        super().setUp()
        self._consent(self.accounts[:2])

    def test_one_file_in_the_order_of_the_way(self):
        self.accounts[2].write({"entrance": 2})
        self.accounts[3].write({"entrance": 1})
        batch = self._make()
        self.assertEqual(batch.state, "ready")
        self.assertEqual((batch.document_count, batch.page_count, batch.number), (2, 2, 1))
        lines = batch.line_ids.sorted("sequence")
        self.assertEqual(lines.account_id, self.accounts[3] + self.accounts[2])
        self.assertEqual(lines.mapped("page_from"), [1, 2])
        self.assertEqual(batch.unsent_count, 2, "two wait for a mailing, and that is said")
        self.assertEqual(len(PdfReader(io.BytesIO(batch.part_ids._read_pdf())).pages), 2)

    def test_each_on_its_own_sheet(self):
        two = make_pdf(2)
        data, places = pdf_merge.merge([make_pdf(1), two, make_pdf(3), two], odd_start=True)
        self.assertEqual(places, [(1, 1), (3, 2), (5, 3), (9, 2)])
        self.assertEqual(len(PdfReader(io.BytesIO(data)).pages), 10)
        self.assertEqual(self._make(odd_start=True).line_ids.mapped("page_from"), [1, 3])

    def test_folded_with_the_address_outside(self):
        two = make_pdf(2)
        back = make_pdf(1)
        data, places = pdf_merge.merge([make_pdf(1), two], backs=[back, back])
        self.assertEqual(places, [(1, 2), (3, 3)])
        batch = self._make(layout="folded")
        self.assertEqual(batch.line_ids.mapped("page_from"), [1, 3])
        pages = PdfReader(io.BytesIO(batch.part_ids._read_pdf())).pages
        self.assertEqual(len(pages), 4)
        for line in batch.line_ids:
            money, outside = (
                " ".join(page.extract_text().split())
                for page in pages[line.page_from - 1 : line.page_from + 1]
            )
            account = line.account_id
            self.assertNotIn("Кому", money)
            self.assertIn(f"Кому: {account.partner_id.name} Куда: {account.address}", outside)
            for secret in (account.number, "руб", "390"):
                self.assertNotIn(secret, outside)

    def test_parts(self):
        batch = self._build(with_unsent=True)
        # the limit of a file is a hundred times that of this house
        self.env.cr.execute(
            "ALTER TABLE epd_paper_batch DROP CONSTRAINT epd_paper_batch_part_size_range"
        )
        self.env.cr.execute("UPDATE epd_paper_batch SET part_size = 3 WHERE id = %s", (batch.id,))
        batch.invalidate_recordset()
        self._run_cron("ir_cron_paper")
        batch.invalidate_recordset()
        self.assertEqual(batch.part_ids.mapped("document_count"), [3, 1])
        lines = batch.line_ids.sorted("sequence")
        self.assertEqual([line.part_id.number for line in lines], [1, 1, 1, 2])
        self.assertEqual([line.page_from for line in lines], [1, 2, 3, 1])
        self.assertEqual(batch.state, "ready")

    def test_a_consent_counts_from_its_month(self):
        self._make_mailing()
        # after the cut-off day of March, and a consent of somebody else: both want paper still
        self._consent(self.accounts[2], date=date(2026, 3, 25))
        self._consent(self.accounts[3], partner_id=self.company.partner_id.id)
        found = self._make().line_ids.account_id
        self.assertEqual(found, self.accounts[2:])
        self.assertEqual(self.accounts._wants_paper(self.period), self.accounts[2:])

    def test_a_top_up_takes_what_came_back(self):
        mailing = self._make_mailing()
        first = self._make()
        self.assertEqual(first.line_ids.account_id, self.accounts[2:])
        self.assertEqual(first.unsent_count, 0)
        letter = mailing.letter_ids[0]
        letter._unlocked().write({"send_state": "sent", "bounced_at": fields.Datetime.now()})
        second = self._make()
        self.assertEqual((second.number, second.line_ids.account_id), (2, self.accounts[0]))
        with self.assertRaisesRegex(UserError, "nothing to print"):
            self._build()

    def test_printed_again_only_when_issued_again(self):
        batch = self._make()
        batch.action_mark_printed()
        document = self.documents[3]
        document._supersede("Новая версия")
        document.flush_recordset()
        self._make_version(document)
        again = self._make()
        self.assertEqual(again.line_ids.account_id, self.accounts[3])
        self.assertNotEqual(again.line_ids.document_id, document)

    def _make_version(self, document):
        copy = document._unlocked().create(
            {
                **{
                    name: document[name]
                    for name in ("snapshot", "snapshot_sha256", "pdf_sha256", "pdf_name")
                },
                "company_id": self.company.id,
                "account_id": document.account_id.id,
                "partner_id": document.partner_id.id,
                "period_id": document.period_id.id,
                "form": document.form,
                "version": 2,
                "state": "saved",
            }
        )
        self.env["ir.attachment"].create(
            {
                "name": "x.pdf",
                "res_model": copy._name,
                "res_id": copy.id,
                "res_field": "pdf_file",
                "raw": document._read_pdf(),
            }
        )
        return copy

    def test_handed_over_counts_as_presented(self):
        mailing = self._make_mailing()
        letter = mailing.letter_ids.filtered(lambda x: x.account_id == self.accounts[2])
        letter._unlocked().write({"send_state": "sent", "delivered_at": fields.Datetime.now()})
        batch = self._make()
        self.assertEqual(self.documents[3].delivery_state, "none", "printed is not handed over")
        with self.assertRaisesRegex(UserError, "not beforehand"):
            batch.action_mark_printed(fields.Date.today() + timedelta(days=2))
        with self.assertRaisesRegex(UserError, "before their file"):
            batch.action_mark_printed("2020-01-01")
        batch.action_mark_printed()
        self.assertEqual((batch.state, batch.presented_by), ("printed", self.operator))
        states = self.documents[2:].mapped("delivery_state")
        self.assertEqual(states, ["delivered", "paper"], "a letter that arrived did better")
        # the statement says what the compute says
        self.documents.modified(["letter_ids"])
        self.env.add_to_compute(self.documents._fields["delivery_state"], self.documents)
        self.assertEqual(self.documents[2:].mapped("delivery_state"), states)
        not_reached = self.env.ref("epd_mailing.account_list_not_reached")
        found = self.env["epd.personal.account"].search(not_reached._get_domain(self.period))
        self.assertNotIn(self.accounts[3], found)
        with self.assertRaises(UserError):
            batch.action_cancel()

    def test_a_cancelled_batch_gives_its_receipts_back(self):
        batch = self._make()
        batch.action_cancel()
        self.assertEqual(self._make().document_count, 2)

    def test_damaged_and_superseded_files_are_left_out(self):
        batch = self._build()
        self.documents[2]._supersede("Новая версия")
        self.env.cr.execute(
            "UPDATE epd_payment_document SET pdf_sha256 = 'x' WHERE id = %s",
            (self.documents[3].id,),
        )
        self.documents.invalidate_recordset()
        self._run_cron("ir_cron_paper")
        batch.invalidate_recordset()
        self.assertEqual((batch.state, batch.document_count, batch.error_count), ("ready", 0, 2))
        self.assertTrue(all(batch.line_ids.mapped("problem_text")))
        self.assertFalse(batch.line_ids.filtered("is_live"))

    def test_a_file_that_is_no_pdf_stops_only_itself(self):
        with mute_logger("pypdf._reader"), self.assertRaises(pdf_merge.MergeError) as caught:
            pdf_merge.merge([make_pdf(), b"%PDF-1.4 nothing", make_pdf()])
        self.assertEqual(caught.exception.index, 1)

    def test_stop_and_go_on(self):
        batch = self._build()
        batch.action_stop()
        self._run_cron("ir_cron_paper")
        batch.invalidate_recordset()
        self.assertEqual((batch.state, batch.pending_count), ("paused", 2))
        batch.action_resume()
        self._run_cron("ir_cron_paper")
        batch.invalidate_recordset()
        self.assertEqual((batch.state, batch.progress), ("ready", 100.0))
        with self.assertRaisesRegex(UserError, "list is created"):
            batch.odd_start = True
        with self.assertRaisesRegex(UserError, "set by the program"):
            batch.presented_on = "2026-04-01"

    def _make_run(self):
        return self.env["epd.billing.run"].create(
            {
                "period_id": self.period.id,
                "company_id": self.company.id,
                "list_ids": [(6, 0, self.env.ref("epd_mailing.account_list_all_open").ids)],
            }
        )

    def test_paper_is_next_when_all_is_mailed(self):
        run = self._make_run()
        for state in ("preparing", "done"):
            run._unlocked()._move(state)
        self.assertFalse(run.is_paper_next, "the mailing comes first")
        mailing = self._make_mailing()
        self.assertIn("skipped", mailing.letter_ids.mapped("send_state"))
        run.invalidate_recordset()
        self.assertTrue(run.is_paper_next, "those that no letter goes to are no work for a mailing")
        batch = self.env["epd.paper.batch"].browse(run.action_make_paper()["res_id"])
        batch.action_build()
        run.invalidate_recordset()
        self.assertFalse(run.is_paper_next, "they are in a batch")

    def test_from_the_run(self):
        run = self._make_run()
        action = run.with_user(self.operator).action_make_paper()
        batch = self.env["epd.paper.batch"].browse(action["res_id"]).with_user(self.operator)
        batch.action_build()
        self.assertEqual(batch.document_count, 2)
