"""Odoo's command line, and then the bundles of the web client in the database that it has filled.

In one process: starting Odoo a second time for the bundles costs as much as they do. Only what pages ask for is
made: all that Odoo knows, its own tests and dark screens too, takes three times as long.
"""

import runpy
from pathlib import Path

ASKED = {
    "web.assets_web",
    "web.assets_web_print",
    "web.assets_frontend",
    "web.assets_frontend_minimal",
    "web.assets_frontend_lazy",
    "web.report_assets_common",
    "web.report_assets_pdf",
    # the pages of tests over HTTP
    "web.assets_tests",
    "web.__assets_tests_call__",
}


def make_bundles():
    """Make the bundles of the database that the options name."""
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    with Registry(config["db_name"][0]).cursor() as cr:
        qweb = api.Environment(cr, SUPERUSER_ID, {})["ir.qweb"]
        scripts, styles = qweb._get_bundles_to_pregenarate()
        for bundle in sorted(scripts & ASKED):
            qweb._get_asset_bundle(bundle, css=False, js=True).js()
        for bundle in sorted(styles & ASKED):
            qweb._get_asset_bundle(bundle, css=True, js=False).css()


if __name__ == "__main__":
    try:
        runpy.run_path(str(Path(__file__).with_name("run_odoo.py")), run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    make_bundles()
