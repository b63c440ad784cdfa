"""Tests against the real sandbox: its own process, spoken to over a socket."""

import json
import subprocess
import sys
import urllib.request
from contextlib import nullcontext
from pathlib import Path
from unittest import SkipTest

from odoo.tests import HttpCase

from .common import EpdCommon

ROOT = Path(__file__).resolve().parents[2]
SENDER = "noreply@uk-demo.example.com"


class SandboxCase(EpdCommon):
    """A sandbox process, an active UniSender account, documents and a template."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not (ROOT / "sandbox" / "__main__.py").exists():
            raise SkipTest("the sandbox lies beside the addon in its repository only")
        cls.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", "--no-limits", "--api-key", "k-1"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        cls.addClassCleanup(cls._end_sandbox)
        cls.url = cls.process.stdout.readline().split()[-1].rstrip("/")
        cls.service = cls.env["epd.unisender.account"].create(
            {
                "name": "office@uk-demo.example.com",
                "company_id": cls.company.id,
                "base_url": cls.url,
                "api_key_input": "k-1",
                "sender_name": "УК",
                "sender_email": SENDER,
                "limit_per_minute": 0,
                "limit_address_seconds": 0,
                "timeout_seconds": 1,
            }
        )
        cls.service.action_check_connection()
        cls.template = cls.env["epd.message.template"].create(
            {
                "name": "Квитанция",
                "company_id": cls.company.id,
                "subject": "Документ за {{ period }}, счёт {{ account_number }}",
                "body": "<p>{{ payer_name }}</p><p>{{ unsubscribe_link }}</p>",
            }
        )
        outcome = cls.env["epd.payment.document"]._form_documents(cls.accounts, cls.period, "epd")
        cls.documents = cls.env["epd.payment.document"].browse(
            [outcome[account.id][0].id for account in cls.accounts]
        )
        cls.cron = cls.env.ref("epd_mailing.ir_cron_send")

    @classmethod
    def _request_handler(cls, s, r, /, **kw):
        # the test runner compares the time-out with a number, ours is (connect, read)
        kw["timeout"] = 15
        return super()._request_handler(s, r, **kw)

    @classmethod
    def _end_sandbox(cls):
        cls.process.terminate()
        cls.process.wait()
        cls.process.stdout.close()

    def setUp(self):
        super().setUp()
        self.control("reset", {})

    def control(self, path, data=None):
        """Call the sandbox's control API."""
        body = json.dumps(data).encode() if data is not None else None
        with urllib.request.urlopen(f"{self.url}/sandbox/{path}", body, timeout=10) as answer:
            return json.load(answer)

    def make_mailing(self, documents=None, **more):
        """Return a draft mailing of the operator, with its letters."""
        mailing = (
            self.env["epd.mailing"]
            .with_user(self.operator)
            .create(
                {
                    "unisender_account_id": self.service.id,
                    "template_id": self.template.id,
                    "period_id": self.period.id,
                    **more,
                }
            )
        )
        mailing._add_documents(self.documents if documents is None else documents)
        return mailing.with_user(self.env.user)

    def work(self, cron=None):
        """Let the cron make one pass."""
        # an HttpCase is in that mode already, and says so with a warning
        mode = nullcontext() if isinstance(self, HttpCase) else self.enter_registry_test_mode()
        with mode:
            (cron or self.cron).method_direct_trigger()
        self.env.invalidate_all()

    def send(self, mailing=None):
        """Send a mailing and return it."""
        mailing = mailing or self.make_mailing()
        mailing.action_send()
        self.work()
        return mailing
