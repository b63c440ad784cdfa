"""Start Odoo many times for one import of it and one reading of its words: most of what a start costs.

For each line of standard input, a JSON object, a process of its own is forked, which runs ``words`` as the command
line would (its first word is the file to run) with ``environment``, ``stdin`` and ``output`` (paths; errors go
there too). It is the leader of a group of its own. Answered by its process id, and where ``wait`` is set by the
exit code once it has ended.

Where a job names its ``database``, the first such job has the registry of models built here (see ``Kept``). Without that
nothing of Odoo's own state is kept, no option is read and no database is opened here, and the addon is imported by each
process: it may be another version.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import runpy
import sys
import threading
import time

# All that a start of Odoo with the addon imports.
MODULES = (
    "odoo.cli",
    "odoo.cli.server",
    "odoo.cli.shell",
    "odoo.http",
    "odoo.modules.registry",
    "odoo.service.server",
    "odoo.tools.pdf",
    "babel.messages.pofile",
    "cryptography.x509",
    "dateutil.rrule",
    "dns.resolver",
    "docutils.core",
    "lxml.html.clean",
    "numpy",
    "openpyxl",
    "pikepdf",
    "PIL.ImageFont",
    "pypdf",
    "reportlab.graphics.barcode",
    "reportlab.pdfgen.canvas",
    "requests",
    "sass",
    "vobject",
    "xlsxwriter",
)
# What is installed with the addon; found here only where they lie in Odoo's own package, as Debian's do.
ADDONS = (
    *("base", "web", "rpc", "mail", "bus", "api_doc", "base_setup", "base_import"),
    *("base_import_module", "base_install_request", "html_editor", "web_tour", "web_unsplash"),
    *("auth_signup", "auth_totp", "auth_totp_mail", "auth_passkey", "iap", "iap_mail", "sms"),
    *("snailmail", "mail_bot", "partner_autocomplete", "phone_validation", "privacy_lookup"),
    *("google_gmail", "microsoft_outlook"),
)
LANGUAGE = "ru_RU"
# What the pages of the web client and of the log-in ask for (``t-call-assets`` of ``web``): bundle, and either its
# styles or its scripts.
BUNDLES = (
    ("web.assets_web", "css"),
    ("web.assets_web", "js"),
    ("web.assets_web_print", "css"),
    ("web.assets_frontend", "css"),
    ("web.assets_frontend_minimal", "js"),
    ("web.assets_frontend_lazy", "js"),
)


def import_all():
    """Import what each start imports, and read the words that each server reads for its first page."""
    for name in MODULES:
        # where it is missing it is missed by whoever wants it
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for name in ADDONS:
        with contextlib.suppress(ImportError):
            importlib.import_module(f"odoo.addons.{name}")
            words = sys.modules["odoo.tools.translate"].code_translations
            words.get_web_translations(name, LANGUAGE)
            words.get_python_translations(name, LANGUAGE)


class Kept:
    """A registry of models, built once for all databases that have the same modules and fields.

    What is in a database besides is in none of it: whoever takes it over begins with empty caches, but for the routes
    of pages and the links of their bundles, which are the modules'. It costs three quarters of a start; a bundle's link
    takes looking through the folders of all modules, a third of a second of a core for the first page of each worker.
    """

    def __init__(self, database, conf):
        from odoo import api, sql_db
        from odoo.modules.registry import Registry
        from odoo.service.server import load_server_wide_modules
        from odoo.tools import config

        config.parse_config(["-c", conf, "-d", database], setup_logging=False)
        load_server_wide_modules()
        try:
            self.registry = Registry(database)
            with contextlib.closing(self.registry.cursor()) as cr:
                self.seen = self.look(cr)
                threading.current_thread().dbname = database
                env = api.Environment(cr, api.SUPERUSER_ID, {"lang": LANGUAGE})
                env["ir.http"].routing_map()
                for bundle, kind in BUNDLES:
                    env["ir.qweb"]._get_asset_links(bundle, css=kind == "css", js=kind == "js")
        finally:
            Registry.delete_all()
            # a connection is not shared by those who are forked
            sql_db.close_all()

    @staticmethod
    def look(cr):
        """Return what two databases have in common that can share a registry."""
        cr.execute(
            """SELECT (SELECT max(id) FROM orm_signaling_registry),
                (SELECT array_agg(name ORDER BY name) FROM ir_module_module WHERE state = 'installed'),
                (SELECT count(*) FROM ir_model_fields), (SELECT max(id) FROM ir_model_fields),
                (SELECT max(write_date) FROM ir_model_fields),
                (SELECT array_agg((id, bundle, directive, path, target, active, sequence) ORDER BY id) FROM ir_asset),
                (SELECT array_agg((url, checksum) ORDER BY url) FROM ir_attachment WHERE url LIKE '/web/assets/%')"""
        )
        return cr.fetchone()

    def offer(self, database):
        """Give the registry to ``database`` when Odoo wants to build it, in a process that has been forked."""
        from odoo import sql_db
        from odoo.modules.registry import Registry

        build = Registry.new

        def build_or_take(_cls, name, **changes):
            addon = sys.modules["odoo.addons.epd_mailing"]
            # what was loaded here found no log to be kept out of, and no server
            addon._post_load()
            addon.models.base.cron_health.STARTED = time.monotonic()
            Registry.new = build
            registry = self.registry
            if name != database or any(changes.values()):
                return build(name, **changes)
            registry.db_name, registry._db = name, sql_db.db_connect(name)
            with contextlib.closing(registry.cursor()) as cr:
                if self.look(cr) != self.seen:
                    return build(name)
            registry.setup_signaling()
            for kind, cache in registry._Registry__caches.items():
                if kind not in ("routing", "assets"):
                    cache.clear()
            Registry.registries[name] = registry
            return registry

        Registry.new = classmethod(build_or_take)


def keep(job, kept):
    """Return what is kept for a job, built where it is the first that names its database."""
    if not kept and job["database"]:
        with contextlib.suppress(Exception):  # said again by who wants that database
            kept = Kept(job["database"], job["conf"])
            gc.collect()
            gc.freeze()
    return kept


def be_born(job):
    """Become the process of a job: everything that a start from a shell would have given."""
    os.setsid()
    source = os.open(job["stdin"], os.O_RDONLY)
    output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for target, handle in ((0, source), (1, output), (2, output)):
        os.dup2(handle, target)
    os.close(source)
    os.close(output)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(job["environment"])
    for place in job["environment"].get("PYTHONPATH", "").split(os.pathsep):
        if place and place not in sys.path:
            sys.path.append(place)
    random.seed()
    sys.argv = job["words"]


def serve():
    """Answer orders until there are no more; in each process that is forked, return its words."""
    kept = None
    while line := sys.stdin.readline():
        job = json.loads(line)
        # those that have ended meanwhile, so that no zombie stays
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        kept = keep(job, kept)
        pid = os.fork()
        if not pid:
            be_born(job)
            if kept:
                kept.offer(job["database"])
            return sys.argv
        answer = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if job["wait"] else pid
        print(answer, flush=True)
    return None


if __name__ == "__main__":
    import_all()
    gc.collect()
    gc.freeze()
    if words := serve():
        runpy.run_path(words[0], run_name="__main__")
