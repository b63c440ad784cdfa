"""Form bodies as PHP reads them, binary-safe."""

from urllib.parse import unquote_to_bytes


def parse(*bodies):
    """Return {name: raw value} of urlencoded bodies (bytes); later ones win."""
    values = {}
    for body in bodies:
        for pair in body.split(b"&"):
            name, _eq, value = pair.partition(b"=")
            if name:
                key = unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace")
                values[key] = _unquote(value)
    return values


def _unquote(value):
    if value.startswith(b"%") and value.count(b"%") * 3 == len(value):
        try:  # escaped throughout, as large files are: many times quicker
            return bytes.fromhex(value.replace(b"%", b"").decode("ascii"))
        except ValueError:
            pass
    return unquote_to_bytes(value.replace(b"+", b" "))
