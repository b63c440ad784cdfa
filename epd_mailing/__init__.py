from . import controllers, models, reports, wizards


def uninstall_hook(env):
    """Drop what no model owns: the digests of lines and the sums of files at work."""
    env.cr.execute("DROP TABLE IF EXISTS epd_import_key, epd_import_paid_row")
