"""The Go side's addresses: its API, its control API at ``/sandbox/go/`` and its inbox at ``/go/``."""

import json
import re
import time
from html import escape

from .. import faults
from . import BEHAVIOURS
from .service import REQUEST_LIMIT, GoError, stamp

API = re.compile(r"/(?:ru|en)/transactional/api/v1/([\w-]+/[\w-]+)\.json")


def respond(handler, path, query, body):
    """Answer a request of the Go side through the server's ``handler``.

    :return: whether the address was one of these
    """
    service = handler.server.go
    found = API.fullmatch(path)
    if found:
        _api(handler, service, found[1], body)
    elif path.startswith("/sandbox/go/"):
        _control(handler, service, path.removeprefix("/sandbox/go/").split("/"), query, body)
    elif path.rstrip("/") == "/go" or path.startswith("/go/"):
        handler.send(200, "text/html; charset=utf-8", _page(service, path).encode())
    else:
        return False
    return True


def _json(handler, data, status=200):
    text = json.dumps(data, ensure_ascii=False).encode()
    handler.send(status, "application/json; charset=utf-8", text)


def _api(handler, service, method, body):
    if handler.command != "POST":
        _json(handler, {"status": "error", "code": 103, "message": "POST is expected"}, 405)
        return
    try:
        data = json.loads(body or b"{}")
        if not isinstance(data, dict):
            raise ValueError
    except ValueError:
        _json(handler, {"status": "error", "code": 111, "message": "Invalid JSON"}, 400)
        return
    fault = service.take_fault(method, data) or {}
    kind = fault.get("kind", "")
    if kind in ("slow_before", "drop_before", "code", *faults.REFUSED):
        if kind == "slow_before":
            time.sleep(fault.get("seconds", 5))
        else:
            _before(handler, kind, fault)
            return
    status, answer = _call(service, method, data, handler.headers.get("X-API-KEY") or "", body)
    if kind == "slow_after":
        time.sleep(fault.get("seconds", 5))
    if kind == "drop_after":
        handler.drop()
    elif kind in faults.LOST:
        page = "<html>Технические работы</html>".encode()
        handler.send(faults.LOST[kind], "text/html", page)
    else:
        if "event_dump" in answer:
            host = handler.headers.get("Host")
            for file in answer["event_dump"]["files"]:
                file["url"] = f"http://{host}{file['url']}"
        _json(handler, answer, status)


def _before(handler, kind, fault):
    """Fail without having taken anything."""
    if kind == "drop_before":
        handler.drop()
    elif kind == "code":
        code = fault["code"]
        _json(
            handler,
            {"status": "error", "code": code, "message": "По заказу"},
            fault.get("status", 400),
        )
    else:
        status = faults.REFUSED[kind]
        _json(
            handler,
            {"status": "error", "code": 150 if status == 500 else 0, "message": "По заказу"},
            status,
        )


def _call(service, method, data, key, body):
    if len(body) > REQUEST_LIMIT:
        return 413, {"status": "error", "code": 199, "message": "Request is too large"}
    try:
        return 200, service.call(method, data, key)
    except GoError as error:
        answer = {"status": "error", "code": error.code, "message": error.message, **error.more}
        return error.status, answer


def _control(handler, service, parts, query, body):
    data = json.loads(body) if body else {}
    name = parts[0]
    if name == "letters":
        where, args = ("email = ?", (query["email"],)) if "email" in query else ("1", ())
        _json(handler, service.store.letters(where, *args))
    elif name == "attachment":
        rows = service.store.rows("SELECT data FROM go_attachment WHERE rowid = ?", parts[1])
        handler.send(200, "application/pdf", rows[0]["data"] if rows else b"")
    elif name == "dump":
        content = service.dump_file(parts[1].removesuffix(".csv"))
        handler.send(200, "text/csv; charset=utf-8", content)
    elif name == "event":
        service.store.add_event(
            data.pop("id"), data.pop("status"), **{key: str(value) for key, value in data.items()}
        )
        _json(handler, {})
    elif name == "fault":
        service.faults.append({"times": 1, **data})
        _json(handler, {})
    elif name == "faults":
        service.faults.clear()
        _json(handler, {})
    elif name == "settings":
        try:
            service.change_settings(data)
        except GoError as error:
            handler.send(400, "text/plain; charset=utf-8", error.message.encode())
            return
        _json(handler, service.settings)
    elif name == "count":
        rows = service.store.rows("SELECT method, count(*) AS n FROM go_call GROUP BY method")
        letters = service.store.rows("SELECT count(*) AS n FROM go_letter")[0]["n"]
        _json(handler, {"letters": letters, "calls": {row["method"]: row["n"] for row in rows}})
    elif name == "hooks":
        _json(handler, service.store.rows("SELECT * FROM go_hook"))
    elif name == "reset":
        service.faults.clear()
        service.store.reset()
        _json(handler, {})
    else:
        handler.send(404, "text/plain", b"no such control")


def _page(service, path):
    from ..pages import STYLE

    number = path.rpartition("/")[2]
    if path.startswith("/go/letter/") and number.isdigit():
        letters = service.store.letters("id = ?", int(number))
        content = _letter(letters[0]) if letters else "<p>Нет такого письма."
    else:
        content = _inbox(service)
    return (
        "<!DOCTYPE html><html lang=ru><meta charset=utf-8><title>Песочница Unisender Go</title>"
        f"<style>{STYLE}</style><header><a href='/go/'>Песочница Unisender Go: входящие</a> · "
        f"<a href='/'>классический метод</a></header><main>{content}</main></html>"
    )


def _inbox(service):
    rows = "".join(
        f"<tr><td>{stamp(one['received'])}<td>{escape(one['email'])}"
        f"<td><a href='/go/letter/{one['id']}'>{escape(one['subject'])}</a>"
        f"<td>{'<br>'.join(escape(file['name']) for file in one['attachments'])}"
        f"<td><span class=s>{escape(one['status'])}</span>"
        for one in service.store.letters()[::-1][:500]
    )
    behaviours = "".join(f"<li>{mark}: {escape(text)}" for mark, text in BEHAVIOURS)
    return (
        "<table><tr><th>Принято, UTC<th>Кому<th>Тема<th>Вложение<th>Статус</tr>"
        f"{rows or '<tr><td colspan=5>Писем пока нет.'}</table>"
        f"<p class=m>Как песочница ведёт себя и откуда это известно:</p><ul>{behaviours}</ul>"
    )


def _letter(letter):
    facts = (
        ("Кому", letter["email"]),
        ("От кого", letter["sender"]),
        ("Ответ на", letter["reply_to"]),
        ("Тема", letter["subject"]),
        ("job_id", letter["job_id"]),
        ("Метка", json.dumps(letter["metadata"], ensure_ascii=False)),
        ("Отслеживание", f"прочтения: {letter['track_read']}, ссылки: {letter['track_links']}"),
        ("Статус", letter["status"]),
    )
    rows = "".join(f"<tr><th>{name}<td>{escape(str(value) or '—')}" for name, value in facts)
    files = "".join(
        f"<tr><th>Вложение<td><a href='/sandbox/go/attachment/{file['rowid']}'>{escape(file['name'])}</a>"
        f" SHA-256 {file['sha256']}"
        for file in letter["attachments"]
    )
    return f'<table>{rows}{files}</table><p></p><iframe sandbox srcdoc="{escape(letter["body"])}"></iframe>'
