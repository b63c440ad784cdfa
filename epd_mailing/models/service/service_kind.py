"""What the two products of the service have in common for an account: classic UniSender and Unisender Go.

One engine sends through both; what differs stands in ``ClassicService`` and ``GoService``.
"""

from ...tools.unisender import errors


class ServiceKind:
    """One product of the service, seen from one account.

    ``settings``: values of the account's fields that fit the product, unless a person says otherwise.

    :param account: ``epd.unisender.account``
    """

    settings: dict = {}
    # letters carry a key of ours that the service knows them by
    sends_key = False

    def __init__(self, account):
        account.ensure_one()
        self.account = account
        self.env = account.env

    def _get_options(self):
        """Return the arguments that the clients share."""
        account = self.account
        return {
            "timeout": (5, max(1, account.timeout_seconds)),
            "pool_size": max(1, account.parallel_calls),
            "closed": not account._is_allowed_address(),
        }

    def make_client(self):
        """Return a client with the account's key."""
        raise NotImplementedError

    def ask_facts(self, client, notes):
        """Ask what has to be so before letters go.

        :param notes: list of texts; what could not be asked is added
        :return: (values of the account, what hinders sending or False)
        :raise UniSenderError: the service rejected the key or did not answer
        """
        raise NotImplementedError

    def measure(self, letter):
        """Return the bytes that a ``tools.unisender.client.Letter`` counts against the limit."""
        raise NotImplementedError

    def parse_events(self, body):
        """Return the ``HookEvent`` of a verified body of the webhook.

        :raise tools.unisender.webhook.WebhookError: it is none
        """
        raise NotImplementedError

    def get_wanted_records(self, client, domain):
        """Return the ``tools.sender_domain.Wanted`` of a sender's domain.

        :raise UniSenderError: the service rejected the call or did not answer
        """
        raise NotImplementedError

    def ask_aside(self, ask, what, notes):
        """Ask a side question; a rejection is noted and nothing more.

        :param ask: function that calls the service
        :param what: name of what is asked, for the note
        :return: the answer, or None
        """
        try:
            return ask()
        except errors.AccessDenied as error:
            # the API is on: other questions were answered
            reason = self.env._("this key has no right to ask")
            notes.append(f"{what}: {reason} ({error.code}: {error.message})")
        except errors.UniSenderError as error:
            notes.append(f"{what}: {self.account._describe_error(error)}")
        return None
