from ..tools import xlsx_table

CHUNK = 2000  # letters read together


class DeliveryReport:
    """The delivery report of a mailing, as a table for Excel; times in the office's zone."""

    def __init__(self, mailing):
        """:param mailing: ``epd.mailing`` that the user may read"""
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env

    def write_to(self, target):
        """Write the table into ``target`` (writable binary file)."""
        columns = [
            (self.env._("Building"), 34, "text"),
            (self.env._("Premises"), 9, "text"),
            (self.env._("Account"), 13, "text"),
            (self.env._("Payer"), 30, "text"),
            (self.env._("Document"), 20, "text"),
            (self.env._("Due"), 12, "money"),
            (self.env._("E-mail Address"), 30, "text"),
            (self.env._("Status"), 20, "text"),
            (self.env._("Reason"), 36, "text"),
            (self.env._("Sent"), 17, "moment"),
            *self._get_fact_columns(),
            (self.env._("UniSender Status"), 18, "text"),
            (self.env._("UniSender Id"), 22, "text"),
        ]
        with xlsx_table.Book(target) as book:
            book.write_table(self.env._("Letters"), columns, self._iter_rows())

    def _get_fact_columns(self):
        """Return the columns of the dated facts, each with where its time comes from."""
        for title in (
            self.env._("Delivered"),
            self.env._("Opened"),
            self.env._("Read"),
            self.env._("Not delivered since"),
        ):
            yield title, 17, "moment"
            yield self.env._("Source of the time"), 18, "text"

    def _get_facts(self, letter, local, sources):
        for name in ("delivered", "opened", "clicked", "bounced"):
            yield local(letter[f"{name}_at"])
            yield sources.get(letter[f"{name}_source"], "")

    def _iter_rows(self):
        letters = self.env["epd.mailing.letter"]
        labels = dict(letters._fields["state"]._description_selection(self.env))
        sources = dict(letters._fields["delivered_source"]._description_selection(self.env))
        domain = [("mailing_id", "=", self.mailing.id), ("is_test", "=", False)]
        local = self.mailing.company_id._epd_local_time
        last = 0
        while chunk := letters.search([*domain, ("id", ">", last)], order="id", limit=CHUNK):
            for letter in chunk:
                document = letter.document_id
                yield [
                    letter.building_id.name or "",
                    letter.account_id.premises or "",
                    letter.account_id.number or "",
                    letter.partner_id.name or "",
                    document.name or "",
                    document.total_due,
                    letter.email or "",
                    labels[letter.state],
                    letter.failure_reason or "",
                    local(letter.sent_at),
                    *self._get_facts(letter, local, sources),
                    letter.raw_status or "",
                    letter.provider_id or "",
                ]
            last = chunk[-1:].id
            # a big mailing does not stay in memory
            self.env.invalidate_all()
