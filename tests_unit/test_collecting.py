"""Python looks for circles of objects again, however the work ended."""

import gc

import pytest
from tools.collecting import without_collecting


def test_it_is_on_again():
    assert gc.isenabled()
    with without_collecting():
        assert not gc.isenabled()
        with without_collecting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error():
    with pytest.raises(ValueError, match="odd"), without_collecting():
        raise ValueError("odd")
    assert gc.isenabled()
