"""Real processes for the tests from outside: a prefork Odoo on its own database, and the sandbox.

Nothing here knows what is tested. Everything listens on the loopback, on ports free at the start; every
process is the leader of its own group, so that a test can kill it whole and none outlives the tests.
"""

import configparser
import contextlib
import hashlib
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / ".run"
LAUNCHER = ROOT / "scripts" / "launch" / "run_odoo.py"
START_SECONDS = 120


def wait_until(question, seconds, what):
    """Ask until the answer is true and return it; AssertionError after ``seconds``."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}; last answer {answer!r}"
        time.sleep(0.2)
    return answer


def free_ports(count):
    """Return ports that nobody listens on now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def read_conf():
    """Return the options of the Odoo that ``scripts/setup`` prepared."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(RUN / "odoo.conf")
    return parser["options"]


def odoo_environment():
    """Return the environment in which Odoo and this repository can be imported."""
    home = os.environ.get("ODOO_HOME") or Path(read_conf()["addons_path"].split(",")[0]).parents[1]
    return os.environ | {"PYTHONPATH": f"{home}:{ROOT}"}


def restart_postgres():
    """Throw everybody out of PostgreSQL and start it again.

    Not a crash: the cluster of the tests runs without fsync, and its other databases are kept.
    """
    assert "PYTEST_XDIST_WORKER" not in os.environ, (
        "others are at work there: mark the test as alone"
    )
    subprocess.run(
        [
            "bash",
            "-c",
            f'. {ROOT}/scripts/lib.sh; as_pg "$(pg_bin)/pg_ctl" -D "$PG_DIR/data" -m fast '
            "-w -t 60 restart >/dev/null",
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def make_database(name, kind="demo"):
    """Make database ``name`` anew from the kept template (``demo``, ``plain`` or ``queue``)."""
    done = subprocess.run(
        [ROOT / "scripts" / "database", name, kind], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Nursery:
    """The process that Odoo is forked from, see ``scripts/launch/nursery.py``; one for all tests of a process."""

    def __init__(self):
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", ROOT / "scripts" / "launch" / "nursery.py"],
            cwd=ROOT,
            env=odoo_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _order(self, words, environment, stdin, output, wait, database):
        job = {
            "database": database,
            "conf": str(RUN / "odoo.conf"),
            "words": [str(word) for word in words],
            "environment": environment,
            "stdin": str(stdin),
            "output": str(output),
            "wait": wait,
        }
        with self.lock:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            return int(self.process.stdout.readline())

    def start(self, words, environment, output, database=""):
        """Start a program of Python in the background; return its ``Child``.

        :param database: the one it serves with the addons that all have; its registry may be one that is kept
        """
        return Child(self._order(words, environment, os.devnull, output, False, database))

    def call(self, words, environment, stdin, output, database=""):
        """Run a program of Python to its end; return its exit code. See ``start``."""
        return self._order(words, environment, stdin, output, True, database)

    def close(self):
        """End it; what it has started goes on."""
        self.process.stdin.close()
        self.process.wait()


class Child:
    """What ``subprocess.Popen`` is, for a process that somebody else has started; its exit code is not known."""

    returncode = None

    def __init__(self, pid):
        self.pid = pid
        try:
            self._handle = os.pidfd_open(pid)
        except ProcessLookupError:
            self._handle, self.returncode = None, -1

    def poll(self):
        """Return None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout=None):
        """Wait for its end; ``subprocess.TimeoutExpired`` after ``timeout`` seconds."""
        if self._handle is None:
            return
        if not select.select([self._handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        os.close(self._handle)
        self._handle, self.returncode = None, -1

    def terminate(self):
        """Ask it to end."""
        if self._handle is not None:
            signal.pidfd_send_signal(self._handle, signal.SIGTERM)


# set by the tests' conftest; without it each start imports Odoo for itself
nursery = None


def odoo_shell(name, script, optional=""):
    """Run a script in the shell of a database and return what it printed; ``bench`` can be imported.

    :param optional: name of the packages besides (see ``optional_folder``), their addons on the path
    """
    words = ["shell", "-c", RUN / "odoo.conf", "-d", name, "--no-http", "--log-level=error"]
    return call_odoo(words, optional, script, "" if optional else name)


def call_odoo(words, optional="", script="", database=""):
    """Run Odoo's command line to its end and return what it printed.

    :param optional: name of the packages besides (see ``optional_folder``), their addons on the path
    :param script: what it reads
    :param database: see ``Nursery.start``
    """
    words, environment = [LAUNCHER, *words], odoo_environment()
    if optional:
        words += ["--addons-path", optional_path(read_conf(), optional)]
        environment["PYTHONPATH"] += f":{optional_folder(optional)}"
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "script"), Path(folder, "output")
        source.write_text(script, encoding="utf-8")
        if nursery:
            code = nursery.call(words, environment, source, output, database)
        else:
            with source.open() as said, output.open("w") as printed:
                code = subprocess.run(
                    [sys.executable, "-W", "ignore", *map(str, words)],
                    stdin=said,
                    stdout=printed,
                    stderr=printed,
                    env=environment,
                    cwd=ROOT,
                    check=False,
                ).returncode
        text = output.read_text(encoding="utf-8", errors="replace")
    assert code == 0, text
    return text


def default_engine():
    """Return the engine that prints for an office that has chosen none."""
    there = os.environ.get("WKHTMLTOPDF") or shutil.which("wkhtmltopdf")
    return "wkhtmltopdf" if there else "plutoprint"


def filestore(name):
    """Return the folder in which Odoo keeps the files of database ``name``."""
    return Path(read_conf()["data_dir"]) / "filestore" / name


def host_files(name, host):
    """Return the data folder that a further server of a database has to itself."""
    return Path(read_conf()["data_dir"]) / "hosts" / f"{name}{host}"


def optional_folder(name):
    """Return the folder with the packages of ``scripts/NAME.txt`` that ``scripts/setup`` unpacked."""
    cache = os.environ.get("EPD_CACHE") or (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "epd_mailing"
    )
    wanted = hashlib.sha256((ROOT / "scripts" / f"{name}.txt").read_bytes()).hexdigest()[:12]
    return Path(cache) / f"{name}-{wanted}"


def optional_path(conf, name):
    """Return the addons path with the addons of ``scripts/NAME.txt`` on it."""
    return f"{conf['addons_path']},{optional_folder(name) / 'odoo' / 'addons'}"


def install_queue(name):
    """Install OCA's ``queue_job`` in a database that nothing serves yet."""
    words = ["server", "-c", RUN / "odoo.conf", "-d", name, "-i", "queue_job"]
    call_odoo([*words, "--stop-after-init", "--no-http", "--max-cron-threads", "0"], "queue_job")


def connect(name):
    """Return a connection to a database in autocommit mode; the caller closes it."""
    conf = read_conf()
    connection = psycopg2.connect(
        host=conf["db_host"], port=conf["db_port"], user=conf["db_user"], dbname=name
    )
    connection.autocommit = True
    return connection


# to each database the connection of ``query``
kept = {}


def query(name, sql, *args):
    """Run one statement in a database; return its rows, none when it has no result.

    By a connection that stays: a new one costs 20 ms of a core, and waiting asks many times a second.
    """
    if (connection := kept.get(name)) and _is_cut(connection):
        connection.close()
        connection = None
    if not connection:
        connection = kept[name] = connect(name)
    with connection.cursor() as cursor:
        cursor.execute(sql, args or None)
        return cursor.fetchall() if cursor.description else []


def _is_cut(connection):
    """Tell whether the server has ended a connection that nobody used meanwhile: it says so, or hangs up."""
    return connection.closed or select.select([connection], [], [], 0)[0]


def drop_database(name):
    """Remove a database with its files; its users are thrown out."""
    if connection := kept.pop(name, None):
        connection.close()
    query("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    shutil.rmtree(filestore(name), ignore_errors=True)


class Process:
    """A background program with a log; ``url`` answers once it is ready."""

    def __init__(self, name, url):
        self.url = url
        self.log = RUN / f"{name}.log"
        self.process = None

    def command(self):
        """Return the command line and the environment it needs besides ours."""
        raise NotImplementedError

    def start(self):
        """Start and wait for the first answer."""
        self.process = self.spawn(*self.command())
        wait_until(self.answers, START_SECONDS, f"{self.url} answers, see {self.log}")
        return self

    def spawn(self, command, environment):
        """Start the command with an environment besides ours; return its process."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(word) for word in command],
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def answers(self):
        """Whether the program serves; AssertionError when it has ended by itself."""
        assert self.process.poll() is None, f"ended with {self.process.returncode}, see {self.log}"
        try:
            with urllib.request.urlopen(self.url + self.probe, timeout=30):
                return True
        except urllib.error.HTTPError:
            return True
        except (OSError, http.client.HTTPException):
            return False

    probe = "/"

    def stop(self):
        """End it the polite way; what does not go is killed."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self):
        """SIGKILL to the whole group: as a power cut would."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()

    def read_log(self):
        """Return what it has written so far."""
        return self.log.read_text(errors="replace")


class OdooServer(Process):
    """A prefork Odoo on database ``db``.

    :param host: name of a further server of the same database; it has a data folder of its own, and PostgreSQL
        knows its connections by this name
    :param queue: whether OCA's ``queue_job`` is on the path, with its runner
    """

    probe = "/web/health"

    def __init__(self, db, workers=2, cron_threads=1, host="", queue=False):
        self.db, self.workers, self.cron_threads = db, workers, cron_threads
        self.host, self.queue, self.realtime = host, queue, None
        self.port, self.gevent_port = free_ports(2)
        super().__init__(f"system_{db}{host}", f"http://127.0.0.1:{self.port}")
        self.log.unlink(missing_ok=True)

    def command(self):
        """See ``Process.command``."""
        conf = read_conf()
        home = os.environ.get("ODOO_HOME") or Path(conf["addons_path"].split(",")[0]).parents[1]
        command = [sys.executable, LAUNCHER, "server"]
        command += ["-c", RUN / "odoo.conf", "-d", self.db, f"--db-filter=^{self.db}$"]
        command += ["--http-port", self.port, "--gevent-port", self.gevent_port]
        command += ["--workers", self.workers, "--max-cron-threads", self.cron_threads]
        environment = {"PYTHONPATH": str(home), "EPD_REALTIME_APART": "1"}
        environment["EPD_SHORT_HASHES"] = "1"
        # A worker leaves a browser that says nothing for 2 s, and a busy machine makes it silent for longer; in an
        # office a proxy stands between: odoo/service/server.py, WorkerHTTP, 19.0, 2026-11-27.
        environment["ODOO_HTTP_SOCKET_TIMEOUT"] = "10"
        if self.host:
            command += ["--data-dir", host_files(self.db, self.host), "--db_app_name", self.host]
        if self.queue:
            command += [
                "--load",
                "base,rpc,web,queue_job",
                "--addons-path",
                optional_path(conf, "queue_job"),
            ]
            environment["PYTHONPATH"] += f":{optional_folder('queue_job')}"
            environment["ODOO_QUEUE_JOB_CHANNELS"] = f"root:{self.workers}"
            environment["ODOO_QUEUE_JOB_HOST"] = "127.0.0.1"
            environment["ODOO_QUEUE_JOB_PORT"] = str(self.port)
        return command, environment

    def spawn(self, command, environment):
        """See ``Process.spawn``."""
        if not nursery:
            return super().spawn(command, environment)
        database = "" if self.queue else self.db
        return nursery.start(command[1:], os.environ | environment, self.log, database)

    def start_realtime(self):
        """Start the evented process, which the websocket needs, as the prefork server does: most tests need none."""
        if not self.realtime:
            self.realtime = Realtime(self).start()

    def kill(self):
        """See ``Process.kill``."""
        if self.realtime:
            self.realtime.kill()
            self.realtime = None
        super().kill()

    def connect(self):
        """Return a database connection in autocommit mode; the caller closes it."""
        return connect(self.db)

    def query(self, sql, *args):
        """Run one statement beside Odoo; return its rows, none when it has no result."""
        return query(self.db, sql, *args)

    def login(self, login, password=None):
        """Return a session; demo users have their login as their password."""
        return Session(self, login, password or login)

    def cron_workers(self):
        """Return the process ids of Odoo's cron workers: the children that made themselves nicer."""

        def niceness(pid):
            return os.getpriority(os.PRIO_PROCESS, pid)

        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        own, found = niceness(self.process.pid), []
        for pid in map(int, listed.split()):
            with contextlib.suppress(ProcessLookupError):
                if niceness(pid) > own:
                    found.append(pid)
        return found


class Realtime(Process):
    """The evented process of a server."""

    probe = "/web/health"

    def __init__(self, odoo):
        self.odoo = odoo
        super().__init__(f"{odoo.log.stem}_realtime", f"http://127.0.0.1:{odoo.gevent_port}")
        self.log.unlink(missing_ok=True)

    def command(self):
        """See ``Process.command``."""
        command, environment = self.odoo.command()
        command[command.index("server")] = "gevent"
        return command, environment


class RpcError(Exception):
    """What Odoo answers instead of a result; ``name`` is the class of its exception."""

    def __init__(self, error):
        data = error.get("data", {})
        self.name = data.get("name", "")
        super().__init__(data.get("message") or error["message"])


class Session:
    """One user's session: ``session("epd.mailing", "action_send", [id])``.

    By the web client's JSON-RPC, where a session is proven by its cookie: XML-RPC has each worker hash the
    password again (0.3 s of a core), and once more whenever the caches are cleared.
    """

    def __init__(self, odoo, login, password):
        self.url, self.cookie = odoo.url, ""
        params = {"db": odoo.db, "login": login, "password": password}
        self.uid = self._post("session/authenticate", params)["uid"]
        assert self.uid, f"{login} cannot log in"

    def _post(self, path, params):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        headers = {"Content-Type": "application/json", "Cookie": self.cookie}
        call = urllib.request.Request(f"{self.url}/web/{path}", body, headers)
        with urllib.request.urlopen(call) as response:
            answer = json.load(response)
            for cookie in response.headers.get_all("Set-Cookie") or []:
                if cookie.startswith("session_id="):
                    self.cookie = cookie.partition(";")[0]
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def __call__(self, model, method, *args, **kwargs):
        """Call ``method`` of ``model``; texts come in Russian."""
        kwargs.setdefault("context", {"lang": "ru_RU"})
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post("dataset/call_kw", params)

    def ref(self, xmlid):
        """Return the id behind an external id."""
        module, name = xmlid.split(".")
        domain = [("module", "=", module), ("name", "=", name)]
        return self("ir.model.data", "search_read", domain, fields=["res_id"])[0]["res_id"]


class Sandbox(Process):
    """A UniSender on this machine; ``more`` are further words of its command line."""

    def __init__(self, name="sandbox", *more):
        (self.port,) = free_ports(1)
        super().__init__(f"system_{name}", f"http://127.0.0.1:{self.port}")
        self.log.unlink(missing_ok=True)
        self.more = more

    def command(self):
        """See ``Process.command``."""
        return [sys.executable, "-m", "sandbox", "--port", self.port, *self.more], {}

    def control(self, path, data=None):
        """Call the control API (see ``python -m sandbox --help``) and return its JSON."""
        body = json.dumps(data).encode() if data is not None else None
        with urllib.request.urlopen(f"{self.url}/sandbox/{path}", body, timeout=30) as answer:
            return json.load(answer)


class Front:
    """One door to a server, as an office's proxy is: the websocket goes to the port of its own.

    A connection is checked once, at its first line, and then passed through as it is.
    """

    def __init__(self, odoo):
        self.odoo, self.db = odoo, odoo.db
        odoo.start_realtime()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_exc):
        self.listener.close()

    def _listen(self):
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                client, _address = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client:
            first = client.recv(65536)
            live = first.startswith(b"GET /websocket")
            port = self.odoo.gevent_port if live else self.odoo.port
            with socket.create_connection(("127.0.0.1", port)) as server:
                server.sendall(first)
                threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
                self._pump(server, client)

    @staticmethod
    def _pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
