"""What is put into the payer's hands.

In: the figures of an account and a period.
Out: a frozen snapshot and the PDF made from it, each with its hash.
"""

from . import epd_payment_document
from . import epd_payment_document_snapshot
from . import epd_payment_document_source
from . import epd_payment_document_render
from . import epd_payment_document_files
from . import epd_payment_document_actions
from . import epd_payment_document_compare
from . import epd_payment_document_ready_made
from . import epd_personal_account
