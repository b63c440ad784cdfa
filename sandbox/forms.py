"""Request bodies as PHP reads them, binary-safe."""

import bz2
import gzip
import re
import zlib
from urllib.parse import unquote_to_bytes

from .errors import ApiError

PACKINGS = {"gzip": gzip.decompress, "x-gzip": gzip.decompress, "bzip2": bz2.decompress}


def parse(*bodies):
    """Return {name: raw value} of urlencoded bodies (bytes); later ones win.

    Names in brackets without a key (``email[]``) get the next number, as PHP does it.
    """
    values, counts = {}, {}
    for body in bodies:
        for pair in body.split(b"&"):
            name, _eq, value = pair.partition(b"=")
            if name:
                key = unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace")
                values[_numbered(key, counts)] = _unquote(value)
    return values


def read_body(body, content_type="", packing=""):
    """Return {name: raw value} of a request's body.

    :param body: bytes
    :param content_type: of the request; a body of JSON is no form and holds nothing, as in PHP
    :param packing: ``gzip``, ``bzip2``, ``identity`` or nothing, in letters of any size
    :raise ValueError: the body is not packed so
    """
    packing = packing.strip().lower()
    if packing not in ("", "identity"):
        try:
            body = PACKINGS[packing](body)
        except (KeyError, OSError, EOFError, ValueError, zlib.error) as error:
            raise ValueError("the body is not packed as told") from error
    kind, _sep, options = content_type.partition(";")
    if kind.strip().lower() == "multipart/form-data":
        return _parse_multipart(body, options)
    if kind.strip().lower() == "application/json":
        return {}
    return parse(body)


def nested(args, name):
    """Return ``{key: value}`` of ``name[key]`` in the arguments; values as text."""
    return {
        key[len(name) + 1 : -1]: args[key].decode("utf-8", "replace")
        for key in args
        if key.startswith(name + "[")
    }


def number(args, name, default=0):
    """Return an argument as a whole number, ``default`` when it is not there.

    :raise ApiError: it is no number
    """
    written = text(args, name)
    if not re.fullmatch(r"-?\d{0,12}", written, re.ASCII):
        raise ApiError("invalid_arg", f"SZ010126-11 [{name} is not a number]")
    return int(written) if written.strip("-") else default


def text(args, name):
    """Return an argument as text, an empty one when it is not there."""
    return args.get(name, b"").decode("utf-8", "replace")


def _parse_multipart(body, options):
    """Return the parts of a multipart body: fields and files alike, byte by byte."""
    found = re.search(r'boundary="?([^";]+)', options)
    if not found:
        return {}
    values, counts = {}, {}
    edge = re.compile(rb"\r\n--" + re.escape(found[1].strip().encode()) + rb"(?=\r\n|--)")
    for part in edge.split(b"\r\n" + body)[1:]:
        head, blank, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="((?:[^"\\]|\\.)*)"', head)
        if blank and name:
            key = name[1].decode("utf-8", "replace").replace('\\"', '"').replace("%22", '"')
            values[_numbered(key, counts)] = content
    return values


def _numbered(key, counts):
    """Return the name with its number: the one after the highest so far, as PHP counts."""
    found = re.fullmatch(r"(.*)\[(\d*)\]", key, re.ASCII | re.DOTALL)
    if not found:
        return key
    stem, given = found.groups()
    place = int(given) if given else counts.get(stem, 0)
    counts[stem] = max(counts.get(stem, 0), place + 1)
    return f"{stem}[{place}]"


def _unquote(value):
    if value.startswith(b"%") and value.count(b"%") * 3 == len(value):
        try:  # escaped throughout, as large files are: many times quicker
            return bytes.fromhex(value.replace(b"%", b"").decode("ascii"))
        except ValueError:
            pass
    return unquote_to_bytes(value.replace(b"+", b" "))
