"""A plugin of pytest: what was loaded before the first test is never again looked through.

Not for garbage: Odoo's registry and all imported modules stay until the end; each full collection walks all of them and
finds nothing to free: 3 to 6 % of the processor's time of the tests in Odoo (measured 2026-11-27). What tests make is
collected as ever.

Nor for constants: Hypothesis reads the source of every module that is no installed package, and tries the numbers and
words it finds there. Odoo's are no part of what is tested.
"""

import gc
import sys
from importlib.util import find_spec


def pytest_collection_finish():
    """Set aside everything that is there."""
    keep_from_reading_odoo()
    gc.collect()
    gc.freeze()


def keep_from_reading_odoo():
    """Let Hypothesis, where a test uses it, take its constants from the code that is tested alone."""
    providers = sys.modules.get("hypothesis.internal.conjecture.providers")
    if not providers or "odoo" not in sys.modules:
        return
    places = tuple(find_spec("odoo").submodule_search_locations)
    is_local = providers.is_local_module_file
    providers.is_local_module_file = lambda path: not path.startswith(places) and is_local(path)
