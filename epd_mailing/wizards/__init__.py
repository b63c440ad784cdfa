from . import epd_consent_bulk
from . import epd_document_compare
from . import epd_document_reason
from . import epd_mailing_schedule
from . import epd_mailing_test
from . import epd_new_owner
from . import epd_receipt_preview
from . import epd_run_problem
