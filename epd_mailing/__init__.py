from . import controllers, models, reports, wizards
from .tools import secret_addresses


def _post_load():
    """Once a process, before anything is served."""
    secret_addresses.install()
