"""What a pass of background work may use up."""

import time
from collections.abc import Callable

# a cron run may take 120 s of wall and 60 s of CPU for all jobs of the database together
RUN_WALL = 40.0
RUN_CPU = 22.0


class Budget:
    """Seconds of wall and of CPU time, counted from now on.

    :param clock: what tells wall seconds
    :param cpu_clock: what tells CPU seconds
    :param sleep: what lets seconds pass
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.process_time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._cpu_clock, self._sleep = clock, cpu_clock, sleep
        self._wall, self._cpu = clock(), cpu_clock()
        self._over = False

    def left(self) -> float:
        """Return the seconds of wall time left, 0 when the CPU time is used up."""
        if self._over or self._cpu_clock() - self._cpu > RUN_CPU:
            return 0.0
        return max(0.0, RUN_WALL - (self._clock() - self._wall))

    def nap(self, seconds: float) -> None:
        """Let a little time pass."""
        self._sleep(min(seconds, self.left()))

    def end(self) -> None:
        """Begin nothing more in this pass."""
        self._over = True
