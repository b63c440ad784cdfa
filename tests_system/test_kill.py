"""Power cuts: what was sent is not sent again, what was not sent goes after the restart."""

import collections

from .server import wait_until


def begin_mailing(house):
    """Save the documents, make the mailing and send it; return its id."""
    period = house.admin.ref("epd_mailing.demo_period_2026_03")
    values = {
        "period_id": period,
        "list_ids": [(6, 0, [house.admin.ref("epd_mailing.account_list_all_open")])],
    }
    run = house.operator("epd.billing.run", "create", values)
    house.operator("epd.billing.run", "action_prepare", [run])
    wait_until(
        lambda: house.operator("epd.billing.run", "read", [run], ["state"])[0]["state"] == "done",
        120,
        "the documents are saved",
    )
    mailing = house.operator("epd.billing.run", "action_make_mailing", [run])["res_id"]
    house.operator(
        "epd.mailing",
        "write",
        [mailing],
        {
            "unisender_account_id": house.account,
            "template_id": house.admin.ref("epd_mailing.demo_template"),
        },
    )
    house.operator("epd.mailing", "action_send", [mailing])
    return mailing


def let_leases_expire(odoo):
    """What the dead worker held is free at once; the tests do not wait for the clock."""
    odoo.query(
        "UPDATE epd_mailing_letter SET lease_until = now() - interval '1 hour' WHERE lease_until IS NOT NULL"
    )


def read_states(house, mailing):
    """Return how many letters stand in each state of sending."""
    rows = house.odoo.query(
        "SELECT send_state, count(*) FROM epd_mailing_letter WHERE mailing_id = %s GROUP BY 1",
        mailing,
    )
    return collections.Counter(dict(rows))


def test_killed_while_sending(own_house):
    """Odoo is killed with letters in flight: each reaches the service once, doubt is told as doubt."""
    house = own_house
    # each letter is taken in at once and answered late: at any moment some are in flight
    house.sandbox.control("fault", {"kind": "slow_after", "times": 1000, "seconds": 1})
    mailing = begin_mailing(house)
    wait_until(lambda: len(house.sandbox.control("letters")) >= 9, 120, "sending is under way")
    house.odoo.kill()
    states = read_states(house, mailing)
    assert states["sending"] and states["sent"]
    assert states["pending"] + states["claimed"]
    let_leases_expire(house.odoo)
    house.odoo.start()
    statistics = wait_until(
        lambda: (lambda facts: facts["state"] == "done" and facts)(
            house.operator("epd.mailing", "get_statistics", [mailing])
        ),
        240,
        "the rest is sent after the restart",
    )
    assert statistics["unknown_count"] == states["sending"]
    letters = house.sandbox.control("letters")
    keys = [(letter["email"], letter["attachments"][0]["sha256"]) for letter in letters]
    assert len(keys) == len(set(keys)) == 47
