import base64
import json
import os
from datetime import UTC, datetime, timedelta

import unione
from unione.api.domain.models import DomainListRequest
from unione.api.email.models import EmailSendRequest
from unione.api.event_dump.models import EventDumpCreateRequest, EventDumpGetRequest
from unione.api.suppression.models import SuppressionGetRequest, SuppressionSetRequest
from unione.api.webhook.models import WebhookSetRequest


def letter(email, key):
    return EmailSendRequest.from_dict(
        {
            "message": {
                "recipients": [{"email": email}],
                "body": {"html": "<p>b</p>"},
                "subject": "Квитанция",
                "from_email": os.environ["SENDER"],
                "global_metadata": {"key": "k1"},
                "idempotence_key": key,
                "attachments": [
                    {
                        "type": "text/plain",
                        "name": "r.txt",
                        "content": base64.b64encode(b"receipt").decode(),
                    }
                ],
            }
        }
    )


client, told = unione.client(os.environ["KEY"], "go1.unisender.ru"), {}
told["taken"] = client.email.send(letter("noread@example.com", "a")).emails
for step, email, key in (
    ("failed", "unsubscribed@example.com", "b"),
    ("again", "noread@example.com", "a"),
):
    try:
        client.email.send(letter(email, key))
    except unione.ApiError as error:
        told[step] = (
            [error.error_code, f"HTTP {error.http_status}"]
            if step == "failed"
            else error.error_code
        )
hook = WebhookSetRequest.from_dict(
    {
        "url": "http://127.0.0.1:9/hook",
        "status": "active",
        "events": {"email_status": ["delivered"]},
    }
)
told["hook"] = str(client.webhook.set(hook).object.status.value)
start = datetime.now(UTC) - timedelta(hours=1)
made = client.event_dump.create(EventDumpCreateRequest(f"{start:%Y-%m-%d %H:%M:%S}"))
told["dump"] = client.event_dump.get(EventDumpGetRequest(made.dump_id)).event_dump.dump_status
domain = client.domain.list(DomainListRequest.from_dict({})).domains[0].to_dict()
proof = domain.get("verification-record") or domain.get("verification_record")
told["domain"] = [proof["status"], domain["dkim"]["status"]]
client.suppression.set(
    SuppressionSetRequest.from_dict({"email": "a@example.com", "cause": "unsubscribed"})
)
found = client.suppression.get(SuppressionGetRequest.from_dict({"email": "a@example.com"}))
told["suppressed"] = found.to_dict()["suppressions"][0]["cause"]
told["user"] = client.system.ping().user_id
try:
    unione.client("wrong", "go2.unisender.ru").system.info()
except unione.ApiError as error:
    told["wrong_key"] = error.error_code == 102
print(json.dumps(told))
