"""Screens ask the database the same number of questions, however big the house is."""

from odoo.service.model import call_kw
from odoo.tests import tagged

from ...models.run.run_outlook import RunOutlook
from .. import screens
from ..common import EpdCommon

SMALL, BIG = 10, 60
# far above what is needed today, far below one query a row
BOUND = 120


@tagged("post_install", "-at_install", "epd_mailing")
class TestQueries(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.list = cls.env.ref("epd_mailing.account_list_all_open")
        cls.billing_run = cls.env["epd.billing.run"].create(
            {"period_id": cls.period.id, "list_ids": [(6, 0, cls.list.ids)]}
        )
        cls.mailing = cls.env["epd.mailing"].create(
            {
                "subject": "Тема",
                "body": "x",
                "period_id": cls.period.id,
                "run_id": cls.billing_run.id,
            }
        )
        cls.documents = cls.env["epd.payment.document"]

    def _grow(self, size):
        """Make the house ``size`` accounts big, each with a document, letters and a consent."""
        first = len(self.accounts)
        partners = self.env["res.partner"].create(
            [
                {"name": f"Жилец {number}", "email": f"tenant{number}@example.com"}
                for number in range(first, size)
            ]
        )
        more = self.env["epd.personal.account"].create(
            [
                {
                    "number": f"01{number:04d}",
                    "building_id": self.building.id,
                    "company_id": self.company.id,
                    "premises": str(number),
                    "area": 38.4,
                    "date_open": "2020-01-01",
                    "partner_id": partner.id,
                }
                for number, partner in enumerate(partners, start=first)
            ]
        )
        for account in more:
            self._make_charges(account)
        type(self).accounts = self.accounts | more
        fresh = self.accounts.filtered(lambda account: not account.document_ids)
        self.env["epd.delivery.consent"].create(
            [{"account_id": a.id, "date": "2026-01-10", "basis": "Заявление"} for a in fresh]
        )
        made = self.documents.sudo()._form_documents(
            fresh, self.period, "epd", values={"run_id": self.billing_run.id}
        )
        documents = self.documents.browse([document.id for document, _ in made.values()])
        self.billing_run._add_accounts()
        self.mailing._add_documents(documents)
        # letters in every state, so that no branch of a compute stays asleep
        for place, state in enumerate(("delivered", "opened", "bounced")):
            letters = self.mailing.letter_ids[place::4]
            letters._unlocked().write({"state": state})

    def _record(self, model):
        return {
            "epd.billing.run": self.billing_run,
            "epd.mailing": self.mailing,
            "epd.personal.account": self.accounts[0],
            "epd.mailing.letter": self.mailing.letter_ids[0],
            "epd.payment.document": self.accounts[0].document_ids[0],
        }.get(model)

    def _call(self, model, call):
        method, arguments, keywords = call
        return call_kw(self.env[model].with_user(self.operator), method, list(arguments), keywords)

    def _open(self, model, kind):
        """Return how many queries the data of a screen takes; its views are known already."""
        views = self._call(model, screens.view_call(kind))
        record = self._record(model)
        calls = screens.data_calls(views, model, kind, record_id=record and record.id)

        def ask():
            for call in calls:
                self.assertTrue(self._call(model, call))

        return self._count(ask)

    def _count(self, ask):
        """Return how many queries ``ask`` makes when what is kept between requests is warm."""
        for _round in range(2):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            ask()
            self.env.flush_all()
        return self.cr.sql_log_count - before

    def _count_all(self):
        counts = {name: self._open(model, kind) for name, model, kind, _view in screens.SCREENS}
        run = self.billing_run.with_user(self.operator)
        for what, ask in (
            ("before saving", run.action_confirm_prepare),
            ("before mailing", run.action_confirm_mailing),
            ("readiness", lambda: run.env["epd.run.readiness"]._find_problems(run)),
            ("who gets what", RunOutlook(run).get_counts),
        ):
            counts[what] = self._count(ask)
        return counts

    def test_same_number_of_queries_at_two_sizes(self):
        self._grow(SMALL)
        few = self._count_all()
        self._grow(BIG)
        self.assertEqual(len(self.billing_run.line_ids), BIG)
        many = self._count_all()
        self.assertEqual(many, few)
        self.assertLess(max(many.values()), BOUND, many)
