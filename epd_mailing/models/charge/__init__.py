"""What a month costs.

In: figures as the accountant gives them: charges, balances, payments, meter readings.
Out: one set of figures of an account and a period, that documents are made of.
"""

from . import epd_service
from . import epd_service_provision
from . import epd_tariff
from . import epd_payee_requisites
from . import res_bank
from . import res_partner
from . import epd_period_rule
from . import epd_billing_period
from . import epd_consumer_info
from . import epd_document_source
from . import epd_charge
from . import epd_account_balance
from . import epd_account_payment
from . import epd_meter_reading
from . import epd_personal_account
from . import res_company
from . import epd_building
