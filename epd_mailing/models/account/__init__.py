"""Who is to be reached and where.

In: buildings, personal accounts, the people responsible, addresses, consents.
Out: lists of accounts, each with the addresses that may receive.
"""

from . import epd_building
from . import epd_personal_account
from . import epd_delivery_address
from . import epd_delivery_consent
from . import epd_account_list
from . import res_partner
from . import base_partner_merge
