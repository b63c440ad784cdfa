from . import test_health
from . import test_settings
from . import test_setup
from . import test_sample_office
