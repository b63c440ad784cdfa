from . import (
    test_access,
    test_account,
    test_billing_run,
    test_computed_accounts,
    test_delivery_address,
    test_gis_placement,
    test_letter,
    test_letter_facts,
    test_mailing,
    test_mailing_gate,
    test_message_template,
    test_owner_and_consent,
    test_payment_document,
    test_readiness,
    test_receipt,
    test_sender,
    test_statistics,
    test_unisender_account,
    test_views,
    test_webhook,
    test_webhook_events,
)
from . import test_paper
from . import test_api
from . import test_outgo
