"""The inbox: what arrived, as a person checks it (Russian)."""

import json
from html import escape
from urllib.parse import parse_qs

from . import page_behaviours

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:0;color:#222;background:#f6f7f9}
header{background:#263b5e;color:#fff;padding:14px 28px}header a{color:#fff;text-decoration:none}
main{max-width:1100px;margin:20px auto;padding:0 20px}
table{width:100%;border-collapse:collapse;background:#fff;border:1px solid #dde}
td,th{padding:8px 12px;text-align:left;border-bottom:1px solid #eef;vertical-align:top}
th{font-weight:600;color:#567;font-size:13px}tr:hover td{background:#fafcff}
.s{font-size:13px;padding:2px 8px;border-radius:9px;background:#e8eef8;white-space:nowrap}
.err{background:#fde7e7}.ok{background:#e5f6e8}form{display:inline}input,button{font:inherit;padding:5px 10px}
iframe{width:100%;height:420px;background:#fff;border:1px solid #dde}p.m{color:#678}
"""
FAULTS = (
    ("slow_after", "Принять, но ответить через 60 с"),
    ("drop_after", "Принять и оборвать связь"),
    ("drop_before", "Оборвать связь до приёма"),
    ("http_429", "Ответить 429, не приняв"),
    ("http_503", "Ответить 503, не приняв"),
    ("http_502", "Принять и ответить 502"),
    ("non_json", "Ответить не JSON"),
)
CODES = (
    "retry_later unspecified invalid_arg access_denied invalid_api_key not_enough_money "
    "api_call_limit_exceeded_for_api_key api_call_limit_exceeded_for_ip"
).split()
# (settings of the form, label)
MOODS = (
    ({"per_minute": 5}, "Пять писем в минуту"),
    ({"per_minute": 60}, "60 писем в минуту"),
    ({"per_minute": 0}, "Без предела за минуту"),
    ({"per_day": 10}, "Десять писем в сутки"),
    ({"per_day": 1000}, "1000 писем в сутки"),
    ({"per_day": 0}, "Без предела за сутки"),
    ({"hook_repeat": True, "hook_shuffle": True}, "События с повторами и не по порядку"),
    ({"hook_repeat": False, "hook_shuffle": False}, "События как есть"),
)


def respond(service, url, body):
    """Return (status, content type, bytes) for a page address."""
    query = parse_qs(url.query)
    if url.path == "/":
        return _page(_inbox(service, query.get("q", [""])[0]))
    if url.path.startswith("/letter/"):
        letters = service.store.letters("id = ?", url.path.rpartition("/")[2])
        return _page(_letter(letters[0])) if letters else (404, "text/plain", b"404")
    if url.path.startswith("/body/"):
        rows = service.store.rows("SELECT body FROM letter WHERE id = ?", url.path[6:])
        return 200, "text/html; charset=utf-8", (rows[0]["body"] if rows else "").encode()
    if url.path == "/behaviours":
        return _page(page_behaviours.render(service))
    if url.path == "/do" and body:
        _act(service, parse_qs(body.decode(), keep_blank_values=True))
        return _page('<p>Готово.</p><p><a href="/">К письмам</a></p>')
    return 404, "text/plain", b"404"


def _act(service, form):
    kind = form.get("fault", [""])[0]
    if kind in dict(FAULTS):
        service.faults.append({"kind": kind, "times": 1, "seconds": 60})
    code = form.get("code", [""])[0]
    if code in CODES:
        service.faults.append({"kind": "code", "code": code, "times": 1})
    mood = form.get("mood", [""])[0]
    if mood.isdigit() and int(mood) < len(MOODS):
        service.change_settings(MOODS[int(mood)][0])
    if form.get("setting", [""])[0] in service.settings:
        page_behaviours.change(service, form["setting"][0], form.get("value", [""])[0])
    if "advance" in form:
        service.store.offset += float(form["advance"][0])


def _page(content):
    html = (
        "<!DOCTYPE html><html lang=ru><meta charset=utf-8><title>Песочница UniSender</title>"
        f"<style>{STYLE}</style><header><a href='/'>Песочница UniSender: входящие</a>"
        " · <a href='/behaviours'>поведение</a></header>"
        f"<main>{content}</main></html>"
    )
    return 200, "text/html; charset=utf-8", html.encode()


def _badge(status):
    tone = "ok" if status in ("ok_delivered", "ok_read", "ok_link_visited") else ""
    tone = "err" if status.startswith("err") else tone
    return f'<span class="s {tone}">{escape(status)}</span>'


def _files(letter):
    return "<br>".join(
        f'<a href="/sandbox/attachment/{file["rowid"]}">{escape(file["name"])}</a> '
        f"({file['size'] // 1024} КБ)"
        for file in letter["attachments"]
    )


def _inbox(service, wanted):
    service.advance()
    letters = service.store.letters("email LIKE ?", f"%{wanted}%")[::-1]
    rows = "".join(
        f"<tr><td>{letter['received_at']}<td>{escape(letter['email'])}"
        f'<td><a href="/letter/{letter["id"]}">{escape(letter["subject"])}</a>'
        f"<td>{_files(letter)}<td>{_badge(letter['status'])}"
        for letter in letters[:500]
    )
    faults = _buttons("fault", FAULTS)
    codes = _buttons("code", ((code, code) for code in CODES))
    moods = _buttons("mood", ((place, label) for place, (_set, label) in enumerate(MOODS)))
    return (
        f'<form><input name=q value="{escape(wanted)}" placeholder="Адрес"> '
        f"<button>Найти</button></form><p class=m>Писем: {len(letters)}. Время UTC.</p>"
        "<table><tr><th>Принято<th>Кому<th>Тема<th>Вложение<th>Статус</tr>"
        f"{rows or '<tr><td colspan=5>Писем пока нет.'}</table>"
        f"<p>Следующий вызов: {faults}</p><p>Ответить ошибкой: {codes}</p><p>{moods}</p>"
        '<form method=post action="/do"><button name=advance value=3600>Час вперёд</button> '
        "<button name=advance value=86400>Сутки вперёд</button></form>"
    )


def _buttons(name, choices):
    return "".join(
        f'<form method=post action="/do"><button name={name} value={value}>{escape(label)}'
        "</button></form> "
        for value, label in choices
    )


def _letter(letter):
    facts = (
        ("Кому", letter["email"]),
        ("От кого", letter["sender"]),
        ("Ответ на", letter["reply_to"]),
        ("Тема", letter["subject"]),
        ("Принято", letter["received_at"]),
        ("Метка", json.dumps(letter["metadata"], ensure_ascii=False)),
    )
    rows = "".join(f"<tr><th>{name}<td>{escape(value or '—')}" for name, value in facts)
    hashes = "".join(f"<p class=m>SHA-256 {file['sha256']}</p>" for file in letter["attachments"])
    return (
        f"<table>{rows}<tr><th>Статус<td>{_badge(letter['status'])}"
        f"<tr><th>Вложение<td>{_files(letter)}{hashes}</table>"
        f'<p></p><iframe sandbox src="/body/{letter["id"]}"></iframe>'
    )
