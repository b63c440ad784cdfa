import base64
import json
import os

from unisender_go_api import HTTPStatusError, SendRequest, SyncClient


def letter(email):
    return SendRequest.parse_obj(
        {
            "message": {
                "recipients": [{"email": email}],
                "body": {"html": "<p>b</p>"},
                "subject": "Квитанция",
                "from_email": os.environ["SENDER"],
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


told = {}
with SyncClient.setup(os.environ["KEY"]):
    told["taken"] = letter("noread@example.com").send().emails
    try:
        letter("unsubscribed@example.com").send()
    except HTTPStatusError as error:
        told["failed"] = list(error.response.json()["failed_emails"].values())
with SyncClient.setup("wrong"):
    try:
        letter("noread@example.com").send()
    except HTTPStatusError as error:
        told["wrong_key"] = error.response.status_code == 401
print(json.dumps(told))
