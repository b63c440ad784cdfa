from . import (
    test_account,
    test_billing_run,
    test_delivery_address,
    test_letter,
    test_mailing,
    test_message_template,
    test_payment_document,
    test_sender,
    test_statistics,
    test_unisender_account,
    test_webhook,
)
