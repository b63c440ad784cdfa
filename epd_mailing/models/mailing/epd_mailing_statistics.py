import logging
import time
from datetime import timedelta

from odoo import api, fields, models

from ...tools.unisender import errors, statuses
from ...tools.unisender.client import STATUS_BATCH

_logger = logging.getLogger(__name__)

# the vendor forgets a letter after about a month
KEPT = timedelta(days=30)
# minutes until the next look, by the number of looks so far
INTERVALS = (2, 5, 15, 30, 60, 180, 360, 720, 1440)
PASS_WALL = 15.0  # seconds; the pass shares its time with the other jobs
BATCHES_AT_ONCE = 10  # by the button; the rest goes through the queue
CONTACTS_A_PASS = 50
# the service's clock and ours may differ by so much
CLOCK = timedelta(seconds=5)


class EpdMailing(models.Model):
    """Statistics by polling: a fact seen so has a «not later than» time."""

    _inherit = "epd.mailing"

    @api.model
    def _cron_refresh(self):
        """Ask the statuses of all letters whose time has come, in batches of 500."""
        began, more = time.monotonic(), False
        self._in_transaction(self._match_kept_events)
        accounts = self.env["epd.unisender.account"].search([("state", "!=", "draft")])
        for account in accounts:
            try:
                more = self._poll_account(account, began) or more
                self._in_transaction(lambda account=account: self._settle_unknown(account))
                if account.webhook_state != "on":  # it tells the exact times by itself
                    more = (
                        self._in_transaction(lambda account=account: self._ask_times(account))
                        or more
                    )
            except Exception:  # one account must not stop the others
                self.env.cr.rollback()
                _logger.exception("Statuses of UniSender account %s cannot be read", account.id)
        if more:
            self.env.ref("epd_mailing.ir_cron_refresh")._trigger()
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _poll_account(self, account, began):
        """Ask batch by batch; return True when there is more than fits into the pass."""
        while True:
            due = self._get_due(account)
            if not due:
                return False
            if time.monotonic() - began > PASS_WALL:
                return True
            if not self._in_transaction(
                lambda due=due: self._poll(account, due), processed=len(due)
            ):
                return False
            self.env.invalidate_all()

    @api.model
    def _get_due(self, account, extra=()):
        return self.env["epd.mailing.letter"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("send_state", "=", "sent"),
                ("provider_id", "!=", False),
                ("next_poll_at", "<=", fields.Datetime.now()),
                *extra,
            ],
            order="next_poll_at",
            limit=STATUS_BATCH,
        )

    def _refresh_statuses(self):
        """Ask now for the letters of this mailing whose story is not at its end.

        :return: False when the service could not be asked
        """
        self.ensure_one()
        letters = self.env["epd.mailing.letter"].search(
            [
                ("mailing_id", "=", self.id),
                ("send_state", "=", "sent"),
                ("provider_id", "!=", False),
                ("next_poll_at", "!=", False),
                ("sent_at", ">", fields.Datetime.now() - KEPT),
            ],
            order="next_poll_at",
        )
        now = letters[: STATUS_BATCH * BATCHES_AT_ONCE]
        later = letters[STATUS_BATCH * BATCHES_AT_ONCE :]
        for start in range(0, len(now), STATUS_BATCH):
            batch = now[start : start + STATUS_BATCH]
            if not self._poll(self.unisender_account_id, batch, counted=False):
                return False
        if later:
            later._through_gate().write({"next_poll_at": fields.Datetime.now()})
            self.env.ref("epd_mailing.ir_cron_refresh").sudo()._trigger()
        self._through_gate().write({"refreshed_at": fields.Datetime.now()})
        return True

    @api.model
    def _poll(self, account, letters, counted=True):
        """Ask one batch and apply the answer.

        :param counted: False when a person asked: the next look does not move away
        :return: False when the service could not be asked
        """
        try:
            answer = account._get_client().check_email(letters.mapped("provider_id"))
        except errors.UniSenderError as error:
            _logger.warning("Statuses cannot be asked: %s", error.code)
            account._through_gate().write({"last_error": account._describe_error(error)})
            return False
        now = fields.Datetime.now()
        letters._apply_statuses(
            [
                (letter, answer.statuses[letter.provider_id], now, "poll")
                for letter in letters
                if letter.provider_id in answer.statuses
            ]
        )
        letters._plan_next_poll(now, counted)
        for mailing in letters.mailing_id:
            if not mailing.refreshed_at or now - mailing.refreshed_at > timedelta(seconds=20):
                mailing._through_gate().write({"refreshed_at": now})
        return True

    # --- letters of unknown outcome, events without a letter --------------------------------------

    @api.model
    def _match_kept_events(self):
        """Match events that were kept while their letter's id was just being written."""
        events = self.env["epd.letter.event"].search(
            [
                ("letter_id", "=", False),
                ("source", "=", "webhook"),
                ("received_at", ">", fields.Datetime.now() - timedelta(days=2)),
                ("unisender_account_id", "!=", False),
            ],
            order="id",
            limit=5000,
        )
        if events:
            events._match_letters()

    @api.model
    def _settle_unknown(self, account):
        """Ask the contact behind letters of unknown outcome whose time has come."""
        letters = self.env["epd.mailing.letter"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("send_state", "=", "unknown"),
                ("next_poll_at", "<=", fields.Datetime.now()),
            ],
            order="next_poll_at",
            limit=CONTACTS_A_PASS,
        )
        letters._adopt_events()
        client = account._get_client() if letters else None
        for letter in letters.filtered(lambda letter: letter.send_state == "unknown"):
            try:
                contact = client.get_contact(letter.email_normalized)
            except errors.Rejected:
                contact = None  # the service does not know the address
            except errors.UniSenderError as error:
                _logger.warning("Contacts cannot be asked: %s", error.code)
                return
            letter._settle_by_contact(contact)
            letter._plan_next_poll(fields.Datetime.now(), True)

    @api.model
    def _ask_times(self, account):
        """Ask the contacts behind facts that polling could date by «not later than» alone.

        :return: True when more of them wait
        """
        letters = self.env["epd.mailing.letter"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("contact_at", "<=", fields.Datetime.now()),
            ],
            order="contact_at",
            limit=CONTACTS_A_PASS + 1,
        )
        now, client = letters[:CONTACTS_A_PASS], account._get_client()
        for letter in now:
            # asked once for each fact: the contact forgets with his next letter
            letter._through_gate().write({"contact_at": False})
            if not letter.sending_at or letter._has_rival(letter.sending_at):
                continue
            try:
                letter._date_by_contact(client.get_contact(letter.email_normalized))
            except errors.Rejected:
                continue
            except errors.UniSenderError as error:
                _logger.warning("Contacts cannot be asked: %s", error.code)
                return False
        return len(letters) > len(now)


