"""Request bodies as PHP reads them, binary-safe."""

import bz2
import gzip
import re
import zlib
from urllib.parse import unquote_to_bytes

PACKINGS = {"gzip": gzip.decompress, "bzip2": bz2.decompress}


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
    :param packing: ``gzip``, ``bzip2`` or nothing
    :raise ValueError: the body is not packed so
    """
    if packing:
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
    if not key.endswith("[]"):
        return key
    stem = key[:-2]
    number = counts.get(stem, 0)
    counts[stem] = number + 1
    return f"{stem}[{number}]"


def _unquote(value):
    if value.startswith(b"%") and value.count(b"%") * 3 == len(value):
        try:  # escaped throughout, as large files are: many times quicker
            return bytes.fromhex(value.replace(b"%", b"").decode("ascii"))
        except ValueError:
            pass
    return unquote_to_bytes(value.replace(b"+", b" "))
