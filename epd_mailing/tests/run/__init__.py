from . import test_archived
from . import test_billing_run
from . import test_parts
from . import test_readiness
from . import test_run_screen
from . import test_run_money
from . import test_run_requisites
