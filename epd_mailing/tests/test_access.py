from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import EpdCommon

READ_ONLY = (
    "epd.payment.document",
    "epd.billing.run.line",
    "epd.mailing.letter",
    "epd.letter.event",
    "epd.import.field",
    "epd.import.problem",
    "epd.receipt.import.line",
)


@tagged("post_install", "-at_install", "epd_mailing")
class TestAccess(EpdCommon):
    def _models(self):
        return [
            name for name in self.env if name.startswith("epd.") and not self.env[name]._abstract
        ]

    def test_others_see_nothing(self):
        for groups in ("base.group_user", "base.group_portal", "base.group_public"):
            user = new_test_user(self.env, f"other_{groups[-6:]}", groups)
            for name in self._models():
                model = self.env[name].with_user(user)
                for operation in ("read", "write", "create", "unlink"):
                    self.assertFalse(model.has_access(operation), f"{groups} {name} {operation}")

    def test_the_offices_roles(self):
        for name in self._models():
            for user in (self.operator, self.manager):
                model = self.env[name].with_user(user)
                self.assertTrue(model.has_access("read"), name)
                if name in READ_ONLY:
                    for operation in ("write", "create", "unlink"):
                        self.assertFalse(model.has_access(operation), f"{name} {operation}")
        for name in ("epd.unisender.account", "epd.message.template", "epd.period.rule"):
            self.assertFalse(self.env[name].with_user(self.operator).has_access("write"), name)

    def test_companies_are_apart(self):
        other = self.env["res.company"].create({"name": "ООО «Чужая УК»"})
        stranger = new_test_user(
            self.env,
            "epd_stranger",
            "epd_mailing.group_epd_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        for name in ("epd.building", "epd.personal.account", "epd.charge", "epd.billing.period"):
            model = self.env[name].with_user(stranger).with_context(allowed_company_ids=other.ids)
            found = model.search([])
            self.assertFalse(found.filtered(lambda rec: rec.company_id == self.company), name)
        with self.assertRaises(AccessError):
            account = self.accounts[0].with_user(stranger)
            account.with_context(allowed_company_ids=other.ids).read(["number"])

    def test_public_methods_check_rights(self):
        nobody = new_test_user(self.env, "epd_nobody", "base.group_user")
        document = (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(self.accounts[0], self.period, "epd")[self.accounts[0].id][0]
        )
        mailing = self.env["epd.mailing"].create({"subject": "Тема", "body": "x"})
        mailing._add_documents(document)
        calls = [
            lambda: document.with_user(nobody).get_pdf(),
            lambda: document.with_user(nobody).action_cancel_document("x"),
            lambda: document.with_user(nobody).action_reissue("x"),
            lambda: mailing.with_user(nobody).action_send(),
            lambda: mailing.with_user(nobody).action_cancel(),
            lambda: mailing.with_user(nobody).add_documents(document.ids),
            lambda: mailing.with_user(nobody).get_statistics(),
            lambda: mailing.letter_ids.with_user(nobody).action_mark_sent(),
            lambda: self.accounts[0].with_user(nobody).action_make_receipt(),
        ]
        for call in calls:
            with self.assertRaises(UserError):  # an AccessError is one
                call()
        self.assertEqual((document.state, mailing.state), ("saved", "draft"))

    def test_operator_cannot_touch_the_service(self):
        account = self.env["epd.unisender.account"].create(
            {"name": "a@example.com", "sender_name": "УК", "sender_email": "b@example.com"}
        )
        for method in ("action_check_connection", "action_webhook_on", "action_webhook_off"):
            with self.assertRaises(AccessError):
                getattr(account.with_user(self.operator), method)()
