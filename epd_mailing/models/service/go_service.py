"""Unisender Go: transactional letters without the classic limits, exact events, its own suppression list."""

from ...tools import address_text, sender_domain
from ...tools.unisender.webhook import HookEvent
from ...tools.unisender_go import client as go
from ...tools.unisender_go import events
from .service_kind import ServiceKind


class GoService(ServiceKind):
    """Unisender Go at go1.unisender.ru or go2.unisender.ru."""

    # no number a minute or a day is published, and none between letters to one address
    # https://godocs.unisender.ru/web-api-ref, seen 2026-11-26
    settings = {
        "limit_per_minute": 0,
        "limit_per_day": 0,
        "limit_address_seconds": 0,
        "limit_letter_bytes": go.REQUEST_LIMIT,
        "timeout_seconds": 20,
        "event_tz": "UTC",
    }
    sends_key = True

    def make_client(self):
        """Return a client with the account's key."""
        account = self.account
        return go.UniSenderGoClient(account.sudo().api_key, account.base_url, **self._get_options())

    def measure(self, letter):
        """Return the bytes of the request that a letter makes."""
        return go.letter_size(letter)

    def parse_events(self, body):
        """Return the events of a body; their times are UTC by the vendor's reference."""
        return self.to_hook_events(events.parse(body))

    @staticmethod
    def to_hook_events(events_of_go):
        """Return events of Go in the form that the log of events takes.

        :param events_of_go: iterable of ``tools.unisender_go.events.GoEvent``
        """
        return [
            HookEvent(
                event_name="email_status",
                provider_id=event.job_id,
                email=event.email,
                status=event.raw_status,
                event_time=event.event_time,
                event_at=event.event_at,
                metadata=event.metadata,
            )
            for event in events_of_go
            if event.status
        ]

    def get_wanted_records(self, client, domain):
        """Return what DNS has to say, as the service tells it; a domain it does not know is registered."""
        state = client.get_domain(domain)
        if not state.dkim_key:
            state = client.register_domain(domain)
        return sender_domain.Wanted(
            sender_domain.SPF_HOSTS["go"],
            state.dkim_key,
            state.verification,
            verified=state.verified,
            signed=state.dkim,
        )

    def ask_facts(self, client, notes):
        """Ask who the key belongs to, and whether the sender's domain is confirmed and signed.

        A letter goes only from a domain that is both (``from_email`` of ``email/send``).
        """
        account = self.account
        info = client.get_account()
        vals = {
            "login": info.email or info.user_id,
            "balance": self._describe_tariff(info),
            "sender_confirmed": False,
        }
        domain = address_text.get_domain(account.sender_email)
        what = self.env._("Whether the sender's domain is confirmed")
        state = self.ask_aside(lambda: client.get_domain(domain), what, notes)
        if state is None:
            return vals, False
        vals["sender_confirmed"] = state.verified and state.dkim
        if vals["sender_confirmed"]:
            return vals, False
        missing = [
            self.env._("it is not confirmed") if not state.verified else "",
            self.env._("it has no active DKIM record") if not state.dkim else "",
        ]
        return vals, self.env._(
            "Unisender Go sends nothing from the domain %(domain)s: %(why)s. “Check the Sender's "
            "Domain” shows what to put into DNS.",
            domain=domain,
            why=", ".join(filter(None, missing)),
        )

    def _describe_tariff(self, info):
        """Return how many letters of the tariff's period are used, or an empty text."""
        if info.included is None or info.sent is None:
            return ""
        return self.env._(
            "letters of the tariff: %(sent)s of %(included)s",
            sent=info.sent,
            included=info.included,
        )
