import base64
import io

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from reportlab.pdfgen import canvas

from ...tools import letter_files, receipt_data
from ..sending_common import SendingCommon


def make_pdf(text):
    """Return a PDF of one page with a line of Latin text."""
    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.drawString(72, 700, text)
    page.save()
    return out.getvalue()


NOTICE = make_pdf("Water is off on 12 May from 9 to 12")


@tagged("post_install", "-at_install", "epd_mailing")
class TestMailingFiles(SendingCommon):
    """A file for all goes with every letter beside the payer's own receipt, and nobody's receipt does."""

    def _upload(self, name, data, user=None, **vals):
        """Upload a file as the form of a mailing does it."""
        return (
            self.env["ir.attachment"]
            .with_user(user or self.operator)
            .create(
                {
                    "name": name,
                    "datas": base64.b64encode(data),
                    "res_model": "epd.mailing",
                    "res_id": 0,
                    **vals,
                }
            )
        )

    def _add(self, mailing, *files):
        mailing.with_user(self.operator).attachment_ids = [(4, file.id) for file in files]

    def _get_files(self, letter):
        """Return {name: SHA-256} of the files that the service got with a letter."""
        return {file["name"]: file["sha256"] for file in letter["attachments"]}

    def test_it_goes_with_every_letter_beside_the_own_receipt(self):
        mailing = self._make_mailing(self.documents[:2])
        self._add(mailing, self._upload("Объявление о воде.pdf", NOTICE))
        self.assertIn("KB", mailing.files_text)
        self._send(mailing)
        # several are on their way at a time: they arrive in any order
        letters = {letter["email"]: letter for letter in self.fake.letters()}
        self.assertEqual(len(letters), 2)
        for document in self.documents[:2]:
            letter = letters[document.account_id.partner_id.email]
            expected = {
                document.pdf_name: document.pdf_sha256,
                "Obieiavlenie_o_vode.pdf": receipt_data.digest(NOTICE),
            }
            self.assertEqual(self._get_files(letter), expected)

    def test_its_name_never_takes_the_place_of_the_receipt(self):
        mailing = self._make_mailing(self.documents[:1])
        name = self.documents[0].pdf_name
        self._add(mailing, self._upload(name, NOTICE))
        self._send(mailing)
        files = self._get_files(self.fake.letters()[0])
        self.assertEqual(files[name], self.documents[0].pdf_sha256)
        self.assertEqual(len(files), 2)

    def test_a_receipt_is_not_for_all(self):
        mailing = self._make_mailing(self.documents[:2])
        receipt = self._upload("notice.pdf", self.documents[0]._read_pdf())
        with self.assertRaisesRegex(UserError, "receipt of one payer"), self.cr.savepoint():
            self._add(mailing, receipt)
        number = "0100777"
        self.env["epd.personal.account"].create({"number": number, "building_id": self.building.id})
        scan = self._upload("scan.pdf", make_pdf(f"Account {number}, 390 roubles"))
        with self.assertRaisesRegex(UserError, number), self.cr.savepoint():
            self._add(mailing, scan)

    def test_what_may_not_go(self):
        mailing = self._make_mailing(self.documents[:1])
        for name, data, words in (
            ("run.exe", b"MZ", "mail servers reject"),
            ("empty.pdf", b"", "is empty"),
            ("broken.pdf", b"%PDF-1.7 nothing", "damaged"),
            ("no extension", b"text", "mail servers reject"),
        ):
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, words),
                self.cr.savepoint(),
            ):
                self._add(mailing, self._upload(name, data))
        many = [self._upload(f"{n}.txt", b"text") for n in range(letter_files.MAX_FILES + 1)]
        with self.assertRaisesRegex(UserError, "at most"), self.cr.savepoint():
            self._add(mailing, *many)

    def test_a_file_of_another_record_is_not_mailed(self):
        """Whoever can read a file, or only guess its number, must not have it sent to themselves."""
        mailing = self._make_mailing(self.documents[:1])
        stranger = new_test_user(self.env, "epd_files_stranger", groups="base.group_user")
        pdf = self.env["ir.attachment"].search(
            [
                ("res_model", "=", "epd.payment.document"),
                ("res_field", "=", "pdf_file"),
                ("res_id", "=", self.documents[1].id),
            ]
        )
        self.assertTrue(pdf)
        for file in (
            pdf,
            self._upload("a.txt", b"text", stranger, res_model=False),
            self._upload(
                "b.txt", b"text", res_model="res.partner", res_id=self.env.user.partner_id.id
            ),
        ):
            with (
                self.subTest(file.name),
                self.assertRaises(UserError),  # an AccessError is one
                self.cr.savepoint(),
            ):
                self._add(mailing, file)
                self.env.flush_all()

    def test_size_is_told_before_anything_goes(self):
        mailing = self._make_mailing(self.documents[:1])
        self.unisender.limit_letter_bytes = 4000
        with self.assertRaisesRegex(UserError, "larger than the service takes"):
            self._add(mailing, self._upload("big.txt", b"x" * 4000))

    def test_what_was_checked_is_what_goes(self):
        mailing = self._make_mailing(self.documents[:1])
        file = self._upload("notice.txt", b"text")
        self._add(mailing, file)
        file.raw = b"another text"
        with self.assertRaisesRegex(UserError, "receipt of one payer"), self.cr.savepoint():
            file.write({"raw": self.documents[0]._read_pdf(), "name": "notice.pdf"})
        mailing.action_schedule("2099-01-01 10:00:00")
        for action in (
            lambda: file.write({"raw": b"changed"}),
            file.unlink,
        ):
            with self.assertRaisesRegex(UserError, "only while"), self.cr.savepoint():
                action()
        mailing.action_send_now()
        self._run_cron()
        self.assertEqual(mailing.state, "done")
        with self.assertRaisesRegex(UserError, "has begun"):
            mailing.attachment_ids = [(5, 0, 0)]

    def test_a_repeat_has_files_of_its_own(self):
        mailing = self._make_mailing(self.documents[:1])
        self._add(mailing, self._upload("notice.txt", b"text"))
        copy = mailing.with_user(self.operator).copy()
        self.assertEqual(copy.attachment_ids.mapped("raw"), [b"text"])
        mailing.attachment_ids.unlink()
        self.assertEqual(copy.attachment_ids.mapped("raw"), [b"text"])


