"""Files from other programs.

In: tables of charges, balances, payments, readings, accounts; ready-made receipts.
Out: records of the rooms below, or problems with row and column.
"""

from . import epd_import_field
from . import epd_import_layout
from . import epd_import
from . import epd_import_column
from . import epd_import_problem
from . import epd_import_file
from . import epd_import_match
from . import epd_import_load
from . import epd_import_work
from . import epd_import_payment
from . import epd_import_removal
from . import epd_import_take_back
from . import epd_receipt_import
from . import epd_receipt_import_line
from . import epd_account_payment
