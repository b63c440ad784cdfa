from . import test_computed_accounts
from . import test_figures
