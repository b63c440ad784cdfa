from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.unisender import statuses

# what a status implies besides itself: an upper bound of the time, never an exact one
IMPLIED = {
    "delivered": (),
    "opened": ("delivered",),
    "clicked": ("delivered", "opened"),
    "spam": ("delivered",),
    "complained": ("delivered",),
    "unsubscribed": ("delivered",),
}
DATED = ("delivered", "opened", "clicked")  # facts that keep the source of their time


class EpdMailingLetter(models.Model):
    """What the service says → dated facts. One function for polling, webhook and contact."""

    _inherit = "epd.mailing.letter"

    @api.model
    def _apply_statuses(self, facts):
        """Apply what the service said; repeated, late and unordered facts do no harm.

        :param facts: list of ``(letter, raw status, moment (naive UTC), source)`` with source
            ``webhook`` (exact), ``contact`` (exact) or ``poll`` (not later than)
        """
        events = []
        for letter, raw, moment, source in facts:
            if source == "poll" and raw == letter.raw_status:
                continue
            status = statuses.get_status(raw)
            vals = letter._fact_vals(status, raw, moment, source)
            if source == "poll" and "poll" in (
                vals.get("delivered_source"),
                vals.get("opened_source"),
            ):
                vals["contact_at"] = moment  # the contact may know the exact time
            if vals:
                letter._through_gate().write(vals)
            if source != "webhook":  # the webhook's events are kept as they come
                events.append(letter._event_vals(raw, moment, source))
            letter._react(status, raw)
        self.env["epd.letter.event"].sudo().create(events)

    def _event_vals(self, raw, moment, source):
        return {
            "letter_id": self.id,
            "company_id": self.company_id.id,
            "unisender_account_id": self.unisender_account_id.id,
            "provider_id": self.provider_id,
            "letter_key": self.letter_key,
            "email": self.email,
            "raw_status": raw,
            "event_at": moment,
            "source": source,
        }

    def _fact_vals(self, status, raw, moment, source):
        """Return what to write for a status; empty when it says nothing new."""
        vals = {}
        known = statuses.get_status(self.raw_status or "not_sent")
        if raw != self.raw_status and (not self.raw_status or status.rank >= known.rank):
            vals["raw_status"] = raw
        if status.kind in IMPLIED:
            vals |= self._arrived_vals(status.kind, moment, source)
        elif status.kind == "deferred" or (status.kind == "failed" and not status.final):
            # it may still arrive: said, but not a bounce
            if not self.delivered_at and not self.bounced_at:
                vals |= {} if self.is_deferred else {"is_deferred": True}
                if status.failure_type and raw != self.raw_status:
                    vals |= self._failure_vals(status, raw)
        elif status.kind == "failed":
            vals |= self._dated("bounced", moment, source)
            if not self.delivered_at:
                vals |= self._failure_vals(status, raw)
                vals["is_deferred"] = False
        return vals

    def _failure_vals(self, status, raw):
        reason = self.env["epd.mailing"]._reason(status.failure_type)["failure_reason"]
        return {"failure_type": status.failure_type, "failure_reason": f"{reason} ({raw})"}

    def _arrived_vals(self, kind, moment, source):
        vals = {"is_deferred": False} if self.is_deferred else {}
        if self.failure_type:
            vals |= {"failure_type": False, "failure_reason": False}  # it arrived after all
        if kind in DATED:
            vals |= self._dated(kind, moment, source)
        elif not self[f"{kind}_at"] or moment < self[f"{kind}_at"]:
            vals[f"{kind}_at"] = moment
        for name in IMPLIED[kind]:
            if not self[f"{name}_at"]:
                vals |= self._dated(name, moment, "poll")
        return vals

    def _dated(self, name, moment, source):
        """Return the fact with its time: an exact one replaces an estimate, else the earlier wins."""
        known, origin = self[f"{name}_at"], self[f"{name}_source"]
        exact, known_exact = source != "poll", origin != "poll"
        if known:
            if known_exact and not exact:
                return {}
            if known_exact == exact and known <= moment:
                return {}
        return {f"{name}_at": moment, f"{name}_source": source}

    def _react(self, status, raw):
        """Close the address that does not work or does not want letters any more."""
        if self.is_test or not self.address_id:
            return
        if status.kind in ("unsubscribed", "complained") or status.failure_type == "unsubscribed":
            self._lose_address("unsubscribed", raw)
        elif (
            status.kind == "failed"
            and status.final
            and status.address_dead
            and not self.delivered_at
        ):
            self._lose_address("bounced", raw)

    def _lose_address(self, state, raw):
        """Stop using the address, on all accounts of the company that have it."""
        addresses = self.env["epd.delivery.address"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("email_normalized", "=", self.email_normalized),
                ("state", "!=", "closed"),
            ]
        )
        addresses._lose(state, raw)

    # --- matching --------------------------------------------------------------------------------

    def _adopt_events(self):
        """Match events that came before we knew the id, and settle unknown letters by them."""
        ids = [letter.provider_id for letter in self if letter.provider_id]
        keys = [letter.letter_key for letter in self if letter.letter_key]
        events = self.env["epd.letter.event"].search(
            Domain("letter_id", "=", False)
            & Domain("unisender_account_id", "in", self.unisender_account_id.ids)
            & (Domain("provider_id", "in", ids) | Domain("letter_key", "in", keys)),
            order="id",
        )
        if events:
            events._match_letters()
        for letter in self:
            if letter.send_state == "unknown" and letter.raw_status and letter.provider_id:
                letter._settle_as_sent(letter.provider_id, letter.sending_at)

    def _settle_as_sent(self, provider_id, moment):
        """The service knows the letter: a letter of unknown outcome was sent."""
        for letter in self._through_gate():
            vals = {} if letter.provider_id else {"provider_id": provider_id}
            if letter.send_state == "unknown":
                letter._move(
                    "sent",
                    sent_at=letter.sent_at or moment or fields.Datetime.now(),
                    failure_type=False,
                    failure_reason=False,
                    poll_count=0,
                    next_poll_at=fields.Datetime.now(),
                    **vals,
                )
            elif vals:
                letter.write(vals)


