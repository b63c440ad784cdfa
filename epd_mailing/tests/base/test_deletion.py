"""What is not deleted is not deleted by a word in the caller's context either."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import EpdCommon

# of an uninstallation: Odoo passes over @api.ondelete where the context, anybody's, says so
FORCED = {"_force_unlink": True}


@tagged("post_install", "-at_install", "epd_mailing")
class TestForcedDeletion(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["epd.payment.document"]._form_documents(cls.accounts, cls.period, "epd")
        cls.document = cls.env["epd.payment.document"].search(
            [("company_id", "=", cls.company.id), ("state", "=", "saved")], limit=1
        )
        cls.batch = cls.env["epd.paper.batch"].create({"period_id": cls.period.id})
        cls.batch._unlocked().write({"state": "printed"})
        cls.consent = cls.env["epd.delivery.consent"].create(
            {"account_id": cls.accounts[0].id, "basis": "Заявление"}
        )

    def _get_kept(self):
        attachment = self.env["ir.attachment"].search(
            [
                ("res_model", "=", self.document._name),
                ("res_id", "=", self.document.id),
                ("res_field", "=", "pdf_file"),
            ]
        )
        return [
            self.batch,
            self.consent,
            self.accounts[0].address_ids[0],
            self.document,
            attachment,
            self.bank,
        ]

    def test_nobody_past_the_check(self):
        """With the rights of the role, and with those that the program lends it."""
        for record in self._get_kept():
            self.assertTrue(record)
            for user in (self.operator, self.manager):
                theirs = record.with_user(user).with_context(
                    allowed_company_ids=self.company.ids, **FORCED
                )
                for lent in (False, True):
                    with (
                        self.subTest(f"{record._name} {user.login} {lent}"),
                        self.assertRaises(UserError),
                        self.cr.savepoint(),
                    ):
                        theirs.sudo(lent).unlink()

    def test_each_guarded_model_checks(self):
        methods = [
            name
            for name, model in self.env.items()
            # a mixin has no rows of its own
            if name.startswith("epd.")
            and not model._abstract
            and any(not method._ondelete for method in model._ondelete_methods)
            and not isinstance(model, self.registry["epd.field.guard"])
        ]
        self.assertFalse(methods)
