"""A copy of the database, or an old state put back, sends nothing until a manager says it may."""

from pathlib import Path

from odoo.addons.epd_mailing.models.service.epd_database_home import MARK_FILE, HomeMark
from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged
from odoo.tools import config

from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestHome(SendingCommon):
    def setUp(self):
        super().setUp()
        self.mark_file = Path(config.filestore(self.env.cr.dbname)) / MARK_FILE
        self.mark = self.mark_file.read_text()
        self.addCleanup(self.mark_file.write_text, self.mark)

    def _become(self, kind):
        """Make this database a copy of the one that the key was entered in."""
        home = self.unisender.sudo().home
        if kind == "uuid":
            self.env["ir.config_parameter"].set_param("database.uuid", "another")
        elif kind == "no filestore":
            self.mark_file.unlink()
        elif kind == "new filestore":
            self.mark_file.write_text("0" * 32)
        elif kind == "no home":  # the key was put there past the form
            self.unisender._unlocked().write({"home": False})
        else:
            self.unisender._unlocked().write({"home": home | {kind: "another"}})

    def _get_activities(self):
        return self.unisender.activity_ids

    def test_the_key_remembers_its_database(self):
        home = self.unisender.sudo().home
        self.assertEqual(home["database"], self.env.cr.dbname)
        self.assertEqual(home["filestore"], self.mark)
        self.assertTrue(home["uuid"] and home["place"])
        self.assertFalse(HomeMark(self.env).find_differences(home))
        self.assertFalse(self.unisender.home_problem)
        self._send()
        self.assertEqual(len(self.fake.letters()), 3)

    def test_a_copy_sends_nothing_and_says_so_once(self):
        # the last one's parameter stays in a cache that knows no savepoint
        for kind in ("database", "no filestore", "new filestore", "place", "no home", "uuid"):
            with self.subTest(kind=kind), self.env.cr.savepoint() as savepoint:
                mailing = self._make_mailing()
                mailing._send_test_letter("clerk@example.com", self.documents[0].id)
                mailing.action_send()
                self._become(kind)
                for _run in range(3):
                    self._run_cron()
                    self._run_cron("ir_cron_refresh")
                self.assertFalse(self.fake.calls, "not one call of any kind")
                states = set((mailing.letter_ids | mailing.test_letter_ids).mapped("send_state"))
                self.assertEqual(states, {"pending", "skipped"})
                self.assertRegex(mailing.wait_reason, "copy|копия")
                self.assertEqual(len(self._get_activities()), 1)
                self.assertRegex(self._get_activities().note, "Working Database|рабочая база")
                self.assertEqual(self._get_activities().user_id, self.manager)
                savepoint.rollback()
                self.mark_file.write_text(self.mark)
                self.env.invalidate_all()

    def test_no_button_goes_round_it(self):
        mailing = self._make_mailing()
        self._become("uuid")
        account = self.unisender.with_user(self.manager)
        for call in (
            mailing.action_send,
            lambda: mailing._send_test_letter("clerk@example.com", self.documents[0].id),
            account.action_check_connection,
            account.action_webhook_on,
            account._get_lists,
            lambda: account._create_list("x"),
        ):
            with self.assertRaisesRegex(UserError, "copy"):
                call()
        self.assertFalse(self.fake.calls)

    def test_a_manager_says_once_that_it_is_the_working_one(self):
        mailing = self._make_mailing()
        mailing.action_send()
        self._become("place")
        self._run_cron()
        with self.assertRaises(AccessError):
            self.unisender.with_user(self.operator).action_confirm_home()
        self.assertTrue(self.unisender.home_problem)
        account = self.unisender.with_user(self.manager)
        account.action_confirm_home()
        self.assertFalse(account.home_problem)
        self.assertFalse(self.unisender.stranger_since)
        self.assertFalse(self._get_activities())
        said = " ".join(self.unisender.message_ids.mapped("body"))
        self.assertIn(f"{self.manager.name} confirmed", said)
        self._run_cron()
        self.assertEqual(len(self.fake.letters()), 3)
        self.assertEqual(mailing.state, "done")
        self.assertFalse(mailing.wait_reason)

    def test_a_key_that_is_typed_anew_belongs_here(self):
        self._become("uuid")
        self.unisender.with_user(self.manager).api_key_input = "another"
        self.assertFalse(self.unisender.home_problem)

    def test_the_filestore_gets_its_mark(self):
        self.mark_file.unlink()
        self.assertEqual(HomeMark(self.env).get_mark()["filestore"], "")
        made = HomeMark(self.env).get_mark(make=True)["filestore"]
        self.assertEqual(len(made), 32)
        self.assertEqual(HomeMark(self.env).get_mark(make=True)["filestore"], made)
        self.assertEqual(self.mark_file.stat().st_mode & 0o077, 0)

    def test_neutralize(self):
        mailing = self._make_mailing()
        mailing._send_test_letter("clerk@example.com", self.documents[0].id)
        mailing.action_send()
        self.env.flush_all()
        for query in get_neutralization_queries(["epd_mailing"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertFalse(self.unisender.has_api_key)
        self.assertEqual((self.unisender.state, self.unisender.webhook_state), ("draft", "off"))
        self.assertEqual(mailing.state, "paused")
        self._run_cron()
        self.assertFalse(self.fake.calls)
