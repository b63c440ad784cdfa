from . import test_unisender_account
from . import test_home
from . import test_go_account
from . import test_sender_domain
from . import test_go_strangers
