from . import test_paper
