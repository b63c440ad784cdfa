"""Addresses are read strictly: what the lenient parser took for one is closed, with its reason."""

import logging

from odoo import SUPERUSER_ID, api
from odoo.addons.epd_mailing.models.account.address_rereading import AddressRereading

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Give the letters what the service was given, and read all addresses again."""
    if not version:
        return
    cr.execute(
        """
        UPDATE epd_mailing_letter SET email = email_normalized
         WHERE email_normalized <> '' AND email IS DISTINCT FROM email_normalized
        """
    )
    _logger.info("%s letters name the address that the service was given", cr.rowcount)
    env = api.Environment(cr, SUPERUSER_ID, {"lang": "ru_RU"})
    _logger.info("%s addresses closed after strict reading", AddressRereading(env).run())
