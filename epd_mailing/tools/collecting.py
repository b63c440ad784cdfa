"""Work that makes very many objects and no circles of them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Have Python look for no circles of objects: among those of Odoo, each search takes long.

    It is for the whole process, so for a second or two; what is in no circle is freed as ever.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
