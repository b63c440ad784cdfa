"""The contract for programs (docs/api.md).

In: calls over XML-RPC or JSON-2.
Out: plain data; each call a whole step that may be repeated.
"""

from . import epd_api_call
from . import epd_api
