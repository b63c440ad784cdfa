"""Odoo's command line as a file: the prefork server starts its evented process by this file's name.

Alone in its folder: Python looks for modules there first."""

import odoo.cli

odoo.cli.main()
