"""The clicking tests wait for what they look for, and never count what may not be drawn yet."""

import re
from pathlib import Path

CLICKS = Path(__file__).parent.parent / "tests_system"
#: A count read at once; that nothing is there (``not …``, ``== 0``) may be asked so.
AT_ONCE = re.compile(r"assert (?!not ).*\.count\(\)(?! == 0)")


def test_nothing_is_counted_before_it_is_drawn():
    found = [
        f"{path.name}:{number}"
        for path in sorted(CLICKS.glob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if AT_ONCE.search(line)
    ]
    assert not found, "clicks.shown(locator, times) waits"
