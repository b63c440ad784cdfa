# shellcheck shell=bash
# Shared by the scripts: places, messages, and how things are called. Sourced, not run.
# ODOO_HOME: an Odoo 19 you have (folder that holds the package `odoo`); WKHTMLTOPDF: a binary.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${EPD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/epd_mailing}
RUN=$ROOT/.run
# shellcheck disable=SC2034
ODOO_TESTED="19.0.0+dfsg-1"
VENV=$CACHE/venv-$(sha256sum "$ROOT/requirements.txt" | cut -c1-12)-$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none)
PYTHON=$VENV/bin/python
mkdir -p "$RUN" "$CACHE"
# the one that setup unpacked where the system has none
if [ -z "${WKHTMLTOPDF:-}" ] && [ -x "$CACHE/wkhtmltopdf/bin/wkhtmltopdf" ]; then export WKHTMLTOPDF=$CACHE/wkhtmltopdf/bin/wkhtmltopdf; fi
# compiled once for a hundred starts of Odoo, and beside the sources: two thirds of a start are compiling. A machine may
# say that nothing is to be kept (images of containers do): each start would compile all of it anew.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$CACHE/bytecode

say() { printf '\033[1m%s\033[0m\n' "$*"; }
fail() { printf 'Error: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else
    command -v sudo >/dev/null || fail "root rights are needed for '$*': run as root or install sudo"
    sudo "$@"
  fi
}

# the Odoo to use: the one given, or the one that setup unpacked
odoo_home() {
  if [ -n "${ODOO_HOME:-}" ]; then
    [ -d "$ODOO_HOME/odoo" ] || fail "ODOO_HOME=$ODOO_HOME holds no package 'odoo'; point it at an Odoo 19"
    echo "$ODOO_HOME"
  else echo "$CACHE/odoo/usr/lib/python3/dist-packages"; fi
}

# optional_folder NAME: where setup puts the packages of scripts/NAME.txt
optional_folder() { echo "$CACHE/$1-$(sha256sum "$ROOT/scripts/$1.txt" | cut -c1-12)"; }

# The role is this checkout's own: with a remembered port that another cluster has taken, nothing is touched there.
PG_USER=epd_$(printf %s "$ROOT" | sha256sum | cut -c1-12)
# PostgreSQL refuses to run as root: root's cluster belongs to the user postgres
if [ "$(id -u)" = 0 ]; then
  PG_DIR=/var/lib/epd_mailing/$PG_USER
  as_pg() { ( cd / && setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/tmp "$@" ); }
else
  PG_DIR=$RUN/postgres
  as_pg() { "$@"; }
fi
# Odoo's files lie beside the cluster: what one says of the other stays true, whatever is removed
DATA_DIR=$PG_DIR/odoo
pg_bin() { find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1; }

# free_port NAME FIRST: the port remembered for NAME, or the next free one from FIRST on; one asker at a time
free_port() { ( flock 7; _free_port "$@" ) 7>"$RUN/ports.lock"; }
_free_port() {
  local file=$RUN/port.$1 port
  if [ -f "$file" ]; then cat "$file"; return; fi
  port=$(/usr/bin/python3 - "$2" "$RUN" <<'PY'
import glob, socket, sys
taken = {int(open(name).read() or 0) for name in glob.glob(sys.argv[2] + "/port.*")}
for port in range(int(sys.argv[1]), 65000):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
    if port not in taken:
        print(port)
        break
PY
)
  echo "$port" > "$file"; echo "$port"
}

pg() { PGHOST=127.0.0.1 PGPORT=$(cat "$RUN/port.pg") PGUSER=$PG_USER "$(pg_bin)/$1" "${@:2}"; }
# the password of Odoo's role, for everything that speaks to PostgreSQL through libpq
export PGPASSFILE=$PG_DIR/pgpass

# make_cluster DATA: a cluster whose superuser is the one who owns it, by its own socket alone. Odoo's role is none,
# and comes with a password; nobody else gets in.
make_cluster() {
  local data=$1 bin password
  bin=$(pg_bin)
  if [ "$(id -u)" = 0 ]; then mkdir -p "$PG_DIR" && chmod 711 /var/lib/epd_mailing && chown postgres "$PG_DIR"; else mkdir -p "$PG_DIR"; fi
  # one made by an earlier version, at work or not
  as_pg "$bin/pg_ctl" -D "$data" -m fast stop >/dev/null 2>&1 || true
  rm -rf "$data" "$data.new" "$DATA_DIR" "$PGPASSFILE"
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  {
    as_pg "$bin/initdb" -D "$data.new" -A reject -E UTF8 --locale=C.UTF-8 &&
      as_pg "$bin/postgres" --single -c password_encryption=scram-sha-256 -D "$data.new" postgres \
        <<<"CREATE ROLE $PG_USER LOGIN CREATEDB IN ROLE pg_signal_backend PASSWORD '$password'" &&
      as_pg tee "$data.new/pg_hba.conf" <<<"local all all peer
host all $PG_USER 127.0.0.1/32 scram-sha-256"
  } >"$RUN/initdb.log" 2>&1 || fail "the database cluster cannot be made, see $RUN/initdb.log"
  ( umask 077; echo "*:*:*:$PG_USER:$password" >"$PGPASSFILE" )
  as_pg mv "$data.new" "$data"
}

