"""The clerk's screen of the month.

In: a period and lists of accounts.
Out: checked and saved documents, and mailings of them.
"""

from . import epd_readiness_accounts
from . import epd_readiness_figures
from . import epd_run_readiness
from . import epd_billing_run
from . import epd_billing_run_line
from . import epd_payment_document
from . import drilldown
from . import epd_mailing
