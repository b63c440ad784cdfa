"""A mailing by clicking in Chromium: schedule, pause, go on, see it move, open the failed, resend one."""

import contextlib
import re

from . import sending
from .clicks import CURRENT, count, enter, go, read_again, shown, wait_shown
from .server import wait_until


def state_of(page):
    """Return the state that the status bar shows."""
    return page.wait_for_selector(CURRENT, state="attached").get_attribute("data-value")


def press(page, button, state):
    """Press a button of the header and wait for the state it leads to."""
    page.click(f".o_form_statusbar button[name={button}]")
    page.wait_for_selector(f"{CURRENT}[data-value={state}]", state="attached")


def test_schedule_pause_resume_and_resend(own_house, page):
    """The clerk plans a mailing, stops it in the middle, lets it go on and repeats a failed letter."""
    house = own_house
    sending.save_demo_documents(house)
    rows = house.odoo.query("SELECT id FROM epd_payment_document WHERE state = 'saved'")
    mailing = sending.make_mailing(house, [row[0] for row in rows], exact=False)
    # late answers: there is time to press a button in the middle
    house.sandbox.control(
        "fault", {"kind": "slow_after", "chance": 1, "seconds": 2, "times": 10**6}
    )
    enter(page, house.odoo, f"epd-mailings/{mailing}")
    # planned for tomorrow, as the wizard asks
    page.click(".o_form_statusbar button:has-text('Запланировать дату рассылки')")
    page.click(".modal .o_field_widget[name=scheduled_at] button, .modal [name=scheduled_at] input")
    field = page.locator(".modal [name=scheduled_at] input")
    field.fill("31.12.2030 10:00:00")
    field.press("Enter")
    page.click(".modal-footer button[name=action_schedule]")
    page.wait_for_selector(f"{CURRENT}[data-value=scheduled]", state="attached")
    assert house.odoo.query("SELECT scheduled_at FROM epd_mailing WHERE id = %s", mailing)[0][
        0
    ].isoformat(" ") == ("2030-12-31 07:00:00")
    # rather now; the last letters are held, as by another worker: it cannot be over before it is paused
    with contextlib.ExitStack() as locks:
        with sending.held_job(house):
            page.click(".o_form_statusbar button[name=action_confirm_send]")
            page.click(".modal-footer button[name=action_send_now]:visible")
            page.wait_for_selector(".modal", state="detached")
            assert locks.enter_context(sending.held(house, sending.LAST, mailing, 20)) == 20
        sending.wake_sender(house)
        wait_until(lambda: len(house.sandbox.control("letters")) >= 4, 150, "letters go")
        read_again(page)
        press(page, "action_pause", "paused")
        wait_until(
            lambda: not sending.count_states(house, mailing)["sending"], 60, "it stands still"
        )
        read_again(page)
        # the web client may show what it remembers of the form before it has read it again
        first = wait_until(lambda: count(page, "sent_count"), 60, "the screen tells what went")
        assert wait_until(lambda: count(page, "pending_count"), 60, "the screen tells what is left")
    press(page, "action_resume", "sending")

    def moved():
        return state_of(page) == "done" or count(page, "sent_count") > first

    wait_shown(page, moved, 150, "progress moves on the screen")
    house.sandbox.control("faults", {})
    wait_shown(page, lambda: state_of(page) == "done", 150, "it is done")
    house.sandbox.control("clock", {"advance": 3600})
    page.click(".o_form_statusbar button[name=action_refresh]")

    def count_failed():
        return house.odoo.query(
            "SELECT count(*) FROM epd_mailing_letter WHERE mailing_id = %s "
            "AND state IN ('bounced', 'rejected')",
            mailing,
        )[0][0]

    wait_until(lambda: count_failed() > 1, 60, "failures are known")
    read_again(page)
    wait_shown(
        page,
        lambda: count(page, "failed_count") == count_failed() > 1,
        60,
        "failures are shown",
    )
    failed = count(page, "failed_count")
    page.click("button[name=action_open_letters]:has(.o_field_widget[name=failed_count])")
    page.wait_for_selector(".o_form_view", state="detached")
    page.wait_for_selector(".o_list_view .o_data_row")
    shown(page.locator(".o_data_row"), failed)
    # the payer of one of them has a new address now
    letter = house.odoo.query(
        "SELECT id, account_id, address_id FROM epd_mailing_letter "
        "WHERE mailing_id = %s AND state = 'bounced' ORDER BY id LIMIT 1",
        mailing,
    )[0]
    house.operator(
        "epd.delivery.address",
        "create",
        {"account_id": letter[1], "email": "noread.corrected@example.com"},
    )
    go(page, house.odoo, f"epd-letters/{letter[0]}")
    page.click(".o_form_statusbar button[name=action_resend]")
    page.wait_for_url(re.compile(rf"(mailings|epd\.mailing)/(?!{mailing}\b)\d+"))
    page.wait_for_selector(f"{CURRENT}[data-value=draft]", state="attached")
    assert count(page, "pending_count") == 1
    page.click(".o_form_statusbar button[name=action_confirm_send]")
    page.click(".modal-footer button[name=action_send_now]:visible")
    page.wait_for_selector(".modal", state="detached")

    def arrived():
        query = "letters?email=noread.corrected@example.com"
        return len(house.sandbox.control(query)) == 1

    wait_until(arrived, 150, "the repeat goes to the corrected address")
    assert page.locator(".o_notification.bg-danger, .o_error_dialog").count() == 0
    keys = [letter["metadata"]["key"] for letter in house.sandbox.control("letters")]
    assert len(keys) == len(set(keys))
