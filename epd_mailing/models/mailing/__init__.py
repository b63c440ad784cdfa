"""Letters.

In: saved documents and live addresses.
Out: each letter sent once or skipped with its reason; what became of it.
"""

from . import epd_message_template
from . import epd_mailing
from . import epd_mailing_letter
from . import epd_mailing_letters
from . import epd_mailing_actions
from . import epd_mailing_test_letter
from . import epd_mailing_estimate
from . import epd_mailing_letter_queue
from . import epd_mailing_letter_call
from . import epd_mailing_letter_actions
from . import epd_mailing_send
from . import epd_mailing_fill
from . import epd_mailing_statistics
from . import epd_payment_document_delivery
from . import epd_payment_document_send
from . import epd_letter_event
from . import epd_mailing_letter_facts
from . import epd_mailing_screen
