import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, split_every

from ...tools.sql_array import to_array
from ...tools.unisender import statuses, times
from .epd_mailing_letter import UNSETTLED
from .letter_drafts import EventReport, LetterDrafts, make_event_vals

_logger = logging.getLogger(__name__)

# what a status implies besides itself: an upper bound of the time, never an exact one
IMPLIED = {
    "delivered": (),
    "opened": ("delivered",),
    "clicked": ("delivered", "opened"),
    "machine_opened": ("delivered",),
    "spam": ("delivered",),
    "complained": ("delivered",),
    "unsubscribed": ("delivered",),
}
DATED = ("delivered", "opened", "clicked")  # facts that keep the source of their time
# of one letter each is no later than the next: what was opened had been delivered
IN_ORDER = (("opened", "clicked"), ("delivered", "opened"))
CONNECTING = timedelta(seconds=5)  # of a call, before its time-out begins


class EpdLetterFacts(models.AbstractModel):
    """What the service says → dated facts of letters. One way for polling, webhook and contact.

    Late, repeated and unordered reports do no harm: each fact keeps its best known time.
    """

    _name = "epd.letter.facts"
    _description = "Facts of Letters"

    @api.model
    def _apply_statuses(self, facts, logged=False):
        """Apply what the service said; repeated, late and unordered facts do no harm.

        :param facts: list of ``(letter, raw status, moment (naive UTC), source)`` with source
            ``webhook`` (exact), ``contact`` (exact) or ``poll`` (not later than)
        :param logged: they come from events that are kept already
        """
        self._fold_statuses(facts, logged).save()

    @api.model
    def _fold_statuses(self, facts, logged=False, drafts=None):
        """Return the :class:`LetterDrafts` of what the service said, not written yet.

        :param facts: see :meth:`_apply_statuses`
        :param drafts: those of the letters that are open already
        """
        if drafts is None:
            drafts = LetterDrafts(self.env)
            letter_ids = dict.fromkeys(letter.id for letter, *_fact in facts)
            drafts.load(self.env["epd.mailing.letter"].browse(letter_ids))
        for letter, raw, moment, source in facts:
            draft = drafts.open(letter)
            status = statuses.get_status(raw, self._get_age(draft, raw))
            if source == "poll" and raw == draft["raw_status"] and not logged:
                if not status.final or draft["bounced_at"] or statuses.is_known(raw):
                    continue
            vals = self._get_fact_vals(drafts, draft, status, raw, moment, source)
            if source == "poll" and "poll" in (
                vals.get("delivered_source"),
                vals.get("opened_source"),
            ):
                vals["contact_at"] = moment  # the contact may know the exact time
            draft.vals |= vals
            if not logged:
                drafts.events.append(make_event_vals(draft, raw, moment, source))
            self._react(drafts, draft, status, raw)
        return drafts

    @api.model
    def _get_age(self, letter, raw):
        """Return how long the letter has had the status, nothing when it is new to it.

        :param letter: ``epd.mailing.letter`` or its draft
        """
        if raw != letter["raw_status"] or not letter["raw_status_at"]:
            return None
        return fields.Datetime.now() - letter["raw_status_at"]

    @api.model
    def _get_fact_vals(self, drafts, letter, status, raw, moment, source):
        """Return what to write for a status; empty when it says nothing new.

        :param drafts: :class:`LetterDrafts` that the letter is of
        :param letter: its :class:`LetterDraft`
        """
        vals = {}
        known = statuses.get_status(letter["raw_status"] or "not_sent")
        if raw != letter["raw_status"] and (not letter["raw_status"] or status.rank >= known.rank):
            vals |= {"raw_status": raw, "raw_status_at": fields.Datetime.now()}
        if status.kind in IMPLIED:
            vals |= self._get_arrived_vals(letter, status.kind, moment, source)
        elif status.kind == "deferred" or (status.kind == "failed" and not status.final):
            # it may still arrive: said, but not a bounce
            if not letter["delivered_at"] and not letter["bounced_at"]:
                vals |= {} if letter["is_deferred"] else {"is_deferred": True}
                if status.failure_type and raw != letter["raw_status"]:
                    vals |= self._get_failure_vals(drafts, status, raw)
        elif status.kind == "failed":
            vals |= self._get_dated_vals(letter, "bounced", moment, source)
            if not letter["delivered_at"]:
                vals |= self._get_failure_vals(drafts, status, raw)
                vals["is_deferred"] = False
        return self._bound_sent(letter, vals)

    @api.model
    def _bound_sent(self, letter, vals):
        """Nothing arrives before it was sent: the service had taken it before it answered us."""
        sent_at = letter["sent_at"]
        for name in ("delivered_at", "bounced_at"):
            arrived = vals[name] if name in vals else letter[name]
            if arrived and sent_at and arrived < sent_at:
                vals["sent_at"] = sent_at = arrived
        return vals

    @api.model
    def _get_failure_vals(self, drafts, status, raw):
        vals = drafts.describe(status.failure_type)
        return {**vals, "failure_reason": f"{vals['failure_reason']} ({raw})"}

    @api.model
    def _get_arrived_vals(self, letter, kind, moment, source):
        vals = {"is_deferred": False} if letter["is_deferred"] else {}
        if letter["failure_type"]:
            vals |= {"failure_type": False, "failure_reason": False}  # it arrived after all
        if kind in DATED:
            vals |= self._get_dated_vals(letter, kind, moment, source)
        elif not letter[f"{kind}_at"] or moment < letter[f"{kind}_at"]:
            vals[f"{kind}_at"] = moment
        for name in IMPLIED[kind]:
            if not letter[f"{name}_at"]:
                vals |= self._get_dated_vals(letter, name, moment, "poll")
        return self._put_in_order(letter, vals)

    @api.model
    def _put_in_order(self, letter, vals):
        """Bound a time that is later than what can only have followed it.

        Events come as the service has them: a delivery may be reported with a later time than the
        opening. Both cannot be true; the earlier one then bounds the other («not later than»).
        """
        for first, second in IN_ORDER:
            later = vals.get(f"{second}_at", letter[f"{second}_at"])
            earlier = vals.get(f"{first}_at", letter[f"{first}_at"])
            if earlier and later and earlier > later:
                vals |= {f"{first}_at": later, f"{first}_source": "poll"}
        return vals

    @api.model
    def _get_dated_vals(self, letter, name, moment, source):
        """Return the fact with its time: an exact one replaces an estimate, else the earlier wins."""
        known, origin = letter[f"{name}_at"], letter[f"{name}_source"]
        exact, known_exact = source != "poll", origin != "poll"
        if known:
            if known_exact and not exact:
                return {}
            if known_exact == exact and known <= moment:
                return {}
            if exact and not known_exact and moment > known + times.MARGIN:
                return {}  # it had been seen before
        return {f"{name}_at": moment, f"{name}_source": source}

    @api.model
    def _react(self, drafts, letter, status, raw):
        """Close the address that does not work or does not want letters any more."""
        if status.kind in ("unsubscribed", "complained") or status.failure_type == "unsubscribed":
            state = "unsubscribed"
        elif (
            status.kind == "failed"
            and status.final
            and status.address_dead
            and not letter["delivered_at"]
        ):
            state = "bounced"
        else:
            return
        if letter["address_id"] and not letter["is_test"]:
            drafts.lose(letter, state, raw)

    @api.model
    def _lose_addresses(self, company_id, emails, state, raw):
        """Stop using addresses, on all accounts of the company that have them.

        :param emails: list of normalized addresses
        :param state: ``bounced`` or ``unsubscribed``
        :param raw: what the service said
        """
        addresses = self.env["epd.delivery.address"].search(
            [
                ("company_id", "=", company_id),
                ("email_normalized", "in", emails),
                ("state", "!=", "closed"),
            ]
        )
        addresses._lose(state, raw)

    # --- events and letters ----------------------------------------------------------------------

    @api.model
    def _match_events(self, events, done=None):
        """Find the letters of events by the service's id or by our key, and apply the events.

        Events that fit no letter of their account are kept for later.

        :param events: ``epd.letter.event``
        :param done: values to write on all of them along with it
        """
        open_events = events.filtered(lambda event: not event.letter_id)
        drafts = LetterDrafts(self.sudo().env)
        find = self._get_finder(
            events.unisender_account_id,
            [event.provider_id for event in open_events if event.provider_id],
            [event.letter_key for event in open_events if event.letter_key],
            drafts,
        )
        drafts.load(events.sudo().letter_id)
        reports, changes = [], {event: dict(done or {}) for event in events}
        for event in events:
            account = event.unisender_account_id
            if event.letter_id:
                draft = drafts.open(event.letter_id)
            else:
                draft = find(account, event.provider_id, event.letter_key)
                if not draft:
                    continue
                changes[event]["letter_id"] = draft.letter.id
            report = EventReport(
                *(draft, account, event.provider_id, event.raw_status),
                *(event.event_at or None, event.received_at, event.source),
            )
            changes[event] |= self._judge(report)
            reports.append(report)
        events._unlocked()._write_each(changes)
        self.sudo()._fold_reports(reports, drafts)
        drafts.save()

    @api.model
    def _judge(self, report):
        """Judge the time of an event, and tell its account when it is of another zone.

        :param report: ``EventReport``; gets what is believed
        :return: what to change in an event whose time cannot be true; ``event_time_raw`` has it still
        """
        draft, account = report.draft, report.account
        offset = account.event_offset
        judged = report.judged = times.judge(
            report.event_at,
            draft["sending_at"] or draft["create_date"],
            report.received_at,
            zone_doubted=bool(offset),
        )
        if judged.is_exact:
            if offset:
                account._trust_zone()
        elif report.event_at:
            account._note_offset(judged.offset)
            note = account._for_office().env._("The time cannot be true")
            return {"event_at": None, "note": note}
        return {}

    @api.model
    def _fold_reports(self, reports, drafts):
        """Settle letters by events of them, and fold what they said.

        :param reports: list of ``EventReport``
        :param drafts: their :class:`LetterDrafts`
        """
        facts = []
        for report in reports:
            draft, judged = report.draft, report.judged
            if draft["send_state"] in UNSETTLED or not draft["provider_id"]:
                draft.letter._settle_as_sent(report.provider_id, judged.moment, "event")
                draft.known.clear()
            source = report.source if judged.is_exact else "poll"
            facts.append((draft.letter, report.raw_status, judged.moment, source))
        self._fold_statuses(facts, True, drafts)

    @api.model
    def _match_safely(self, events):
        """Match events; those that cannot be applied stay as they are, and stop none of the others."""
        try:
            with self.env.cr.savepoint():
                self._match_events(events)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            _logger.exception("%s events cannot be applied together", len(events))
            if len(events) > 1:
                for part in split_every(max(1, len(events) // 50), events.ids):
                    self._match_safely(events.browse(part))

    @api.model
    def _get_finder(self, accounts, provider_ids, letter_keys, drafts):
        """Return a function (account, service's id, our key) → draft of the letter, or nothing.

        What has the id of one letter and the key of another is of neither: no letter gets the fate of another.

        :param accounts: ``epd.unisender.account`` whose letters are looked through
        :param drafts: :class:`LetterDrafts` that the letters are opened in
        """
        found = self.env["epd.mailing.letter"].sudo()
        if provider_ids or letter_keys:
            found.flush_model(["unisender_account_id", "provider_id", "letter_key"])
            # joined, since PostgreSQL weighs each constant of a list
            query = SQL(
                """
                SELECT letter.id FROM unnest(%(ids)s::varchar[]) AS said (provider_id)
                  JOIN epd_mailing_letter letter USING (provider_id)
                 WHERE letter.unisender_account_id = ANY(%(accounts)s)
                 UNION
                SELECT letter.id FROM unnest(%(keys)s::varchar[]) AS said (letter_key)
                  JOIN epd_mailing_letter letter USING (letter_key)
                 WHERE letter.unisender_account_id = ANY(%(accounts)s)
                 ORDER BY id
                """,
                ids=to_array(list(set(provider_ids))),
                keys=to_array(list(set(letter_keys))),
                accounts=accounts.ids,
            )
            found = found.browse(letter_id for (letter_id,) in self.env.execute_query(query))
        drafts.load(found)
        by_id, by_key = {}, {}
        account_ids = found._fields["unisender_account_id"]._get_cache(found.env)
        for letter in found:
            draft, account_id = drafts.open(letter), account_ids[letter.id]
            if draft["provider_id"]:
                by_id[account_id, draft["provider_id"]] = draft
            if draft["letter_key"]:
                by_key[account_id, draft["letter_key"]] = draft

        def find(account, provider_id, key):
            named, keyed = by_id.get((account.id, provider_id)), by_key.get((account.id, key))
            if named and keyed and named is not keyed:
                # its own, where two letters have one id
                return keyed if keyed["provider_id"] == provider_id else None
            return named or keyed

        return find

    @api.model
    def _adopt_events(self, letters):
        """Match events that came before we knew the id, and settle unknown letters by them.

        An event that cannot be applied stays for the job that reads events: what the service answered
        for the letters themselves must not be lost with it.
        """
        ids = [letter.provider_id for letter in letters if letter.provider_id]
        keys = [letter.letter_key for letter in letters if letter.letter_key]
        events = self.env["epd.letter.event"].search(
            Domain("letter_id", "=", False)
            & Domain("unisender_account_id", "in", letters.unisender_account_id.ids)
            & (Domain("provider_id", "in", ids) | Domain("letter_key", "in", keys)),
            order="id",
        )
        if events:
            self._match_safely(events)
        for letter in letters:
            if letter.send_state == "unknown" and letter.raw_status and letter.provider_id:
                letter._settle_as_sent(letter.provider_id, letter.sending_at, "event")

    # --- the rule of the contact -----------------------------------------------------------------

    @api.model
    def _settle_by_contact(self, letter, contact):
        """Settle an unknown outcome by the contact's last letter.

        Only a letter that went within our very call can be this one: whatever went later may be
        anything, a newsletter too. And all it says is that the letter was sent: without an id of
        the service nobody knows whose delivery or opening the contact shows.

        :param contact: ``tools.unisender.client.ContactInfo`` or None
        :return: True when it was settled
        """
        if not contact or not self._is_of_call(letter, contact) or self._has_rival(letter):
            return False
        last = contact.last_send.replace(tzinfo=None)
        letter._settle_as_sent(False, last, "contact")
        self._apply_statuses([(letter, "ok_sent", last, "contact")])
        return True

    @api.model
    def _is_of_call(self, letter, contact):
        """Tell whether the contact's last letter went within the call of this letter."""
        last = contact.last_send and contact.last_send.replace(tzinfo=None)
        seconds = max(1, letter.unisender_account_id.timeout_seconds)
        timeout = CONNECTING + timedelta(seconds=seconds)
        return times.is_of_call(last, letter.sending_at or None, timeout)

    @api.model
    def _date_by_contact(self, letter, contact):
        """Take the contact's times for a letter whose delivery is known by its own id.

        They are its own only while the contact's last letter is the one of its call, and no later
        than we saw the fact by its id: an earlier letter may be opened once more, at any time.

        :return: True when there was one
        """
        if not letter.provider_id or not self._is_of_call(letter, contact):
            return False
        facts = []
        for name, raw, moment in (
            ("delivered", "ok_delivered", contact.last_delivery),
            ("opened", "ok_read", contact.last_read),
            ("clicked", "ok_link_visited", contact.last_click),
        ):
            seen, moment = letter[f"{name}_at"], moment and moment.replace(tzinfo=None)
            if not seen or letter[f"{name}_source"] != "poll":
                continue
            if not moment or not times.judge(moment, letter.sending_at, seen).is_exact:
                break
            facts.append((letter, raw, moment, "contact"))
        self._apply_statuses(facts)
        return bool(facts)

    @api.model
    def _has_rival(self, letter):
        """Tell whether another letter of ours may have gone to the address about then or later."""
        return letter in self._get_rivalled(letter)

    @api.model
    def _get_rivalled(self, letters):
        """Return those with another letter of ours to the address, about then or later.

        Of any company: two of them may have one account at the service.
        """
        begun = letters.filtered("sending_at")
        if not begun:
            return begun
        begun.flush_model(["email_normalized", "sending_at"])
        found = self.env.execute_query(
            SQL(
                """
                SELECT letter.id FROM epd_mailing_letter letter
                 WHERE letter.id = ANY(%s) AND EXISTS (
                    SELECT 1 FROM epd_mailing_letter other
                     WHERE other.id <> letter.id
                       AND other.email_normalized = letter.email_normalized
                       AND other.sending_at >= letter.sending_at - interval '5 minutes')
                """,
                begun.ids,
            )
        )
        return letters.browse(letter_id for (letter_id,) in found)
