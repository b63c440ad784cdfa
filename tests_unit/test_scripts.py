"""What the scripts share, whatever the machine around them says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_bytecode_is_kept_beside_the_sources():
    """Else each of a hundred starts of Odoo compiles all of it anew."""
    seen = subprocess.run(
        [
            "bash",
            "-c",
            '. scripts/lib.sh; "$0" -c "import sys; print(sys.dont_write_bytecode, sys.pycache_prefix)"',
            sys.executable,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    kept, place = seen.split()
    assert kept == "False" and place.endswith("/bytecode")


@pytest.mark.parametrize(
    "limit, command, failed",
    [(0.3, "sleep 60", 1), (60, "exit 2", 1), (60, "exit 1", 0), (60, "exit 0", 0)],
    ids=["cut off", "interrupted", "tests failed", "passed"],
)
def test_a_run_that_is_cut_off_has_failed(tmp_path, limit, command, failed):
    """pytest reports the tests until then as passed; failed tests are counted from the report."""
    notes = tmp_path / "notes"
    notes.touch()
    take = "sed -n '/^note()/,/^}/p; /^limited()/,/^}/p' scripts/test"
    subprocess.run(
        ["bash", "-c", f'set -eu; . <({take}); limited "the half" bash -c "$0"', command],
        cwd=ROOT,
        env={**os.environ, "LIMIT": str(limit), "NOTES": str(notes)},
        check=True,
    )
    assert notes.read_text().count("\t0\t1\n") == failed
