from . import test_payment_document
from . import test_receipt
from . import test_payment_code
from . import test_queries
from . import test_query_plans
from . import test_missing_balance
from . import test_file_stores
from . import test_engines_alike
