"""A pass ends when its wall time or its CPU time is used up, or when it is told to."""

import pytest
from tools.work_budget import RUN_CPU, RUN_WALL, Budget


class Clocks:
    """Time that passes only when told."""

    def __init__(self):
        self.wall, self.cpu, self.slept = 1000.0, 50.0, []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.wall += seconds


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def budget(clocks):
    return Budget(lambda: clocks.wall, lambda: clocks.cpu, clocks.sleep)


def test_wall_time_runs_out(clocks, budget):
    assert budget.left() == RUN_WALL
    clocks.wall += RUN_WALL - 1
    assert budget.left() == 1
    clocks.wall += 2
    assert budget.left() == 0


def test_cpu_time_runs_out_before_the_wall_time(clocks, budget):
    clocks.cpu += RUN_CPU
    assert budget.left() == RUN_WALL
    clocks.cpu += 0.1
    assert budget.left() == 0


def test_what_is_ended_stays_ended(budget):
    budget.end()
    assert budget.left() == 0


def test_a_nap_takes_no_more_than_is_left(clocks, budget):
    budget.nap(1)
    clocks.wall += RUN_WALL - 1.5
    budget.nap(1)
    budget.nap(1)
    assert clocks.slept == [1, 0.5, 0]
