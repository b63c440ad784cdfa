"""The private PostgreSQL: Odoo's role is no superuser, and nobody comes in without its password."""

import psycopg2
import pytest

from .server import read_conf


def _connect(**words):
    conf = read_conf()
    address = {"host": conf["db_host"], "port": conf["db_port"], "user": conf["db_user"]}
    return psycopg2.connect(**{**address, "dbname": "postgres", **words})


def test_role_of_odoo_is_no_superuser():
    connection = _connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
        # a database is dropped by force, whatever autovacuum does in it
        cursor.execute("SELECT pg_has_role('pg_signal_backend', 'MEMBER')")
        assert cursor.fetchone() == (True,)
    connection.close()


@pytest.mark.parametrize("user", [None, "postgres"])
def test_nobody_comes_in_without_the_password(user):
    words = {"user": user} if user else {}
    with pytest.raises(psycopg2.OperationalError):
        _connect(**words, passfile="/nonexistent", password="guessed")
