"""Loaded before a client: the service's names lead to the sandbox on this machine."""

import os
import socket
import urllib
import urllib.parse

_HOSTS = ("api.unisender.com", "www.unisender.com", "go1.unisender.ru", "go2.unisender.ru")
_PORTS = {80: os.environ.get("SANDBOX_HTTP"), 443: os.environ.get("SANDBOX_TLS")}
_getaddrinfo = socket.getaddrinfo


def _lead_here(host, port, *args, **kwargs):
    if host in _HOSTS:
        host, port = "127.0.0.1", int(_PORTS[int(port)])
    elif host != "127.0.0.1":
        raise OSError(f"nobody but the service is called: {host}")
    return _getaddrinfo(host, port, *args, **kwargs)


socket.getaddrinfo = _lead_here
# where Python 2 had it
urllib.urlencode = urllib.parse.urlencode
