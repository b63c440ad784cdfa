from . import test_unisender_account
