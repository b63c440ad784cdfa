"""Odoo's command line as a file: the prefork server starts its evented process by this file's name.

Alone in its folder: Python looks for modules there first.
"""

import os
import subprocess

import odoo.cli

if os.environ.get("EPD_REALTIME_APART"):
    # Whoever starts the server starts the process of the websocket too, where one is needed: it costs as much
    # as the rest of the server together (Odoo 19.0, PreforkServer.long_polling_spawn).
    from odoo.service.server import PreforkServer

    def spawn_stand_in(server):
        """Start what does nothing in its place, and ends with the server.

        Without any, the server asks the database again each time it looks after its workers, and ends
        where that is just being restarted (``PreforkServer.process_spawn``).
        """
        server.stand_in = subprocess.Popen(
            ["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        server.long_polling_pid = server.stand_in.pid

    PreforkServer.long_polling_spawn = spawn_stand_in

if os.environ.get("EPD_SHORT_HASHES"):
    # As Odoo's own tests do (TransactionCase): a third of a second of a core for each log-in else.
    from odoo.addons.base.models import res_users

    res_users.MIN_ROUNDS = 1

odoo.cli.main()