# start_pg: the private cluster, made on first use
start_pg() {
  local bin data=$PG_DIR/data socket=$PG_DIR/socket
  bin=$(pg_bin); [ -n "$bin" ] || fail "PostgreSQL is not installed: run 'make setup'"
  if [ ! -s "$data/PG_VERSION" ] || [ "$(cat "$data/PG_VERSION")" != "$(basename "$(dirname "$bin")" )" ] || [ ! -s "$PGPASSFILE" ]; then make_cluster "$data"; fi
  if ! as_pg "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1; then
    rm -f "$RUN/port.pg"
    local port; port=$(free_port pg 5450)
    as_pg mkdir -p -m 700 "$socket"
    # a socket's path has 107 bytes at most; nothing of ours needs it
    if [ ${#socket} -gt 85 ]; then socket=; fi
    as_pg "$bin/pg_ctl" -D "$data" -w -t 60 -l "$PG_DIR/log" \
      -o "-p $port -k '$socket' -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >/dev/null \
      || fail "PostgreSQL does not start, see $PG_DIR/log"
    # a database is dropped by force while the autovacuum is at it (clusters made before this was granted)
    [ -z "$socket" ] || as_pg "$bin/psql" -qh "$socket" -p "$port" -c "GRANT pg_signal_backend TO $PG_USER" postgres >/dev/null 2>&1 || true
  fi
  # a checkout that is new at this place may find its cluster at work
  sed -n 4p "$data/postmaster.pid" >"$RUN/port.pg"
}

pg_idle() { [ "$(pg psql -Atqc "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()" postgres 2>/dev/null)" = 0 ]; }
stop_pg() { if [ -n "$(pg_bin)" ] && [ -d "$PG_DIR/data" ]; then as_pg "$(pg_bin)/pg_ctl" -D "$PG_DIR/data" -m fast stop >/dev/null 2>&1 || true; fi; }

write_conf() {
  # receipts and letters are nobody else's
  mkdir -p "$DATA_DIR"; chmod 700 "$DATA_DIR"
  cat > "$RUN/odoo.conf" <<CONF
[options]
addons_path = $(odoo_home)/odoo/addons,$ROOT
data_dir = $DATA_DIR
db_host = 127.0.0.1
db_port = $(cat "$RUN/port.pg")
db_user = $PG_USER
http_interface = 127.0.0.1
list_db = False
log_handler = odoo.addons.rpc.controllers.xmlrpc:ERROR
CONF
}

# odoo COMMAND…: Odoo's command line with our Python; ODOO serves where no function will do
PYTHON_ODOO=(env "PYTHONPATH=$(odoo_home)" PYTHONWARNINGS=ignore::DeprecationWarning "$PYTHON")
ODOO=("${PYTHON_ODOO[@]}" "$ROOT/scripts/launch/run_odoo.py")
odoo() { "${ODOO[@]}" "$@"; }
server() { odoo server -c "$RUN/odoo.conf" "$@"; }

# the version before: the parent of the commit that gave the manifest its present version
version_before() {
  local now commit bump=HEAD
  now=$(grep -oE '"version": "[0-9.]+"' "$ROOT/epd_mailing/__manifest__.py")
  for commit in $(git -C "$ROOT" log --format=%H -- epd_mailing/__manifest__.py); do
    if ! git -C "$ROOT" show "$commit:epd_mailing/__manifest__.py" | grep -qF "$now"; then echo "$bump^"; return; fi
    bump=$commit
  done
  fail "the history holds no version before $now"
}
# unpack_before FOLDER: the addon of the version before, alone in a folder
unpack_before() {
  local commit; commit=$(version_before) || return 1
  rm -rf "$1"; mkdir -p "$1"
  git -C "$ROOT" archive "$commit" epd_mailing | tar -x -C "$1"
}

# runs NAME: whether the background program of ours is alive; a pid left from before a reboot may be
# somebody else's by now, so its command line must name our folder
runs() {
  local pid; pid=$(cat "$RUN/$1.pid" 2>/dev/null) || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$RUN/"
}

# stop_one NAME: end a background program of ours
stop_one() {
  local file=$RUN/$1.pid pid
  [ -f "$file" ] || return 0
  pid=$(cat "$file")
  if runs "$1"; then
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 150); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    # whatever of its group is left
    kill -9 -- "-$pid" 2>/dev/null || true
  fi
  rm -f "$file"
}

# wait_http NAME URL: until the background program NAME answers
wait_http() {
  for _ in $(seq 240); do
    if "$PYTHON" -c "import urllib.request,sys; urllib.request.urlopen(sys.argv[1], timeout=5)" "$2" >/dev/null 2>&1; then return 0; fi
    runs "$1" || fail "$1 has ended: $(tail -n 1 "$RUN/$1.log")"
    sleep 0.5
  done
  fail "no answer from $2, see $RUN/$1.log"
}
