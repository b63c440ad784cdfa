"""The table of ``docs/security.md``: the one place that says who may do what."""

from pathlib import Path

TABLE = Path(__file__).resolve().parent / "security.md"  # docs/security.md leads here
ROLES = ("operator", "manager", "administrator", "internal", "company B")
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}


def read_rights():
    """Return ``{model: {role: letters}}``, letters of ``OPERATIONS`` in their order."""
    rights = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        model, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        if line.startswith("| `") and len(cells) == len(ROLES):
            letters = ["" if cell == "—" else cell for cell in cells]
            rights[model.strip("`")] = dict(zip(ROLES, letters, strict=True))
    return rights
