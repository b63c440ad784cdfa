import ast

from lxml import etree
from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestMailingNext(SendingCommon):
    """One next step on a mailing that is over: unknown outcomes, then addresses, then none."""

    def _get_steps(self, mailing):
        """Return (name, context) of the highlighted buttons of a mailing's head, as an operator has them.

        They come before the others: of all of them, a phone shows the first.
        """
        mailing = mailing.with_user(self.operator)
        mailing.invalidate_recordset()
        view = self.env.ref("epd_mailing.epd_mailing_view_form")
        arch = etree.fromstring(mailing.get_view(view.id, "form")["arch"])
        shown = []
        for node in arch.xpath("/form/header/button"):
            condition = node.get("invisible") or "False"
            names = {
                part.id: mailing[part.id]
                for part in ast.walk(ast.parse(condition, mode="eval"))
                if isinstance(part, ast.Name)
            }
            if not eval(condition, {}, names):  # pylint: disable=eval-used
                shown.append(node)
        steps = [node for node in shown if "oe_highlight" in (node.get("class") or "")]
        self.assertEqual(shown[: len(steps)], steps)
        return [(node.get("name"), node.get("context") or "") for node in steps]

    def _bounce(self, letter):
        letter._unlocked().write(
            {
                "bounced_at": fields.Datetime.now(),
                "failure_type": "mailbox_unavailable",
                "raw_status": "err_user_unknown",
            }
        )
        letter.address_id._lose("bounced", "err_user_unknown")

    def test_addresses_until_the_letter_goes_again(self):
        mailing = self._make_mailing()
        self.assertEqual(
            [name for name, _states in self._get_steps(mailing)], ["action_confirm_send"]
        )
        self._send(mailing)
        self.assertFalse(self._get_steps(mailing), "nothing failed")
        letter = mailing.letter_ids.filtered(lambda one: one.send_state == "sent")[0]
        self._bounce(letter)
        ((name, context),) = self._get_steps(mailing)
        self.assertEqual(name, "action_open_letters")
        self.assertIn("bounced", context)
        action = mailing.with_context(**ast.literal_eval(context)).action_open_letters()
        found = self.env["epd.mailing.letter"].search(action["domain"])
        self.assertEqual(found, letter)
        self.assertTrue(found.can_mend, "the pencil stands there")
        wizard = self.env["epd.letter.mend"].with_context(**letter.action_mend()["context"])
        wizard.create({"email": "right.one@example.com"}).action_mend()
        self._run_cron()
        self.assertEqual(mailing.state, "done")
        self.assertFalse(self._get_steps(mailing), "it went another way")

    def test_addresses_until_the_receipt_is_printed(self):
        mailing = self._send()
        for letter in mailing.letter_ids.filtered(lambda one: one.send_state == "sent"):
            self._bounce(letter)
        self.assertEqual(len(self._get_steps(mailing)), 1)
        batch = self.env["epd.paper.batch"].create({"period_id": self.period.id})
        batch.action_build()
        self.assertLessEqual(mailing.letter_ids.document_id, batch.line_ids.document_id)
        self.assertFalse(self._get_steps(mailing), "it is on its way on paper")

    def test_unknown_outcomes_come_first(self):
        mailing = self._send()
        lost, unknown = mailing.letter_ids.filtered(lambda one: one.send_state == "sent")[:2]
        self._bounce(lost)
        unknown._unlocked().write({"send_state": "unknown"})
        ((_name, context),) = self._get_steps(mailing)
        self.assertIn("unknown", context)
        unknown.action_mark_sent()
        ((_name, context),) = self._get_steps(mailing)
        self.assertIn("bounced", context)