class EpdLetterEvent(models.Model):
    """Webhook events: kept in bulk, matched to letters by id or by our key."""

    _inherit = "epd.letter.event"

    @api.model
    def _keep(self, account, events):
        """Store events of a webhook call, each once, and apply those that are new.

        :param account: ``epd.unisender.account`` whose webhook was called
        :param events: list of ``tools.unisender.webhook.HookEvent``
        :return: number of new events
        """
        dbname, rows = self.env.cr.dbname, {}
        for event in events:
            if event.event_name != "email_status" or not event.status:
                continue
            if event.metadata.get("db", dbname) != dbname:
                continue  # a copy of this database has the same webhook
            key = event.metadata.get("key") or None
            identity = event.provider_id or key, event.status, event.event_time
            rows[identity] = (
                account.id,
                account.company_id.id,
                event.provider_id or None,
                key,
                event.email or None,
                event.status[:100],
                event.event_time or None,
                event.event_at and event.event_at.replace(tzinfo=None),
                "webhook",
            )
        if not rows:
            return 0
        self.flush_model()
        marks = ", ".join(
            ["(%s, %s, %s, %s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')"] * len(rows)
        )
        self.env.cr.execute(  # pylint: disable=sql-injection  # marks alone are put in
            f"""
            INSERT INTO epd_letter_event
                   (unisender_account_id, company_id, provider_id, letter_key, email, raw_status,
                    event_time_raw, event_at, source, received_at)
            VALUES {marks}
                ON CONFLICT DO NOTHING
         RETURNING id
            """,
            [value for row in rows.values() for value in row],
        )
        fresh = self.browse(row[0] for row in self.env.cr.fetchall())
        fresh._match_letters()
        return len(fresh)

    def _match_letters(self):
        """Find the letters of events by the service's id or by our key, and apply the events.

        Events that fit no letter of their account are kept for later.
        """
        letters = self.env["epd.mailing.letter"].sudo()
        found = letters.search(
            Domain("unisender_account_id", "in", self.unisender_account_id.ids)
            & (
                Domain("provider_id", "in", [e.provider_id for e in self if e.provider_id])
                | Domain("letter_key", "in", [e.letter_key for e in self if e.letter_key])
            )
        )
        by_id = {(x.unisender_account_id, x.provider_id): x for x in found if x.provider_id}
        by_key = {(x.unisender_account_id, x.letter_key): x for x in found if x.letter_key}
        facts = []
        for event in self:
            account = event.unisender_account_id
            letter = by_id.get((account, event.provider_id)) or by_key.get(
                (account, event.letter_key)
            )
            if not letter:
                continue
            event.letter_id = letter
            letter._settle_as_sent(event.provider_id, event.event_at)
            moment = event.event_at or event.received_at
            facts.append(
                (letter, event.raw_status, moment, "webhook" if event.event_at else "poll")
            )
        letters._apply_statuses(facts)
