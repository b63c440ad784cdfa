"""The mailing by clicking: planned and confirmed, written and previewed, mended in the table."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from playwright.sync_api import expect

from . import clicks, sending
from .server import wait_until

MOSCOW = timezone(timedelta(hours=3))
SIZES = ((1366, 768), (1920, 1080), (500, 900))


@pytest.fixture
def post(house, page):
    """The house with the documents of its accounts saved; the operator has logged in."""
    if not house.odoo.query("SELECT 1 FROM epd_payment_document WHERE state = 'saved' LIMIT 1"):
        sending.save_demo_documents(house)
    clicks.log_in_unseen(page, house.odoo)
    return house


def take_documents(house, count):
    """Return ids of saved documents that no letter has, of accounts with an address."""
    rows = house.odoo.query(
        "SELECT id FROM epd_payment_document document WHERE state = 'saved' AND NOT EXISTS ("
        "SELECT 1 FROM epd_mailing_letter WHERE document_id = document.id) AND EXISTS ("
        "SELECT 1 FROM epd_delivery_address address WHERE address.account_id = document.account_id "
        "AND state = 'active' AND email_normalized IS NOT NULL) ORDER BY id LIMIT %s",
        count,
    )
    return [row[0] for row in rows]


def open_mailing(page, house, mailing):
    """Open the form of a mailing and wait until it stands."""
    clicks.go(page, house.odoo, f"epd-mailings/{mailing}")
    page.wait_for_selector(clicks.CURRENT, state="attached")


def begin_letter(page, house, mailing):
    """Open the text of a mailing, the caret before its first word; return its editor and its preview."""
    open_mailing(page, house, mailing)
    clicks.tab(page, "Текст письма")
    preview = page.frame_locator(".o_epd_letter_preview iframe").locator("body")
    expect(preview).to_contain_text("Здравствуйте")
    editor = page.locator(".o_epd_letter_html .odoo-editor-editable")
    editor.click()
    page.keyboard.press("Control+Home")
    return editor, preview


def shoot_sizes(page, shoot, name, target=None):
    """Take the picture of a screen on a notebook, a large screen and a telephone.

    :param target: what is to be seen
    """
    size = page.viewport_size
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        clicks.drawn(page)
        if target:
            target.scroll_into_view_if_needed()
        shoot(f"{name}_{width}")
    page.set_viewport_size(size)


def read_start(house, mailing):
    """Return the planned time of a mailing, UTC."""
    return house.odoo.query("SELECT scheduled_at FROM epd_mailing WHERE id = %s", mailing)[0][0]


def test_a_planned_mailing_leaves_at_its_time_and_not_before(post, page, shoot):
    """«Запланировать дату рассылки», «Отправить», «Начать …»: the plan is kept."""
    mailing = sending.make_mailing(post, take_documents(post, 3), exact=False)
    open_mailing(page, post, mailing)
    start = (datetime.now(MOSCOW) + timedelta(hours=2)).replace(second=0, microsecond=0)
    page.click(".o_form_statusbar button:has-text('Запланировать дату рассылки')")
    page.click(".modal .o_field_widget[name=scheduled_at] button, .modal [name=scheduled_at] input")
    field = page.locator(".modal [name=scheduled_at] input")
    field.fill(f"{start:%d.%m.%Y %H:%M:%S}")
    field.press("Enter")
    page.click(".modal-footer button[name=action_schedule]")
    page.wait_for_selector(f"{clicks.CURRENT}[data-value=scheduled]", state="attached")
    expect(page.locator(".alert-info:visible").first).to_contain_text(f"{start:%H:%M}")
    clicks.press(page, "action_confirm_send", ".o_form_statusbar")
    box = clicks.dialog(page)
    keep = box.locator("button[name=action_keep_plan]:visible")
    expect(keep).to_contain_text("Начать")
    expect(keep).to_contain_text(f"{start:%H:%M}")
    expect(box.locator("button[name=action_send_now]:visible")).to_have_text("Отправить сейчас")
    shoot_sizes(page, shoot, "send_planned")
    keep.click()
    clicks.closed(page)
    planned = read_start(post, mailing)
    assert planned.replace(tzinfo=UTC) == start
    # a worker that looks too early lets it be
    sending.wake_sender(post)
    wait_until(lambda: sending.has_looked(post), 120, "the sender has looked")
    assert set(sending.count_states(post, mailing)) == {"pending"}
    assert sending.read_state(post, mailing) == "scheduled"
    # two hours pass: the plan and what Odoo keeps for its moment are due
    planned = sending.bring_forward(post, mailing)
    wait_until(lambda: sending.read_state(post, mailing) == "done", 240, "it goes by itself")
    sent = post.odoo.query(
        "SELECT min(sending_at) FROM epd_mailing_letter WHERE mailing_id = %s", mailing
    )[0][0]
    assert sent >= planned
    assert read_start(post, mailing) == planned
    assert not page.locator(clicks.WRONG).count()


def test_a_letter_is_written_and_seen_as_its_payer_sees_it(post, page, shoot):
    """The editor, the list of fields, an unknown field, a chosen account, a telephone."""
    mailing = sending.make_mailing(post, take_documents(post, 3), exact=False)
    editor, preview = begin_letter(page, post, mailing)
    page.keyboard.type("Доброе утро! ")
    page.locator(".o_epd_letter_html .o_epd_insert_field").click()
    page.locator(".o_epd_fields [data-field=account_number]").click()
    # the list gives the keyboard back when it closes: what is typed before goes nowhere
    page.wait_for_selector(".o_epd_fields", state="detached")
    expect(editor).to_contain_text("Доброе утро! {{ account_number }}")
    expect(editor).to_be_focused()
    page.keyboard.type(" Ваша УК. ")
    expect(preview).to_contain_text(re.compile(r"Доброе утро! \d{7} Ваша УК"))
    # the letter is HTML, not the text of its tags
    expect(editor).not_to_contain_text("<p>")
    expect(preview).not_to_contain_text("<")
    # another account
    number = post.odoo.query(
        "SELECT account.number FROM epd_mailing_letter letter "
        "JOIN epd_personal_account account ON account.id = letter.account_id "
        "WHERE mailing_id = %s ORDER BY letter.id DESC LIMIT 1",
        mailing,
    )[0][0]
    box = page.locator(".o_field_widget[name=preview_document_id] input")
    box.click()
    box.fill(number)
    page.locator(f".o-autocomplete--dropdown-item:has-text('{number}')").first.click()
    expect(preview).to_contain_text(f"Доброе утро! {number}")
    expect(page.locator(".o_field_widget[name=preview_subject]")).not_to_contain_text("{{")
    # the subject, with a field that does not exist: shown while it is typed
    subject = page.locator(".o_field_widget[name=subject] input")
    subject.fill("Счёт {{ acount_number }}")
    problem = page.locator(".o_field_widget[name=text_problem]:visible")
    expect(problem).to_contain_text("acount_number")
    expect(problem).to_contain_text("account_number")
    expect(problem).to_contain_text("provider_phone")
    shoot("letter_unknown_field")
    subject.fill("Счёт ")
    # taken while the field is looked for: the space stays
    expect(problem).to_have_count(0)
    page.locator(".o_field_widget[name=subject] .o_epd_insert_field").click()
    assert not page.locator(".o_epd_fields [data-field=amount_due]").count()
    page.locator(".o_epd_fields [data-field=account_number]").click()
    expect(page.locator(".o_field_widget[name=preview_subject]")).to_contain_text(f"Счёт {number}")
    expect(problem).to_have_count(0)
    page.locator(".o_epd_phone").click()
    frame = page.locator(".o_epd_letter_preview iframe")
    wait_until(lambda: frame.bounding_box()["width"] <= 375, 30, "the telephone's width")
    shoot_sizes(page, shoot, "letter_text")
    # the source of the same letter
    page.locator(".o_epd_source").click()
    expect(page.locator(".o_codeview")).to_have_value(re.compile(r"\{\{ account_number \}\}"))
    page.locator(".o_epd_source").click()
    page.click(".o_form_button_save")
    page.wait_for_selector(
        ".o_form_saved, .o_form_status_indicator_buttons.invisible", state="attached"
    )
    saved = post.operator("epd.mailing", "read", [mailing], ["subject", "body"])[0]
    assert saved["subject"] == "Счёт {{ account_number }}"
    assert "Доброе утро! {{ account_number }} Ваша УК" in saved["body"].replace(
        "\xa0", " "
    ).replace("&nbsp;", " ")
    assert "&lt;" not in saved["body"]
    # nobody takes a note to colleagues for the mailing
    expect(page.locator(".o-mail-Chatter")).to_be_attached()
    expect(page.locator(".o-mail-Chatter-sendMessage:visible")).to_have_count(0)
    assert not page.locator(clicks.WRONG).count()


# each would run in the session of whoever opens the mailing, or call this Odoo in their name
def test_what_is_typed_stays_when_the_screen_is_late(post, page):
    """A slow machine: the page learns of one commit of the letter when the next is on its way."""
    mailing = sending.make_mailing(post, take_documents(post, 1), exact=False)
    editor, preview = begin_letter(page, post, mailing)
    # no frame is drawn until it is let go
    page.evaluate(
        "() => { const draw = window.requestAnimationFrame; const held = [];"
        "window.requestAnimationFrame = (frame) => held.push(frame);"
        "window.letFramesGo = () => { window.requestAnimationFrame = draw; held.forEach((frame) => draw(frame)); }; }"
    )
    with page.expect_response("**/onchange") as first:
        page.keyboard.type("Доброе ")
    assert first.value.finished() is None
    late = []
    page.route("**/onchange", lambda route: late.append(route))
    with page.expect_request("**/onchange"):
        page.keyboard.type("утро. ")
    page.evaluate("() => window.letFramesGo()")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    expect(editor).to_be_focused()
    page.keyboard.type("Ваша УК. ")
    expect(editor).to_contain_text("Доброе утро. Ваша УК. Здравствуйте")
    for route in late:
        route.continue_()
    page.unroute_all()
    expect(preview).to_contain_text("Доброе утро. Ваша УК. Здравствуйте")
    expect(editor).to_contain_text("Доброе утро. Ваша УК. Здравствуйте")


HOSTILE = (
    '<p>Один</p><img src="x" onerror="top.ran = \'picture\'">',
    "<p>Два</p><script>top.ran = 'script'</script>",
    "<p>Три</p><svg onload=\"top.ran = 'drawing'\"></svg>",
    "<p>Четыре</p><iframe srcdoc=\"<script>top.ran = 'frame'</script>\"></iframe>",
    '<p>Пять</p><img src="/web/session/logout"><p style="background-image: url(/web/session/logout)">'
    "а</p>",
    '<html><head><base href="/web/session/logout"><style>p { background: url(/web/session/logout) }'
    '</style></head><body background="/web/session/logout"><p>Шесть</p></body></html>',
)


def test_nothing_of_a_letter_runs_on_the_page_that_shows_it(post, page, shoot):
    """Script in a letter, and pictures that log the reader out: in the editor, its frame, source and preview."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    mailing = sending.make_mailing(post, take_documents(post, 1), exact=False)
    told = page.locator("[name=text_problem]:visible, [name=text_warning]:visible")
    letter = page.locator(".o_epd_letter_html")
    for body in HOSTILE:
        post.operator("epd.mailing", "write", [mailing], {"body": body})
        open_mailing(page, post, mailing)
        clicks.tab(page, "Текст письма")
        expect(told.first).to_be_visible()
        word = re.search("<p>(\\w+)", body).group(1)
        expect(letter.frame_locator("iframe").locator("body")).to_contain_text(word)
        assert page.evaluate("window.ran === undefined"), body
    shoot_sizes(page, shoot, "letter_hostile", told.first)
    # typed as source, looked at, and found as it was typed
    letter.locator(".o_epd_source").click()
    expect(letter.locator(".o_codeview")).to_have_value(HOSTILE[-1])
    letter.locator(".o_codeview").fill(HOSTILE[0])
    expect(told.first).to_contain_text("onerror")
    letter.locator(".o_epd_source").click()
    expect(letter.frame_locator("iframe").locator("body")).to_contain_text("Один")
    letter.locator(".o_epd_source").click()
    expect(letter.locator(".o_codeview")).to_have_value(HOSTILE[0])
    # mended, it is written in the editor again
    letter.locator(".o_codeview").fill("<p>Хорошо</p>")
    expect(told).to_have_count(0)
    letter.locator(".o_epd_source").click()
    editor = letter.locator(".odoo-editor-editable:visible")
    expect(editor).to_contain_text("Хорошо")
    # a picture from the clipboard has no address that payers could open
    editor.click()
    editor.evaluate(
        """async (editor) => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 9, height: 9 });
            const picture = await new Promise((done) => canvas.toBlob(done));
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([picture], "a.png", { type: "image/png" }));
            editor.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }"""
    )
    expect(told.first).to_contain_text("не увидят")
    shoot("letter_pasted_picture")
    page.click(".o_form_button_cancel")
    expect(told.first).to_be_visible()
    # nobody writes it any more: Odoo's viewer puts it on the page
    post.operator("epd.mailing", "write", [mailing], {"body": HOSTILE[0]})
    post.operator("epd.mailing", "action_cancel", [mailing])
    open_mailing(page, post, mailing)
    page.wait_for_selector(f"{clicks.CURRENT}[data-value=cancelled]", state="attached")
    clicks.tab(page, "Текст письма")
    expect(letter.frame_locator("iframe").locator("body")).to_contain_text("Один")
    assert page.evaluate("window.ran === undefined")
    assert not [url for url in asked if "logout" in url]
    assert not page.locator(clicks.WRONG).count()


