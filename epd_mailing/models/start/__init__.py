"""The first day of an office.

In: an empty database, or one that something is wrong with.
Out: what is missing, step by step; what keeps the work from being done; the manager's settings.
"""

from . import res_company
from . import epd_settings
from . import epd_company_row
from . import epd_health_check
from . import epd_setup_step
from . import epd_sample_removal
