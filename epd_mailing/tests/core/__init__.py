from . import test_chatter
from . import test_contact_company
from . import test_office_time
