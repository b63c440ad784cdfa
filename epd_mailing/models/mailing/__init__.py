"""Letters.

In: saved documents and live addresses.
Out: each letter sent once or skipped with its reason; what became of it.
"""

from . import epd_letter_text
from . import epd_message_template
from . import epd_unisender_account
from . import epd_letter_eligibility
from . import epd_mailing_filling
from . import epd_mailing_figures
from . import epd_mailing
from . import epd_mailing_letter
from . import epd_letter_event
from . import epd_letter_facts
from . import epd_mailing_sender
from . import epd_go_events
from . import epd_status_poll
from . import ir_attachment
from . import epd_payment_document
from . import epd_personal_account
from . import epd_delivery_address
