from odoo.tools import SQL


class PaperChoice:
    """Which saved documents of a period go on paper: one rule, as one statement over all of them.

    A document is printed when its payer wants paper (channel and consent, read with the period), or
    when e-mail does not reach them: all letters came back or were rejected, every letter was
    skipped, or there is no address to write to. A document with a letter on its way, arrived, or of
    unknown outcome is not printed for the lack of an address alone: it was sent to one.
    """

    def __init__(self, env, period, form=None, accounts=None):
        """
        :param period: ``epd.billing.period``
        :param form: form of the documents; nothing means all
        :param accounts: SQL of account ids; nothing means all
        """
        self.env = env
        self.period = period
        self.form = form
        self.accounts = accounts

    def get_query(self, with_unsent=False):
        """Return SQL of the ids of the documents that are to be printed and are not yet.

        :param with_unsent: also those that could be mailed but have no letter
        """
        accounts = self.env["epd.personal.account"]
        return SQL(
            """
            SELECT document.id
              FROM epd_payment_document document
              JOIN epd_personal_account account ON account.id = document.account_id
              JOIN res_company company ON company.id = document.company_id
             WHERE document.period_id = %(period)s AND document.state = 'saved' %(scope)s
               AND NOT EXISTS (SELECT 1 FROM epd_paper_batch_line line
                                WHERE line.document_id = document.id AND line.is_live)
               AND (%(wanted)s
                    OR document.delivery_state = 'failed'
                    OR (document.delivery_state = 'none' AND %(unreached)s))
            """,
            wanted=accounts._get_paper_sql(SQL("%s", self.period.date_start)),
            period=self.period.id,
            scope=self._get_scope(),
            unreached=SQL("TRUE") if with_unsent else self._get_unreached_condition(),
        )

    def _get_scope(self):
        parts = []
        if self.form:
            parts.append(SQL("AND document.form = %s", self.form))
        if self.accounts is not None:
            parts.append(SQL("AND document.account_id IN (%s)", self.accounts))
        return SQL(" ").join(parts)

    def _get_unreached_condition(self):
        """Return SQL: no letter is possible, or those that were written were skipped."""
        return SQL(
            """
            (NOT %s
             OR EXISTS (SELECT 1 FROM epd_mailing_letter letter
                         WHERE letter.document_id = document.id AND NOT letter.is_test
                           AND letter.send_state = 'skipped'
                           AND letter.failure_type <> 'already_sent'))
            """,
            self.env["epd.personal.account"]._get_reachable_sql(),
        )

    def count_not_printed(self):
        """Count what is neither printed nor to be printed because it waits for e-mail.

        :return: dict ``unsent`` (an address, but no letter yet) and ``unknown`` (a letter went and
            nobody knows what became of it)
        """
        self.env.flush_all()
        counts = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT document.delivery_state, count(*)
                      FROM epd_payment_document document
                     WHERE document.period_id = %(period)s AND document.state = 'saved' %(scope)s
                       AND document.delivery_state IN ('none', 'unknown')
                       AND document.id NOT IN (%(chosen)s)
                       AND NOT EXISTS (SELECT 1 FROM epd_paper_batch_line line
                                        WHERE line.document_id = document.id AND line.is_live)
                     GROUP BY 1
                    """,
                    period=self.period.id,
                    scope=self._get_scope(),
                    chosen=self.get_query(),
                )
            )
        )
        return {"unsent": counts.get("none", 0), "unknown": counts.get("unknown", 0)}
