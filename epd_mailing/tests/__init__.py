from . import test_sender