@tagged("post_install", "-at_install", "epd_mailing")
class TestMailingAsOdoos(SendingCommon):
    """What people know of Odoo's own mailings: preview text, templates made of a mailing, the archive."""

    def test_preview_text(self):
        template = self.env["epd.message.template"].create(
            {
                "name": "Т",
                "subject": "Квитанция",
                "preheader": "за {{ period }} <b>",
                "body": "<p>Текст</p>",
                "company_id": self.company.id,
            }
        )
        mailing = self._make_mailing(self.documents[:1])
        mailing.template_id = template
        self.assertEqual(mailing.preheader, template.preheader)
        self.assertTrue(mailing.preview_preheader.startswith("за март 2026"))
        self._send(mailing)
        body = self.fake.letters()[0]["body"]
        self.assertIn("за март 2026 &lt;b&gt;</div><p>Текст</p>", body)
        for wrong in ("{{ amount_due }}", "{{ nothing }}", "x" * 251):
            with self.subTest(wrong), self.assertRaises(UserError), self.cr.savepoint():
                template.preheader = wrong

    def test_a_mailing_becomes_a_template(self):
        mailing = self._make_mailing(self.documents[:1])
        mailing.write({"subject": "Вода за {{ period }}", "preheader": "Срок — {{ due_date }}"})
        templates = self.env["epd.message.template"]
        known = templates.search([])
        for _number in range(2):
            mailing.with_user(self.operator).action_save_template()
        made = templates.search([]) - known
        self.assertEqual(sorted(made.mapped("name")), ["Вода", "Вода (2)"])
        for template in made:
            for name in ("subject", "preheader", "body", "body_format", "company_id"):
                self.assertEqual(template[name], mailing[name])

    def test_only_what_is_over_is_archived(self):
        mailing = self._make_mailing(self.documents[:1]).with_user(self.operator)
        with self.assertRaisesRegex(UserError, "archive"), self.cr.savepoint():
            mailing.action_archive()
        self._send(mailing)
        mailing.action_archive()
        self.assertFalse(mailing.active)
        self.assertTrue(mailing.copy().active)

    def test_one_that_goes_on_comes_out_of_the_archive(self):
        mailing = self._send(self._make_mailing(self.documents[:1]))
        mailing.action_archive()
        mailing._unlocked()._move("sending")
        self.assertTrue(mailing.active)
        self._run_cron()
        self.assertEqual(mailing.state, "done")

    def test_the_report_of_an_archived_mailing_comes(self):
        mailing = self._send(self._make_mailing(self.documents[:1]))
        mailing._unlocked().write({"report_due_at": "2026-01-01 10:00:00"})
        mailing.action_archive()
        self.env["epd.mailing"]._cron_report()
        self.assertFalse(mailing.report_due_at)
