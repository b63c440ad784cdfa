from decimal import Decimal

from odoo.tools import SQL

from ...tools.money import format_money, to_decimal


class MissingBalance:
    """Accounts that owed money and have no balance now: «not loaded» is not 0.

    A receipt made of charges alone would drop last month's debt from the paper. An account is found

    * when it owed a payee in the last month that has balances, and has no balance with that payee in
      the period (only payees of the form count);
    * when its last saved document was due, and it has no balance in the period at all.

    :param env: environment with the rights of the program
    :param period: ``epd.billing.period``
    :param form: of the documents, one of ``FORMS``
    """

    def __init__(self, env, period, form):
        self.env, self.period, self.form = env, period, form

    def find(self, accounts):
        """Return what the accounts that are found owed.

        :param accounts: SQL of a subselect of account ids
        :return: ``{account id: roubles (Decimal)}``
        """
        self.env.flush_all()
        owed = self._find_by_documents(accounts)
        return owed | self._find_by_payees(accounts)

    def find_one(self, account):
        """Return roubles that one account owed, 0 when nothing is missing."""
        return self.find(SQL("(SELECT %s)", account.id)).get(account.id, Decimal(0))

    def describe(self, owed):
        """Return why an account that owed ``owed`` roubles gets no document, and what to do."""
        return self.env._(
            "The balance of the period is not loaded, and the account owed %s: the "
            "receipt would drop this debt. Load the balances, or lift it with a reason "
            "at “Save for Sending”.",
            format_money(owed),
        )

    def reject(self, accounts):
        """Return the outcome of those of some accounts whose debt a document would drop.

        :param accounts: ``epd.personal.account``
        :return: ``{account id: (None, {"code", "text"})}``, as the writer of documents says it
        """
        found = self.find(SQL("(SELECT unnest(%s::integer[]))", accounts.ids))
        return {
            account: (None, {"code": "no_balance", "text": self.describe(owed)})
            for account, owed in found.items()
        }

    def _find_by_documents(self, accounts):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT account.id, last.due::text
                  FROM epd_personal_account account
                  JOIN LATERAL (
                       SELECT document.total_due AS due
                         FROM epd_payment_document document
                         JOIN epd_billing_period earlier ON earlier.id = document.period_id
                        WHERE document.account_id = account.id AND document.state = 'saved'
                          AND earlier.date_start < %(start)s
                        ORDER BY earlier.date_start DESC, document.total_due DESC LIMIT 1) AS last
                    ON last.due > 0
                 WHERE account.id IN %(accounts)s
                   AND NOT EXISTS (SELECT 1 FROM epd_account_balance now
                                    WHERE now.account_id = account.id
                                      AND now.period_id = %(period)s)
                """,
                start=self.period.date_start,
                period=self.period.id,
                accounts=accounts,
            )
        )
        return {account_id: to_decimal(due) for account_id, due in rows}

    def _find_by_payees(self, accounts):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT account.id, account.building_id, before.payee_id, before.due::text
                  FROM epd_account_balance before
                  JOIN epd_personal_account account ON account.id = before.account_id
                 WHERE before.period_id = %(previous)s AND before.due > 0
                   AND account.id IN %(accounts)s
                   AND NOT EXISTS (SELECT 1 FROM epd_account_balance now
                                    WHERE now.account_id = before.account_id
                                      AND now.payee_id = before.payee_id
                                      AND now.period_id = %(period)s)
                """,
                previous=self._get_previous_id(),
                period=self.period.id,
                accounts=accounts,
            )
        )
        printed = self._get_printed({(building, payee) for _id, building, payee, _due in rows})
        owed = {}
        for account_id, building_id, payee_id, due in rows:
            if (building_id, payee_id) in printed:
                owed[account_id] = owed.get(account_id, Decimal(0)) + to_decimal(due)
        return owed

    def _get_previous_id(self):
        """Return the id of the last month before the period that has balances; 0 for none."""
        rows = self.env.execute_query(
            SQL(
                "SELECT earlier.id FROM epd_billing_period earlier"
                # one in order, so that an index gives it
                " JOIN LATERAL (SELECT id FROM epd_account_balance WHERE period_id = earlier.id"
                " ORDER BY account_id LIMIT 1) AS any_balance ON TRUE"
                " WHERE earlier.company_id = %s AND earlier.date_start < %s"
                " ORDER BY earlier.date_start DESC LIMIT 1",
                self.period.company_id.id,
                self.period.date_start,
            )
        )
        return rows[0][0] if rows else 0

    def _get_printed(self, pairs):
        """Return those of ``(building id, bank account id)`` that the form prints."""
        snapshots = self.env["epd.document.snapshot"]
        buildings = self.env["epd.building"].browse({building for building, _payee in pairs})
        provisions = self.env["epd.service.provision"]._get_valid(
            [("building_id", "in", buildings.ids)], self.period
        )
        repair = {
            building.id: snapshots._get_repair_payees(provisions, building.id)
            for building in buildings
        }
        payees = self.env["res.partner.bank"]
        return {
            (building, payee)
            for building, payee in pairs
            if snapshots._form_takes(
                self.form,
                payees.browse(payee),
                payees.browse(payee) in repair[building],
                self.period.company_id,
            )
        }
