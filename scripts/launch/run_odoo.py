"""Odoo's command line as a file: the prefork server starts its evented process by this file's name.

Alone in its folder: Python looks for modules there first.
"""

import os

import odoo.cli

if os.environ.get("EPD_REALTIME_APART"):
    # Whoever starts the server starts the process of the websocket too, where one is needed: it costs as much
    # as the rest of the server together (Odoo 19.0, PreforkServer.long_polling_spawn).
    from odoo.service.server import PreforkServer

    PreforkServer.long_polling_spawn = lambda _server: None

odoo.cli.main()
