from . import (
    test_access,
    test_account,
    test_billing_run,
    test_mailing,
    test_payment_document,
    test_statistics,
    test_views,
    test_webhook,
)
