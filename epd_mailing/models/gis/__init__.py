"""ГИС ЖКХ.

In: identifiers and placements of payment documents.
Out: what the state system knows of a document.
"""

from . import epd_gis_placement
