"""What a PDF of somebody else may hold: text, pictures, links that a reader clicks; nothing that acts.

An allow-list over every object of the file, reachable or not, as ISO 32000-1:2008 names them: actions
(table 198), annotations (table 169), keys of the catalog (28), of a page (30), of names (31), of forms
(218). What the lists do not know is not taken.
"""

import io
from collections.abc import Iterator
from typing import Any

import pikepdf

OBJECTS = 2_000_000  # values looked at; a book of a thousand receipts has about a tenth
LINKS = ("http://", "https://", "mailto:", "tel:")

# clicked by the reader, and leading to a place in the file or to a page of the web
_CLICKED = {"/GoTo", "/URI"}
_ACTIONS = {
    "/GoTo", "/GoToR", "/GoToE", "/GoToDp", "/GoTo3DView", "/Launch", "/Thread", "/URI", "/Sound", "/Movie",
    "/Hide", "/Named", "/SubmitForm", "/ResetForm", "/ImportData", "/SetOCGState", "/Rendition", "/Trans",
    "/JavaScript", "/RichMediaExecute",
}  # fmt: skip
_ANNOTATIONS = {
    "/Text", "/Link", "/FreeText", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine", "/Highlight",
    "/Underline", "/Squiggly", "/StrikeOut", "/Stamp", "/Caret", "/Ink", "/Popup", "/Widget",
}  # fmt: skip
_CATALOG = {
    "/Type", "/Version", "/Extensions", "/Pages", "/PageLabels", "/Names", "/Dests", "/ViewerPreferences",
    "/PageLayout", "/PageMode", "/Outlines", "/OpenAction", "/AcroForm", "/Metadata", "/StructTreeRoot",
    "/MarkInfo", "/Lang", "/OutputIntents", "/PieceInfo", "/OCProperties", "/Perms", "/DSS",
}  # fmt: skip
_PAGE = {
    "/Type", "/Parent", "/LastModified", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox",
    "/ArtBox", "/BoxColorInfo", "/Contents", "/Rotate", "/Group", "/Thumb", "/B", "/Dur", "/Trans", "/Annots",
    "/Metadata", "/PieceInfo", "/StructParents", "/ID", "/PZ", "/SeparationInfo", "/Tabs", "/UserUnit", "/VP",
    "/OutputIntents",
}  # fmt: skip
_FORM = {"/Fields", "/NeedAppearances", "/SigFlags", "/CO", "/DR", "/DA", "/Q"}
_ALLOWED_KEYS = {"catalog": _CATALOG, "page": _PAGE, "form": _FORM, "names": {"/Dests"}}
_XOBJECTS = {"/Image", "/Form"}
# in whatever dictionary: what runs, what comes with it, what lies in another file
_NOWHERE = {
    "/AA", "/JS", "/JavaScript", "/XFA", "/EmbeddedFiles", "/EF", "/AF", "/RichMediaContent",
    "/RichMediaSettings", "/Renditions", "/Collection",
}  # fmt: skip
# of a stream: what is drawn lies in another file
_OUTSIDE = {"/F", "/FFilter", "/Ref", "/OPI"}
# dictionaries whose keys are names that the file's maker chose
_MAPS = {
    "/Font", "/XObject", "/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties", "/CharProcs",
    "/Dests", "/RoleMap", "/ClassMap", "/Colorants",
}  # fmt: skip
_TYPES_NOWHERE = {
    "/Filespec", "/F", "/EmbeddedFile", "/Rendition", "/MediaClip", "/3D", "/RichMedia", "/Collection", "/SlideShow",
}  # fmt: skip


# keys of what a reader clicks; a place in another file is none of them
_ACTION_KEYS = {
    "/GoTo": {"/Type", "/S", "/D", "/SD", "/Next"},
    "/URI": {"/Type", "/S", "/URI", "/IsMap", "/Next"},
}
# before the head and behind the end of a file: some programs leave line ends or zeros there
_EMPTY = b"\x00\t\n\x0c\r \x1a"
_BOM = b"\xef\xbb\xbf"

# where the table of objects, or one of two values, has to be guessed, each reader guesses by itself
_DOUBTS = ("cross-reference", "xref", "duplicated key")


class Active(Exception):
    """The file holds something that is not on the lists: ``str()`` names it."""


def find_active(data: bytes) -> str:
    """Return the name of the first thing in a PDF that is not allowed, or an empty text.

    :raise pikepdf.PdfError, ValueError: the file is damaged, or readers may see another one in it
    """
    _check_ends(data)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        try:
            _walk(pdf)
        except Active as found:
            return str(found)
        for warning in map(str, pdf.get_warnings()):
            if any(word in warning for word in _DOUBTS):
                raise ValueError(warning)
    return ""


def _check_ends(data: bytes) -> None:
    """Let nothing stand around the file.

    Readers look for the table of objects near the end, each within bytes of its own number; one that does
    not find it gathers the objects by itself, those behind the end too. What stands in front may be
    another kind of file.

    :raise ValueError: when something stands there
    """
    if not data.removeprefix(_BOM).lstrip(_EMPTY).startswith(b"%PDF-"):
        raise ValueError("something stands before the head of the file")
    if data.rpartition(b"%%EOF")[2].strip(_EMPTY):
        raise ValueError("something stands behind the end of the file")


