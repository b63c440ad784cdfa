"""Which of the service's two products fits an office, in words."""

from odoo import fields
from odoo.tools import formatLang

from ...tools import sending_time


def describe_choice(env, letters, start=None, *limits):
    """Return how long so many letters take by each product, and which of them fits.

    :param letters: a month
    :param start: day of the first letter; today without it
    :param limits: (a minute, a day) of the classic account; those of a new one without them
    """
    if letters <= 0:
        return env._("Enter how many letters go out a month, and it says which service is in time.")
    found = sending_time.choose(letters, *limits)
    start = start or fields.Date.today()
    number = formatLang(env, letters, digits=0)
    fits = (
        env._("Classic UniSender is enough.")
        if found.fits == "classic"
        else env._("Unisender Go fits: classic UniSender is not in time.")
    )
    return env._(
        "%(letters)s letters: classic UniSender takes %(classic)s, Unisender Go %(go)s. Begun on "
        "%(start)s, the last letter goes on %(classic_end)s or %(go_end)s. %(fits)s",
        letters=number,
        classic=_describe(env, found.classic_days, found.classic_minutes),
        go=_describe(env, found.go_days, found.go_minutes),
        start=f"{start:%d.%m.%Y}",
        classic_end=f"{found.get_end(start, 'classic'):%d.%m.%Y}",
        go_end=f"{found.get_end(start, 'go'):%d.%m.%Y}",
        fits=fits,
    )


def _describe(env, days, minutes):
    if days:
        return env._("%(days)s days", days=days)
    if minutes >= 120:
        return env._("%(hours)s h", hours=round(minutes / 60))
    return env._("%(minutes)s min", minutes=minutes)
