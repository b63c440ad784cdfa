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
                values[key] = unquote_to_bytes(value.replace(b"+", b" "))
    return values
