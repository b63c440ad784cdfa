"""Odoo's command line, and then what a kind of database has besides; its name comes first (``MORE``).

In one process: starting Odoo a second time for that costs as much as it does.
"""

import runpy
import sys
from pathlib import Path

# Bundles of the web client that pages ask for: a copy opens its first page at once, and two first pages that make
# them side by side log an ERROR. All that Odoo knows, its own tests and dark screens too, takes three times as long.

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


def make_bundles(env):
    """Make the bundles of what is installed."""
    scripts, styles = env["ir.qweb"]._get_bundles_to_pregenarate()
    for bundle in sorted(scripts & ASKED):
        env["ir.qweb"]._get_asset_bundle(bundle, css=False, js=True).js()
    for bundle in sorted(styles & ASKED):
        env["ir.qweb"]._get_asset_bundle(bundle, css=True, js=False).css()


def load_demo(env):
    """Put demo data into what is installed, with its words, as an installation with demo data ends."""
    from odoo.modules.loading import force_demo
    from odoo.modules.module import Manifest

    # there is no mail yet where an installation loads the people: nobody is written to
    force_demo(env(context={"mail_auto_subscribe_no_notify": True}))
    installed = env["ir.module.module"].search([("state", "=", "installed")])
    installed.filtered(lambda m: Manifest.for_addon(m.name)["demo"])._update_translations()


# The addon's files make other bundles than Odoo's own, and what it is put into is opened by nobody.
MORE = {
    "base": (),
    "base_demo": (load_demo,),
    "plain": (make_bundles,),
    "demo": (load_demo,),
    "queue": (),
}


def complete(kind):
    """Do what is left for a kind in the database that the options name."""
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    for step in MORE[kind]:
        with Registry(config["db_name"][0]).cursor() as cr:
            step(api.Environment(cr, SUPERUSER_ID, {}))


if __name__ == "__main__":
    kind = sys.argv.pop(1)
    try:
        runpy.run_path(str(Path(__file__).with_name("run_odoo.py")), run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    complete(kind)
