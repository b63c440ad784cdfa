"""Lets the tests import ``tools`` without Odoo: the addon's own package would pull Odoo in."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "epd_mailing", ROOT):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
