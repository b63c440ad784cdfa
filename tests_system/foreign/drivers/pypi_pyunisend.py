import json
import os

from pyunisend.pyunisend import PyUniSend

uni, told = PyUniSend(os.environ["KEY"]), {}
found = uni.getLists()["result"][0]
told["lists"] = [found["id"], found["title"]]
sent = uni.sendEmail(
    email="noread@example.com",
    sender_name="УК",
    sender_email=os.environ["SENDER"],
    subject="Квитанция",
    body="<p>b</p>",
    list_id=found["id"],
    attachments={"r.txt": "receipt"},
)["result"]
told["old_answer"] = [sent["email"], type(sent["email_id"]).__name__]
asked = uni.checkEmail(email_id=sent["email_id"])["result"]
told["delivered"] = asked["statuses"][0]["status"]
other = PyUniSend("wrong")
other.getLists()
told["wrong_key"] = other.errorMessage == "invalid_api_key"
print(json.dumps(told))
