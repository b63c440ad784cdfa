from . import test_api
from . import test_api_accounts
from . import test_api_paper
from . import test_api_loader
