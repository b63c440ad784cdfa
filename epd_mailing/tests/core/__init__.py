from . import test_office_time
from . import test_chatter
