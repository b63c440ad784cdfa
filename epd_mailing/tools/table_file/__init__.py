"""Files of offices, banks and settlement centres: read row by row, understood, checked.

No Odoo inside. ``open_table`` → a reader of the file's format; ``understand`` → where its rows begin and
what the columns hold; ``RowParser`` → typed records, problems with row and column, and sums that are
compared with what the file tells of itself.
"""

from .control import Control, Running
from .encoding import ENCODINGS, EncodingGuess, Reading
from .errors import NO_TABLES, Problem, TableError
from .headers import (
    Layout,
    guess_columns,
    is_control,
    is_in_kopecks,
    sign_shape,
    signature,
    understand,
    unread_numbers,
)
from .kinds import KINDS, sample_rows
from .reader import Limits, Row, Table, open_table
from .rows import Column, Record, RowParser, check_charge, column_letter
from .values import Formula, parse_choice, parse_date, parse_month, parse_number
