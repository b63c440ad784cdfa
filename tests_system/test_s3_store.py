"""Receipts whose files lie on an S3, by OCA's ``fs_attachment``: all that an office does with them works."""

import json
import sys

import pytest

from .server import (
    Process,
    drop_database,
    free_ports,
    make_database,
    odoo_shell,
    optional_folder,
)

DB = "epd_system_s3"
COUNT = 3
START = "import sys; from moto.server import main; main(['-H', '127.0.0.1', '-p', sys.argv[1]])"


class S3(Process):
    """An S3 of this machine: moto's server."""

    def __init__(self):
        (self.port,) = free_ports(1)
        super().__init__("system_s3", f"http://127.0.0.1:{self.port}")
        self.log.unlink(missing_ok=True)

    def command(self):
        """See ``Process.command``."""
        environment = {"PYTHONPATH": str(optional_folder("fs_attachment"))}
        return [sys.executable, "-c", START, self.port], environment


@pytest.fixture
def s3():
    """An empty S3."""
    server = S3()
    try:
        yield server.start()
    finally:
        server.kill()
        drop_database(DB)


def test_receipts_live_on_an_s3(s3):
    """Saved, read, frozen, zipped, mailed, purged and rendered anew."""
    make_database(DB)
    script = f"from tests_system.s3_life import live\nlive(env, {s3.url!r}, {COUNT})\n"
    printed = odoo_shell(DB, script, optional="fs_attachment")
    said = json.loads(next(x[5:] for x in printed.splitlines() if x.startswith("SAID ")))
    hashes = said["hashes"]
    assert said["places"] == ["s3"]
    assert len(set(hashes)) == COUNT and set(hashes) <= set(said["in_bucket"])
    assert [sha for _email, sha in said["owners"]] == hashes
    assert said["held"] == [True, True]
    assert sorted(said["zipped"]) == sorted(hashes)
    # each payer their own receipt, once
    assert sorted(said["mailed"]) == sorted(said["owners"])
    assert said["purged"] >= COUNT and not said["left_in_bucket"]
    assert said["rebuilt"] == ["%PDF-"] * COUNT
