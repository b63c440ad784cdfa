from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odoo.tests import tagged
from odoo.tools import SQL

from ..common import EpdCommon

WORDS = st.lists(
    st.tuples(
        st.integers(0, 70),  # days from the first of February
        st.sampled_from(["given", "withdrawn"]),
        st.sampled_from(["instead", "copy"]),
        st.sampled_from(["payer", "earlier", "nobody"]),
        st.sampled_from(["request", "data", "joint"]),
    ),
    max_size=5,
)


@tagged("post_install", "-at_install", "epd_mailing")
class TestConsentRule(EpdCommon):
    """The last word of the present payer: one rule, for a record and for a whole house in SQL."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.accounts[0]
        cls.consents = cls.env["epd.delivery.consent"]
        cls.who = {
            "payer": cls.account.partner_id.id,
            "earlier": cls.accounts[1].partner_id.id,
            "nobody": False,
        }

    def _ask_sql(self, month):
        self.env.flush_all()
        state = self.consents._get_state_sql(SQL("account.id"), SQL("account.partner_id"), month)
        query = SQL(
            "SELECT %s FROM epd_personal_account account WHERE account.id = %s",
            state,
            self.account.id,
        )
        return self.env.execute_query(query)[0][0]

    def _say(self, words):
        for days, action, kind, who, document in words:
            consent = self.consents.create(
                {
                    "account_id": self.account.id,
                    "action": action,
                    "kind": kind,
                    "date": date(2026, 2, 1) + timedelta(days=days),
                    "basis": "Заявление",
                    "document": document,
                }
            )
            # of whom it is: filled in with the present payer, so written past the guard
            self.env.cr.execute(
                "UPDATE epd_delivery_consent SET partner_id = %s WHERE id = %s",
                (self.who[who] or None, consent.id),
            )
        self.env.invalidate_all()
        self.env.add_to_compute(self.account._fields["consent_state"], self.account)

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(WORDS)
    def test_record_and_sql_hear_the_same_last_word(self, words):
        with self.env.cr.savepoint(flush=True) as point:
            self._say(words)
            last = self._ask_sql(SQL("'infinity'::date"))
            self.assertEqual(self.account.consent_state, last)
            for month in (date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)):
                own = self.account._get_own_consents()
                heard = own.filtered(lambda consent, month=month: consent.effective_from <= month)
                self.assertEqual(self.consents._sum_up(heard), self._ask_sql(SQL("%s", month)))
            point.close(rollback=True)
        self.env.invalidate_all()
