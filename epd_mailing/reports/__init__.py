"""What leaves the office as figures and papers: statistics, tables, consents, proofs.

In: what all the rooms know.
Out: files and SQL reports; nothing is changed.
"""

from . import ir_actions_report
from . import epd_letter_report
from . import epd_mailing
