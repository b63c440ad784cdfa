import copy
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock, patch

import psycopg2
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger
from odoo.tools.misc import Callbacks
from psycopg2.errors import (
    DivisionByZero,
    InFailedSqlTransaction,
    SerializationFailure,
    UniqueViolation,
)

from ...models.base import statement_beside
from ...models.base.cron_bell import CronBell
from ...models.base.statement_beside import run_beside
from ...models.mailing import epd_letter_event, transaction
from ...models.mailing.epd_letter_facts import EpdLetterFacts
from ...tools.unisender import errors, pool
from ...tools.unisender.webhook import HookEvent
from ..sending_common import SendingCommon

RAW = ("ok_delivered", "ok_read", "ok_link_visited", "err_mailbox_full", "ok_sent")
LOG = "odoo.addons.epd_mailing.models.mailing.epd_letter_event"
FACTS_LOG = "odoo.addons.epd_mailing.models.mailing.epd_letter_facts"


@tagged("post_install", "-at_install", "epd_mailing")
class TestBulkStatuses(SendingCommon):
    """What was said of thousands of letters is read, folded and written together."""

    def setUp(self):
        super().setUp()
        self.mailing = self._make_mailing(self.documents[:0])
        self.now = datetime(2026, 4, 2, 12)

    def _make_letters(self, count, tag="a"):
        sent_at = self.now - timedelta(hours=2)
        return (
            self.env["epd.mailing.letter"]
            .sudo()
            ._unlocked()
            .create(
                [
                    {
                        "mailing_id": self.mailing.id,
                        "company_id": self.company.id,
                        "unisender_account_id": self.unisender.id,
                        "email": f"{tag}{number}@example.com",
                        "email_normalized": f"{tag}{number}@example.com",
                        "letter_key": f"{tag}-{number}",
                        "provider_id": f"{tag}{number}",
                        "send_state": "sent",
                        "sending_at": sent_at,
                        "sent_at": sent_at,
                    }
                    for number in range(count)
                ]
            )
        )

    def _make_event(self, letter, raw, moment=None, **vals):
        moment = moment or self.now
        return HookEvent(
            **{
                "event_name": "email_status",
                "provider_id": letter.provider_id,
                "email": letter.email,
                "status": raw,
                "event_time": f"{moment:%Y-%m-%d %H:%M:%S}",
                "event_at": moment.replace(tzinfo=UTC),
                "metadata": {"key": letter.letter_key},
                **vals,
            }
        )

    def _count(self, work):
        """Return how many statements a work takes from a cold cache, all written."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        work()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    # --- statements -------------------------------------------------------------------------------

    def test_statements_do_not_grow_with_the_letters(self):
        facts = self.env["epd.letter.facts"]

        def apply(letters, source):
            facts._apply_statuses(
                [
                    (letter, RAW[number % 5], self.now + timedelta(seconds=number), source)
                    for number, letter in enumerate(letters)
                ]
            )

        for source in ("poll", "webhook"):
            apply(self._make_letters(5, f"warm-{source}-"), source)
            few, many = (
                self._make_letters(5, f"few-{source}-"),
                self._make_letters(250, f"many-{source}-"),
            )
            self.assertEqual(
                self._count(lambda few=few, source=source: apply(few, source)),
                self._count(lambda many=many, source=source: apply(many, source)),
                source,
            )

    def test_statements_of_reported_events(self):
        def read(letters):
            events = [self._make_event(one, raw) for one in letters for raw in RAW[:3]]
            self.env["epd.letter.event"]._store(self.unisender, events)
            self.env["epd.letter.event"]._read_slice(2000)

        read(self._make_letters(3, "warm"))
        few, many = self._make_letters(3, "few"), self._make_letters(150, "many")
        self.assertEqual(self._count(lambda: read(few)), self._count(lambda: read(many)))
        self.assertEqual(set(many.mapped("state")), {"read"})

    def _read_rows(self, letters, statuses=RAW[:3]):
        events = [self._make_event(one, raw) for one in letters for raw in statuses]
        return self.env["epd.letter.event"]._get_reader(self.unisender, "dump")(events)

    def test_statements_of_a_dump(self):
        def read(letters):
            self.env["epd.letter.event"]._keep(self.unisender, self._read_rows(letters))

        read(self._make_letters(3, "warm"))
        few, many = self._make_letters(3, "few"), self._make_letters(150, "many")
        self.assertEqual(self._count(lambda: read(few)), self._count(lambda: read(many)))
        self.assertEqual(set(many.mapped("state")), {"read"})
        self.assertEqual(len(many.event_ids), 450)

    def test_an_event_without_a_time_is_kept_once(self):
        (letter,) = self._make_letters(1, "timeless")
        event = self._make_event(letter, "ok_delivered", event_time="", event_at=None)
        log = self.env["epd.letter.event"]
        for _time in range(2):
            log._keep(self.unisender, log._get_reader(self.unisender, "dump")([event]))
        self.assertEqual(len(letter.event_ids), 1)
        self.assertEqual(letter.state, "delivered")

    def test_an_event_without_an_id_is_kept_once(self):
        """Known by our key alone, of a letter or of none; by the dump, by calls, and by one after the other."""
        letters, log = self._make_letters(3, "nameless"), self.env["epd.letter.event"]
        events = [
            self._make_event(letter, raw, provider_id="") for letter in letters for raw in RAW[:2]
        ]
        events.append(self._make_event(letters[0], RAW[0], provider_id="", metadata={"key": "x"}))
        events.append(self._make_event(letters[0], RAW[0], provider_id="y", metadata={"key": "x"}))
        before = log.search_count([])
        for _time in range(2):
            log._keep(self.unisender, log._get_reader(self.unisender, "dump")(events[:4]))
        for _time in range(2):
            log._store(self.unisender, events)
            self._run_cron("ir_cron_events")
        log._keep(self.unisender, log._get_reader(self.unisender, "dump")(events))
        self.assertEqual([len(letter.event_ids) for letter in letters], [2, 2, 2])
        self.assertEqual(log.search_count([]) - before, len(events))
        self.assertEqual(set(letters.mapped("state")), {"opened"})
        # the same word at another moment is another event, and so is that of another account
        account = self.unisender.copy({"name": "Another"})
        later = self._make_event(letters[0], RAW[0], self.now + timedelta(hours=1), provider_id="")
        log._store(self.unisender, [later])
        log._store(account, events[:1])
        self.assertEqual(log.search_count([]) - before, len(events) + 2)

    def test_a_call_without_a_time_is_kept_once(self):
        (letter,) = self._make_letters(1, "timeless")
        event = self._make_event(letter, "ok_delivered", event_time="", event_at=None)
        for _time in range(2):
            self.env["epd.letter.event"]._store(self.unisender, [event])
            self._run_cron("ir_cron_events")
        self.assertEqual((len(letter.event_ids), letter.state), (1, "delivered"))

    def test_a_row_that_two_make_at_once_has_the_step_done_again(self):
        """A dump and a call that both inform a manager of the account: each makes the same follower."""
        env, pause = Mock(), patch.object(transaction.time, "sleep")
        work = Mock(side_effect=[UniqueViolation, SerializationFailure, "done"])
        with pause:
            self.assertEqual(transaction.in_transaction(env, work), "done")
        self.assertEqual((env.cr.rollback.call_count, env.cr.commit.call_count), (2, 1))
        work.side_effect = UniqueViolation
        with pause, self.assertRaises(UniqueViolation):  # one that stands there for good
            transaction.in_transaction(env, work)
        self.assertEqual(env.cr.commit.call_count, 1)

    def test_what_fails_behind_the_commit_has_nothing_done_again(self):
        """Odoo sends the mail of a message there: the message stands, and is not written once more."""
        env, hooks, done = Mock(), Callbacks(), []
        env.cr.postcommit = hooks
        env.cr.commit.side_effect = hooks.run
        env.cr.rollback.side_effect = hooks.clear

        def clash():
            raise SerializationFailure

        def work():
            hooks.add(clash)
            hooks.add(lambda: done.append("behind"))
            done.append("work")
            return "done"

        with mute_logger(transaction.__name__):
            self.assertEqual(transaction.in_transaction(env, work), "done")
        self.assertEqual((done, env.cr.rollback.call_count), (["work"], 0))
        env.cr.commit()  # of the next step
        self.assertEqual(done, ["work", "behind"])

    # --- whose an event is, where it names two letters --------------------------------------------

    def _tell(self, way, events):
        log = self.env["epd.letter.event"]
        if way == "dump":
            log._keep(self.unisender, log._get_reader(self.unisender, "dump")(events))
        else:
            log._store(self.unisender, events)
            self._run_cron("ir_cron_events")

    def test_the_id_of_one_letter_with_the_key_of_another_is_of_neither(self):
        for way in ("dump", "webhook"):
            first, second, unsent = letters = self._make_letters(3, way)
            unsent.write({"provider_id": False, "send_state": "unknown"})
            strange = [
                self._make_event(first, "ok_read", metadata={"key": second.letter_key}),
                self._make_event(second, "err_user_unknown", metadata={"key": unsent.letter_key}),
            ]
            self._tell(way, strange)
            with self.subTest(way):
                self.assertEqual(letters.mapped("state"), ["sent", "sent", "unknown"])
                self.assertFalse(letters.event_ids)
                kept = self.env["epd.letter.event"].search(
                    [("provider_id", "in", (first | second).mapped("provider_id"))]
                )
                self.assertEqual(len(kept), 2, "nothing that was told is lost")
                self._tell(way, [self._make_event(first, "ok_delivered")])
                # an id alone, as the classic service tells it, or with a key of no letter; and a key alone
                self._tell(way, [self._make_event(second, "ok_delivered", metadata={})])
                self._tell(way, [self._make_event(second, "ok_read", metadata={"key": "none"})])
                self._tell(
                    way, [self._make_event(unsent, "ok_delivered", provider_id=f"{way} new")]
                )
                self.assertEqual(letters.mapped("state"), ["delivered", "opened", "delivered"])

    def test_letters_that_the_service_gave_one_id_are_told_apart_by_their_keys(self):
        for way in ("dump", "webhook"):
            first, second = letters = self._make_letters(2, way)
            letters.write({"provider_id": f"{way} twice"})
            self._tell(way, [self._make_event(first, "ok_read")])
            self._tell(way, [self._make_event(second, "err_user_unknown")])
            with self.subTest(way):
                self.assertEqual(letters.mapped("state"), ["opened", "bounced"])

    # --- what is written while Python goes on -----------------------------------------------------

    def test_an_event_kept_meanwhile_has_the_slice_kept_anew(self):
        log, letters = self.env["epd.letter.event"], self._make_letters(5, "clash")
        rows = self._read_rows(letters)
        told = copy.deepcopy(rows)
        log._keep(self.unisender, self._read_rows(letters[2], RAW[:1]))
        # another transaction's event, which this one cannot see
        blind = patch.object(type(log), "_drop_known", lambda _self, _account, rows: rows)
        with self.assertRaises(SerializationFailure), self.cr.savepoint(), blind:
            with mute_logger("odoo.sql_db"):
                log._keep(self.unisender, rows)
        self.env.invalidate_all()
        self.assertEqual(letters[0].state, "sent")
        self.assertEqual(rows, told)
        log._keep(self.unisender, rows)
        self.assertEqual(set(letters.mapped("state")), {"read"})
        self.assertEqual([len(letter.event_ids) for letter in letters], [3] * 5)

    def test_the_statement_beside_is_the_one_that_is_blamed(self):
        ask, log = "SELECT 1 / 0", self.assertLogs(statement_beside.__name__)
        with self.assertRaises(DivisionByZero), self.cr.savepoint(flush=False), log as said:
            with run_beside(self.env, SQL(ask)):
                self.cr.execute("SELECT 1", log_exceptions=False)
        self.assertIn("division by zero", said.output[0])
        with self.assertRaises(ValueError), self.cr.savepoint(flush=False):
            with run_beside(self.env, SQL("SELECT 1")):
                raise ValueError("of the body")
        self.cr.execute("SELECT 2")
        self.assertEqual(self.cr.fetchone(), (2,))

    def test_a_body_that_failed_before_the_statement_began_is_blamed(self):
        """Of few rows the body is done so soon that it may come to the database first."""

        class Late(ThreadPoolExecutor):
            """Begins with what it was given when it is asked for the answer."""

            def submit(self, *work):
                begin = super().submit
                return Mock(result=lambda: begin(*work).result())

        late = patch.object(statement_beside, "ThreadPoolExecutor", Late)
        with late, self.assertRaises(DivisionByZero), self.cr.savepoint(flush=False):
            with run_beside(self.env, SQL("SELECT 1")):
                self.cr.execute("SELECT 1 / 0", log_exceptions=False)
        with late, self.assertRaises(InFailedSqlTransaction), self.cr.savepoint(flush=False):
            with run_beside(self.env, SQL("SELECT 1")), suppress(DivisionByZero):
                self.cr.execute("SELECT 1 / 0", log_exceptions=False)

    def test_one_report_or_all_together_come_to_the_same(self):
        alone, together = self._make_letters(5, "alone"), self._make_letters(5, "together")
        names = [
            *self.env["epd.mailing.letter"]._fact_fields,
            "state",
            "sent_at",
            "failure_type",
            "failure_reason",
            "contact_at",
        ]

        def tell(letters):
            return [
                (letter, raw, self.now + timedelta(minutes=7 * place - number), source)
                for place, raw in enumerate(("ok_read", "err_will_retry", *RAW))
                for number, letter in enumerate(letters)
                for source in ("poll", "webhook")[number % 2 :]
            ]

        facts = self.env["epd.letter.facts"]
        for fact in tell(alone):
            facts._apply_statuses([fact])
        facts._apply_statuses(tell(together))
        self.env.invalidate_all()
        for one, other in zip(alone, together, strict=True):
            for name in names:
                self.assertEqual(one[name], other[name], name)
            self.assertEqual(len(one.event_ids), len(other.event_ids))
        self.assertEqual(set(together.mapped("state")), {"read"})

    # --- the writing ------------------------------------------------------------------------------

    def test_each_row_gets_its_own_and_keeps_the_rest(self):
        first, second, third = self._make_letters(3)
        third._unlocked().write({"poll_count": 5})
        self.env["epd.mailing.letter"]._unlocked()._write_each(
            {
                first: {"poll_count": 1},
                second: {"delivered_at": self.now, "delivered_source": "poll"},
                third: {"delivered_at": False},
            }
        )
        self.env.invalidate_all()
        self.assertEqual([one.poll_count for one in (first, second, third)], [1, 0, 5])
        self.assertEqual((second.delivered_at, second.state), (self.now, "delivered"))
        self.assertFalse(first.delivered_at or third.delivered_at)

    def test_guarded_fields_stay_guarded(self):
        letter = self.env["epd.mailing.letter"].browse(self._make_letters(1).id).sudo()
        with self.assertRaises(UserError):
            letter._write_each({letter: {"send_state": "pending"}})

    # --- calls of the webhook ---------------------------------------------------------------------

    def test_a_call_only_keeps_what_it_reports(self):
        letter = self._make_letters(1)
        self.env["epd.letter.event"]._store(
            self.unisender, [self._make_event(letter, "ok_delivered")] * 2
        )
        event = self.env["epd.letter.event"].search([("provider_id", "=", letter.provider_id)])
        self.assertEqual((len(event), event.is_waiting, letter.state), (1, True, "sent"))
        self._run_cron("ir_cron_events")
        self.assertEqual((event.is_waiting, event.letter_id), (False, letter))
        self.assertEqual((letter.state, letter.delivered_source), ("delivered", "webhook"))
        self.env["epd.letter.event"]._store(
            self.unisender, [self._make_event(letter, "ok_delivered")]
        )
        self.assertEqual(len(letter.event_ids), 1, "a repeat is none")

    def test_a_job_that_dies_leaves_all_that_it_has_not_read(self):
        letters = self._make_letters(5)
        events = [self._make_event(letter, "ok_delivered") for letter in letters]
        self.env["epd.letter.event"]._store(self.unisender, events)
        original, calls = EpdLetterFacts._match_events, []

        def die(facts, found, done=None):
            calls.append(len(found))
            if len(calls) == 2:
                original(facts, found, done)
                raise SystemExit
            return original(facts, found, done)

        with (
            patch.object(epd_letter_event, "READ_AT_ONCE", 2),
            patch.object(EpdLetterFacts, "_match_events", die),
            self.assertRaises(SystemExit),
            self.cr.savepoint(),
        ):
            self.env["epd.letter.event"]._read_slice(2)
            self.env["epd.letter.event"]._read_slice(2)
        self.env.invalidate_all()
        waiting = self.env["epd.letter.event"].search_count([("is_waiting", "=", True)])
        self.assertEqual((waiting, set(letters.mapped("state"))), (5, {"sent"}))
        with patch.object(epd_letter_event, "READ_AT_ONCE", 2):
            self._run_cron("ir_cron_events")
        self.assertEqual(set(letters.mapped("state")), {"delivered"})
        self.assertFalse(self.env["epd.letter.event"].search_count([("is_waiting", "=", True)]))

    @mute_logger(LOG)
    def test_one_event_does_not_stop_the_others(self):
        letters = self._make_letters(5)
        events = [self._make_event(letter, "ok_delivered") for letter in letters]
        self.env["epd.letter.event"]._store(self.unisender, events)
        original = EpdLetterFacts._match_events

        def fail(facts, found, done=None):
            if letters[2].provider_id in found.mapped("provider_id"):
                raise ValueError("odd")
            return original(facts, found, done)

        with patch.object(EpdLetterFacts, "_match_events", fail):
            self._run_cron("ir_cron_events")
        self.assertEqual(letters.mapped("state"), ["delivered"] * 2 + ["sent"] + ["delivered"] * 2)
        odd = self.env["epd.letter.event"].search([("provider_id", "=", letters[2].provider_id)])
        self.assertIn("ValueError", odd.note)
        self.assertFalse(odd.is_waiting, "kept, and looked at again with those without a letter")
        self._run_cron("ir_cron_refresh")
        self.assertEqual(letters[2].state, "delivered")

    @mute_logger(LOG)
    def test_an_odd_event_is_found_in_halves_and_the_rest_goes_on_in_big_slices(self):
        letters = self._make_letters(200)
        events = [self._make_event(letter, "ok_delivered") for letter in letters]
        self.env["epd.letter.event"]._store(self.unisender, events)
        original, sizes = EpdLetterFacts._match_events, []

        def fail(facts, found, done=None):
            sizes.append(len(found))
            if letters[70].provider_id in found.mapped("provider_id"):
                raise ValueError("odd")
            return original(facts, found, done)

        with (
            patch.object(epd_letter_event, "READ_AT_ONCE", 64),
            patch.object(EpdLetterFacts, "_match_events", fail),
        ):
            self._run_cron("ir_cron_events")
        self.assertEqual(set((letters - letters[70]).mapped("state")), {"delivered"})
        # 64, the odd one in halves and once more, then big ones again
        self.assertEqual(sizes, [64, 64, 32, 16, 8, 4, 2, 1, 1, 64, 64, 1, 0])

    @mute_logger(LOG)
    def test_what_fails_once_is_not_put_aside(self):
        """A fault that passes, or another event that is the first by then, costs no event."""
        letter = self._make_letters(1)
        self.env["epd.letter.event"]._store(
            self.unisender, [self._make_event(letter, "ok_delivered")]
        )
        original, calls = EpdLetterFacts._match_events, []

        def fail_once(facts, found, done=None):
            calls.append(len(found))
            if len(calls) == 1:
                raise ValueError("passing")
            return original(facts, found, done)

        with (
            patch.object(epd_letter_event, "READ_AT_ONCE", 1),
            patch.object(EpdLetterFacts, "_match_events", fail_once),
        ):
            self._run_cron("ir_cron_events")
        self.assertEqual((letter.state, letter.event_ids.note), ("delivered", False))

    @mute_logger("odoo.addons.epd_mailing.models.base.cron_bell")
    def test_a_bell_rings_again_after_a_thread_could_not_be_had(self):
        bell = CronBell()
        with patch.object(threading.Thread, "start", side_effect=[RuntimeError("no room"), None]):
            bell.ring("a")
            bell.ring("b")
        self.assertEqual((bell._asked, bell._is_running), ({"b"}, True))

    def test_calls_in_a_crowd_leave_a_trigger_each_and_wake_nobody_before_their_commit(self):
        cron = self.env.ref("epd_mailing.ir_cron_events")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        letters = self._make_letters(2)
        with patch.object(CronBell, "ring") as ring:
            for letter in letters:
                self.env["epd.letter.event"]._store(
                    self.unisender, [self._make_event(letter, "ok_read")]
                )
            left = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers
            self.assertEqual((len(left), ring.call_count), (2, 0))
            self.cr.postcommit.run()
        self.assertEqual(ring.call_count, 2)
        cron.active = False
        self.env["epd.letter.event"]._store(
            self.unisender, [self._make_event(letters[0], "ok_delivered")]
        )
        self.env.invalidate_all()
        self.assertEqual(
            self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers, left
        )

    def test_a_text_too_long_for_an_index_costs_the_call_nothing(self):
        letter = self._make_letters(1)
        # no compression makes it short
        long = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(500))
        events = [
            self._make_event(letter, "ok_read", **vals)
            for vals in (
                {"provider_id": long},
                {"provider_id": "1", "metadata": {"key": long}},
                {"provider_id": "2", "event_time": long, "event_at": None},
                {"provider_id": "3", "email": long, "metadata": {}},
                {"provider_id": "4", "status": long, "metadata": {}},
            )
        ]
        self.env["epd.letter.event"]._store(
            self.unisender, [*events, self._make_event(letter, "ok_delivered")]
        )
        self._run_cron("ir_cron_events")
        self.assertEqual((letter.delivered_at, letter.delivered_source), (self.now, "webhook"))
        kept = self.env["epd.letter.event"].search_count([("unisender_account_id", "!=", False)])
        self.assertGreaterEqual(kept, 6, "what is cut is kept")

    def test_documents_are_written_along_with_their_letters(self):
        letters, documents = self._make_letters(2), self.documents[:2]
        for letter, document in zip(letters, documents, strict=True):
            letter.document_id = document
        self.env.flush_all()
        facts = [
            (letter, raw, self.now, "webhook")
            for letter, raw in zip(letters, ("ok_delivered", "ok_read"), strict=True)
        ]
        self.env["epd.letter.facts"]._apply_statuses(facts)
        self.cr.execute(
            "SELECT delivery_state FROM epd_payment_document WHERE id IN %s ORDER BY id",
            (tuple(documents.ids),),
        )
        self.assertEqual(self.cr.fetchall(), [("delivered",), ("opened",)], "nothing is left over")
        self.assertEqual(documents.mapped("delivery_state"), ["delivered", "opened"])

    # --- whose an event is ------------------------------------------------------------------------

    def test_events_are_seen_by_their_company_alone(self):
        letter = self._make_letters(1)
        stranger = self._make_event(letter, "ok_read", provider_id="other", metadata={})
        events = self.env["epd.letter.event"]
        events._store(self.unisender, [self._make_event(letter, "ok_delivered"), stranger])
        letter._log_decision("Looked at")
        # a letter that no account was chosen for yet
        letter.event_ids[0]._unlocked().write({"unisender_account_id": False})
        self._run_cron("ir_cron_events")
        mine = events.search([("raw_status", "in", ("ok_read", "ok_delivered", "decision"))])
        self.assertEqual((len(mine), mine.company_id), (3, self.company))
        seen = events.with_user(self.operator)
        self.assertEqual(seen.search([("id", "in", mine.ids)]), mine)
        self.assertEqual(seen.search([("company_id", "=", self.company.id)]) & mine, mine)
        other = self.env["res.company"].create({"name": "УК «Чужая»"})
        self.assertFalse(events.search([("company_id", "=", other.id), ("id", "in", mine.ids)]))
        self.assertEqual(
            events.search([("company_id", "!=", other.id), ("id", "in", mine.ids)]), mine
        )
        nobodys = events.sudo().create({"raw_status": "ok_read", "source": "person"})
        own = [("id", "in", (mine | nobodys).ids)]
        for condition, found in (
            (("company_id", "=", False), nobodys),
            (("company_id", "!=", False), mine),
            (("company_id", "in", [False, self.company.id]), mine | nobodys),
            (("company_id", "not in", [False, other.id]), mine),
        ):
            self.assertEqual(events.search([condition, *own]), found, condition)
            self.assertEqual((mine | nobodys).filtered_domain([condition]), found, condition)
        for table in ("epd_unisender_account", "epd_mailing_letter"):
            self.env.cr.execute(
                SQL("UPDATE %s SET company_id = %s", SQL.identifier(table), other.id)
            )
        self.env.invalidate_all()
        self.assertFalse(seen.search([("id", "in", mine.ids)]))
        with self.assertRaises(AccessError):
            seen.browse(mine.ids).read(["raw_status"])

    def test_an_account_that_letters_went_by_stays_in_its_office(self):
        """Whoever sees the account sees what became of its letters, and their addresses."""
        other = self.env["res.company"].create({"name": "УК «Чужая»"})
        letter = self._make_letters(1)
        self.env["epd.letter.event"]._store(self.unisender, [self._make_event(letter, "ok_read")])
        with self.assertRaisesRegex(UserError, "another company"):
            self.unisender.company_id = other
        unused = self.unisender.copy({"name": "Unused"})
        unused.company_id = other
        self.assertEqual(unused.company_id, other)
        self.mailing.unisender_account_id = unused.copy({"company_id": self.company.id})
        with self.assertRaisesRegex(UserError, "another company"):
            self.mailing.unisender_account_id.company_id = other
        self.unisender.company_id = self.company

    def test_an_account_that_events_are_of_is_not_deleted(self):
        account = self.unisender.copy({"name": "Deleted"})
        event = self._make_event(self._make_letters(1), "ok_read", provider_id="1", metadata={})
        self.env["epd.letter.event"]._store(account, [event])
        with self.assertRaisesRegex(UserError, "not deleted"):
            account.unlink()
        self.unisender.copy({"name": "Unused"}).unlink()

    def test_a_letter_that_events_are_of_is_not_deleted(self):
        letters = self._make_letters(2)
        letters.write({"send_state": "pending", "sending_at": False, "sent_at": False})
        letters[0]._log_decision("Looked at")
        with self.assertRaisesRegex(UserError, "not deleted"):
            letters[0].unlink()
        letters[1].unlink()

    # --- an event that cannot be applied ----------------------------------------------------------

    def _poison(self, *letters):
        """Keep an event for each letter, and let those of the first one fail whoever applies them."""
        events = [self._make_event(letter, "ok_delivered") for letter in letters]
        self.env["epd.letter.event"]._store(self.unisender, events)
        original = EpdLetterFacts._match_events

        def fail(facts, found, done=None):
            if letters[0].letter_key in found.mapped("letter_key"):
                raise ValueError("odd")
            return original(facts, found, done)

        return patch.object(EpdLetterFacts, "_match_events", fail)

    @mute_logger(LOG, FACTS_LOG)
    def test_an_odd_event_does_not_stop_the_polling(self):
        odd, late = self._make_letters(2)
        late._unlocked().write({"next_poll_at": self.now})
        with self._poison(odd):
            self._run_cron("ir_cron_events")
            self._run_cron("ir_cron_refresh")
        self.assertTrue(late.poll_count, "statuses are asked all the same")

    @mute_logger(LOG, FACTS_LOG)
    def test_an_odd_event_does_not_lose_what_the_service_answered(self):
        mailing = self._make_mailing()
        letters = mailing.letter_ids.filtered(lambda letter: letter.send_state == "pending")
        with self._poison(letters[0]):
            self._send(mailing)
        self.assertEqual(set(letters.mapped("send_state")), {"sent"})
        self.assertEqual(len(self.fake.letters()), len(letters))

    # --- a letter in the queue that the service knows ---------------------------------------------

    def test_a_letter_in_the_queue_that_the_service_knows_goes_no_more(self):
        """The database is of a backup: the service tells of letters that it has not sent by now."""
        mailing = self._make_mailing()
        known, claimed, other = mailing.letter_ids.filtered(
            lambda letter: letter.send_state == "pending"
        )
        claimed._unlocked()._move("claimed", claim_token="x", lease_until=self._now())
        self.env["epd.letter.event"]._store(
            self.unisender,
            [
                self._make_event(letter, raw, provider_id=provider_id)
                for letter, raw, provider_id in (
                    (known, "ok_delivered", "501"),
                    (claimed, "err_user_unknown", "502"),
                )
            ],
        )
        self._run_cron("ir_cron_events")
        self.assertEqual((known.state, claimed.state), ("delivered", "bounced"))
        self.assertEqual(set((known | claimed).mapped("settled_by")), {"event"})
        self.assertFalse(claimed.claim_token or claimed.lease_until)
        self._send(mailing)
        self.assertEqual([one["email"] for one in self.fake.letters()], [other.email])
        self.assertEqual(mailing.state, "done")

    def test_an_event_is_believed_more_than_not_taken(self):
        mailing = self._make_mailing(self.documents[0])
        letter = mailing.letter_ids
        letter._unlocked()._move("claimed")
        letter._unlocked()._move("sending", sending_at=self._now(), attempts=1)
        self.env["epd.letter.event"]._store(
            self.unisender, [self._make_event(letter, "ok_sent", provider_id="501")]
        )
        self._run_cron("ir_cron_events")
        self.assertEqual((letter.send_state, letter.provider_id), ("sending", "501"))
        error = errors.RetryLater("retry_later", "not now")
        letter._write_outcomes({letter.id: pool.Outcome("retry", None, error)})
        self.assertEqual((letter.send_state, letter.provider_id), ("sent", "501"))

    # --- calls at the same moment -----------------------------------------------------------------

    def test_a_call_does_not_wait_for_the_accounts_row(self):
        """A second call at the same moment notes nothing, instead of being begun anew by Odoo."""
        original = type(self.cr).execute

        def clash(cr, query, params=None, log_exceptions=True):
            if "SKIP LOCKED" in str(query) and "epd_unisender_account" in str(query):
                raise psycopg2.errors.SerializationFailure
            return original(cr, query, params, log_exceptions)

        self.unisender._unlocked().write({"webhook_called_at": False})
        self.env.flush_all()
        with self.enter_registry_test_mode():
            with patch.object(type(self.cr), "execute", clash):
                self.unisender._note_webhook_call()
            self.unisender.invalidate_recordset()
            self.assertFalse(self.unisender.webhook_called_at)
            self.unisender._note_webhook_call()
        self.unisender.invalidate_recordset()
        self.assertTrue(self.unisender.webhook_called_at)
