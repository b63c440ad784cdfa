from . import test_computed_accounts
