"""What measures is today's, also where the last release is at work: its tests know less."""

import importlib.util
import sys
from pathlib import Path

_PATH = Path(__file__).resolve().parent.parent / "epd_mailing" / "tests" / "screens.py"
_SPEC = importlib.util.spec_from_file_location("epd_screens_of_today", _PATH)
screens = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = screens
_SPEC.loader.exec_module(screens)
