"""Lets the tests import ``tools`` without Odoo: the addon's own package would pull Odoo in."""

import gc
import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "epd_mailing", ROOT):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

# The long form of the tests with made-up input is `make fuzz`. How long an example takes says nothing of what is
# tested on a machine that has other things to do.
settings.register_profile(
    "fuzz",
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "100")),
    # the usual run tries the same examples each time, so that it tells of the change at hand; new ones are for `fuzz`
    derandomize="FUZZ_EXAMPLES" not in os.environ and "FUZZ_SEQUENCES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fuzz")

# Made-up input is many small objects, and Hypothesis takes the time of each collection: after 700 of them, as usual,
# that is a tenth of all the work.
gc.set_threshold(10_000, 10, 10)