@tagged("post_install", "-at_install", "epd_mailing")
class TestHostileLetter(SendingCommon):
    """What of a letter acts, or cannot be opened by its payer."""

    def _type(self, record, body):
        with Form(record.with_user(self.operator)) as form:
            form.body = body
            seen = form.text_problem, form.text_warning, form.preview_html
            form.body = "<p>{{ payer_name }}</p>"
        return seen

    def test_a_picture_nobody_opens_is_told_while_it_is_typed(self):
        mailing = self._make_mailing()
        body = "<p>{{ payer_name }}</p>\n<img src='http://192.168.1.5:8069/web/image/7'><a href='www.x.ru'>a</a>"
        problem, warning, preview = self._type(mailing, body)
        self.assertFalse(problem)
        for word in ("192.168.1.5", "www.x.ru", "2"):
            self.assertIn(word, warning)
        self.assertNotIn("192.168.1.5", preview, "a page of ours does not open it either")
        self.assertFalse(mailing.text_warning)
        mailing.body = body
        self.assertIn("192.168.1.5", mailing.text_warning)
        self._send(mailing)
        self.assertIn("192.168.1.5", self.fake.letters()[0]["body"], "told, and not forbidden")

    def test_a_pasted_picture_is_named_though_the_text_is_too_long(self):
        body = f"<p>a</p><img src='data:image/png;base64,{'A' * 1_000_000}'>"
        problem, warning, _preview = self._type(self._make_mailing(), body)
        self.assertTrue(problem)
        self.assertIn("data:image/png", warning)
        self.assertLess(len(warning), 500)

    def test_what_acts_never_leaves(self):
        template = self.env["epd.message.template"].with_user(self.operator)
        for number, body in enumerate(
            (
                "<p>a</p><script>fetch('/web')</script>",
                "<img src='https://example.com/a.png' onerror='fetch()'>",
                "<a href='javascript:fetch()'>a</a>",
                "<form action='https://example.com'><input name='card'></form>",
                "<iframe src='https://example.com'></iframe>a",
                "<base href='https://example.com'>a",
                "<meta http-equiv='refresh' content='0; url=https://example.com'>a",
            )
        ):
            with self.subTest(body):
                mailing = self._make_mailing(self.documents[:1], subject=f"Письмо {number}")
                problem, _warning, preview = self._type(mailing, body)
                self.assertTrue(problem)
                self.assertFalse(preview)
                mailing.body = body
                for press in (mailing.action_send, mailing.action_schedule):
                    with self.assertRaises(UserError), self.cr.savepoint():
                        press()
                with self.assertRaises(UserError), self.cr.savepoint():
                    mailing._send_test_letter("clerk@example.com")
                with self.assertRaises(ValidationError), self.cr.savepoint():
                    template.create({"name": "a", "subject": "b", "body": body})
                # one planned before this was refused: the letter is skipped with the reason
                mailing.body = "<p>a</p>"
                mailing.action_schedule()
                self.env.cr.execute(
                    "UPDATE epd_mailing SET body = %s WHERE id = %s", [body, mailing.id]
                )
                mailing.invalidate_recordset()
                self._run_cron()
                self.assertEqual(mailing.letter_ids.failure_type, "template_error")
                mailing.letter_ids._unlocked().unlink()
        self.assertFalse(self.fake.letters())


