"""JSON: a list of objects, or an object with one such list («data»); nested objects as «a.b»."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from .errors import TableError
from .reader import Row, Table

if TYPE_CHECKING:
    from .kinds_of_files import Wanted

DEPTH = 4
ROWS_CHECKED = 1000  # objects whose names make the headings


class JsonTable(Table):
    """Objects as rows; positions are their numbers."""

    def __init__(self, stream: BinaryIO, wanted: "Wanted") -> None:
        super().__init__(format="json", encoding="utf-8-sig")
        if stream.seek(0, 2) > wanted.limits.held:
            raise TableError("too_big", detail=str(wanted.limits.held // 2**20))
        stream.seek(0)
        try:
            data = json.loads(
                stream.read().decode("utf-8-sig"), parse_float=Decimal, parse_constant=str
            )
        except UnicodeDecodeError as error:
            raise TableError("encoding", detail="utf-8") from error
        except (ValueError, RecursionError) as error:
            raise TableError("damaged", detail=type(error).__name__) from error
        self._rows = [dict(_flatten(item)) for item in _find_list(data)]
        self.size = len(self._rows)
        names: dict[str, None] = {}
        for row in self._rows:
            names.update(dict.fromkeys(row))
            if len(names) > wanted.limits.columns:
                raise TableError("many_columns", detail=str(wanted.limits.columns))
        self.headings = list(names)

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield the objects from ``position`` on."""
        for place in range(position, self.size):
            row = self._rows[place]
            cells = [row.get(name) for name in self.headings or ()]
            yield Row(place + 1, cells, place + 1)


def _find_list(data: Any) -> list[dict[str, Any]]:
    """Return the one list of objects of the file.

    :raise TableError: ``json_other`` when there is none, or more than one
    """
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list) and value]
        if len(lists) == 1:
            data = lists[0]
        elif not lists and len(data) == 1 and isinstance(next(iter(data.values())), dict):
            return _find_list(next(iter(data.values())))
    if not isinstance(data, list) or not data or not all(isinstance(i, dict) for i in data):
        raise TableError("json_other")
    return data


def _flatten(item: dict[str, Any], start: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict) and depth < DEPTH:
            yield from _flatten(value, f"{start}{name}.", depth + 1)
        elif isinstance(value, dict | list):
            yield start + name, json.dumps(value, ensure_ascii=False, default=str)
        else:
            yield start + name, value