def test_a_failed_letter_is_mended_in_its_row(post, page, shoot):
    """The table says what failed and why, in words; the address is corrected there and the letter goes."""
    mailing = sending.make_mailing(post, take_documents(post, 200)[:-8], exact=False)
    post.operator("epd.mailing", "action_send_now", [mailing])
    wait_until(lambda: sending.read_state(post, mailing) == "done", 240, "all have gone")
    post.sandbox.control("clock", {"advance": 3600})

    def failed():
        post.operator("epd.mailing", "action_refresh", [mailing])
        return post.odoo.query(
            "SELECT email, account_id FROM epd_mailing_letter "
            "WHERE mailing_id = %s AND state = 'bounced' ORDER BY id",
            mailing,
        )

    email, _account = wait_until(failed, 120, "some come back")[0]
    open_mailing(page, post, mailing)
    clicks.tab(page, "Письма")
    table = page.locator(".o_field_widget[name=shown_letter_ids]")
    line = clicks.row(page, email, ".o_field_widget[name=shown_letter_ids]")
    expect(line).not_to_contain_text("err_")
    whole = "cell => cell.scrollWidth <= cell.clientWidth"
    for name in ("email", "sent_at", "reason_text"):
        assert line.locator(f"td[name={name}]").evaluate(whole), f"{name} is cut"
    expect(line.locator("td[name=email]")).to_have_text(email)
    assert re.fullmatch(
        r"\d\d\.\d\d\.\d{4} \d\d:\d\d", line.locator("td[name=sent_at]").inner_text().strip()
    )
    expect(table.locator(".o_epd_bound").first).to_be_attached()
    shoot_sizes(page, shoot, "letters_table", line)
    line.locator("button[name=action_mend]").click()
    box = clicks.dialog(page)
    clicks.fill(page, "email", "mended.in.row@example.com", ".modal")
    shoot_sizes(page, shoot, "letter_mend")
    box.locator("button[name=action_mend]").click()
    clicks.closed(page)

    def arrived():
        return len(post.sandbox.control("letters?email=mended.in.row@example.com"))

    assert wait_until(arrived, 150, "the letter goes to the right address") == 1
    wait_until(lambda: sending.read_state(post, mailing) == "done", 120, "the mailing is done")
    assert arrived() == 1
    clicks.read_again(page)
    line = clicks.row(page, "mended.in.row@example.com", ".o_field_widget[name=shown_letter_ids]")
    expect(line).to_be_visible()
    assert not page.locator(clicks.WRONG).count()


def test_a_new_mailing_is_no_dead_end(post, page, shoot):
    """«Новое» in the list of mailings: receipts are added, the calendar has it, nothing is lost."""
    clicks.go(page, post.odoo, "epd-mailings")
    page.click(".o_list_button_add")
    page.wait_for_selector(".o_form_view")
    clicks.fill(page, "subject", "Квитанция")
    page.locator(".alert button[name=action_choose_documents]:visible").click()
    box = clicks.dialog(page)
    expect(box.locator(".o_field_widget[name=document_count]")).to_be_visible()
    shoot("mailing_add_receipts")
    box.locator("button[special=cancel]").click()
    clicks.closed(page)
    planned = sending.make_mailing(post, take_documents(post, 1), exact=False)
    later = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d 09:00:00}"
    post.operator("epd.mailing", "action_schedule", [planned], scheduled_at=later)
    clicks.go(page, post.odoo, "epd-mailings?view_type=calendar")
    page.wait_for_selector(".o_calendar_view .fc-event, .o_calendar_view .o_event")
    shoot("mailing_calendar")
    assert not page.locator(clicks.WRONG).count()
