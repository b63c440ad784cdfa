from dataclasses import dataclass
from datetime import date, datetime

from odoo.tools import SQL, split_every

CHUNK = 1000  # documents read together


@dataclass(frozen=True)
class Way:
    """One way in which one version was presented; moments are naive UTC.

    :param kind: ``email``, ``paper``, or ``test``: a copy that somebody of the office had sent to
        an address of the office, which presents nothing
    :param state: of the letter; further texts are what the service said
    :param settled: what settled an unknown outcome (``event``, ``contact``, ``person``), a person by
        their name in ``settled_by``
    :param asked_by: name of who had a test letter sent
    :param handed_on: day on which the paper of ``batch`` was handed over
    """

    kind: str
    to: str = ""
    message_id: str = ""
    status: str = ""
    state: str = ""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    delivered_source: str = ""
    opened_at: datetime | None = None
    opened_source: str = ""
    read_at: datetime | None = None
    read_source: str = ""
    bounced_at: datetime | None = None
    bounced_source: str = ""
    reason: str = ""
    handed_on: date | None = None
    batch: str = ""
    settled: str = ""
    settled_by: str = ""
    asked_by: str = ""


@dataclass(frozen=True)
class Presentation:
    """One version of a document, and how it was presented.

    :param document: ``epd.payment.document``
    :param payer: name of the payer, as the saved version itself says it
    :param address: of the premises, as the saved version itself says it
    :param ways: letters that went, test letters, then paper that was handed over; may be empty
    :param placed_on: day on which the bill was placed in ГИС ЖКХ, with its identifier there (ИПД)
    """

    document: object
    payer: str
    address: str
    ways: tuple[Way, ...] = ()
    placed_on: date | None = None
    gis_document_id: str = ""

    def judge(self):
        """Return ``(sent by the legal day, arrived by the legal day)`` by the office's time zone.

        Arrived: delivered by e-mail, or handed over on paper. A «not later than» time counts by its
        bound, so that nothing is called timely that may not have been.
        """
        sent, arrived, company = [], [], self.document.company_id
        for way in self.ways:
            if way.kind == "test":
                continue
            if way.kind == "paper":
                sent.append(way.handed_on)
                arrived.append(way.handed_on)
                continue
            if way.sent_at and way.state not in ("rejected", "bounced", "unknown"):
                sent.append(company._epd_local_time(way.sent_at).date())
            if way.delivered_at:
                arrived.append(company._epd_local_time(way.delivered_at).date())
        limit = self.document.present_by
        return tuple(bool(limit) and any(day <= limit for day in days) for days in (sent, arrived))


class Presentations:
    """Who was presented with which version, how and when: the facts of a proof.

    Iterating yields a :class:`Presentation` for each version, in the order of the house, with a
    few queries for a thousand of them.
    """

    def __init__(self, env, domain):
        """:param domain: of the documents, whatever their state but draft"""
        self.env = env
        self.documents = env["epd.payment.document"]
        self.domain = [*domain, ("state", "!=", "draft")]

    def count(self):
        """Return how many versions there are."""
        return self.documents.search_count(self.domain)

    def __iter__(self):
        order = "building_id, account_id, period_id, form, version"
        ids = self.documents.search(self.domain, order=order).ids
        for chunk in split_every(CHUNK, ids):
            documents = self.documents.browse(chunk)
            printed, ways = self._read_printed(documents), self._read_ways(documents)
            placed = self._read_placements(documents)
            for document in documents:
                payer, address = printed[document.id]
                placement = placed.get((document.account_id, document.period_id, document.form))
                yield Presentation(
                    document,
                    payer,
                    address,
                    tuple(ways.get(document.id, ())),
                    (placement and placement.placed_on) or None,
                    (placement and placement.gis_document_id) or "",
                )
            # nothing of a chunk is needed again
            self.env.invalidate_all()

    def _read_printed(self, documents):
        """Return ``{document id: (payer, address)}`` as the saved versions themselves say."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, snapshot::jsonb #>> '{payer,name}',
                       snapshot::jsonb #>> '{premises,address}'
                  FROM epd_payment_document WHERE id = ANY(%s)
                """,
                documents.ids,
            )
        )
        return {key: (payer or "", where or "") for key, payer, where in rows}

    def _read_placements(self, documents):
        """Return ``{(account, period, form): epd.gis.placement}`` of these documents."""
        placements = self.env["epd.gis.placement"].search(
            [
                ("account_id", "in", documents.account_id.ids),
                ("period_id", "in", documents.period_id.ids),
            ]
        )
        return placements.grouped(lambda p: (p.account_id, p.period_id, p.form))

    def _read_ways(self, documents):
        """Return ``{document id: [Way]}``: letters that went (test ones last), then paper handed over."""
        ways = {}
        letters = self.env["epd.mailing.letter"].search_fetch(
            [
                ("document_id", "in", documents.ids),
                ("send_state", "in", ("sent", "rejected", "unknown")),
            ],
            ["document_id"],
            order="is_test, id",
        )
        for letter in letters:
            ways.setdefault(letter.document_id.id, []).append(self._make_letter_way(letter))
        lines = self.env["epd.paper.batch.line"].search_fetch(
            [("document_id", "in", documents.ids), ("is_presented", "=", True)],
            ["document_id", "batch_id"],
            order="id",
        )
        for line in lines:
            batch = line.batch_id
            ways.setdefault(line.document_id.id, []).append(
                Way("paper", handed_on=batch.presented_on, batch=batch.name)
            )
        return ways

    def _make_letter_way(self, letter):
        # had sent once more by a person: nobody knows whether the first one went
        repeated = letter.settled_by == "person" and letter.state == "rejected"
        return Way(
            "test" if letter.is_test else "email",
            to=letter.email or "",
            message_id=letter.provider_id or "",
            status=letter.raw_status or "",
            state="unknown" if repeated else letter.state,
            sent_at=letter.sent_at or None,
            delivered_at=letter.delivered_at or None,
            delivered_source=letter.delivered_source or "",
            opened_at=letter.opened_at or None,
            opened_source=letter.opened_source or "",
            read_at=letter.clicked_at or None,
            read_source=letter.clicked_source or "",
            bounced_at=letter.bounced_at or None,
            bounced_source=letter.bounced_source or "",
            reason=letter.failure_reason or "",
            settled=letter.settled_by or "",
            settled_by=letter.decided_by.name or "",
            asked_by=letter.create_uid.name if letter.is_test else "",
        )
