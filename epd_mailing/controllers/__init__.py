from . import document
from . import receipt_link
from . import webhook
from . import import_example
from . import downloads
from . import list_export
