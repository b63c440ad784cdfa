"""Receipts on paper.

In: documents that e-mail does not deliver.
Out: sorted files for the printer; handed over means presented.
"""

from . import epd_paper_batch
from . import epd_paper_batch_line
from . import epd_paper_batch_part
from . import epd_billing_run
from . import epd_payment_document
