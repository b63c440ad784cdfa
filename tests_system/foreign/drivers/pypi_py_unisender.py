import json
import os

from unisender.unisender import Unisender

uni, told = Unisender(os.environ["KEY"], secure=True), {}
found = uni.run("getLists", {})["result"][0]
told["lists"] = [found["id"], found["title"]]
letter = {
    "sender_name": "УК",
    "sender_email": os.environ["SENDER"],
    "subject": "Квитанция",
    "body": "<p>b</p>",
    "list_id": found["id"],
    "error_checking": 1,
    "metadata": {"key": "k1"},
    "attachments": {"r.txt": "receipt"},
}
sent = uni.run("sendEmail", {**letter, "email": ["noread@example.com", "nobody"]})["result"]
told["several"] = ["id" if "id" in entry else "errors" for entry in sent]
asked = Unisender(os.environ["KEY"]).run("checkEmail", {"email_id": sent[0]["id"]})  # plain http
told["delivered"] = asked["result"]["statuses"][0]["status"]
other = Unisender("wrong")
other.run("getLists", {})
told["wrong_key"] = other.errorMessage == "invalid_api_key"
print(json.dumps(told))
