"""Rooms in the order of the month; a room refers to those above it in this list only."""

from . import base
from . import core
from . import account
from . import charge
from . import document
from . import service
from . import mailing
from . import run
from . import paper
from . import gis
from . import intake
from . import api
from . import start
