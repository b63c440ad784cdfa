"""What the rules about single accounts and addresses could find, counted in one reading of each."""

from functools import cached_property

from odoo.tools import SQL

# of an address in its normal form
DOMAIN = SQL("split_part(email_normalized, '@', 2)")


class AccountCounts:
    """The accounts and addresses of a run as far as rules ask for them; they are read when first asked for.

    Of 100 000 accounts hardly any is found by a rule: a pass over all rules counts them together, and asks
    one by one only what there is.

    :param env: environment with the rights of the program
    :param accounts: SQL of a subselect of account ids
    :param conditions: ``{code: SQL of a condition about the aliases of get_tables}``
    """

    def __init__(self, env, accounts, conditions):
        self.env, self.accounts, self.conditions = env, accounts, conditions

    @staticmethod
    def get_tables():
        """Return SQL of the accounts (``account``) with their ``partner`` and ``building``."""
        return SQL(
            "epd_personal_account account"
            " LEFT JOIN res_partner partner ON partner.id = account.partner_id"
            " LEFT JOIN epd_building building ON building.id = account.building_id"
        )

    @cached_property
    def _counts(self):
        counted = SQL(", ").join(
            SQL("count(*) FILTER (WHERE %s)", condition) for condition in self.conditions.values()
        )
        row = self.env.execute_query(
            SQL(
                "SELECT %s FROM %s WHERE account.id IN %s",
                counted,
                self.get_tables(),
                self.accounts,
            )
        )[0]
        return dict(zip(self.conditions, row, strict=True))

    def rules_out(self, code):
        """Tell whether a condition was counted, and no account meets it."""
        return code in self.conditions and not self._counts[code]

    @cached_property
    def domains(self):
        """``{mail domain: how often its most frequent address stands}`` of active addresses; None is misspelt."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT CASE WHEN email_normalized <> '' THEN %s END, max(times)
                  FROM (SELECT COALESCE(email_normalized, '') COLLATE "C" AS email_normalized,
                               count(*) AS times
                          FROM epd_delivery_address address
                         WHERE account_id IN %s AND state = 'active'
                         GROUP BY COALESCE(address.email_normalized, '') COLLATE "C") AS addresses
                 GROUP BY 1
                """,
                DOMAIN,
                self.accounts,
            )
        )
        return dict(rows)
