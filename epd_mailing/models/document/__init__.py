"""What is put into the payer's hands.

In: the figures of an account and a period.
Out: a frozen snapshot and the PDF rendered from it, each with its hash.
"""

from . import epd_document_snapshot
from . import epd_receipt_renderer
from . import epd_payment_document
from . import epd_personal_account
from . import epd_document_source
from . import res_partner
from . import ir_attachment
