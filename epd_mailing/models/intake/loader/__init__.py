"""One loader for figures and accounts, whoever brings them: a file, or a program through ``epd.api``.

In: records with typed values (``tools.table_file.Record``).
Out: rows of the rooms below, written in bulk; problems by row.

A kind of file is a class of its own, named by :func:`register`. A record goes through it in this
order: matching (``matching.py``) → what is there already (``figures.py``) → writing (``writer.py``).
"""

from .base import LOADERS, Loader, Outcome, Target, get_loader, register
from . import account, balance, charge, payment, placement, reading, setup
