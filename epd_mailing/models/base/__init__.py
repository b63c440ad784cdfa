"""What every room stands on.

In: records that have states, work in the background, numbers on a screen, files of their own.
Out: guarded states, cron runs with stop and resume, notices for open screens, the way from a number
to its records, files that stay as they are.
"""

from . import epd_state_guard
from . import epd_background_work
from . import epd_drilldown
from . import epd_realtime
from . import epd_frozen_file
from . import epd_report_source
