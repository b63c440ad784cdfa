from unittest.mock import patch

import psycopg2
from odoo.exceptions import AccessError, UserError
from odoo.models import BaseModel
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.base import bulk_rows
from ...models.mailing.epd_mailing_letter import EpdMailingLetter
from ...models.mailing.letter_writer import LetterWriter
from ..sending_common import SendingCommon

# what differs each time
OWN = {"id", "letter_key"}


@tagged("post_install", "-at_install", "epd_mailing")
class TestLettersTogether(SendingCommon):
    """Thousands of letters made in one statement are what Odoo's ``create`` makes of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accounts |= cls._make_kinds()
        cls.documents |= cls._make_documents(cls.accounts - cls.documents.account_id)
        cls.letters = cls.env["epd.mailing.letter"].sudo()._unlocked()
        # one has its letter already
        cls._make_mailing(cls.documents[:1])
        cls._break_kinds()

    @classmethod
    def _make_kinds(cls):
        """Make an account for each kind of answer that there is to «who gets this»."""
        accounts = cls.env["epd.personal.account"].create(
            [
                {
                    "number": f"00{number}",
                    "building_id": cls.building.id,
                    "company_id": cls.company.id,
                    "premises": str(number),
                    "area": 38.4,
                    "residents": 1,
                    "partner_id": cls.env["res.partner"]
                    .create({"name": f"Жилец {number}", "email": f"payer{number}@example.com"})
                    .id,
                }
                for number in range(201, 209)
            ]
        )
        cls._make_charges(accounts)
        return accounts

    @classmethod
    def _break_kinds(cls):
        closed, bounced, unsubscribed, misspelt, paper, moved, lost, two = cls.accounts[4:]
        cls.env["epd.delivery.address"].create({"account_id": two.id, "email": "two@example.com"})
        cls.env.flush_all()
        states = (("closed", closed), ("bounced", bounced), ("unsubscribed", unsubscribed))
        for state, account in states:
            cls.cr.execute(
                "UPDATE epd_delivery_address SET state = %s WHERE account_id = %s",
                (state, account.id),
            )
        cls.cr.execute(
            "UPDATE epd_delivery_address SET email = 'no address', email_normalized = NULL"
            " WHERE account_id = %s",
            (misspelt.id,),
        )
        cls.cr.execute(
            "UPDATE epd_personal_account SET channel = 'paper' WHERE id = %s", (paper.id,)
        )
        cls.cr.execute(
            "UPDATE epd_payment_document SET partner_id = %s WHERE account_id = %s",
            (closed.partner_id.id, moved.id),
        )
        cls.cr.execute(
            "DELETE FROM ir_attachment file USING epd_payment_document document"
            " WHERE file.res_model = 'epd.payment.document' AND file.res_field = 'pdf_file'"
            " AND file.res_id = document.id AND document.account_id = %s",
            (lost.id,),
        )
        cls.env.invalidate_all()

    def _write(self, size):
        """Write the letters of all documents, up to ``size`` of them Odoo's own way; undo it.

        :return: (rows of the letters as they stand in the database, what the cache said of them
            before, delivery state of each document)
        """
        mailing = self.unwritten
        with (
            self.cr.savepoint() as savepoint,
            patch.object(bulk_rows, "INSERT_BATCH_SIZE", size),
        ):
            letters = LetterWriter(mailing).add(self.documents)
            names = [name for name, field in letters._fields.items() if field.store]
            cached = [{name: letter[name] for name in names} for letter in letters]
            self.env.flush_all()
            self.cr.execute(
                "SELECT * FROM epd_mailing_letter WHERE id = ANY(%s) ORDER BY id", (letters.ids,)
            )
            rows = self.cr.dictfetchall()
            self.assertEqual([row["id"] for row in rows], letters.ids)
            self.env.invalidate_all()
            read = [{name: letter[name] for name in names} for letter in letters]
            self.assertEqual(cached, read)
            self.assertEqual(mailing.letter_ids, letters.sorted())
            states = {one.account_id.number: one.delivery_state for one in self.documents}
            savepoint.rollback()
        self.env.invalidate_all()
        for row in rows:
            self.assertEqual(bool(row["letter_key"]), bool(row["address_id"]), row)
        rows = [{name: row[name] for name in row.keys() - OWN} for row in rows]
        return rows, states

    def setUp(self):
        super().setUp()
        self.unwritten = self._make_mailing(self.documents[:0])
        self.env.flush_all()

    # --- the same rows -----------------------------------------------------------------------------

    def test_together_and_one_by_one(self):
        with patch.object(
            EpdMailingLetter, "_add_precomputed_values", BaseModel._add_precomputed_values
        ):
            usual, usual_states = self._write(10**6)
        self.assertEqual(
            {row["failure_type"] for row in usual},
            {
                None,
                "already_sent",
                "no_address",
                "address_closed",
                "address_bounced",
                "address_unsubscribed",
                "malformed_address",
                "paper_only",
                "payer_changed",
                "file_missing",
            },
        )
        together, states = self._write(0)
        self.assertEqual(together, usual)
        self.assertEqual(states, usual_states)
        self.assertEqual(states["00208"], "pending")
        self.assertEqual(states["00201"], "none")

    def test_every_column_can_be_given(self):
        """Each stored field takes its value in both ways, facts and times among them."""
        values = {
            "char": "text",
            "text": "long text",
            "integer": 7,
            "boolean": True,
            "datetime": "2026-04-02 12:00:00",
        }
        base = {
            "mailing_id": self.unwritten.id,
            "company_id": self.company.id,
            "account_id": self.accounts[1].id,
        }
        rows = [dict(base, email="none@example.com")]
        for name, field in self.letters._fields.items():
            if not field.store or not field.column_type or field.compute or name in base:
                continue
            value = values.get(field.type)
            if field.type == "selection":
                value = field.get_values(self.env)[-1]
            if field.type == "many2one" and field.comodel_name == "res.users":
                value = self.operator.id
            if value is not None and name != "id":
                rows.append(dict(base, **{name: value}))
        states = ["sent", "unknown", "rejected", "pending"]
        facts = ["delivered_at", "opened_at", "clicked_at", "bounced_at", "spam_at"]
        rows += [
            dict(base, send_state=state, **{fact: values["datetime"]})
            for state in states
            for fact in facts
        ]
        found = []
        for size, own in ((10**6, BaseModel), (0, EpdMailingLetter)):
            with (
                self.cr.savepoint() as savepoint,
                patch.object(bulk_rows, "INSERT_BATCH_SIZE", size),
                patch.object(
                    EpdMailingLetter, "_add_precomputed_values", own._add_precomputed_values
                ),
            ):
                made = self.letters.create(rows)
                self.env.flush_all()
                self.cr.execute(
                    "SELECT * FROM epd_mailing_letter WHERE id = ANY(%s) ORDER BY id", (made.ids,)
                )
                found.append([dict(row, id=None) for row in self.cr.dictfetchall()])
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertEqual(*found)
        shown = {row["state"] for row in found[1]}
        self.assertLessEqual({"pending", "delivered", "opened", "read", "spam", "bounced"}, shown)

    # --- the same doors ----------------------------------------------------------------------------

    def _make_vals(self, count=150, **vals):
        return [
            {
                "mailing_id": self.unwritten.id,
                "company_id": self.company.id,
                "document_id": self.documents[1].id,
                "email_normalized": f"{number}@example.com",
                **vals,
            }
            for number in range(count)
        ]

    def test_the_same_letter_is_refused(self):
        with self.assertRaises(psycopg2.errors.UniqueViolation), mute_logger("odoo.sql_db"):
            self.letters.create(self._make_vals(email_normalized="same@example.com"))

    def test_nobody_makes_many_by_another_door(self):
        letters = self.env["epd.mailing.letter"]
        with self.assertRaises(UserError):
            letters.with_user(self.operator).create(self._make_vals())
        with self.assertRaises(AccessError):
            self.letters.with_user(self.operator).sudo(False).create(self._make_vals())
        self.assertFalse(self.unwritten.letter_ids)

    def test_what_is_on_the_screen_knows_them(self):
        """Lists that were read before hold the new rows, in their order."""
        old = self.unwritten.letter_ids, self.documents[1].letter_ids
        made = self.letters.create(self._make_vals())
        self.assertEqual(self.unwritten.letter_ids, old[0] | made)
        self.assertEqual(self.documents[1].letter_ids, old[1] | made)
        self.assertEqual(
            made.mapped("email_normalized"), [f"{number}@example.com" for number in range(150)]
        )

    # --- what it costs -----------------------------------------------------------------------------

    def test_one_statement_and_few_questions_for_defaults(self):
        asked = []
        default_get = type(self.letters).default_get

        def ask(self, names):
            asked.append(names)
            return default_get(self, names)

        vals_list = self._make_vals()
        self.env.flush_all()
        with patch.object(type(self.letters), "default_get", ask):
            before = self.cr.sql_log_count
            self.letters.create(vals_list)
            self.assertLessEqual(self.cr.sql_log_count - before, 4)
        self.assertEqual(len(asked), 2)
