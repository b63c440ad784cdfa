from . import epd_document_reason
from . import epd_mailing_schedule
from . import epd_mailing_test
