"""The page «Поведение»: what the sandbox does, on whose word, and the switches."""

import contextlib
import json
from html import escape

from .behaviours import BEHAVIOURS, MARKS
from .errors import ApiError

LEGEND = (
    "Документация — так написано у сервиса; замечено — так отвечал сервис или так написан чужой "
    "клиент; предположение — выведено, проверить на живой учётной записи."
)


def render(service):
    """Return the page's content (HTML)."""
    rows = "".join(_row(one, service.settings) for one in BEHAVIOURS)
    return (
        f"<p class=m>{LEGEND}</p><table><tr><th>Что делает<th>Откуда известно<th>Настройка"
        f"<th>Сейчас</tr>{rows}</table>"
    )


def change(service, name, written):
    """Set a setting from the page's form; a value that is not of its kind is left alone."""
    kind = type(service.settings.get(name))
    if kind is bool:
        value = written == "true"
    elif kind in (int, float):
        try:
            value = kind(written)
        except ValueError:
            return
    else:
        value = written
    with contextlib.suppress(ApiError):
        service.change_settings({name: value})


def _row(one, settings):
    cells = f"<tr><td>{escape(one.text)}<td>{MARKS[one.mark]}"
    if not one.name:
        return f"{cells}<td><td>всегда</tr>"
    value = settings[one.name]
    shown = (
        json.dumps(value, ensure_ascii=False) if isinstance(value, (bool, int, float)) else value
    )
    if isinstance(value, bool):
        other = "true" if not value else "false"
        field = f"<input type=hidden name=value value={other}><button>Сменить</button>"
    else:
        field = f'<input name=value value="{escape(str(value))}" size=12><button>Задать</button>'
    form = (
        f'<form method=post action="/do"><input type=hidden name=setting value={one.name}>'
        f"{field}</form>"
    )
    return f"{cells}<td>{one.name}<td>{escape(str(shown))} {form}</tr>"
