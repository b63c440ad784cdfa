"""Between tests in Odoo what a test may have changed is forgotten, and nothing else (``scripts/launch/kept_caches.py``)."""

import sys
import types
import unittest

import pytest

from scripts.launch import kept_caches

KINDS = {"default": ("default",), "groups": ("groups", "templates"), "templates": ("templates",)}


@pytest.fixture
def case(monkeypatch):
    """A test case that does with the caches what Odoo's does."""

    class Registry:
        def __init__(self, caches):
            self.caches = caches

        def clear_cache(self, *names):
            for name in names or ("default",):
                for cache in KINDS[name]:
                    self.caches[cache].clear()

        def clear_all_caches(self):
            for cache in self.caches.values():
                cache.clear()

    class TransactionCase(unittest.TestCase):
        registry = Registry({"default": {}, "groups": {}, "templates": {}})

        @classmethod
        def setUpClass(cls):
            cls.addClassCleanup(lambda: cls.registry.clear_all_caches())

        def setUp(self):
            self.addCleanup(self.registry.clear_all_caches)

    modules = {
        "odoo.orm.registry": {"_CACHES_BY_KEY": KINDS, "Registry": Registry},
        "odoo.tests.common": {
            "TransactionCase": TransactionCase,
            "get_db_name": lambda: TransactionCase.registry.caches,
        },
    }
    # a registry is one for a database
    monkeypatch.setattr(Registry, "__new__", lambda cls, _caches: TransactionCase.registry)
    for name, values in modules.items():
        module = types.ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("odoo", "odoo.orm", "odoo.tests"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    kept_caches.pytest_collection_finish()
    return TransactionCase


def run_test(case, test=None, in_class=None):
    """Run one test of a class with a filled cache of each kind; return the caches that are full after either."""
    caches, seen = case.registry.caches, []

    class OwnCase(case):
        @classmethod
        def setUpClass(cls):
            super().setUpClass()
            if in_class:
                in_class(cls.registry)
            for cache in caches.values():
                cache["known"] = True

        def test_first(self):
            if test:
                test(self.registry)
            for cache in caches.values():
                cache["known"] = True

        def test_second(self):
            seen.append({name for name, cache in caches.items() if cache})

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(OwnCase).run(result)
    assert result.testsRun == 2 and result.wasSuccessful(), result.errors
    return *seen, {name for name, cache in caches.items() if cache}


ALL = {"default", "groups", "templates"}


def test_what_was_not_invalidated_stays(case):
    assert run_test(case) == (ALL, ALL)


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ((), {"groups", "templates"}),
        (("groups",), {"default"}),
        (("templates", "default"), {"groups"}),
    ],
)
def test_what_a_test_invalidated_is_forgotten_after_it_and_after_the_class(case, names, left):
    assert run_test(case, lambda registry: registry.clear_cache(*names)) == (left, left)


def test_what_a_class_invalidated_is_forgotten_after_it(case):
    after = run_test(case, in_class=lambda registry: registry.clear_cache("groups"))
    assert after == (ALL, {"default"})


def test_all_is_forgotten_where_a_test_says_so(case):
    assert run_test(case, lambda registry: registry.clear_all_caches()) == (set(), set())
