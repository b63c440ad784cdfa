from collections import namedtuple

from odoo import api, fields, models
from odoo.tools import SQL, split_every

CHUNK = 1000  # documents read together

# one way in which one version was presented; moments are naive UTC
Way = namedtuple(
    "Way",
    "kind to message_id status state sent_at delivered_at delivered_source opened_at opened_source"
    " read_at read_source bounced_at reason handed_on batch",
    defaults=("",) * 4 + (None, None, "", None, "", None, "", None, "", None, ""),
)


class EpdPaymentDocument(models.Model):
    """Who was presented with which version, how and when: the facts behind a proof."""

    _inherit = "epd.payment.document"

    @api.model
    def _iter_presentations(self, domain):
        """Yield ``(document, printed, ways)`` for each version, in the order of the house.

        ``printed`` is what the saved version itself says: dict ``payer``, ``address``. Two queries a
        thousand documents; versions that nobody was sent come with no way.

        :param domain: of the documents, whatever their state but draft
        """
        order = "building_id, account_id, period_id, form, version"
        ids = self.search([*domain, ("state", "!=", "draft")], order=order).ids
        for chunk in split_every(CHUNK, ids):
            documents = self.browse(chunk)
            printed, ways = documents._get_printed(), documents._get_ways()
            for document in documents:
                yield document, printed[document.id], ways.get(document.id, [])
            # nothing of a chunk is needed again
            self.env.invalidate_all(flush=False)

    def _get_printed(self):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, snapshot::jsonb #>> '{payer,name}',
                       snapshot::jsonb #>> '{premises,address}'
                  FROM epd_payment_document WHERE id = ANY(%s)
                """,
                self.ids,
            )
        )
        return {key: {"payer": payer or "", "address": where or ""} for key, payer, where in rows}

    def _get_ways(self):
        """Return ``{document id: [Way]}``: letters that went, then paper that was handed over."""
        ways = {}
        letters = self.env["epd.mailing.letter"].search_fetch(
            [
                ("document_id", "in", self.ids),
                ("is_test", "=", False),
                ("send_state", "in", ("sent", "rejected", "unknown")),
            ],
            ["document_id"],
            order="id",
        )
        for letter in letters:
            ways.setdefault(letter.document_id.id, []).append(letter._get_way())
        lines = self.env["epd.paper.batch.line"].search_fetch(
            [("document_id", "in", self.ids), ("is_presented", "=", True)],
            ["document_id", "batch_id"],
            order="id",
        )
        for line in lines:
            batch = line.batch_id
            ways.setdefault(line.document_id.id, []).append(
                Way("paper", handed_on=batch.presented_on, batch=batch.name)
            )
        return ways

    def _judge_presentation(self, ways):
        """Return ``(sent by the day, arrived by the day)`` by the office's time zone.

        Arrived: delivered by e-mail, or handed over on paper. A «not later than» time counts by its
        bound, so that nothing is called timely that may not have been.

        :param ways: of :meth:`_iter_presentations`
        """
        sent, arrived = [], []
        for way in ways:
            if way.kind == "paper":
                sent.append(way.handed_on)
                arrived.append(way.handed_on)
                continue
            if way.sent_at and way.state not in ("rejected", "bounced", "unknown"):
                sent.append(self._get_office_day(way.sent_at))
            if way.delivered_at:
                arrived.append(self._get_office_day(way.delivered_at))
        limit = self.present_by
        return tuple(bool(limit) and any(day <= limit for day in days) for days in (sent, arrived))

    def _get_office_day(self, moment):
        return self._get_office_moment(moment).date()

    def _get_office_moment(self, moment):
        """Return a UTC moment as a naive one of the office's zone, None for none."""
        if not moment:
            return None
        zone = self.company_id.epd_tz or "UTC"
        office = self.with_context(tz=zone)
        return fields.Datetime.context_timestamp(office, moment).replace(tzinfo=None)


class EpdMailingLetter(models.Model):
    """A letter as a way of presenting."""

    _inherit = "epd.mailing.letter"

    def _get_way(self):
        self.ensure_one()
        return Way(
            "email",
            to=self.email or "",
            message_id=self.provider_id or "",
            status=self.raw_status or "",
            state=self.state,
            sent_at=self.sent_at or None,
            delivered_at=self.delivered_at or None,
            delivered_source=self.delivered_source or "",
            opened_at=self.opened_at or None,
            opened_source=self.opened_source or "",
            read_at=self.clicked_at or None,
            read_source=self.clicked_source or "",
            bounced_at=self.bounced_at or None,
            reason=self.failure_reason or "",
        )
