"""The most memory that a measurement took: this process, and the converters that it started."""

import contextlib
import threading

import psutil

SECONDS_BETWEEN = 0.05


class PeakMemory:
    """Samples resident memory while its block runs; as a text it says the peaks.

    Processes that ran before the block (a web server beside it) are not counted.
    """

    def __init__(self):
        self._own = psutil.Process()
        self._before = {child.pid for child in self._own.children(recursive=True)}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.own = self.converters = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_args):
        self._over.set()
        self._thread.join()

    def _sample(self):
        while not self._over.wait(SECONDS_BETWEEN):
            total = 0
            for child in self._own.children(recursive=True):
                if child.pid not in self._before:
                    with contextlib.suppress(psutil.Error):
                        total += child.memory_info().rss
            self.own = max(self.own, self._own.memory_info().rss)
            self.converters = max(self.converters, total)

    def __str__(self):
        return f"peak memory {self.own >> 20} MB here, {self.converters >> 20} MB in converters"
