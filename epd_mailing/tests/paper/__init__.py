from . import test_long_words
from . import test_paper
