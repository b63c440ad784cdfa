"""What errors of the service mean to the office."""

from ...tools.unisender import errors


def describe_error(env, error):
    """Return what an error of the service means, in the language of ``env``.

    The service's own words stand behind it: they say more than its codes.

    :param error: ``tools.unisender.errors.UniSenderError``
    """
    text = _describe_kind(env, error)
    ours = isinstance(error, (errors.ConnectFailed, errors.ResultUnknown))
    if ours or error.message == error.code:
        return f"{text} ({error.code})"
    return f"{text} ({error.code}: {error.message})"


def _describe_kind(env, error):
    if error.code == "go_114":
        return env._(
            "Unisender Go does not know this user: the account lives on its other server. Choose the "
            "other one of go1 and go2, as the address bar of your Unisender Go cabinet shows."
        )
    if error.code == "go_903":
        return env._(
            "The free tariff of Unisender Go sends to checked addresses alone. Choose a paid tariff."
        )
    if isinstance(error, errors.AccessDenied):
        return env._(
            "UniSender does not let this key call the API. Switch the API on in UniSender "
            "(settings, integration and API), or use the key of a user who may do this."
        )
    if isinstance(error, errors.AuthError):
        return env._("UniSender does not accept the API key. Enter the right key.")
    if isinstance(error, errors.NoMoney):
        return env._("There is no money on the UniSender account. Top it up.")
    if isinstance(error, errors.SenderProblem):
        return env._("The sender's address is not confirmed at UniSender. Confirm it.")
    if isinstance(error, errors.DayLimit):
        return env._("UniSender takes no more letters today. They go on the next day.")
    if isinstance(error, errors.RateLimited):
        return env._("UniSender asks to slow down.")
    if isinstance(error, errors.ForbiddenAddress):
        return env._(
            "Nothing is sent to this API address: it is not UniSender's, or its name leads into "
            "an inner network. Check the address and the name server."
        )
    if isinstance(error, errors.RetryLater):
        return env._("UniSender asks to try again later.")
    if isinstance(error, errors.ConnectFailed):
        return env._("UniSender cannot be reached. Check the address and the network.")
    if isinstance(error, errors.ResultUnknown):
        return env._("UniSender gave no clear answer. Try again later.")
    return env._("UniSender rejected the call.")
