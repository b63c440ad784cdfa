"""The sandbox as the service, and our account and mailing at it."""

import contextlib
import re
import subprocess
import sys

API_KEY = "bench-key"
KINDS = {"classic": "classic UniSender", "go": "Unisender Go"}


@contextlib.contextmanager
def sandbox(*more):
    """Give the address of a sandbox without limits while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--api-key", API_KEY, "--go-key", API_KEY]
        + list(more),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield re.search(r"http://[^/\s]+", process.stdout.readline()).group()
    finally:
        process.terminate()
        process.wait()


def connect(env, url, kind="classic", **limits):
    """Return an active account, without limits but those given.

    :param kind: ``classic``: that of the demo house; ``go``: a new one
    """
    account = env.ref("epd_mailing.demo_unisender_account")
    env["ir.config_parameter"].set_param("epd_mailing.sandbox_url", url)
    if kind == "go":
        number = env["epd.unisender.account"].search_count([])
        account = env["epd.unisender.account"].create(
            {
                "name": f"go{number}@uk-demo.example.com",
                "api_kind": "go",
                "base_url": url,
                "sender_name": "УК",
                "sender_email": account.sender_email,
            }
        )
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
