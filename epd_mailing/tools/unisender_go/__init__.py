"""Unisender Go, the service's method for transactional letters: own pace, exact events, idempotence keys.

Source: its Web API reference (godocs.unisender.ru/web-api-ref, stored copies v1.36 to v1.76) and the official
SDK of the same platform (PyPI ``unione-sdk`` 1.2.4), read 2026-11-26.
"""
