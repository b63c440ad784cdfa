"""Answers of HTTP that say nothing of the letter, by the kind of fault that orders them."""

# the call is not looked at: too many calls, or the service is down
REFUSED = {"http_429": 429, "http_500": 500, "http_503": 503}
# the letter is taken, and the answer does not tell
LOST = {"http_502": 502, "http_504": 504, "non_json": 200}
