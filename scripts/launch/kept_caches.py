"""A plugin of pytest: after a test Odoo forgets what the test may have changed, and keeps what else it knows.

Odoo's test cases empty all caches of the registry after each test: rights, parameters, views and compiled templates are
read and made anew for the next one, 7 to 10 % of the processor's time of the tests in Odoo (measured 2026-11-27). Here
it goes as where Odoo works (``Registry.reset_changes``): when a transaction is rolled back, what it has invalidated is
emptied; the rest was true before it and stays so.
"""

from collections import Counter


class Rollback:
    """Stands for ``clear_all_caches`` of a registry: empties what was invalidated since it was made."""

    def __init__(self, registry, times, clear):
        self.registry, self.times, self.clear = registry, times, clear
        self.before = Counter(times)

    def __call__(self):
        if names := self.times - self.before:
            self.clear(self.registry, *names)


def pytest_collection_finish():
    """Change Odoo's test cases, which are loaded by now."""
    from odoo.orm.registry import _CACHES_BY_KEY, Registry
    from odoo.tests.common import TransactionCase, get_db_name

    clear, clear_all = Registry.clear_cache, Registry.clear_all_caches
    times = Counter()  # how often each kind of caches was invalidated

    def clear_cache(registry, *names):
        times.update(names or ("default",))
        clear(registry, *names)

    def clear_all_caches(registry):
        times.update(list(_CACHES_BY_KEY))
        clear_all(registry)

    Registry.clear_cache, Registry.clear_all_caches = clear_cache, clear_all_caches
    set_up, set_up_class = TransactionCase.setUp, TransactionCase.setUpClass.__func__

    def setUp(case):
        # it takes the registry's own function for its end
        case.registry.clear_all_caches = Rollback(case.registry, times, clear)
        try:
            set_up(case)
        finally:
            del case.registry.clear_all_caches

    def setUpClass(cls):
        # a changed registry empties its caches itself
        registry = Registry(get_db_name())
        rollback = Rollback(registry, times, clear)
        cls.addClassCleanup(registry.__dict__.pop, "clear_all_caches", None)
        set_up_class(cls)
        cls.addClassCleanup(setattr, registry, "clear_all_caches", rollback)

    TransactionCase.setUp, TransactionCase.setUpClass = setUp, classmethod(setUpClass)
