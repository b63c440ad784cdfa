"""Tables that offices have, XLSX and CSV: read row by row, understood by their headers, checked.

No Odoo inside. ``open_table`` → rows; ``guess_columns`` → what the columns hold; ``RowParser`` → typed
records and problems with row and column.
"""

from .errors import Problem, TableError
from .headers import find_header, guess_columns, signature
from .kinds import KINDS, sample_rows
from .reader import Limits, Row, open_table
from .rows import Column, Record, RowParser, column_letter
from .values import parse_choice, parse_date, parse_month, parse_number
