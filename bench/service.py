"""The sandbox as the service, and our account and mailing at it."""

import contextlib
import re
import subprocess
import sys

API_KEY = "bench-key"


@contextlib.contextmanager
def sandbox(*more):
    """Give the address of a sandbox without limits while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--api-key", API_KEY, *more],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield re.search(r"http://[^/\s]+", process.stdout.readline()).group()
    finally:
        process.terminate()
        process.wait()


def connect(env, url, **limits):
    """Return the active account of the demo house, without limits but those given."""
    account = env.ref("epd_mailing.demo_unisender_account")
    env["ir.config_parameter"].set_param("epd_mailing.sandbox_url", url)
    account.write(
        {
            "base_url": url,
            "api_key_input": API_KEY,
            "limit_per_minute": 0,
            "limit_per_day": 0,
            "limit_address_seconds": 0,
            **limits,
        }
    )
    account.action_check_connection()
    assert account.state == "active", account.last_error
    return account


def make_mailing(env, account, documents):
    """Return a draft mailing of saved documents."""
    mailing = env["epd.mailing"].create(
        {
            "unisender_account_id": account.id,
            "template_id": env.ref("epd_mailing.demo_template").id,
            "period_id": documents[0].period_id.id,
        }
    )
    for start in range(0, len(documents), 2000):
        mailing._add_documents(documents[start : start + 2000])
        env.flush_all()
        env.invalidate_all()
    return mailing
