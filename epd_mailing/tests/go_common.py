"""An account at Unisender Go beside the classic one, for tests of sending."""

from . import fake_go
from .sending_common import NOBODY, SENDER, SendingCommon


class GoCommon(SendingCommon):
    """``go``: the service; ``go_account``: an active account of it, in the office of ``unisender``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.go = fake_go.FakeGo()
        cls.addClassCleanup(cls.go.stop)
        cls._allow_sandboxes(cls.fake.url, cls.go.url, NOBODY)
        cls.go_account = cls.env["epd.unisender.account"].create(
            {
                "name": "office@go.example.com",
                "company_id": cls.company.id,
                "api_kind": "go",
                "base_url": cls.go.url,
                "api_key_input": fake_go.KEY,
                "sender_name": "УК Тест",
                "sender_email": SENDER,
                "test_emails": "clerk@example.com",
            }
        )
        cls.go_account._unlocked()._move("active")

    def setUp(self):
        super().setUp()
        self.go.reset()

    def _make_go_mailing(self, documents=None, **vals):
        return self._make_mailing(documents, unisender_account_id=self.go_account.id, **vals)

    def _make_due(self, letters):
        """Let the next poll of letters be due, and the last dump long ago."""
        letters._unlocked().write({"next_poll_at": self._now()})
        self.go_account._unlocked().write({"dump_asked_at": False})

    def _read_events(self, letters=None):
        """Order a dump and read it, as the cron does in two runs."""
        if letters:
            self._make_due(letters)
        self._run_cron("ir_cron_refresh")
        self._run_cron("ir_cron_refresh")
