"""The contract for programs (docs/api.md).

In: calls over XML-RPC or JSON-2.
Out: plain data; each call a whole step that may be repeated.
"""

from . import epd_api_call
from . import epd_api
from . import epd_api_charges
from . import epd_api_month
from . import epd_api_paper
from . import epd_api_documents
from . import epd_api_accounts
