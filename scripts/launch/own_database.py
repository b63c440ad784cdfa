"""A plugin of pytest: each process of pytest-xdist has a database of its own, with files of its own.

pytest-odoo would copy the database for each and leave them one folder of files, where what one of them clears away is
another's (its 2.3.0, read 2026-11-27). Here they are made beforehand: ``NAME_gw0``, ``NAME_gw1``.
"""

import os

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config):
    """Name the database of this process before pytest-odoo reads it."""
    if worker := os.environ.pop("PYTEST_XDIST_WORKER", None):
        config.option.odoo_database += f"_{worker}"
    return (yield)
