from . import test_office_time