@tagged("post_install", "-at_install", "epd_mailing")
class TestMailingOfOthers(SendingCommon):
    """Nobody of another office sees, changes, previews or sends anything of a mailing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].sudo().create({"name": "Чужая УК"})
        cls.stranger = cls._make_user("epd_stranger", "epd_mailing.group_epd_operator")
        cls.stranger.sudo().write(
            {"company_ids": [(6, 0, cls.other.ids)], "company_id": cls.other.id}
        )

    def _get_buttons(self, view):
        arch = etree.fromstring(self.env[view.model].get_view(view.id, "form")["arch"])
        return {
            node.get("name")
            for node in arch.xpath("//button[@type='object'][not(ancestor::field)]")
        }

    def test_no_button_of_a_mailing_works_for_a_stranger(self):
        mailing = self._make_mailing()
        foreign = mailing.with_user(self.stranger).with_context(allowed_company_ids=self.other.ids)
        names = self._get_buttons(self.env.ref("epd_mailing.epd_mailing_view_form"))
        self.assertGreater(len(names), 15)
        for name in sorted(names):
            with self.subTest(name), self.assertRaises(AccessError), self.cr.savepoint():
                getattr(foreign, name)()
        for vals in (
            {"subject": "a"},
            {"scheduled_at": "2030-01-01"},
            {"active": False},
            {"color": 1},
        ):
            with self.subTest(vals), self.assertRaises(AccessError), self.cr.savepoint():
                foreign.write(vals)
        for call in (
            lambda: foreign.read(["subject", "preview_html"]),
            lambda: foreign.web_read({"letter_ids": {}}),
            foreign.copy,
            foreign.unlink,
            lambda: foreign._send_test_letter("clerk@example.com"),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                call()
        self.assertEqual(mailing.state, "draft")

    def test_no_letter_of_another_office_is_touched(self):
        mailing = self._send(self._make_mailing(self.documents[:1]))
        letter = mailing.letter_ids.with_user(self.stranger).with_context(
            allowed_company_ids=self.other.ids
        )
        names = self._get_buttons(self.env.ref("epd_mailing.epd_mailing_letter_view_form"))
        for name in sorted(names):
            with self.subTest(name), self.assertRaises(AccessError), self.cr.savepoint():
                getattr(letter, name)()
        wizard = self.env["epd.letter.mend"].with_user(self.stranger)
        with self.assertRaises(AccessError), self.cr.savepoint():
            wizard.create({"letter_id": letter.id, "email": "evil@example.com"}).action_mend()
        self.assertFalse(self.fake.letters("evil@example.com"))

    def test_no_wizard_takes_a_mailing_of_another_office(self):
        mailing = self._make_mailing()
        strangers = self.env(user=self.stranger, context={"allowed_company_ids": self.other.ids})
        tried = {
            "epd.mailing.send": ("action_send_now", {}),
            "epd.mailing.fill": ("action_fill", {}),
            "epd.mailing.test": ("action_send", {"email": "clerk@example.com"}),
            "epd.mailing.schedule": ("action_schedule", {"scheduled_at": "2030-01-01"}),
        }
        for model, (button, vals) in tried.items():
            with self.subTest(model), self.assertRaises(AccessError), self.cr.savepoint():
                wizard = strangers[model].create({"mailing_id": mailing.id, **vals})
                getattr(wizard, button)()
        mailing.invalidate_recordset()
        self.assertEqual((mailing.state, mailing.scheduled_at), ("draft", False))

    def test_no_receipt_of_another_office_is_previewed(self):
        own = (
            self.env["epd.mailing"]
            .with_user(self.stranger)
            .with_context(allowed_company_ids=self.other.ids)
        )
        mailing = own.create({"subject": "a", "body": "<p>{{ payer_name }}</p>"})
        name = self.documents[0].partner_id.name
        spec = {"preview_html": {}, "preview_subject": {}, "text_problem": {}}
        for record in (mailing, own):
            with self.subTest(record), self.assertRaises(AccessError), self.cr.savepoint():
                answer = record.onchange(
                    {
                        "preview_document_id": self.documents[0].id,
                        "subject": "{{ payer_name }}",
                        "body": "<p>{{ payer_name }}</p>",
                        "body_format": "html",
                    },
                    ["preview_document_id"],
                    {
                        **spec,
                        "preview_document_id": {},
                        "subject": {},
                        "body": {},
                        "body_format": {},
                    },
                )
                self.assertNotIn(name, str(answer))
        with self.assertRaises(AccessError), self.cr.savepoint():
            mailing._add_documents(self.documents[:1].with_env(mailing.env))
        template = self.env["epd.message.template"].create(
            {"name": "a", "subject": "b", "body": "c", "company_id": self.company.id}
        )
        for vals in (
            {"template_id": template.id},
            {"unisender_account_id": self.unisender.id},
            {"period_id": self.period.id},
        ):
            with self.subTest(vals), self.assertRaises(UserError), self.cr.savepoint():
                mailing.write(vals)
                mailing.flush_recordset()
                mailing.read(["subject", "preview_html"])
