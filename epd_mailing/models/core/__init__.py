"""Odoo's own models extended: companies, banks, contacts, attachments, reports, requests."""

from . import res_company
from . import res_config_settings
from . import res_bank
from . import res_partner
from . import ir_http
from . import mail_message
