from . import controllers, models, reports, wizards


def uninstall_hook(env):
    """Drop what no model owns: the digests of lines of files at work."""
    env.cr.execute("DROP TABLE IF EXISTS epd_import_key")
