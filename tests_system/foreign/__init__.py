"""Clients of UniSender that other people wrote, run unchanged against the sandbox (``make foreign``).

They know the service in ways we do not: what they send and what they expect of an answer is held
against the sandbox, so that the sandbox does not only speak to our own client. Packages are
installed into a temporary folder; the service's names lead to this machine, over real TLS.
"""
