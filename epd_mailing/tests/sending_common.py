"""A UniSender on this machine and saved documents with small files, for tests of sending."""

import json
import subprocess
import sys
import time
import unittest
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import requests
from odoo import fields
from odoo.addons.epd_mailing.models.document.document_writer import DocumentWriter, NewVersion
from odoo.addons.epd_mailing.models.mailing import epd_mailing_sender

from .common import EpdCommon

ROOT = Path(__file__).resolve().parents[2]
KEY = "test-key"
SENDER = "noreply@uk-demo.example.com"


class Sandbox:
    """The sandbox of this repository as a process of its own, on a free port."""

    def __init__(self, *args):
        if not (ROOT / "sandbox" / "__main__.py").exists():
            raise unittest.SkipTest("the UniSender sandbox is not beside the addon")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", "--api-key", KEY, *args],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        if not line.startswith("ready"):
            self.stop()
            raise unittest.SkipTest("the UniSender sandbox does not start")
        self.url = line.split()[1].rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False

    def stop(self):
        """End the process."""
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def control(self, name, **data):
        """Call the control API."""
        return self.session.post(f"{self.url}/sandbox/{name}", data=json.dumps(data)).json()

    def letters(self):
        """Return the letters the service has received, oldest first."""
        return self.session.get(f"{self.url}/sandbox/letters").json()

    def reset(self):
        """Forget letters, calls, faults and hooks; lift the limits."""
        self.control("reset")
        self.control(
            "settings",
            per_minute=0,
            calls_per_minute=0,
            per_day=0,
            address_seconds=0,
            hook_paused=True,
        )


class SendingCommon(EpdCommon):
    """``documents``: a saved document for each account; ``unisender``: an active account."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.unisender = cls._make_unisender("office@uk-test.example.com")
        cls.documents = cls._make_documents(cls.accounts)

    @classmethod
    def _request_handler(cls, s, r, /, **kw):
        # the test runner compares the time-out with a number, ours is (connect, read)
        kw["timeout"] = 15
        return super()._request_handler(s, r, **kw)

    def setUp(self):
        super().setUp()
        self.sandbox.reset()
        # a pass that would nap ends instead
        self.naps = []

        def nap(budget, seconds):
            self.naps.append(seconds)
            budget.end()

        change = patch.object(epd_mailing_sender.Budget, "nap", nap)
        change.start()
        self.addCleanup(change.stop)

    @classmethod
    def _make_unisender(cls, name, **vals):
        account = cls.env["epd.unisender.account"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "base_url": cls.sandbox.url,
                "api_key_input": KEY,
                "sender_name": "УК Тест",
                "sender_email": SENDER,
                "list_id": "20547",
                "limit_per_minute": 0,
                "limit_per_day": 0,
                "limit_address_seconds": 0,
                **vals,
            }
        )
        account._through_gate()._move("active")
        return account

    @classmethod
    def _make_documents(cls, accounts, period=None, pages=b"%PDF-1.4 receipt of "):
        """Save a document for each account as a run does, with a small stand-in for the file."""
        period = period or cls.period
        new, files = {}, {}
        built = cls.env["epd.document.snapshot"]._build(accounts, period, "epd")
        for key, (snapshot, problem) in built.items():
            assert not problem, problem
            new[key] = NewVersion({**snapshot, "number": f"doc-{key}"})
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
        with self.enter_registry_test_mode():
            self.env.ref(f"epd_mailing.{name}").with_user(
                self.env.ref("base.user_root")
            ).method_direct_trigger()

    def _send(self, mailing):
        mailing.action_send()
        self._run_cron()

    def _wait_for(self, condition, seconds=10):
        """Wait for another process, not for time to pass."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
        return False

    def _shift(self, letters, **deltas):
        """Let time pass for letters: move their moments back by minutes."""
        for name, minutes in deltas.items():
            for letter in letters:
                if letter[name]:
                    letter._through_gate().write({name: letter[name] - timedelta(minutes=minutes)})

    def _now(self):
        return fields.Datetime.now()
