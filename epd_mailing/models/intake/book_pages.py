"""One PDF with the receipts of a whole house: its pages, their owners, a file for each account."""

import hashlib
import zipfile
from types import SimpleNamespace

from odoo.exceptions import UserError

from ...tools import receipt_archive, receipt_book
from ...tools.receipt_book import Book, BookError

SLICE = 50  # pages read and committed together
BOOK_SIZE = 256 * 2**20  # bytes


class BookPages:
    """The book of one ``epd.receipt.import``. A plain class: it is opened, asked and forgotten.

    :param loading: record of ``epd.receipt.import``, with its guard open where it is changed
    """

    def __init__(self, loading):
        loading.ensure_one()
        self.loading, self.env = loading, loading.env
        self.lines = self.env["epd.receipt.import.line"].sudo()

    # --- the file ---------------------------------------------------------------------------------

    def find(self, stream):
        """Return the PDF (bytes) when the file is one of a whole house, by itself or alone in a ZIP.

        :raise UserError: when it is too big
        """
        stream.seek(0, 2)
        size = stream.tell()
        stream.seek(0)
        head = stream.read(1024).lstrip()
        stream.seek(0)
        if head.startswith(b"%PDF-"):
            self._check_size(size)
            return stream.read()
        if not head.startswith(b"PK"):
            return None
        limits = receipt_archive.ArchiveLimits(entry_size=BOOK_SIZE)
        try:
            entries = receipt_archive.read_archive(stream, limits)
        except receipt_archive.ArchiveError:
            return None  # reported by whoever reads it as an archive
        if len(entries) != 1 or entries[0].problem or self._is_receipt(entries[0].name):
            return None
        with zipfile.ZipFile(stream) as archive:
            data, problem = receipt_archive.read_entry(archive, entries[0].index, limits)
        return None if problem else data

    def _check_size(self, size):
        if size > BOOK_SIZE:
            raise UserError(
                self.env._("The file is too big: at most %s MB. Divide it.", BOOK_SIZE // 2**20)
            )

    def _is_receipt(self, name):
        """Tell whether the name is that of one account's receipt."""
        match = self.loading._read_pattern().match(name)
        return bool(match and self.loading._find_accounts([match[0]]).get(match[0]))

    def read_pdf(self):
        """Return the PDF of the loading.

        :raise UserError: when it is a book no more
        """
        with self.loading._open_stream() as stream:
            data = self.find(stream)
        if data is None:
            raise UserError(self.env._("The file is missing on the server."))
        return data

    def open(self, data):
        """Return the opened book.

        :raise UserError: saying what is wrong with it
        """
        try:
            return Book(data)
        except BookError as error:
            texts = self.lines._get_problem_texts()
            raise UserError(texts.get(error.code, error.code)) from error

    # --- check ------------------------------------------------------------------------------------

    def list_pages(self, data):
        """Make a line for each page."""
        book = self.open(data)
        self.lines.create(
            [
                {
                    "import_id": self.loading.id,
                    "name": self.env._("Page %s", number),
                    "entry_index": number,
                    "page_count": 1,
                    "state": "pending",
                }
                for number in range(1, book.count + 1)
            ]
        )

    def check_slices(self, in_budget, commit):
        """Read the pages that wait, slice after slice; then compare them with each other."""
        book = self.open(self.read_pdf())
        while True:
            waiting = self.lines.search(
                [("import_id", "=", self.loading.id), ("state", "=", "pending")],
                order="entry_index", limit=SLICE,
            )  # fmt: skip
            if not waiting:
                self._compare()
                self.loading._move("checked")
                return
            self._check_pages(book, waiting)
            if commit:
                # each slice stands by itself: a cut later loses at most the next one
                self.loading._slice_ends(len(waiting), 1)
                self.env.invalidate_all()
                if self.loading.state != "checking" or not in_budget():
                    return

    def _check_pages(self, book, lines):
        pages, broken = [], {}
        for line in lines:
            try:
                pages.append(book.read_page(line.entry_index))
            except BookError as error:
                broken[line.entry_index] = error.code
        start = self.loading.period_id.date_start
        month = start.year, start.month
        months = {page.number: page.months for page in pages}
        accounts = {}

        def find_accounts(texts):
            accounts.update(self._find_accounts(texts))
            return accounts

        owners = {
            owner.number: owner
            for owner in receipt_book.find_owners(pages, find_accounts, apart=False)
        }
        for line in lines:
            number = line.entry_index
            owner = owners.get(number)
            problem = broken.get(number) or owner.problem
            if not problem and months[number] and month not in months[number]:
                problem = "other_month"
            codes = {"no_number": "page_no_number", "no_text": "page_no_text"}
            line.write(
                {
                    "account_id": accounts.get(owner.account) if owner and not problem else False,
                    "state": "problem" if problem else "good",
                    "problem_code": codes.get(problem, problem) or False,
                }
            )

    def _find_accounts(self, texts):
        """Return ``{number: account id}`` of the company's accounts, by the exact number."""
        found = self.env["epd.personal.account"].search_fetch(
            [("company_id", "=", self.loading.company_id.id), ("number", "in", texts)], ["number"]
        )
        return {account.number: account.id for account in found}

    def _compare(self):
        """Tell pages of one account that stand apart, and accounts whose document is saved already."""
        lines = self._get_lines().filtered(lambda line: line.state == "good")
        groups = lines.grouped("account_id")
        for account, own in groups.items():
            places = own.mapped("entry_index")
            between = lines.filtered(
                lambda line, a=account, p=places: (
                    line.account_id != a and p[0] < line.entry_index < p[-1]
                )
            )
            if between:
                own.write({"state": "problem", "problem_code": "apart"})
        self._compare_saved()

    def _compare_saved(self):
        lines = self._get_lines().filtered(lambda line: line.state == "good")
        groups = lines.grouped("account_id")
        saved = self.loading._get_saved(lines.account_id)
        known = {account: own for account, own in groups.items() if account.id in saved}
        if not known:
            return
        numbers = {str(a.id): own.mapped("entry_index") for a, own in known.items()}
        for key, data in receipt_book.split(self.read_pdf(), numbers):
            document = saved[int(key)]
            own = known[document.account_id]
            if document.sudo().pdf_sha256 == hashlib.sha256(data).hexdigest():
                own.write({"state": "same", "document_id": document.id})
            elif not self.loading.replace_saved:
                own.write({"state": "problem", "problem_code": "already"})

    def _get_lines(self):
        return self.lines.search([("import_id", "=", self.loading.id)], order="entry_index")

    # --- saving -----------------------------------------------------------------------------------

    def save(self, batch):
        """Save the pages as documents, a file an account: all of them or none.

        :param batch: how many documents are created at a time
        :return: how many were created
        :raise UserError: when a page has no owner
        """
        lines = self._get_lines()
        if lines.filtered(lambda line: line.state == "problem"):
            raise UserError(
                self.env._("Nothing is saved until each page of the file has an owner.")
            )
        good = lines.filtered(lambda line: line.state == "good")
        groups = good.grouped("account_id")
        documents, data = self.env["epd.payment.document"].sudo(), self.read_pdf()
        accounts = list(groups)
        for place in range(0, len(accounts), batch):
            part = accounts[place : place + batch]
            files = self._split(data, {account: groups[account] for account in part})
            owners = self.env["epd.personal.account"].union(*part)
            saved = self.loading._save_files(documents, files, owners)
            for document in saved:
                groups[document.account_id].write({"state": "saved", "document_id": document.id})
        return len(accounts)

    def _split(self, data, groups):
        """Return ``{account id: object with pdf, pages, name}``; each file is checked once more."""
        numbers = {str(a.id): own.mapped("entry_index") for a, own in groups.items()}
        name = self.loading.file_name or "PDF"
        files = {}
        for key, pdf in receipt_book.split(data, numbers):
            facts = receipt_archive.check_pdf(pdf)
            if facts.problem or facts.pages != len(numbers[key]):
                raise UserError(self.env._("The file is damaged."))
            places = ", ".join(map(str, numbers[key]))
            files[int(key)] = SimpleNamespace(pdf=pdf, pages=facts.pages, name=f"{name}: {places}")
        return files
