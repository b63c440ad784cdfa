from . import test_access
from . import test_background_work
from . import test_russian
from . import test_views
from . import test_downloads
from . import test_no_lenient_parser
from . import test_guard_doors
from . import test_work_engine
