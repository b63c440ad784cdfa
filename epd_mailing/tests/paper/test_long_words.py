from odoo.tests import tagged

from ...models.paper.paper_joiner import ADDRESS_SIDE, PaperJoiner
from ...reports.consent_form import ConsentForm
from ...tools import receipt_pdf
from ..common import EpdCommon
from ..document.test_receipt import pdf_text, pdf_words

ENGINES = [name for name, engine in receipt_pdf.ENGINES.items() if engine().is_there()]
LONG = "Щ" * 95


@tagged("post_install", "-at_install", "epd_mailing")
class TestLongWords(EpdCommon):
    """A word without a break never shrinks a page: sheets of consent, the proof, the address side."""

    def _render(self, engine):
        """Return ``{paper: (PDF, a word of it that is the same on every one)}``."""
        self.env.flush_all()
        self.company.epd_print_engine = engine
        account = self.accounts[0].with_company(self.company)
        outcome = self.env["epd.payment.document"].sudo()
        document = outcome._form_documents(account, self.period, "epd", mode="all")[account.id][0]
        self.env.flush_all()
        proof = self.env["epd.presentation.proof"].create({"account_id": account.id})
        side = PaperJoiner._get_address_side(document)
        renderer = self.env["epd.receipt.renderer"].with_company(self.company)
        return {
            "consent": (ConsentForm(account).render()[account.id], "СОГЛАСИЕ"),
            "proof": (proof._render_pdf(), "Сведения"),
            "address side": (renderer._render_files(ADDRESS_SIDE, {1: side})[1], "Сложить"),
        }

    def _measure(self, engine):
        heights = {}
        for paper, (pdf, wanted) in self._render(engine).items():
            word = next(word for word in pdf_words(pdf) if word.text == wanted)
            heights[paper] = round(word.bottom - word.top, 1)
        return heights

    def test_no_paper_is_shrunk(self):
        before = {engine: self._measure(engine) for engine in ENGINES}
        self.accounts[0].partner_id.name = LONG
        self.building.name = f"г. Казань, ул. {LONG}"
        self.company.write({"name": LONG, "email": f"{'a' * 60}@{'b' * 60}.example.com"})
        self.env.user.name = self.env.user.partner_id.function = LONG
        self._confirm_requisites()
        self.assertEqual({engine: self._measure(engine) for engine in ENGINES}, before)

    def test_name_and_address_are_seen_whole_in_the_window(self):
        """Where an envelope's window is, wherever the sheet has slipped to: 115–190 mm, 149–178 mm."""
        self.accounts[0].partner_id.name = "Иванов Иван Иванович, " * 5 + "Последний Совладелец"
        self.building.name = "Республика Татарстан, г. Набережные Челны, пос. Имени Героя " * 2
        for engine in ENGINES:
            pdf = self._render(engine)["address side"][0]
            words = pdf_words(pdf)
            place = next(number for number, word in enumerate(words) if word.text == "Кому:")
            self.assertIn("Совладелец", pdf_text(pdf))
            for word in words[place:]:
                if word.text.startswith("кв.") or "Совладелец" in word.text or word.text == "Кому:":
                    left, top, right, bottom = (side * 25.4 / 72 for side in word[1:])
                    self.assertGreater(left, 114, (engine, word))
                    self.assertLess(right, 191, (engine, word))
                    self.assertGreater(top, 148, (engine, word))
                    self.assertLess(bottom, 179, (engine, word))
            self.assertIn("кв.", pdf_text(pdf))

    def test_a_signature_is_never_alone_on_a_page(self):
        """The last paragraph goes to the next page with it, wherever the page ends."""
        account = self.accounts[0].with_company(self.company)
        carried = 0
        for engine in ENGINES:
            self.company.epd_print_engine = engine
            for lines in range(20, 64, 4):
                self.building.name = "г. Казань, " + "ул. Имени Героя Советского Союза " * lines
                sheets = pdf_text(ConsentForm(account).render()[account.id]).split("\f")
                for sheet in sheets:
                    if "Подпись" in sheet:
                        self.assertRegex(sheet, "[Оо]тозвать", (engine, lines))
                        self.assertIn("Принял(а)", sheet, (engine, lines))
                carried += sum(bool(sheet.strip()) for sheet in sheets) > 2
        self.assertTrue(carried, "no signature was carried over: the test tries nothing")
