"""What of a letter its payer cannot see, and what mail programs throw out of it."""

import pytest
from tools import letter_html
from tools.message import TemplateError, check_template, find_closed, render_message, sample_data


@pytest.mark.parametrize(
    ("body", "what", "line"),
    [
        ("<p>a</p>\n<script>alert(1)</script>", "<script>", 2),
        ("<SCRIPT src=//evil.example/x.js>", "<script>", 1),
        ("<p>a</p>\n\n<img src='https://a.example/b.png' onerror=alert(1)>", "onerror", 3),
        ("<svg/onload=alert(1)>", "onload", 1),
        ("<body onload='x'>a", "onload", 1),
        ("<iframe srcdoc='<b>x'></iframe>a", "<iframe>", 1),
        ("<object data=x>", "<object>", 1),
        ("<embed src=x>", "<embed>", 1),
        ("<form action=https://evil.example><input></form>", "<form>", 1),
        ("<button>a</button>", "<button>", 1),
        ("<base href=https://evil.example/>a", "<base>", 1),
        ("<meta http-equiv=Refresh content='0;url=https://evil.example'>a", "<meta refresh>", 1),
        ("<a href='javascript:alert(1)'>a</a>", "javascript:alert(1)", 1),
        ("<a href=' JAV&#09;ASCRIPT:alert(1)'>a</a>", "javascript:alert(1)", 1),
        ("<a href='vbscript:a'>a</a>", "vbscript:a", 1),
        ("<a href='data:text/html,<b>a'>a</a>", "data:text/html,<b>a", 1),
        ("<a href='javascript:{{ account_number }}'>a</a>", "javascript:{{…}}", 1),
        ("{% if period == 'x' %}\n<script>a</script>{% endif %}a", "<script>", 2),
        ("<div>" * 1000 + "<script>a", "<script>", 1),
        ("<?xml version='1.0' encoding='koi8-r'?><p>a<script>a", "<script>", 1),
    ],
)
def test_what_acts_is_refused_and_never_leaves(body, what, line):
    with pytest.raises(TemplateError) as caught:
        check_template("Тема", body)
    assert (caught.value.code, caught.value.line, caught.value.name) == ("active", line, what)
    with pytest.raises(TemplateError):
        render_message("Тема", body, sample_data())


def test_what_is_too_deep_to_be_read_is_refused():
    with pytest.raises(TemplateError) as caught:
        check_template("Тема", "<div>" * 30_000 + "<script>a")
    assert caught.value.code == "too_complex"


