import json
import os

import requests
from django.conf import settings

settings.configure()

from django_tasker_unisender.unisender import Unisender  # noqa: E402

uni, told = Unisender(os.environ["KEY"]), {}
found = uni.get_lists()[0]
told["lists"] = [found["id"], found["title"]]
told["created"] = uni.create_list("Чужой клиент") > 0
told["person"] = uni.subscribe([found["id"]], {"fields[email]": "noread@example.com"}) > 0
told["excluded"] = uni.exclude("email", "noread@example.com", [found["id"]])
letter = {
    "email": "noread@example.com",
    "sender_name": "УК",
    "sender_email": os.environ["SENDER"],
    "subject": "Квитанция",
    "body": "<p>b</p>",
    "list_id": found["id"],
    "metadata[key]": "k1",
}
sent = uni.get_request("sendEmail", letter)["email_id"]
told["delivered"] = uni.get_request("checkEmail", {"email_id": sent})["statuses"][0]["status"]
try:
    Unisender("wrong").get_lists()
except requests.HTTPError as error:
    told["wrong_key"] = "Invalid API key" in str(error)
print(json.dumps(told))
