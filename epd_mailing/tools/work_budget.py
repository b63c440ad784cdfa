"""What a pass of background work may use up."""

import time

# a cron pass may take 120 s of wall and 60 s of CPU for all jobs of the database together
PASS_WALL = 40.0
PASS_CPU = 22.0


class Budget:
    """Seconds of wall and of CPU time, counted from now on.

    :param clock: what tells wall seconds
    :param cpu_clock: what tells CPU seconds
    :param sleep: what lets seconds pass
    """

    def __init__(self, clock=time.monotonic, cpu_clock=time.process_time, sleep=time.sleep):
        self._clock, self._cpu_clock, self._sleep = clock, cpu_clock, sleep
        self._wall, self._cpu = clock(), cpu_clock()
        self._over = False

    def left(self):
        """Return the seconds of wall time left, 0 when the CPU time is used up."""
        if self._over or self._cpu_clock() - self._cpu > PASS_CPU:
            return 0.0
        return max(0.0, PASS_WALL - (self._clock() - self._wall))

    def nap(self, seconds):
        """Let a little time pass."""
        self._sleep(min(seconds, self.left()))

    def end(self):
        """Begin nothing more in this pass."""
        self._over = True
