"""Files from other programs.

In: tables of charges, balances, payments, readings, accounts; ready-made receipts.
Out: records of the rooms below, or problems with row and column.
"""

from . import epd_import_field
from . import epd_import_layout
from . import epd_import
from . import epd_import_column
from . import epd_import_problem
from . import epd_import_planned
from . import epd_import_sum
from . import epd_import_key
from . import epd_import_paid_row
from . import epd_import_change
from . import epd_receipt_import
from . import epd_receipt_import_line
from . import epd_account_payment
