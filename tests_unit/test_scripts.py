"""What the scripts share, whatever the machine around them says."""

import os
import subprocess
import sys
from pathlib import Path

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
