"""«Who gets what», worked out for a whole house of 100 000 accounts: before receipts are saved, and before letters go."""

import os
import tempfile

from .figures import record
from .screens import PORT, Client, time_calls
from .screens_house import make_house
from .web import web_server

COUNT = int(os.environ.get("BENCH_OUTLOOK", "100000"))
PAGES = (
    ("saving", "action_confirm_prepare"),
    ("mailing", "action_confirm_mailing"),
)


def measure(env):
    """Print server time and queries of both pages: what the background does while the clerk sees them fill."""
    print(f"Who gets what, {COUNT} accounts with a document and a letter each:")
    house = make_house(env, COUNT)
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "odoo.log")
        with web_server(env.cr.dbname, PORT, log=log) as url:
            operator = Client(url, env.cr.dbname, "operator")
            for what, method in PAGES:
                measure_page(operator, house.run_id, log, what, method)


def measure_page(client, run, log, what, method):
    """Work one page of a run out, and record the best of the rounds."""
    page = client.call("epd.billing.run", (method, [[run]], {}))["res_id"]
    calls = [("epd.run.outlook", ("action_check_now", [[page]], {}))]
    _name, seconds, first = time_calls(client, log, f"page before {what}", calls)
    record(f"outlook.{what}", seconds, count=COUNT, note=f"{first:.2f} s at first")
