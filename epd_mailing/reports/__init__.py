from . import epd_consent_form
from . import epd_letter_report
from . import epd_mailing_report
from . import epd_payment_document_proof
