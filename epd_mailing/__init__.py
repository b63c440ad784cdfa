from . import controllers, models, reports, wizards
from .tools import secret_addresses


def _pre_init(env):
    """Before the first installation: receipts, proofs and letters are in Russian, whoever reads the screens."""
    languages = env["res.lang"].with_context(active_test=False)
    russian = languages.search([("code", "=", "ru_RU"), ("active", "=", False)])
    if russian:
        wizard = env["base.language.install"].create({"lang_ids": [(6, 0, russian.ids)]})
        wizard.lang_install()


def _post_load():
    """Once a process, before anything is served."""
    secret_addresses.install()
