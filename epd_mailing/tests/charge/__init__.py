from . import test_computed_accounts
from . import test_figures
from . import test_current_period
from . import test_payee_requisites
from . import test_group_sums
