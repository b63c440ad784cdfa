from . import test_account
from . import test_account_list
from . import test_delivery_address
from . import test_consent_rule
from . import test_owner_and_consent
from . import test_right_person
from . import test_address_rereading
from . import test_address_sequences
