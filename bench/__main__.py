"""`python -m bench [PART …]` (see PARTS; all without one): fresh database, the measurement in Odoo's own shell, figures."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / ".run"
PARTS = (
    "codes",
    "receipts",
    "proof",
    "letters",
    "imports",
    "payments",
    "rate",
    "statuses",
    "memory",
    "writing",
    "screens",
    "paper",
)


def main():
    """Run the parts named (all without one)."""
    parts = sys.argv[1:] or PARTS
    home = subprocess.run(
        ["bash", "-c", f". {ROOT}/scripts/lib.sh && odoo_home"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    environment = {**os.environ, "PYTHONPATH": f"{home}:{ROOT}"}
    for part in parts:
        if part not in PARTS:
            raise SystemExit(f"no part {part!r}; there are {', '.join(PARTS)}")
        subprocess.run([ROOT / "scripts" / "database", "epd_bench", "demo"], check=True)
        command = [sys.executable, "-W", "ignore", "-c", "import odoo.cli; odoo.cli.main()"]
        command += ["shell", "-c", str(RUN / "odoo.conf"), "-d", "epd_bench", "--no-http"]
        command += ["--log-level=error", "--max-cron-threads=0"]
        script = f"from bench import {part}\n{part}.measure(env)\n"
        subprocess.run(command, input=script, text=True, check=True, env=environment, cwd=ROOT)


if __name__ == "__main__":
    main()
