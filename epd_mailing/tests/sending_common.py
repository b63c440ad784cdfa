"""A UniSender in this process and saved documents with small files, for tests of sending."""

from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase

from ..models.document.document_writer import DocumentWriter, NewVersion
from ..models.mailing import epd_mailing_sender
from .common import EpdCommon
from .fake_unisender import KEY, SENDER, FakeUniSender

NOBODY = "http://127.0.0.1:9"  # the port where nobody listens


class SendingCommon(EpdCommon):
    """``documents``: a saved document for each account; ``unisender``: an active account.

    ``fake``: the service that the account speaks to.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fake = FakeUniSender()
        cls.addClassCleanup(cls.fake.stop)
        cls._allow_sandboxes(cls.fake.url, NOBODY)
        cls.unisender = cls._make_unisender("office@uk-test.example.com")
        cls.documents = cls._make_documents(cls.accounts)

    @classmethod
    def _request_handler(cls, s, r, /, **kw):
        # the test runner compares the time-out with a number, ours is (connect, read)
        kw["timeout"] = 15
        return super()._request_handler(s, r, **kw)

    def setUp(self):
        super().setUp()
        self.fake.reset()
        # a pass that would nap ends instead
        self.naps = []

        def nap(budget, seconds):
            self.naps.append(seconds)
            budget.end()

        change = patch.object(epd_mailing_sender.Budget, "nap", nap)
        change.start()
        self.addCleanup(change.stop)

    @classmethod
    def _allow_sandboxes(cls, *urls):
        """Let the key go to addresses of this machine, as an administrator would."""
        cls.env["ir.config_parameter"].set_param("epd_mailing.sandbox_url", " ".join(urls))

    def _move_service(self, url):
        """Point the account at another address of this machine; it is active again."""
        self.unisender.write({"base_url": url, "api_key_input": KEY})
        self.unisender._unlocked().write({"state": "active"})

    @classmethod
    def _make_unisender(cls, name, **vals):
        account = cls.env["epd.unisender.account"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "base_url": cls.fake.url,
                "api_key_input": KEY,
                "sender_name": "УК Тест",
                "sender_email": SENDER,
                "test_emails": "clerk@example.com",
                "list_id": "20547",
                "limit_per_minute": 0,
                "limit_per_day": 0,
                "limit_address_seconds": 0,
                **vals,
            }
        )
        account._unlocked()._move("active")
        return account

    @classmethod
    def _make_documents(cls, accounts, period=None, pages=b"%PDF-1.4 receipt of ", version=1):
        """Save a document for each account as a run does, with a small stand-in for the file."""
        period = period or cls.period
        new, files = {}, {}
        built = cls.env["epd.document.snapshot"]._build(accounts, period, "epd")
        for key, (snapshot, problem) in built.items():
            assert not problem, problem
            new[key] = NewVersion({**snapshot, "number": f"doc-{key}"}, version)
            files[key] = SimpleNamespace(pdf=pages + str(key).encode(), pages=1)
        return DocumentWriter(cls.env, period, "epd").store(files, new)

    @classmethod
    def _make_mailing(cls, documents=None, **vals):
        mailing = cls.env["epd.mailing"].create(
            {
                "company_id": cls.company.id,
                "unisender_account_id": cls.unisender.id,
                "period_id": cls.period.id,
                "subject": "Квитанция за {{ period }}, счёт {{ account_number }}",
                "body": "<p>Здравствуйте, {{ payer_name }}!</p>",
                **vals,
            }
        )
        mailing._add_documents(cls.documents if documents is None else documents)
        return mailing

    def _run_cron(self, name="ir_cron_send"):
        """Run a job as the scheduler does, with its commits."""
        # an HttpCase is in that mode already, and says so with a warning
        mode = nullcontext() if isinstance(self, HttpCase) else self.enter_registry_test_mode()
        with mode:
            self.env.ref(f"epd_mailing.{name}").with_user(
                self.env.ref("base.user_root")
            ).method_direct_trigger()
        self.env.invalidate_all()

    def _send(self, mailing=None):
        """Send a mailing (one of all documents without one) and return it."""
        mailing = mailing or self._make_mailing()
        mailing.action_send()
        self._run_cron()
        return mailing

    def _shift(self, letters, **deltas):
        """Let time pass for letters: move their moments back by minutes."""
        for name, minutes in deltas.items():
            for letter in letters:
                if letter[name]:
                    letter._unlocked().write({name: letter[name] - timedelta(minutes=minutes)})

    def _now(self):
        return fields.Datetime.now()
