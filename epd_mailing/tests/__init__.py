"""The tests stand in the rooms of the models; Odoo looks for them by name in this module."""

from .base import *
from .core import *
from .account import *
from .charge import *
from .document import *
from .service import *
from .mailing import *
from .run import *
from .paper import *
from .intake import *
from .gis import *
from .api import *
from .start import *