class EpdMailingLetter(models.Model):
    """When to look again, and the rule of the contact."""

    _inherit = "epd.mailing.letter"

    def _plan_next_poll(self, now, counted):
        """Set the next look: later each time, none after a final fact or the vendor's 30 days."""
        for vals, letters in self.grouped(lambda letter: letter._next_poll(now, counted)).items():
            next_at, count = vals
            letters._through_gate().write({"next_poll_at": next_at, "poll_count": count})

    def _next_poll(self, now, counted):
        count = self.poll_count + int(counted)
        final = statuses.get_status(self.raw_status or "").final
        began = self.sent_at or self.sending_at
        if (final and self.send_state == "sent") or (began and began + KEPT < now):
            return False, count
        minutes = INTERVALS[min(max(count - 1, 0), len(INTERVALS) - 1)]
        return now + timedelta(minutes=minutes), count

    def _settle_by_contact(self, contact):
        """Settle an unknown outcome by the contact's last letter.

        The contact's times belong to his *last* letter. They are this letter's only when it was
        handed over after our call began and no other letter of ours went to the address since.
        """
        self.ensure_one()
        began = self.sending_at
        last = contact and (contact.last_send or contact.last_delivery)
        if not last or not began or last.replace(tzinfo=None) < began - CLOCK:
            return False
        if self._has_rival(began):
            return False
        self._settle_as_sent(False, last.replace(tzinfo=None))
        if not self._date_by_contact(contact):
            self._apply_statuses([(self, "ok_sent", last.replace(tzinfo=None), "contact")])
        return True

    def _date_by_contact(self, contact):
        """Take the contact's times for this letter; the caller has seen that they are its own.

        :return: True when there was one
        """
        earliest, facts = self.sending_at - CLOCK, []
        for raw, moment in (
            ("ok_delivered", contact.last_delivery),
            ("ok_read", contact.last_read),
            ("ok_link_visited", contact.last_click),
        ):
            moment = moment and moment.replace(tzinfo=None)
            if not moment or moment < earliest:
                break
            facts.append((self, raw, moment, "contact"))
        self._apply_statuses(facts)
        return bool(facts)

    def _has_rival(self, began):
        """Tell whether another letter of ours may have gone to the address about then or later."""
        return bool(
            self.search_count(
                [
                    ("id", "!=", self.id),
                    ("email_normalized", "=", self.email_normalized),
                    ("company_id", "=", self.company_id.id),
                    ("sending_at", ">=", began - timedelta(minutes=5)),
                ],
                limit=1,
            )
        )
