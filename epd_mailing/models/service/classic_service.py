"""The classic UniSender: contact lists, one letter a call, statuses by asking."""

from ...tools import sender_domain
from ...tools.unisender import client as unisender
from ...tools.unisender import errors, webhook
from .service_kind import ServiceKind

# what payers read where they unsubscribe: Russian in every language of the office
LIST_TITLE = "Квитанции"


class ClassicService(ServiceKind):
    """UniSender at api.unisender.com."""

    # the vendor's defaults for sendEmail
    # https://www.unisender.com/ru/support/api/partners/sendemail/, seen 2026-11
    settings = {
        "limit_per_minute": 60,
        "limit_per_day": 1000,
        "limit_address_seconds": 60,
        "limit_letter_bytes": 1048576,
        "timeout_seconds": 30,
    }

    def make_client(self):
        """Return a client with the account's key."""
        account = self.account
        return unisender.UniSenderClient(
            account.sudo().api_key, account.base_url, **self._get_options()
        )

    def measure(self, letter):
        """Return the bytes of a letter."""
        return unisender.letter_size(letter)

    def parse_events(self, body):
        """Return the events of a body."""
        return webhook.parse(body, self.account.event_tz)

    def get_wanted_records(self, client, domain):
        """Return what DNS has to say; the key of DKIM stands in UniSender's cabinet alone."""
        return sender_domain.Wanted(sender_domain.SPF_HOSTS["classic"])

    def ask_facts(self, client, notes):
        """Ask lists, sender and balance. The list alone has to be there.

        What else the service does not answer is noted: an ordinary key need not have the right to
        every method, and letters go all the same.
        """
        account = self.account
        chosen = self._choose_list(client)
        what = self.env._("Log-in and balance")
        info = self.ask_aside(client.get_user_info, what, notes) or {}
        vals = {
            "login": str(info.get("login") or "") or account.login,
            "balance": f"{info.get('balance', '')} {info.get('currency', '')}".strip(),
        }
        confirmed = self._ask_sender(client, vals["login"], notes)
        vals["sender_confirmed"] = bool(confirmed)
        if not chosen:
            return vals, self.env._(
                "There is no list %s at UniSender. Choose another one.", account.list_id
            )
        vals |= {"list_id": chosen[0], "list_title": chosen[1]}
        if confirmed is False:
            return vals, account._describe_error(errors.SenderProblem("unchecked_sender_email"))
        return vals, False

    def _ask_sender(self, client, login, notes):
        """Return True or False as the service says of the sender, None when it does not say."""
        what = self.env._("Whether the sender is confirmed")
        if not login:
            notes.append(self.env._("%(what)s: UniSender did not report its log-in", what=what))
            return None
        known = len(notes)
        confirmed = self.ask_aside(
            lambda: client.get_checked_email(login, self.account.sender_email), what, notes
        )
        if confirmed is None and len(notes) == known:
            notes.append(self.env._("%(what)s: UniSender does not list this address", what=what))
        return confirmed

    def _choose_list(self, client):
        """Return (id, title) of the chosen list, or of the account's own list of receipts.

        No other list of the account is taken by itself: whoever unsubscribes from receipts is not
        to lose the office's news, nor the other way round.
        """
        lists, account = client.get_lists(), self.account
        chosen = next((entry for entry in lists if entry[0] == account.list_id), None)
        if chosen or (account.list_id and account.list_title != LIST_TITLE):
            return chosen
        # none yet, or its own one at the account of another key
        own = next((entry for entry in lists if entry[1].strip() == LIST_TITLE), None)
        return own or (client.create_list(LIST_TITLE), LIST_TITLE)
