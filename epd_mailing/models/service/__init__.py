"""The way to UniSender.

In: the key, the sender and the limits of an office.
Out: a client of the service, lists, webhook, and the rest after its errors.
"""

from . import epd_database_home
from . import epd_webhook_receiver
from . import epd_service_rest
from . import epd_unisender_account
