"""What is read while what was read before is worked on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def read_ahead(parts: Iterator[T]) -> Iterator[T]:
    """Yield ``parts``; the next one is made by a thread meanwhile, and never more than one.

    What goes wrong there is raised after the parts that came before it. To be closed where it is not
    read to its end: the thread finishes the part that it is at.

    :param parts: gives something else than None, and touches no cursor of a database
    """
    with ThreadPoolExecutor(1, "epd-read-ahead") as thread:
        coming = thread.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = thread.submit(next, parts, None)
            yield part