@pytest.mark.parametrize(
    "body",
    [
        # a whole page of a constructor of letters, and what Word pastes
        "<!DOCTYPE html><html><head><meta charset='utf-8'><title>a</title><style>p { color: red }"
        "</style></head><body bgcolor='#fff'><center><font color=red>a</font></center></body></html>",
        "<!--[if mso]><xml><o:OfficeDocumentSettings/></xml><![endif]--><p class=MsoNormal>"
        "<span style='mso-fareast-language:RU'>Текст<o:p></o:p></span></p>",
        "<a href='{{ document_link }}'>a</a> <a href='{{ unsubscribe_link }}'>b</a>",
        "<p>a < b, on = 5, javascript: 5 > 4</p>",
        "<table><tr {% if period %}bgcolor=red{% endif %}><td>{{ account_number }}</td></tr></table>",
        "<p>оплата</b></i></p></div>",
        "<map><area href='#a'></map><a name=x data-on=x>a</a>",
    ],
)
def test_what_is_usual_is_let_through(body):
    assert check_template("Тема", body).html
    assert not find_closed(body, True)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("https://example.com/a.png", True),
        ("http://example.com/a.png", True),
        ("//example.com/a.png", True),
        ("https://картинки.рф/a.png", True),
        ("https://8.8.8.8/a.png", True),
        ("{{ document_link }}", True),
        ("https://{{ provider_name }}/a.png", True),
        ("", True),
        ("http://127.0.0.1/a.png", False),
        ("http://127.1/a.png", False),
        ("http://2130706433/a.png", False),
        ("http://0x7f.1/a.png", False),
        ("http://10.1.2.3/a.png", False),
        ("http://172.16.0.1/{{ account_number }}.png", False),
        ("http://192.168.1.5:8069/web/image/1", False),
        ("http://169.254.169.254/latest", False),
        ("http://[::1]/a.png", False),
        ("http://[fe80::1%25eth0]/a.png", False),
        ("http://[broken/a.png", False),
        ("http://server/a.png", False),
        ("http://localhost:8069/a.png", False),
        ("http://odoo.local/a.png", False),
        ("http://odoo.office.lan./a.png", False),
        ("https:///a.png", False),
        ("/web/image/123", False),
        ("images/logo.png", False),
        ("example.com/logo.png", False),
        ("data:image/png;base64,AAAA", False),
        ("cid:logo", False),
        ("blob:https://example.com/1", False),
        ("file:///C:/logo.png", False),
        ("C:\\Users\\logo.png", False),
        ("\\\\server\\logo.png", False),
    ],
)
def test_a_picture_that_its_payer_cannot_open_is_found(address, public):
    body = f'<p>a</p>\n<img src="{address}">'
    found = find_closed(body, True)
    assert [(one.kind, one.line) for one in found] == ([] if public else [("picture", 2)])
    assert check_template("Тема", body).html, "it is told, and the letter goes all the same"
    assert bool(find_closed(f'<td background="{address}">a</td>', True)) is not public
    # what a page of ours would open for it
    if not public and '"' not in address:
        assert "src=" not in letter_html.drop_closed(body)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<a href='/web#id=1'>a</a>", [("link", 1, "/web#id=1")]),
        ("<a href='www.example.com'>a</a>", [("link", 1, "www.example.com")]),
        ("\n<a href='http://10.0.0.5/pay'>a</a>", [("link", 2, "http://10.0.0.5/pay")]),
        ("<a href='mailto:a@example.com'>a</a><a href='tel:+7'>b</a><a href='tg://x'>c</a>", []),
        ("<img srcset='a.png 1x, https://example.com/b.png 2x'>", [("picture", 1, "a.png")]),
        ("<p style=\"background: url( '/a.png' )\">a", [("picture", 1, "/a.png")]),
        ("<style>\n\nb { background: url(/a.png) }</style>a", [("picture", 3, "/a.png")]),
        (
            "<style>@import 'https://example.com/a.css';\n@import url(/b.css);</style>a",
            [("style", 1, "https://example.com/a.css"), ("style", 2, "/b.css")],
        ),
        (
            "<link rel=stylesheet href=https://example.com/a.css>a",
            [("style", 1, "https://example.com/a.css")],
        ),
        ("<svg><image href='/a.png'></svg>a", [("picture", 1, "/a.png")]),
        ("<img src='/a.png'><img src='/a.png'>", [("picture", 1, "/a.png")]),
        ("<img src='data:image/png;base64," + "A" * 300_000 + "'>", None),
    ],
)
def test_links_styles_and_what_is_told_of_them(body, found):
    told = find_closed(body, True)
    if found is None:
        assert len(told) == 1 and len(told[0].what) < 80
    else:
        assert [(one.kind, one.line, one.what) for one in told] == found


def test_plain_text_has_links_only():
    text = "Оплата: http://10.0.0.1/a\n<script> <img src=/a.png>\nhttps://example.com"
    assert [(one.kind, one.line) for one in find_closed(text, False)] == [("link", 1)]
    assert check_template("Тема", text, is_html=False)


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", "<!--", "<p a='", "<style>@import ", "url(", "<b>", "{{", "{{ a", "&", "<table>"],
)
def test_what_is_broken_is_read(piece):
    letter_html.find_all(piece * (180_000 // len(piece)))


def test_a_page_of_ours_opens_what_its_payer_opens():
    html = (
        "<p>a</p><img src='/web/session/logout'><img srcset='/a 1x'><p style=\"color: red; "
        "background-image: url('http://10.0.0.1/x')\">b</p><img src='https://example.com/c.png'>"
    )
    safe = letter_html.drop_closed(html)
    assert "logout" not in safe and "/a 1x" not in safe and "10.0.0.1" not in safe
    assert "https://example.com/c.png" in safe and "<p>a</p>" in safe
    assert letter_html.drop_closed("") == ""
