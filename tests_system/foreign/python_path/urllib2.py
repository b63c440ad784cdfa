"""Python 2's module for clients written for it: the same calls, by Python 3's."""

import urllib.request
from urllib.request import urlopen

__all__ = ["Request", "urlopen"]


class Request(urllib.request.Request):
    """Takes the form as text, as Python 2 did."""

    def __init__(self, url, data=None, headers=()):
        if isinstance(data, str):
            data = data.encode("ascii")
        super().__init__(url, data, dict(headers))
