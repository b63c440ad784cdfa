"""What has no charges any more, in the user's words."""

from ...tools.money import format_money
from ..charge.control_sums import get_previous_period

NAMED = 5  # in the line above the form; all of them stand in the list


def describe_gone(loading, sums):
    """Return which houses and services had charges last month and have none now; empty for none.

    :param loading: ``epd.import``
    :param sums: ``epd.import.sum`` of what is gone
    """
    if not sums:
        return ""
    env = loading.env
    named = [
        env._(
            "%(name)s: %(sum)s on accounts: %(count)s",
            name=(one.building_id or one.service_id).display_name,
            sum=format_money(one.previous),
            count=one.gone_count,
        )
        for one in sums.sorted(lambda one: -abs(one.previous))[:NAMED]
    ]
    if len(sums) > NAMED:
        named.append(env._("and %s more", len(sums) - NAMED))
    previous = get_previous_period(loading.period_id)
    return env._("%(month)s had: %(what)s.", month=previous.name or "", what="; ".join(named))
