"""ГИС ЖКХ.

In: identifiers and placements of payment documents.
Out: what the state system knows of a document.
"""

from . import epd_gis_placement
from . import epd_document_snapshot
from . import epd_payment_document
