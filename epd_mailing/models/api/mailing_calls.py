"""Mailings: created, planned, sent, counted."""

from odoo import fields

from ..mailing.epd_mailing_figures import LETTER_COUNTS, get_figures
from ..mailing.mailing_withdrawal import GIVEN_UP
from .calls import CallRejected, Calls, format_moment


class MailingCalls(Calls):
    """Mailings and their letters. Each step may be taken again: one already taken changes nothing."""

    def create_mailing(self, run_id, unisender_account, template, subject, body):
        """Create a draft mailing of a run's documents; see ``epd.api.make_mailing``."""
        run = self.get_record("epd.billing.run", run_id, "run_unknown")
        if run.state not in ("done", "paused"):
            raise CallRejected(
                "run_not_done", self.env._("The documents are still being made."), str(run_id)
            )
        vals = {}
        if unisender_account:
            vals["unisender_account_id"] = self._find_named(
                "epd.unisender.account", unisender_account, "unisender_account_unknown"
            )
        if template:
            vals["template_id"] = self._find_named(
                "epd.message.template", template, "template_unknown"
            )
        mailing = self.env["epd.mailing"].browse(run.action_make_mailing()["res_id"])
        mailing.write(vals)
        if subject or body:
            mailing.write({"subject": subject, "body": body})
        return self._describe(mailing)

    def _find_named(self, model, name, code):
        domain = [("company_id", "=", self.company.id), ("name", "=", name)]
        found = self.env[model].search(domain, limit=1)
        if not found:
            raise CallRejected(code, self.env._("There is no such record in this company."), name)
        return found.id

    def _find(self, mailing_id):
        return self.get_record("epd.mailing", mailing_id, "mailing_unknown")

    def _describe(self, mailing):
        mailing.invalidate_recordset()
        return {
            "mailing": mailing.id,
            "state": mailing.state,
            "scheduled_at": format_moment(mailing.scheduled_at),
            "wait_reason": mailing.wait_reason or mailing.fill_problem or "",
            "documents_waiting": mailing.fill_left,
            **{name: mailing[name] for name in LETTER_COUNTS},
        }

    def _take_step(self, mailing_id, states, step):
        """Take a step unless the mailing is where it leads already."""
        mailing = self._find(mailing_id)
        if mailing.state not in states:
            step(mailing)
        return self._describe(mailing)

    def get(self, mailing_id):
        """Return state and counts."""
        return self._describe(self._find(mailing_id))

    def schedule(self, mailing_id, at):
        """Plan the start; ``at`` is an ISO moment in UTC."""
        try:
            when = fields.Datetime.to_datetime((at or "").removesuffix("Z").replace("T", " "))
        except (ValueError, AttributeError):
            when = None
        if not when:
            text = self.env._("Write the moment like 2026-04-02T06:00:00Z, in UTC.")
            raise CallRejected("moment_wrong", text, str(at))
        return self._take_step(
            mailing_id, ("sending", "paused", "done"), lambda mailing: mailing.action_schedule(when)
        )

    def send(self, mailing_id):
        """Start a draft, let a paused mailing go on; a planned one keeps its time."""

        def step(mailing):
            if mailing.state == "paused":
                mailing.action_resume()
            else:
                mailing.action_send()

        return self._take_step(mailing_id, ("scheduled", "sending", "done"), step)

    def pause(self, mailing_id):
        """Stop after the letters in flight."""
        return self._take_step(mailing_id, ("paused",), lambda mailing: mailing.action_pause())

    def cancel(self, mailing_id):
        """Give the mailing up."""
        return self._take_step(mailing_id, GIVEN_UP, lambda mailing: mailing.action_cancel())

    def get_statistics(self, mailing_id, refresh):
        """Return counts, reasons and houses; with ``refresh`` UniSender is asked first."""
        mailing = self._find(mailing_id)
        if refresh:
            mailing.action_refresh()
        found = get_figures(mailing)
        return {
            **self._describe(mailing),
            "refreshed_at": format_moment(mailing.refreshed_at),
            "reasons": found["reasons"],
            "buildings": [
                {
                    "name": building["name"],
                    "states": [
                        {"state": state, "count": count}
                        for state, count in building["states"].items()
                    ],
                }
                for building in found["buildings"]
            ],
        }

    def list_letters(self, mailing_id, after, limit):
        """Return a page of the letters."""
        letters, following = self.get_page(
            self.env["epd.mailing.letter"],
            [("mailing_id", "=", self._find(mailing_id).id), ("is_test", "=", False)],
            after,
            limit,
        )
        return {
            "letters": [self._describe_letter(letter) for letter in letters],
            "next": following,
        }

    def _describe_letter(self, letter):
        return {
            "letter": letter.id,
            "document": letter.document_id.id,
            "account": letter.account_id.number or "",
            "email": letter.email or "",
            "state": letter.state,
            "reason": letter.failure_type or "",
            "reason_text": letter.failure_reason or "",
            "service_id": letter.provider_id or "",
            "service_status": letter.raw_status or "",
            "settled_by": letter.settled_by or "",
            "sent_at": format_moment(letter.sent_at),
            "delivered_at": format_moment(letter.delivered_at),
            "delivered_source": letter.delivered_source or "",
            "opened_at": format_moment(letter.opened_at),
            "opened_source": letter.opened_source or "",
            "read_at": format_moment(letter.clicked_at),
            "read_source": letter.clicked_source or "",
        }
