"""What every room stands on: the guard of states, background work with stop and resume,
news for open screens, the way from a number to the records behind it.
"""

from . import state_guard
from . import epd_background_work
from . import drilldown
from . import realtime
