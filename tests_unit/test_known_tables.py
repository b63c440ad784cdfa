"""In the tests in Odoo the merging of contacts reads once what tables there are (``scripts/launch/known_tables.py``)."""

import sys
import types

import pytest

from scripts.launch import known_tables


@pytest.fixture
def reads(monkeypatch):
    """Return the wizard's module with the plugin in it, and the list of what is read of the catalogue."""
    read = []

    def table_columns(cr, table):
        read.append((cr.dbname, table))
        return {"id": "int4", f"{cr.dbname}_{table}": "varchar"}

    class Wizard:
        def __init__(self, dbname):
            cr = types.SimpleNamespace(dbname=dbname)
            self.env = types.SimpleNamespace(cr=cr)

        def _get_fk_on(self, table):
            read.append((self.env.cr.dbname, f"references to {table}"))
            return [(f"{self.env.cr.dbname}_{table}_line", "partner_id")]

    wizard = types.ModuleType("base_partner_merge")
    wizard.table_columns, wizard.BasePartnerMergeAutomaticWizard = table_columns, Wizard
    package = types.ModuleType("odoo.addons.base.wizard")
    package.base_partner_merge = wizard
    for name in ("odoo", "odoo.addons", "odoo.addons.base"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, package.__name__, package)
    known_tables.pytest_collection_finish()
    return wizard, read


def test_columns_and_references_are_read_once_for_each_database(reads):
    module, read = reads
    for _time in range(2):
        for dbname in ("gw0", "gw1"):
            wizard = module.BasePartnerMergeAutomaticWizard(dbname)
            for table in ("res_partner", "res_users"):
                columns = module.table_columns(wizard.env.cr, table)
                assert columns == {"id": "int4", f"{dbname}_{table}": "varchar"}
                assert wizard._get_fk_on(table) == [(f"{dbname}_{table}_line", "partner_id")]
    assert len(read) == len(set(read)) == 8
