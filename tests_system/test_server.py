"""The servers that the other tests of this folder stand on."""

import shutil
import time

import pytest

from .server import OdooServer, drop_database, filestore, make_database, odoo_shell


def test_prefork_with_cron(office):
    """Odoo runs as several processes, and a job asked for over RPC is done by the cron's."""
    assert (
        len(office.odoo.query("SELECT 1 FROM ir_cron WHERE cron_name LIKE 'Payment documents%'"))
        >= 2
    )
    assert office.odoo.login("operator").uid != office.odoo.login("admin").uid


def test_a_server_knows_when_it_was_started(office):
    """Not when Odoo was imported for all: it would say soon after its start that nobody runs its jobs."""
    before = time.monotonic()
    script = "from odoo.addons.epd_mailing.models.base.cron_health import STARTED\nprint(STARTED)"
    assert float(odoo_shell(office.odoo.db, script).split()[-1]) > before


def test_operator_logs_in(office, page):
    """The operator's first screen is in Russian."""
    page.goto(f"{office.odoo.url}/web/login")
    page.fill("input[name=login]", "operator")
    page.fill("input[name=password]", "operator")
    page.click(".oe_login_form button[type=submit]")
    page.wait_for_selector(".o_main_navbar")
    page.click(".o_navbar_apps_menu button")
    assert page.wait_for_selector(".o_app:has-text('Обсуждения')")


@pytest.mark.alone
def test_kept_template_without_its_files_is_made_anew():
    """A cluster that has outlived its files gives no house whose pages miss their bundles."""
    name = "epd_system_files"
    try:
        make_database(name)
        (template,) = filestore(name).parent.glob("tpl_demo_*")
        shutil.rmtree(template)
        make_database(name)
        stored = OdooServer(name).query(
            "SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL"
        )
        assert len(stored) > 10
        assert [path for (path,) in stored if not (filestore(name) / path).is_file()] == []
    finally:
        drop_database(name)


def test_a_database_with_a_field_of_its_own_has_its_own_registry():
    """Servers of the tests take over a registry that is kept, where the database is as that one was."""
    name = "epd_system_fields"
    make = """env["ir.model.fields"].create({
        "name": "x_floor", "field_description": "Floor", "ttype": "char",
        "model_id": env.ref("base.model_res_partner").id,
    })
env.cr.commit()
"""
    say = "print('SAID', 'x_floor' in env['res.partner']._fields, env.registry.db_name)"
    try:
        make_database(name)
        assert f"SAID False {name}" in odoo_shell(name, say)
        odoo_shell(name, make)
        assert f"SAID True {name}" in odoo_shell(name, say)
    finally:
        drop_database(name)


def test_links_of_bundles_are_kept_where_they_are_the_same():
    """They are what the server would find for itself; a database with a bundle of its own looks for itself."""
    name = "epd_system_bundles"
    say = """bundles = env["ir.qweb"].with_context(lang="ru_RU")
def find():
    return [bundles._get_asset_links("web.assets_web", css=css, js=not css) for css in (True, False)]
kept = len(env.registry._Registry__caches["assets"])
links = find()
env.registry.clear_cache("assets")
print("SAID", kept > 0, find() == links)"""
    make = """env["ir.asset"].create({"name": "x", "bundle": "web.assets_web", "path": "web/static/lib/jquery/jquery.js"})
env.cr.commit()
"""
    try:
        make_database(name)
        assert "SAID True True" in odoo_shell(name, say)
        odoo_shell(name, make)
        assert "SAID False True" in odoo_shell(name, say)
    finally:
        drop_database(name)
