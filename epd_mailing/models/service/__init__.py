"""The way to UniSender.

In: the key, the sender and the limits of an office.
Out: calls that keep the limits, and what the service answered.
"""

from . import epd_unisender_account
from . import epd_unisender_account_service
from . import epd_unisender_account_limits
