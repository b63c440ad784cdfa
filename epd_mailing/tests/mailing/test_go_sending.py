import itertools
from datetime import timedelta
from unittest.mock import patch

from odoo.addons.epd_mailing.reports.presentations import Presentations
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.mailing import epd_go_events
from ...tools.unisender_go import client as go_client
from ...tools.unisender_go.client import UniSenderGoClient
from ...tools.unisender_go.errors import DumpMissing
from ..common import run_migration
from ..go_common import GoCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestGoSending(GoCommon):
    """One engine for both kinds: what goes by Unisender Go, and what came of it."""

    def _send_to(self, *emails, **vals):
        """Send the receipts of as many accounts to addresses; return the letters in their order."""
        for account, email in zip(self.accounts, emails, strict=False):
            account.partner_id.email = email
        mailing = self._make_go_mailing(self.documents[: len(emails)], **vals)
        self._send(mailing)
        by_email = {letter.email: letter for letter in mailing.letter_ids}
        return self.env["epd.mailing.letter"].concat(*(by_email[email] for email in emails))

    def _age(self, letters, minutes):
        """Let letters have gone so long ago, here and at the service."""
        self._shift(letters, sending_at=minutes)
        for got in self.go._letters:
            got["received"] -= 60 * minutes

    def test_a_letter_goes_with_its_receipt_and_key(self):
        (letter,) = self._send_to("noread.anna@example.com")
        (got,) = self.go.letters()
        self.assertEqual(letter.send_state, "sent")
        self.assertEqual(letter.provider_id, got["job_id"])
        self.assertEqual((got["key"], got["metadata"]["key"]), (letter.letter_key,) * 2)
        self.assertEqual(got["metadata"]["db"], self.env.cr.dbname)
        self.assertEqual(got["attachments"][0]["sha256"], letter.document_id.pdf_sha256)
        self.assertFalse(self.fake.letters(), "nothing by the classic account")

    def test_a_lost_answer_is_asked_for_under_the_same_key(self):
        self.go.fail("drop_after")
        letters = self._send_to("noread.a@example.com", "noread.b@example.com")
        self.assertEqual(len(self.go.letters()), 2)
        self.assertEqual(set(letters.mapped("send_state")), {"sent"})
        unnamed = letters.filtered(lambda letter: not letter.provider_id)
        self.assertEqual(len(unnamed), 1, "the service names no id with 1573")
        self._age(letters, 1)
        self._read_events(letters)
        self.assertTrue(unnamed.provider_id, "known by our key")

    def test_an_unknown_outcome_waits_and_is_settled_by_the_dump(self):
        self.go.fail("drop_after")
        self.go.fail("http_502", times=1)
        self.accounts[0].partner_id.email = "noread.a@example.com"
        mailing = self._make_go_mailing(self.documents[0])
        # the second try is too late: nothing is repeated
        self.go_account.timeout_seconds = 20
        with self._late_clock():
            self._send(mailing)
        letter = mailing.letter_ids
        self.assertEqual(letter.send_state, "unknown")
        self.assertEqual(len(self.go.letters()), 1)
        self._run_cron()
        self.assertEqual(len(self.go.letters()), 1, "never again by itself")
        self._age(letter, 1)
        self._read_events(letter)
        self.assertEqual((letter.send_state, letter.settled_by), ("sent", "event"))
        self.assertEqual(letter.delivered_source, "dump")

    def test_an_id_that_an_event_told_is_kept(self):
        (letter,) = self._send_to("noread.a@example.com")
        letter._unlocked().write({"send_state": "sending", "provider_id": "told-by-event"})
        letter._unlocked()._write_sent("")
        self.assertEqual((letter.send_state, letter.provider_id), ("sent", "told-by-event"))

    def _late_clock(self):
        moments = itertools.count(0, 50)
        original = UniSenderGoClient.__init__

        def init(client, *args, **kwargs):
            original(client, *args, **kwargs)
            client._clock = lambda: next(moments)

        return patch.object(UniSenderGoClient, "__init__", init)

    def test_rejected_recipients_are_told_and_get_paper(self):
        cases = {
            "unsubscribed": ("unsubscribed", "unsubscribed"),
            "complained": ("unsubscribed", "unsubscribed"),
            "invalid": ("invalid_address", "bounced"),
            "dead": ("mailbox_unavailable", "bounced"),
            "later": ("mailbox_unavailable", "active"),
            "blocked": ("blocked", "active"),
        }
        for word, (failure, state) in cases.items():
            with self.subTest(word), self.env.cr.savepoint():
                self.accounts[0].partner_id.email = f"{word}.x@example.com"
                mailing = self._make_go_mailing(self.documents[0], name=word)
                self._send(mailing)
                letter = mailing.letter_ids
                self.assertEqual((letter.send_state, letter.failure_type), ("rejected", failure))
                self.assertEqual(letter.address_id.state, state)
                self.assertFalse(self.go.letters())
                letter._unlocked().write({"send_state": "cancelled"})

    def test_limits_wait_and_errors_pause(self):
        cases = {
            901: ("sending", "wait"),
            902: ("sending", "wait"),
            904: ("paused", "error"),
            903: ("paused", "error"),
            206: ("paused", "error"),
            102: ("paused", "error"),
            114: ("paused", "error"),
        }
        for code, (state, what) in cases.items():
            with self.subTest(code):
                self.go.reset()
                self.go_account._unlocked().write(
                    {
                        "state": "active",
                        "wait_until": False,
                        "limit_count": 0,
                        "day_limit_at": False,
                    }
                )
                mailing = self._make_go_mailing(self.documents[1])
                status = 401 if code in (102, 114) else 403 if code > 900 else 400
                self.go.fail("code", code=code, status=status)
                self._send(mailing)
                self.assertEqual(mailing.state, state)
                self.assertEqual(mailing.letter_ids.send_state, "pending")
                self.assertFalse(self.go.letters())
                if what == "wait":
                    self.assertTrue(self.go_account.wait_until)
                else:
                    self.assertEqual(self.go_account.state, "error")
                mailing.action_cancel()

    def test_429_slows_down_and_goes_on(self):
        self.go.fail("code", code=0, status=429)
        mailing = self._make_go_mailing(self.documents[0])
        self._send(mailing)
        self.assertEqual(mailing.letter_ids.send_state, "pending")
        self.assertTrue(self.go_account.wait_until)
        self.go_account._unlocked().write({"wait_until": False})
        self._run_cron()
        self.assertEqual(mailing.letter_ids.send_state, "sent")
        self.assertEqual(len(self.go.letters()), 1)

    # --- statistics by dumps ----------------------------------------------------------------------

    def test_a_dump_tells_exact_times(self):
        letters = self._send_to(
            "read.a@example.com", "unknown.b@example.com", "retry.c@example.com"
        )
        read, gone, retried = letters
        self._age(letters, 20)
        self._read_events(letters)
        self.assertEqual((read.state, read.opened_source), ("opened", "dump"))
        self.assertLess(read.delivered_at, read.opened_at)
        self.assertEqual((gone.state, gone.failure_type), ("bounced", "invalid_address"))
        self.assertEqual(gone.address_id.state, "bounced")
        self.assertEqual((retried.state, retried.failure_type), ("deferred", "mailbox_full"))
        self.assertFalse(self.go_account.dump_ref)
        self.assertFalse(self.go._dumps, "a place of ten is free again")
        self.assertEqual(read.mailing_id.delivered_count, 1)

    def test_a_retried_letter_arrives_or_bounces_in_the_end(self):
        arrived, bounced = letters = self._send_to("retry.a@example.com", "giveup.b@example.com")
        self._age(letters, 60)
        self._read_events(letters)
        self.assertEqual((arrived.state, arrived.failure_type), ("delivered", False))
        self.assertEqual(bounced.state, "bounced")

    def test_a_program_that_opens_proves_no_person(self):
        (letter,) = self._send_to("read.a@example.com")
        self.go.agent = "Mozilla/5.0"
        self._age(letter, 20)
        self._read_events(letter)
        self.assertEqual((letter.state, letter.opened_at), ("delivered", False))
        self.assertTrue(letter.machine_opened_at)
        self.assertEqual(letter.mailing_id.opened_count, 0)

    def test_a_dump_in_the_making_is_waited_for(self):
        (letter,) = self._send_to("read.a@example.com")
        self.go.dump_state = "in_process"
        self._make_due(letter)
        for _run in range(3):
            self._run_cron("ir_cron_refresh")
        self.assertEqual(self.go.calls.count("event-dump/create"), 1, "one at a time")
        self.assertTrue(self.go_account.dump_ref)
        self.go_account._unlocked().write({"dump_asked_at": self._now() - timedelta(hours=9)})
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.go_account.dump_ref, "the service has forgotten it")

    def test_a_forgotten_dump_is_ordered_anew(self):
        (letter,) = self._send_to("read.a@example.com")
        self._make_due(letter)
        self._run_cron("ir_cron_refresh")
        self.go._dumps.clear()
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.go_account.dump_ref)
        self._age(letter, 1)
        self._read_events(letter)
        self.assertEqual(letter.state, "delivered")

    def test_the_dump_in_place_of_a_lost_one_may_be_forgotten_too(self):
        def lose():
            self.go._dumps.clear()
            self._run_cron("ir_cron_refresh")

        self._lose_half_read(lose)

    @mute_logger(epd_go_events.__name__)
    def test_the_dump_in_place_of_a_lost_one_may_be_damaged_too(self):
        def lose():
            with patch.object(UniSenderGoClient, "read_dump", return_value=b"<html>"):
                self._run_cron("ir_cron_refresh")

        self._lose_half_read(lose)

    def _send_in_turn(self, letters):
        """Let letters have gone an hour, forty and twenty minutes ago, and be due."""
        minutes = dict(zip(letters.mapped("email"), (60, 40, 20), strict=False))
        for got in self.go._letters:  # in the order that they came by several threads
            got["received"] -= 60 * minutes[got["email"]]
        self._shift(letters, sending_at=61)
        self._make_due(letters)

    def _lose_half_read(self, lose):
        """Lose a dump of which a slice was read, and those in its place before a row of them is read."""
        first, second = letters = self._send_to("unknown.a@example.com", "read.b@example.com")
        self._send_in_turn(letters)
        self._run_cron("ir_cron_refresh")
        begun = self.go_account.dump_from
        with patch.multiple(epd_go_events, EVENTS_AT_ONCE=2, READ_WALL=0):
            self._run_cron("ir_cron_refresh")
        self.assertEqual((first.state, second.state), ("bounced", "sent"))
        self.assertFalse(first.next_poll_at, "written once, with what it told")
        letters._unlocked().write({"next_poll_at": False})
        for _dump in range(3):
            lose()
            self.assertFalse(self.go_account.dump_ref)
            self.go_account._unlocked().write({"dump_asked_at": False})
            self._run_cron("ir_cron_refresh")
            self.assertEqual(self.go_account.dump_from, begun)
            self.assertTrue(self.go_account.dump_ref)
        self._read_all_spans()
        self.assertEqual(second.state, "opened")
        self.assertFalse(self.go_account.dump_row)
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.go_account.dump_ref, "read to its end, it is not ordered any more")

    def test_an_update_orders_no_span_that_was_read(self):
        """The version before left the begin of a span where it was read: nothing is asked for by it."""
        account = self.go_account._unlocked()
        begun = self._now() - timedelta(hours=3)
        for vals, kept in (
            ({"dump_ref": False, "dump_row": 0}, False),
            ({"dump_ref": "being read", "dump_row": 0}, begun),
            ({"dump_ref": False, "dump_row": 7}, begun),
        ):
            account.write({"dump_from": begun, "dump_until": self._now(), **vals})
            run_migration(self.env, "19.0.1.5.0/post-dump_spans.py", "19.0.1.4.0")
            self.assertEqual(self.go_account.dump_from, kept)

    def test_a_dump_of_no_events_is_read(self):
        (letter,) = self._send_to("silent.a@example.com")
        self._make_due(letter)
        with patch.object(UniSenderGoClient, "read_dump", return_value=b""):
            self._read_events()
        self.assertFalse(self.go_account.dump_ref)
        self.assertTrue(self.go_account.dump_read_until)

    @mute_logger(epd_go_events.__name__)
    def test_another_file_in_place_of_a_dump_holds_nothing_up(self):
        (letter,) = self._send_to("read.a@example.com")
        self._age(letter, 20)
        with patch.object(UniSenderGoClient, "read_dump", return_value=b"<html>busy</html>"):
            self._read_events(letter)
        self.assertFalse(self.go_account.dump_ref, "another one is ordered")
        self.assertFalse(self.go_account.dump_read_until, "nothing was read")
        self.assertIn("Unisender Go", self.go_account.last_error, "why nothing new is seen")
        self._read_events(letter)
        self.assertEqual(letter.state, "opened")
        self.assertFalse(self.go_account.last_error)

    @mute_logger(epd_go_events.__name__)
    def test_damaged_dumps_are_ordered_ever_more_rarely(self):
        """Each is given back: the service keeps ten, and makes no more then."""
        (letter,) = self._send_to("read.a@example.com")
        self._age(letter, 20)
        self._make_due(letter)
        account, waits = self.go_account, []
        with patch.object(UniSenderGoClient, "read_dump", return_value=b"<html>busy</html>"):
            for number in range(4):
                self._read_events()
                self.assertFalse(self.go._dumps)
                self.assertEqual(account.dump_damaged_count, number + 1)
                asked = account.dump_asked_at
                waits.append(self._wait_for_order(account) - asked)
        self.assertEqual([wait.total_seconds() // 60 for wait in waits], [4, 8, 16, 32])
        account._unlocked().write({"dump_damaged_count": 100})
        asked = account.dump_asked_at = self._now()
        self.assertEqual(self._wait_for_order(account) - asked, timedelta(hours=1))
        self._read_all_spans()
        self.assertEqual(letter.state, "opened")
        self.assertFalse(account.dump_damaged_count)

    @mute_logger(epd_go_events.__name__)
    def test_one_damaged_row_keeps_nothing_else_from_being_read(self):
        """Not what came before it, and not what came after: the shortest span about it is given up."""
        early, gone, late = letters = self._send_to(
            "read.a@example.com", "unknown.b@example.com", "read.c@example.com"
        )
        self._send_in_turn(letters)
        account, whole = self.go_account, UniSenderGoClient.read_dump
        damaged = patch.object(
            UniSenderGoClient,
            "read_dump",
            lambda *args: whole(*args).replace(b"unknown.b@", b'"x"unknown.b@'),
        )
        with damaged:
            self._read_events()
            self.assertEqual((early.state, late.state), ("opened", "sent"))
            account._unlocked().write({"dump_asked_at": False})
            self._read_all_spans(200)
        self.assertEqual((gone.state, late.state), ("sent", "opened"))
        self.assertFalse(account.dump_from or account.dump_damaged_count)
        said = self.env["mail.activity"].search(
            [("res_model", "=", account._name), ("res_id", "=", account.id)]
        )
        self.assertEqual(len(said), 1, "which minutes are not read")

    @mute_logger(epd_go_events.__name__)
    def test_a_file_that_is_not_there_is_ordered_anew_and_nothing_given_up(self):
        (letter,) = self._send_to("read.a@example.com")
        self._age(letter, 20)
        self._make_due(letter)
        account, waits = self.go_account, []
        account._unlocked().write({"dump_span": epd_go_events.SHORTEST_SPAN})
        missing = patch.object(
            UniSenderGoClient, "read_dump", side_effect=DumpMissing("dump_missing", "HTTP 404")
        )
        with missing as asked:
            for number in range(5):
                self._read_events()
                self.assertEqual(asked.call_count, number + 1, "once for each dump")
                self.assertFalse(self.go._dumps or account.dump_ref or account.dump_read_until)
                self.assertEqual(account.dump_span, epd_go_events.SHORTEST_SPAN)
                began = account.dump_asked_at
                waits.append(self._wait_for_order(account) - began)
        self.assertEqual([wait.total_seconds() // 60 for wait in waits], [4, 8, 8, 8, 8])
        self.assertIn("нет на месте", account.last_error)
        self.assertFalse(account.activity_ids, "nothing was given up")
        self._read_all_spans(100)
        self.assertEqual(letter.state, "opened")
        self.assertFalse(account.last_error or account.dump_damaged_count)

    def _wait_for_order(self, account):
        """Let the minutes pass until a dump is due, and return the moment."""
        events, asked = self.env["epd.go.events"], account.dump_asked_at
        for minute in range(1, 100):
            account._unlocked().write({"dump_asked_at": self._now() - timedelta(minutes=minute)})
            if events._is_due(account):
                return asked + timedelta(minutes=minute)
        return self.fail("no dump is ordered any more")

    @mute_logger(epd_go_events.__name__)
    def test_a_dump_that_is_never_made_is_given_back(self):
        (letter,) = self._send_to("read.a@example.com")
        self._age(letter, 20)
        self.go.dump_state = "failed"
        self._read_events(letter)
        self.assertFalse(self.go_account.dump_ref)
        self.assertFalse(self.go._dumps)

    def test_an_account_put_away_is_asked_on(self):
        """An office changed to the other service: what went by this one has its story still."""
        (letter,) = self._send_to("read.a@example.com")
        self._age(letter, 20)
        self.go_account.active = False
        self._read_events(letter)
        self.assertEqual(letter.state, "opened")

    def test_a_full_dump_is_divided(self):
        letters = self._send_over_an_hour()
        self.go.dump_limit = 3
        with patch.object(epd_go_events, "ROWS_A_DUMP", 3):
            self._read_all_spans()
        self.assertEqual(set(letters.mapped("state")), {"delivered"})
        self.assertFalse(self.go_account.dump_span)

    def test_a_dump_that_would_be_full_is_divided_from_the_start(self):
        letters = self._send_over_an_hour()
        with patch.object(epd_go_events, "ROWS_A_DUMP", 10):
            self._read_all_spans()
        self.assertEqual(set(letters.mapped("state")), {"delivered"})
        self.assertEqual(self.go.calls.count("event-dump/create"), 2, "none is read in vain")
        self.assertFalse(self.go_account.dump_span)

    def test_a_dump_plans_the_next_poll_of_all_it_was_ordered_for(self):
        letters = self._send_to(
            "read.a@example.com", "silent.b@example.com", "silent.c@example.com"
        )
        self._age(letters, 20)
        with patch.object(epd_go_events, "LETTERS_AT_ONCE", 1):
            self._read_events(letters)
        self.assertEqual(letters.mapped("poll_count"), [1, 1, 1])
        self.assertGreater(min(letters.mapped("next_poll_at")), self._now())
        self.assertTrue(letters.mailing_id.refreshed_at)

    def _send_over_an_hour(self):
        """Return four letters of the last hour, some minutes apart, that are due to be asked for."""
        letters = self._send_to(*(f"noread.p{number}@example.com" for number in range(4)))
        for number, got in enumerate(self.go._letters):
            got["received"] -= 3600 - 600 * number
        self._shift(letters, sending_at=61)
        self._make_due(letters)
        return letters

    def _read_all_spans(self, runs=40):
        """Run the job until it has had nothing to ask the service for three times in a row."""
        quiet = 0
        for _run in range(runs):
            asked = len(self.go.calls)
            self._run_cron("ir_cron_refresh")
            self.go_account._unlocked().write({"dump_asked_at": False})
            quiet = 0 if len(self.go.calls) > asked else quiet + 1
            if quiet == 3:
                return
        self.fail("it never ends")

    def test_a_full_dump_is_noticed_by_the_run_after_its_last_rows(self):
        letters = self._send_over_an_hour()
        self.go.dump_limit = 3
        with patch.multiple(epd_go_events, ROWS_A_DUMP=3, READ_WALL=0):
            self._read_all_spans()
            self._read_all_spans()
        self.assertEqual(set(letters.mapped("state")), {"delivered"})
        self.assertFalse(self.go_account.dump_span)

    def test_a_dump_too_long_to_be_read_is_divided(self):
        letters = self._send_over_an_hour()
        # what happened to two letters fits, what happened to four does not
        with patch.object(go_client, "DUMP_LIMIT", 1200):
            self._read_all_spans()
        self.assertEqual(set(letters.mapped("state")), {"delivered"})
        self.assertFalse(self.go_account.dump_span)
        self.assertFalse(self.go_account.activity_ids)

    def test_a_span_that_cannot_be_divided_is_passed_over_and_told(self):
        letters = self._send_over_an_hour()
        with (
            patch.object(go_client, "DUMP_LIMIT", 10),
            patch.object(epd_go_events, "SHORTEST_SPAN", 3600),
        ):
            self._read_all_spans()
        self.assertEqual(set(letters.mapped("state")), {"sent"})
        self.assertFalse(self.go_account.dump_ref)
        self.assertGreater(self.go_account.dump_read_until, self._now() - timedelta(hours=1))
        self.assertEqual(len(self.go_account.activity_ids), 1, "a manager is told, once")

    def test_letters_of_other_programs_are_none_of_ours(self):
        (letter,) = self._send_to("read.a@example.com")
        self._age(letter, 1)
        (own,) = self.go._letters
        self.go._letters.append({**own, "job_id": "other-job", "metadata": {}})
        self.go._letters.append(
            {**own, "job_id": "copy-job", "metadata": {"key": "k", "db": "another"}}
        )
        self._read_events(letter)
        events = self.env["epd.letter.event"].search(
            [("unisender_account_id", "=", self.go_account.id)]
        )
        self.assertEqual(set(events.mapped("provider_id")), {letter.provider_id})

    def test_the_button_orders_a_dump(self):
        (letter,) = self._send_to("read.a@example.com")
        self._age(letter, 20)
        letter.mailing_id.action_refresh()
        self.assertTrue(self.go_account.dump_ref)
        self._run_cron("ir_cron_refresh")
        self.assertEqual(letter.state, "opened")

    # --- the suppression list ---------------------------------------------------------------------

    def test_the_suppressed_get_paper_before_the_next_month(self):
        emails = ["a.one@example.com", "b.two@example.com", "c.three@example.com"]
        for account, email in zip(self.accounts, emails, strict=False):
            account.partner_id.email = email
        for email, cause in zip(
            emails, ("unsubscribed", "permanent_unavailable", "temporary_unavailable"), strict=True
        ):
            self.go.suppress(email, cause)
        self._run_cron("ir_cron_refresh")
        states = [account.address_ids[-1].state for account in self.accounts[:3]]
        self.assertEqual(states, ["unsubscribed", "bounced", "active"])
        self.assertTrue(self.accounts[0].activity_ids, "a task to print it")
        self.go.calls.clear()
        self._run_cron("ir_cron_refresh")
        self.assertNotIn("suppression/list", self.go.calls, "once a day")

    def test_a_suppression_list_that_was_not_read_is_read_again(self):
        self.accounts[0].partner_id.email = "a.one@example.com"
        self.go.suppress("a.one@example.com", "unsubscribed")
        for status in (500, 429):
            self.go.fail("code", method="suppression/list", status=status)
            self._run_cron("ir_cron_refresh")
            self.assertFalse(self.go_account.suppression_read_at)
        self._run_cron("ir_cron_refresh")
        self.assertTrue(self.go_account.suppression_read_at)
        self.assertEqual(self.accounts[0].address_ids[-1].state, "unsubscribed")

    def test_a_key_that_may_not_read_the_list_asks_once_a_day(self):
        self.go.fail("code", method="suppression/list", code=105, status=403, times=9)
        for _run in range(2):
            self._run_cron("ir_cron_refresh")
        self.assertEqual(self.go.calls.count("suppression/list"), 1)

    # --- both kinds in one office -----------------------------------------------------------------

    def test_both_accounts_side_by_side(self):
        for number, account in enumerate(self.accounts):
            account.partner_id.email = f"noread.p{number}@example.com"
        half = len(self.documents) // 2
        first = self._make_mailing(self.documents[:half])
        second = self._make_go_mailing(self.documents[half:])
        first.action_send()
        second.action_send()
        self._run_cron()
        self.assertEqual(len(self.fake.letters()), half)
        self.assertEqual(len(self.go.letters()), len(self.documents) - half)
        letters = (first | second).letter_ids
        self.assertEqual(set(letters.mapped("send_state")), {"sent"})
        self.assertEqual(set((first | second).mapped("state")), {"done"})
        self._age(letters, 20)
        self.fake.advance(1200)
        letters._unlocked().write({"next_poll_at": self._now()})
        self._read_events()
        self.assertEqual(set(letters.mapped("state")), {"delivered"})
        for mailing in (first, second):
            self.assertEqual(mailing.delivered_count, len(mailing.letter_ids))
        self.assertEqual(set(self.documents.mapped("delivery_state")), {"delivered"})
        self._check_proof(self.documents)

    def _check_proof(self, documents):
        """The proof says the same of a document, whichever service its letter went by."""
        proof = self.env["epd.presentation.proof"].create({"company_id": self.company.id})
        labels, told = proof._get_labels(), set()
        for one in Presentations(self.env, [("id", "in", documents.ids)]):
            (way,) = one.ways
            described = proof._describe_way(one.document, way, labels)
            told.add((described["how"], *(name for name, _value in described["facts"])))
        self.assertEqual(len(told), 1, told)

    def test_the_other_kind_in_the_middle_of_a_month_sends_nothing_twice(self):
        for number, account in enumerate(self.accounts):
            account.partner_id.email = f"noread.p{number}@example.com"
        first = self._make_mailing(self.documents)
        first.action_send()
        self.fake.per_day = 2
        self._run_cron()
        self.assertEqual(len(self.fake.letters()), 2)
        again = self._make_go_mailing(self.documents)
        self.assertEqual(set(again.letter_ids.mapped("failure_type")), {"already_sent"})
        first.action_cancel()
        rest = self._make_go_mailing(self.documents)
        self._send(rest)
        got = [letter["email"] for letter in (*self.fake.letters(), *self.go.letters())]
        self.assertEqual(len(got), len(set(got)), "nobody twice")
        self.assertEqual(len(got), len(self.documents), "nobody left out")
