"""What every room stands on: the guards of fields and states, background work with stop and resume,
news for open screens, the way from a number to the records behind it.
"""

from . import thread
from . import storable_numbers
from . import readable_targets
from . import table_rules
from . import field_guard
from . import bulk_rows
from . import company_money
from . import counted_groups
from . import state_guard
from . import epd_work_engine
from . import realtime
from . import epd_background_work
from . import epd_background_task
from . import drilldown
