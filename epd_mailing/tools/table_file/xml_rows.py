"""XML of settlement centres, by a small mapping an export; no entities, no document types.

A new kind of file is one more entry of :data:`MAPS`. What has no mapping is rejected with its root.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.parsers import expat

from .errors import TableError
from .reader import Row, Table

if TYPE_CHECKING:
    from .kinds_of_files import Wanted

DEPTH = 50


@dataclass(frozen=True)
class XmlMap:
    """How an export is built. Names of attributes and of elements with text are equal here.

    ``record``: the element of one account; ``line``: the element of one charge within it. The other
    fields: name in the file → field of ours, of the root, of the record for each kind of loading, of
    the line.
    """

    root: str
    record: str
    line: str
    of_root: dict[str, str]
    of_record: dict[str, dict[str, str]]
    of_line: dict[str, str]


# platezhki: receipts of a settlement centre, one item an account (public sample of 2021)
MAPS = (
    XmlMap(
        root="platezhki",
        record="item",
        line="nachislenie",
        of_root={"period": "period"},
        of_record={
            "charge": {"nomerls": "account"},
            "balance": {
                "nomerls": "account",
                "nachalniy_ostatok": "opening",
                "nachisleno": "charged",
                "oplacheno": "paid",
                "peni": "penalty",
                "koplate": "due",
            },
            "account": {
                "nomerls": "account",
                "pomeshenie": "building",
                "platelshik": "payer",
                "obshaya_ploshad": "area",
            },
        },
        of_line={
            "vid": "service",
            "tarif": "tariff",
            "ed": "uom",
            "normativ": "norm_individual",
            "potrebleno": "volume_individual",
            "nachisleno": "amount",
            "pereraschet": "recalculation",
            "koplate": "total",
        },
    ),
)
EXCEL_2003 = "urn:schemas-microsoft-com:office:spreadsheet"


@dataclass
class _Element:
    name: str
    values: dict[str, str]
    text: list[str] = field(default_factory=list)


class XmlTable(Table):
    """Records, or their lines, as rows; positions are their numbers."""

    def __init__(self, stream: BinaryIO, wanted: "Wanted") -> None:
        super().__init__(format="xml")
        if stream.seek(0, 2) > wanted.limits.held:
            raise TableError("too_big", detail=str(wanted.limits.held // 2**20))
        stream.seek(0)
        reader = _Reader()
        try:
            while block := stream.read(256 * 1024):
                reader.parser.Parse(block, False)
            reader.parser.Parse(b"", True)
        except expat.ExpatError as error:
            if not reader.root:
                raise TableError("not_table") from error
            raise TableError("damaged", error.lineno) from error
        self.map = reader.map
        self._lines = wanted.kind == "charge"
        self._codes = self._get_codes(wanted.kind)
        names: dict[str, None] = {}
        records = reader.lines if self._lines else reader.records
        self._rows = [{**reader.top, **row} for row in records]
        for row in self._rows:
            names.update(dict.fromkeys(row))
        if len(names) > wanted.limits.columns:
            raise TableError("many_columns", detail=str(wanted.limits.columns))
        self.headings = list(names)
        self.size = len(self._rows)

    def _get_codes(self, kind: str) -> dict[str, str]:
        """Return ``{heading: field}`` for a kind of loading."""
        codes = dict(self.map.of_root)
        codes |= self.map.of_record.get(kind, {})
        if kind == "charge":
            codes |= {f"{self.map.line}.{name}": code for name, code in self.map.of_line.items()}
        return codes

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield the rows from ``position`` on."""
        for place in range(position, self.size):
            row = self._rows[place]
            yield Row(place + 1, [row.get(name) for name in self.headings or ()], place + 1)

    def suggest(self, kind: str) -> list[tuple[str, str]] | None:
        """Return what the columns hold, by the mapping."""
        if kind not in self.map.of_record:
            return None
        codes = self._get_codes(kind)
        if kind == "account":
            codes.pop("period", None)
        return [(codes.get(name, ""), "") for name in self.headings or ()]


class _Reader:
    """Takes the events of the parser."""

    def __init__(self) -> None:
        self.root = ""
        self.map: XmlMap = MAPS[0]
        self.top: dict[str, str] = {}
        self.records: list[dict[str, str]] = []
        self.lines: list[dict[str, str]] = []
        self._stack: list[_Element] = []
        self._own: list[dict[str, str]] = []
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._read_text
        parser.StartDoctypeDeclHandler = self._reject
        parser.EntityDeclHandler = self._reject

    def _reject(self, *_declaration: Any) -> None:
        raise TableError("unsafe_xml")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.root:
            self.root = name
            if EXCEL_2003 in attributes.values():
                raise TableError("excel_xml")
            found = next((each for each in MAPS if each.root == name), None)
            if found is None:
                raise TableError(
                    "html" if name.lower() == "html" else "xml_other", detail=name[:60]
                )
            self.map = found
            self.top = dict(attributes)
        if len(self._stack) >= DEPTH:
            raise TableError("unsafe_xml")
        self._stack.append(_Element(name, dict(attributes)))

    def _read_text(self, text: str) -> None:
        if self._stack:
            self._stack[-1].text.append(text)

    def _end(self, name: str) -> None:
        element = self._stack.pop()
        if name == self.map.line:
            start = self.map.line
            self._own.append({f"{start}.{key}": value for key, value in element.values.items()})
        elif name == self.map.record:
            self.records.append(element.values)
            # figures of the account stand once, at its first line
            keys = self.map.of_record.get("charge", {})
            key = {name: value for name, value in element.values.items() if name in keys}
            self.lines += [
                {**(key if place else element.values), **line}
                for place, line in enumerate(self._own)
            ]
            self._own = []
        elif self._stack and (text := "".join(element.text).strip()):
            parent = self._stack[-1]
            (self.top if len(self._stack) == 1 else parent.values).setdefault(name, text)
