from . import controllers, models, reports, wizards
from .tools import query_plan, secret_addresses


def _pre_init(env):
    """Before the first installation: Russian for receipts and letters, and the index of searched texts."""
    languages = env["res.lang"].with_context(active_test=False)
    russian = languages.search([("code", "=", "ru_RU"), ("active", "=", False)])
    if russian:
        wizard = env["base.language.install"].create({"lang_ids": [(6, 0, russian.ids)]})
        wizard.lang_install()
    query_plan.prepare_text_search(env.cr, env.registry)


def _post_load():
    """Once a process, before anything is served."""
    secret_addresses.install()
