"""Install the clients, run each against a sandbox of its own, print the table; exit 1 on a difference."""

import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from sandbox.certificate import make_certificate
from sandbox.go.service import GoService
from sandbox.server import SandboxServer
from sandbox.service import Service
from sandbox.store import Store

from .clients import CLIENTS

HERE = Path(__file__).parent
KEY, SENDER = "foreign-key", "noreply@uk-demo.example.com"
NAMES = (
    "api.unisender.com",
    "www.unisender.com",
    "go1.unisender.ru",
    "go2.unisender.ru",
    "one.unisender.com",
)


@contextmanager
def serving(certificate, settings, kind):
    """Serve one sandbox over plain HTTP and over TLS; yield (service, HTTP port, TLS port).

    :param settings: of the service of ``kind``
    """
    own = settings if kind == "classic" else {}
    lifted = dict.fromkeys(("per_minute", "calls_per_minute", "per_day", "address_seconds"), 0)
    # so quick that a letter is delivered when it is asked for
    service = Service(Store(), KEY, SENDER, **{**lifted, "speed": 10.0**6, **own})
    go = GoService(
        service.store,
        api_key=KEY,
        domain=SENDER.rpartition("@")[2],
        speed=10.0**6,
        **(settings if kind == "go" else {}),
    )
    plain, secure = (SandboxServer(("127.0.0.1", 0), service, go) for _way in range(2))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    secure.socket = context.wrap_socket(
        secure.socket, server_side=True, do_handshake_on_connect=False
    )
    for server in (plain, secure):
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield go if kind == "go" else service, plain.server_port, secure.server_port
    finally:
        for server in (plain, secure):
            server.shutdown()
            server.server_close()


def install(client, folder):
    """Install a client into the folder with its own package manager."""
    where = folder / client.package
    if client.kind == "npm":
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", where]
        run([*command, f"{client.package}@{client.version}"])
        return where
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    run([*pip, "--no-deps", "--target", where, f"{client.package}=={client.version}"])
    if client.beside:
        run([*pip, "--upgrade", "--target", where, *client.beside])
    return where


def run(command, **more):
    """Run a command and return what it printed.

    :raise SystemExit: it failed; what it said is shown
    """
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, check=False, **more
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def drive(client, where, certificate, ports):
    """Run a client's driver; return what it told."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(where),
        "KEY": KEY,
        "SENDER": SENDER,
        "SANDBOX_HTTP": str(ports[0]),
        "SANDBOX_TLS": str(ports[1]),
    }
    driver = HERE / "drivers" / client.driver
    if client.kind == "npm":
        env |= {
            "NODE_EXTRA_CA_CERTS": str(certificate[0]),
            "NODE_PATH": str(where / "node_modules"),
        }
        command = ["node", "--no-deprecation", "--require", HERE / "redirect.cjs", driver]
    else:
        path = os.pathsep.join((str(HERE / "python_path"), str(where)))
        env |= {"PYTHONPATH": path, "SSL_CERT_FILE": str(certificate[0])}
        env["REQUESTS_CA_BUNDLE"] = str(certificate[0])
        command = [sys.executable, driver]
    return json.loads(run(command, env=env).strip().splitlines()[-1])


def compare(client, told, letters):
    """Return the differences between what is expected and what came."""
    wrong = [
        f"{step}: {told.get(step)!r} instead of {value!r}"
        for step, value in client.expects.items()
        if told.get(step) != value
    ]
    letter = letters[-1] if letters else {}
    got = {**letter, "files": [file["name"] for file in letter.get("attachments", ())]}
    wrong += [
        f"letter, {name}: {got.get(name)!r} instead of {value!r}"
        for name, value in client.letter.items()
        if got.get(name) != value
    ]
    return wrong


def count_calls(service, kind):
    """Return how many calls the service has answered."""
    if kind == "go":
        return service.store.rows("SELECT count(*) AS n FROM go_call")[0]["n"]
    return sum(service.count()["calls"].values())


def main():
    """Run all; return how many differ."""
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate = make_certificate(folder, NAMES)
        for client in CLIENTS:
            where = install(client, folder)
            with serving(certificate, client.settings, client.service) as (service, *ports):
                told = drive(client, where, certificate, ports)
                letters = service.store.letters()
                calls = count_calls(service, client.service)
            wrong = compare(client, told, letters)
            failed += bool(wrong)
            print(
                f"{'FAILED' if wrong else 'ok':7}{client.package} {client.version} ({client.kind})"
            )
            print(f"       {client.does}; {calls} calls, {len(letters)} letters")
            print(f"       expects {json.dumps(client.expects, ensure_ascii=False)}")
            for line in wrong:
                print(f"       {line}")
    print(f"{len(CLIENTS) - failed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
