"""What two states of the interface differ in: what callers lose, and what is new to them.

Within a contract number nothing is renamed, changed or taken away. Something new is allowed, and is
recorded in ``api/contract.json``, so that the file stays whole and the next change is seen.
"""

REQUIRED = "required"


def describe(value):
    """Return the shape of an answer: field names and JSON types."""
    if isinstance(value, dict):
        return {name: describe(part) for name, part in sorted(value.items())}
    if isinstance(value, list):
        return [describe(value[0])] if value else []
    return type(value).__name__


def compare(recorded, found, path=""):
    """Return ``(broken, added)``: lists of texts that name the places.

    A new argument that callers must give breaks them; one with a default is an addition.
    """
    if isinstance(recorded, dict) and isinstance(found, dict):
        return _compare_names(recorded, found, path)
    if isinstance(recorded, list) and isinstance(found, list):
        if not recorded and found:
            return [], [f"{path}[]"]
        if recorded and not found:
            return [f"{path}[] is gone"], []
        return compare(recorded[0], found[0], f"{path}[]") if recorded else ([], [])
    return ([] if recorded == found else [f"{path} was {recorded}, is {found}"]), []


def _compare_names(recorded, found, path):
    broken = [f"{path}.{name} is gone" for name in recorded if name not in found]
    added = []
    for name, value in found.items():
        place = f"{path}.{name}"
        if name in recorded:
            worse, new = compare(recorded[name], value, place)
            broken += worse
            added += new
        elif value == REQUIRED and path.endswith(".arguments"):
            broken.append(f"{place} must be given now")
        else:
            added.append(place)
    if path.endswith(".arguments") and not broken:
        # over the wire they may come by place too
        order = list(found)
        if order[: len(recorded)] != list(recorded):
            broken.append(f"{path} come in another order")
    return broken, added
