"""What every room stands on: the guard of states, background work with stop and resume,
news for open screens, the way from a number to the records behind it.
"""

from . import state_gate
from . import epd_background_work
from . import epd_behind
from . import epd_live
