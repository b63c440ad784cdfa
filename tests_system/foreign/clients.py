"""The table of clients: which package, what it does here and what it expects."""

from dataclasses import dataclass, field

SENT = {"lists": [20547, "Плательщики"], "delivered": "ok_delivered", "wrong_key": True}


@dataclass(frozen=True)
class Client:
    """One package of other people.

    :param package: its name, :param kind: ``npm`` or ``pypi``, :param version: pinned
    :param driver: file in ``drivers`` that calls it and prints what it got as JSON
    :param does: how it speaks, shown in the table
    :param expects: {step: value} that the driver has to print
    :param letter: facts of the letter that has to have arrived
    :param beside: packages that have to be there too (it is installed without its own, often old ones)
    :param settings: of the sandbox, for what this client expects of the service
    :param service: ``classic`` or ``go``, whose letters and calls are looked at
    """

    package: str
    kind: str
    version: str
    driver: str
    does: str
    expects: dict
    letter: dict
    beside: tuple = ()
    settings: dict = field(default_factory=dict)
    service: str = "classic"


CLIENTS = (
    Client(
        "unisender",
        "npm",
        "1.1.1",
        "npm_unisender.cjs",
        "POST form, key in the body, format in the query, arrays as a[0]; rejects what has no result",
        {
            **SENT,
            "created": True,
            "person": True,
            "imported": [2, 2],
            "excluded": {},
            "refused": "invalid_email",
            "login": "ID7208007",
            "confirmation": "Confirmation letter was sent",
        },
        {"subject": "Квитанция & ё", "reply_to": "r@example.com", "files": ["r.txt"]},
    ),
    Client(
        "unisender-api",
        "npm",
        "1.1.1",
        "npm_unisender_api.cjs",
        "POST with everything in the query and a body of JSON that is no form; email_id as text",
        {**SENT, "email_id": "string", "person": True, "contact": "noread@example.com"},
        {"subject": "Квитанция", "metadata": {"key": "k1"}, "files": ["r.txt"]},
    ),
    Client(
        "unisender-node",
        "npm",
        "0.0.7",
        "npm_unisender_node.cjs",
        "POST form, key in the query, no format; failed_email_id beside result",
        {**SENT, "failed": [{"7": "not found"}], "domains": "uk-demo.example.com"},
        {"subject": "Квитанция", "metadata": {"key": "k1"}, "files": ["r.txt"]},
        settings={"failed_ids_inside": False},
    ),
    Client(
        "django-tasker-unisender",
        "pypi",
        "0.0.1",
        "pypi_django_tasker_unisender.py",
        "POST form, platform marker; raises on error; no letters of its own, so by its get_request",
        {**SENT, "created": True, "person": True, "excluded": None},
        {"subject": "Квитанция", "metadata": {"key": "k1"}},
        beside=("django==5.2", "requests==2.32.3"),
    ),
    Client(
        "py-unisender",
        "pypi",
        "0.0.1",
        "pypi_py_unisender.py",
        "of Python 2: http and https, test_mode, nested arguments as PHP, error and code",
        {**SENT, "several": ["id", "errors"]},
        {"subject": "Квитанция", "metadata": {"key": "k1"}, "files": ["r.txt"]},
    ),
    Client(
        "pyunisend",
        "pypi",
        "0.1.0",
        "pypi_pyunisend.py",
        "of Python 2: plain http, any method by its name; email_id beside email, as a number",
        {**SENT, "old_answer": ["noread@example.com", "int"]},
        {"subject": "Квитанция", "files": ["r.txt"]},
        settings={"email_beside_id": True, "ids_as_numbers": True},
    ),
    Client(
        "unisender-go-api",
        "pypi",
        "0.3.0",
        "pypi_unisender_go_api.py",
        "Go: typed by pydantic, key in the header, errors by HTTP status and code",
        {"taken": ["noread@example.com"], "failed": ["unsubscribed"], "wrong_key": True},
        {"subject": "Квитанция", "files": ["r.txt"], "email": "noread@example.com"},
        beside=("httpx==0.27.2", "pydantic[email]==1.10.24"),
        service="go",
    ),
    Client(
        "unione-sdk",
        "pypi",
        "1.2.4",
        "pypi_unione_sdk.py",
        "the platform's official SDK, at Go's host: email, webhook, event dump, domain, suppression, system",
        {
            "taken": ["noread@example.com"],
            "failed": [204, "HTTP 400"],
            "again": 1573,
            "hook": "active",
            "dump": "ready",
            "domain": ["confirmed", "active"],
            "suppressed": "unsubscribed",
            "user": 11344,
            "wrong_key": True,
        },
        {"subject": "Квитанция", "files": ["r.txt"], "metadata": {"key": "k1"}},
        service="go",
        settings={"dump_seconds": 0},
    ),
    Client(
        "nodemailer-unione-transport",
        "npm",
        "0.0.4",
        "npm_nodemailer_unione.cjs",
        "old host one.unisender.com, key and user name in the body",
        {"taken": ["noread@example.com"], "wrong_key": True},
        {"subject": "Квитанция", "metadata": {"key": "k1"}, "files": ["r.txt"]},
        service="go",
    ),
)
