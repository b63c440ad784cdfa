from . import test_import
from . import test_import_kinds
from . import test_import_payments
from . import test_import_registers
from . import test_import_removal
from . import test_import_mutated
from . import test_import_round_trip
from . import test_receipt_import