def _walk(pdf: pikepdf.Pdf) -> None:
    seen: set[tuple[tuple[int, int], str]] = set()
    left = _walk_from([(pdf.trailer, "trailer")], seen, OBJECTS)
    # what nothing leads to is looked at too
    reached = {place for place, _role in seen}
    rest = [(one, "") for one in pdf.objects if one.is_indirect and one.objgen not in reached]
    _walk_from(rest, seen, left)


def _walk_from(
    pending: list[tuple[Any, str]], seen: set[tuple[tuple[int, int], str]], left: int
) -> int:
    """Look at all that values lead to, each once in each role; return how many more are allowed."""
    while pending:
        value, role = pending.pop()
        kind = value._type_code
        if kind not in _CONTAINERS:
            continue
        if value.is_indirect:
            mark = value.objgen, role
            if mark in seen:
                continue
            seen.add(mark)
        for child in _check_container(value, role):
            left -= 1
            if left < 0:
                raise Active("too many objects")
            if isinstance(child[0], pikepdf.Object):
                pending.append(child)
    return left


_CONTAINERS = (
    pikepdf.ObjectType.array,
    pikepdf.ObjectType.dictionary,
    pikepdf.ObjectType.stream,
)


def _check_container(value: Any, role: str) -> Iterator[tuple[Any, str]]:
    """Check one array or dictionary; yield what is in it, with the role that its place gives.

    Roles: ``trailer``, ``catalog``, ``page``, ``annotations``, ``annotation``, ``action``, ``opening``
    (an action that nobody clicks), ``names``, ``form``, ``xobjects``, ``xobject``, ``map``, or none.
    """
    if value._type_code == pikepdf.ObjectType.array:
        inner = {"annotations": "annotation", "action": "action"}.get(role, "")
        for item in value:
            yield item, inner
        return
    entries = dict(value.items())
    _check_keys(entries, role, value._type_code == pikepdf.ObjectType.stream)
    kind = _name(entries, "/Type")
    if kind == "/Page":
        _check_listed(entries, _PAGE)
    elif kind == "/Catalog":
        role = role or "catalog"
        _check_listed(entries, _CATALOG)
    elif kind == "/Annot":
        role = role or "annotation"
    elif kind == "/Action":
        role = role or "action"
    if role == "annotation" and _name(entries, "/Subtype") not in _ANNOTATIONS:
        raise Active(f"annotation {_name(entries, '/Subtype') or '?'}")
    if role == "xobject" and _name(entries, "/Subtype") not in _XOBJECTS:
        raise Active(f"XObject {_name(entries, '/Subtype') or '?'}")
    if "/Subtype" in entries and _name(entries, "/Subtype") == "/PS":
        raise Active("PostScript")
    if role in ("action", "opening"):
        _check_action(entries, role)
    elif _name(entries, "/S") in _ACTIONS - _CLICKED and kind not in ("/StructElem", "/Group"):
        raise Active(f"action {_name(entries, '/S')}")
    elif "/URI" in entries:
        _check_link(entries)
    for key, child in entries.items():
        yield child, _role(key, child, role, kind)


def _check_keys(entries: dict[str, Any], role: str, is_stream: bool) -> None:
    for key in sorted(_NOWHERE & entries.keys()) if role not in ("map", "xobjects") else ():
        raise Active(key)
    if is_stream and _OUTSIDE & entries.keys():
        raise Active("a stream of another file")
    if _name(entries, "/Type") in _TYPES_NOWHERE:
        raise Active(_name(entries, "/Type"))
    if role in _ALLOWED_KEYS:
        _check_listed(entries, _ALLOWED_KEYS[role])


def _check_listed(entries: dict[str, Any], allowed: set[str]) -> None:
    for key in sorted(entries.keys() - allowed):
        raise Active(key)


def _check_action(entries: dict[str, Any], role: str) -> None:
    """Let through what a reader clicks; what opens by itself may only lead to a place of the file."""
    name = _name(entries, "/S")
    if name not in (_CLICKED if role == "action" else {"/GoTo"}):
        raise Active(f"action {name or '?'}")
    _check_listed(entries, _ACTION_KEYS[name])
    if name == "/URI":
        _check_link(entries)


def _check_link(entries: dict[str, Any]) -> None:
    link = entries.get("/URI")
    text = str(link) if isinstance(link, pikepdf.String) else ""
    if not text.lower().startswith(LINKS):
        raise Active(f"link {text[:20]}")


def _role(key: str, child: Any, role: str, kind: str) -> str:
    """Return the role that the place of a value gives it."""
    if role in ("xobjects", "map"):
        return "xobject" if role == "xobjects" else ""
    if key in _MAPS:
        return "xobjects" if key == "/XObject" else "map"
    if key == "/Root" and role == "trailer":
        return "catalog"
    if role == "catalog" and key in ("/Names", "/AcroForm"):
        return {"/Names": "names", "/AcroForm": "form"}[key]
    if key == "/OpenAction":
        return "opening" if _is_dictionary(child) else ""
    if key == "/Annots":
        return "annotations"
    if role in ("action", "opening") and key == "/Next":
        return role
    is_structure = kind == "/StructElem" and role != "annotation"
    if key in ("/A", "/PA") and not is_structure and _is_dictionary(child):
        # «/A» of an element of the structure has no «/Type» to tell: its attributes have an owner
        return "" if "/O" in child and "/S" not in child else "action"
    return ""


def _is_dictionary(value: Any) -> bool:
    return isinstance(value, pikepdf.Dictionary)


def _name(entries: dict[str, Any], key: str) -> str:
    value = entries.get(key)
    return str(value) if isinstance(value, pikepdf.Name) else ""
