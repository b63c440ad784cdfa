"""Letters of a while ago, events of any time, letters of unknown outcome: for tests of what is believed."""

from datetime import UTC, timedelta

from odoo.tools import mute_logger

from ..tools.unisender.webhook import HookEvent
from .sending_common import SendingCommon

SEND_LOG = "odoo.addons.epd_mailing.models.mailing.epd_mailing_sender"


class TruthCommon(SendingCommon):
    """``mailing``: of the first document, not yet sent; at the service all happens at once."""

    def setUp(self):
        super().setUp()
        self.fake.speed = 10.0**6
        self.mailing = self._make_mailing(self.documents[0])

    def _sent(self):
        self._send(self.mailing)
        letter = self.mailing.letter_ids
        # so long ago that the service may have told much of it
        self._shift(letter, sending_at=600, sent_at=600)
        return letter

    def _tell(self, letter, status, told, **more):
        """Take in one event as the webhook does; ``told`` is a naive moment in UTC, or a text."""
        text = told if isinstance(told, str) else f"{told:%Y-%m-%d %H:%M:%S}"
        moment = None if isinstance(told, str) else told.replace(tzinfo=UTC, microsecond=0)
        metadata = {"key": letter.letter_key, "db": self.env.cr.dbname}
        event = HookEvent(
            "email_status",
            letter.provider_id or more.get("provider_id", "11411542999"),
            letter.email,
            status,
            text,
            moment,
            metadata,
        )
        self.env["epd.letter.event"]._store(self.unisender, [event])
        self.env["epd.letter.event"]._read_slice(1)
        letter.invalidate_recordset()
        return self.env["epd.letter.event"].search([("event_time_raw", "=", text)], limit=1)

    def _lost(self, kind):
        """Return a letter of unknown outcome, which the service got or did not."""
        self.fake.fail(kind)
        with mute_logger(SEND_LOG):
            self._send(self.mailing)
        letter = self.mailing.letter_ids
        self.assertEqual(letter.send_state, "unknown")
        self._make_due(letter)
        return letter

    def _make_due(self, letter):
        letter._unlocked().write({"next_poll_at": self._now() - timedelta(minutes=1)})

    def _unknown_rests(self):
        self.unisender._unlocked().write({"wait_until": False, "fault_count": 0})
