from odoo import api, models

from .account_calls import AccountCalls
from .calls import ACCOUNTS_A_CALL, FILE_BYTES, PAGE, Calls
from .charge_calls import ChargeCalls
from .document_calls import DocumentCalls
from .mailing_calls import MailingCalls
from .paper_calls import PaperCalls

CONTRACT = 1


class EpdApi(models.AbstractModel):
    """The door for programs (XML-RPC, JSON-2): one facade, so that its contract is one thing.

    The models behind may change; these names, arguments and answers do not within a contract
    number. Every answer is ``{"status": "ok" | "rejected", "problems": [...], ...}`` of JSON types
    without ``null``: money and volumes are decimal texts, moments ISO texts in UTC, ids of the
    service texts; a problem is ``{"code", "text", "record"}``. A rejected call (status «rejected») changed nothing and
    may be repeated under the same key. Rights and states are checked inside. See ``docs/api.md``.

    What a call does stands in the plain class of its area (``*_calls.py``).
    """

    _name = "epd.api"
    _description = "Interface for Programs"

    @api.model
    def get_contract(self):
        """Return the contract number and the limits of the calls."""
        return Calls(self.env).answer(
            lambda: {
                "contract": CONTRACT,
                "page": PAGE,
                "accounts_per_call": ACCOUNTS_A_CALL,
                "file_bytes": FILE_BYTES,
            }
        )

    # --- accounts and figures ---------------------------------------------------------------------

    @api.model
    def put_accounts(self, key, accounts):
        """Create personal accounts, or change what is given of known ones; up to 500 a call.

        A payer is only set where there is none, and their e-mail kept up to date: another person on
        an account is recorded by people («New Responsible Person»), since bills, letters and
        addresses go another way from that day. An account with a problem is left as it was.

        :param accounts: list of dicts ``number``, ``building`` (address; created when it is not
            there), and further fields, see ``docs/api.md``
        :return: ``made``, ``changed``, ``unchanged``, ``left_out`` (counts) and ``problems``
        """
        calls = AccountCalls(self.env)
        return calls.answer_once(key, "put_accounts", accounts, lambda: calls.put(accounts))

    @api.model
    def put_charges(self, key, period, accounts):
        """Accept the month's figures of up to 500 accounts.

        A section that is given (``charges``, ``balances``, ``readings``) replaces that section of
        the account in the period: lines not given are removed. A section not given stays. An
        account with a problem is left as it was, the others are taken.

        :param key: the caller's own key of this call
        :param period: month ``YYYY-MM``, created when it is not there
        :param accounts: list of dicts ``number`` and the sections, see ``docs/api.md``
        :return: ``taken``, ``unchanged``, ``left_out`` (counts of accounts) and ``problems``
        """
        calls, request = ChargeCalls(self.env), {"period": period, "accounts": accounts}
        return calls.answer_once(key, "put_charges", request, lambda: calls.put(period, accounts))

    # --- documents --------------------------------------------------------------------------------

    @api.model
    def prepare_documents(self, key, period, form="epd", mode="missing", reason="", numbers=()):
        """Have the documents of a month formed and saved; the queue does it.

        :param form: ``receipt``, ``epd`` or ``capital_repair``
        :param mode: ``missing``, ``changed`` (missing and changed since) or ``all`` (new versions)
        :param reason: why saved documents are issued again; required for ``all``
        :param numbers: account numbers, up to 5000; empty means all open accounts
        :return: ``run`` (id) and the fields of :meth:`get_run`
        """
        calls, request = DocumentCalls(self.env), [period, form, mode, reason, list(numbers)]
        return calls.answer_once(
            key, "prepare_documents", request, lambda: calls.prepare(key, *request)
        )

    @api.model
    def get_run(self, run):
        """Return how far the preparation is: ``state`` and counts of accounts."""
        calls = DocumentCalls(self.env)
        return calls.answer(lambda: calls.get_run(run))

    @api.model
    def check_readiness(self, run):
        """Return what stands in the way of the documents of a run as ``problems``.

        ``record`` is ``model/id`` of the first record behind the finding; ``findings`` counts all.
        """
        calls = DocumentCalls(self.env)
        return calls.answer(lambda: calls.check_readiness(run))

    @api.model
    def list_run_problems(self, run, after=0, limit=500):
        """Return why accounts of a run have no document, a page at a time.

        :param after: ``next`` of the page before, 0 for the first
        """
        calls = DocumentCalls(self.env)
        return calls.answer(lambda: calls.list_run_problems(run, after, limit))

    @api.model
    def list_documents(self, period, form="", after=0, limit=500):
        """Return the live documents of a month: ``documents`` and ``next`` (0 at the end).

        :param form: one form; empty means all
        :param after: ``next`` of the page before, 0 for the first
        """
        calls = DocumentCalls(self.env)
        return calls.answer(lambda: calls.list_documents(period, form, after, limit))

    @api.model
    def get_document_pdf(self, document):
        """Return the saved file, checked against its hash: ``name``, ``sha256``, ``content``.

        ``content`` is base64.
        """
        calls = DocumentCalls(self.env)
        return calls.answer(lambda: calls.get_pdf(document))

    # --- mailing ----------------------------------------------------------------------------------

    @api.model
    def make_mailing(self, key, run, unisender_account="", template="", subject="", body=""):
        """Create a draft mailing of the run's documents that have no live letter yet.

        :param unisender_account: registration e-mail; empty means the company's active one
        :param template: name of a message template; empty means the company's first
        :param subject: instead of the template's; with ``body``
        :return: ``mailing`` (id) and the fields of :meth:`get_mailing`
        """
        calls, request = MailingCalls(self.env), [run, unisender_account, template, subject, body]
        return calls.answer_once(
            key, "make_mailing", request, lambda: calls.create_mailing(*request)
        )

    @api.model
    def get_mailing(self, mailing):
        """Return state and counts of a mailing, quickly: nothing is asked of the service."""
        calls = MailingCalls(self.env)
        return calls.answer(lambda: calls.get(mailing))

    @api.model
    def schedule_mailing(self, mailing, at):
        """Set when the mailing starts, or move the date.

        :param at: ISO moment in UTC, ``2026-04-02T06:00:00Z``; one that has come means now
        """
        calls = MailingCalls(self.env)
        return calls.answer(lambda: calls.schedule(mailing, at))

    @api.model
    def send_mailing(self, mailing):
        """Start a draft mailing as soon as the queue gets to it; a paused one goes on.

        A planned one keeps its time, so that a repeated call never sends before the day: with a
        moment that has come, :meth:`schedule_mailing` starts it now.
        """
        calls = MailingCalls(self.env)
        return calls.answer(lambda: calls.send(mailing))

    @api.model
    def pause_mailing(self, mailing):
        """Stop after the letters in flight."""
        calls = MailingCalls(self.env)
        return calls.answer(lambda: calls.pause(mailing))

    @api.model
    def cancel_mailing(self, mailing):
        """Give the mailing up: what has not gone does not go any more."""
        calls = MailingCalls(self.env)
        return calls.answer(lambda: calls.cancel(mailing))

    @api.model
    def get_mailing_statistics(self, mailing, refresh=False):
        """Return the figures of a mailing: counts, ``reasons``, ``buildings``.

        :param refresh: ask UniSender first
        """
        calls = MailingCalls(self.env)
        return calls.answer(lambda: calls.get_statistics(mailing, refresh))

    @api.model
    def list_letters(self, mailing, after=0, limit=500):
        """Return the letters of a mailing: ``letters`` and ``next`` (0 at the end)."""
        calls = MailingCalls(self.env)
        return calls.answer(lambda: calls.list_letters(mailing, after, limit))

    # --- paper ------------------------------------------------------------------------------------

    @api.model
    def make_paper_batch(
        self, key, period, form="", numbers=(), with_unsent=False, odd_start=False, part_size=500
    ):
        """Have the files for the printer built of the receipts that go on paper; the queue does it.

        Called again later, under a new key, it builds a top-up: what is to be printed and is not yet.

        :param form: one form; empty means all
        :param numbers: account numbers, up to 5000; empty means all accounts of the month
        :param with_unsent: also receipts that could go by e-mail and stand in no mailing
        :param odd_start: each receipt begins on a sheet of its own
        :param part_size: receipts in one file, 10 to 1000
        :return: ``batch`` (id) and the fields of :meth:`get_paper_batch`
        """
        calls = PaperCalls(self.env)
        request = [period, form, list(numbers), with_unsent, odd_start, part_size]
        return calls.answer_once(
            key, "make_paper_batch", request, lambda: calls.create_batch(key, *request)
        )

    @api.model
    def get_paper_batch(self, batch):
        """Return how far a batch is: ``state`` and counts of receipts, pages and files."""
        calls = PaperCalls(self.env)
        return calls.answer(lambda: calls.get(batch))

    @api.model
    def pause_paper_batch(self, batch):
        """Stop after the file in work."""
        calls = PaperCalls(self.env)
        return calls.answer(lambda: calls.pause(batch))

    @api.model
    def resume_paper_batch(self, batch):
        """Go on where the work stopped."""
        calls = PaperCalls(self.env)
        return calls.answer(lambda: calls.resume(batch))

    @api.model
    def cancel_paper_batch(self, batch):
        """Give a batch up before it is handed over: its receipts may be printed anew."""
        calls = PaperCalls(self.env)
        return calls.answer(lambda: calls.cancel(batch))

    @api.model
    def mark_paper_printed(self, batch, on=""):
        """Record that a batch was printed and handed over: its receipts count as presented.

        :param on: day ``YYYY-MM-DD``; empty means today by the office's time zone
        """
        calls = PaperCalls(self.env)
        return calls.answer(lambda: calls.mark_printed(batch, on))

    @api.model
    def list_paper_receipts(self, batch, after=0, limit=500):
        """Return the receipts of a batch: ``receipts`` and ``next``; those skipped as ``problems``.

        :param after: ``next`` of the page before, 0 for the first
        """
        calls = PaperCalls(self.env)
        return calls.answer(lambda: calls.list_receipts(batch, after, limit))

    @api.model
    def list_paper_files(self, batch, after=0, limit=500):
        """Return the files of a batch that are there so far: ``files`` and ``next``."""
        calls = PaperCalls(self.env)
        return calls.answer(lambda: calls.list_files(batch, after, limit))

    @api.model
    def get_paper_file(self, file, offset=0, size=FILE_BYTES):
        """Return a piece of a file for the printer, which was checked against its hash.

        :param offset: ``next`` of the piece before, 0 for the first
        :param size: bytes of the piece, up to 4 MB
        :return: ``content`` (base64), ``next`` (0 at the end), ``name``, ``sha256`` of the whole file
        """
        calls = PaperCalls(self.env)
        return calls.answer(lambda: calls.get_file(file, offset, size))
