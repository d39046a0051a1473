"""A process keeps to one core, and to the one that others use least."""

import asyncio
import os
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workers.one_core import MUCH, OneCore, better_core

USE = st.dictionaries(st.integers(0, 63), st.floats(0, 1), min_size=1)


def test_a_core_that_others_begin_to_use_is_left_for_one_that_nobody_uses() -> None:
    assert better_core(0, {0: 0.9, 1: 0.8, 2: 0.1}) == 2


def test_for_a_little_nobody_moves() -> None:
    assert better_core(0, {0: 0.2, 1: 0.0}) is None


def test_a_core_that_has_gone_is_left() -> None:
    assert better_core(7, {0: 0.9, 1: 0.8}) == 1
    assert better_core(7, {}) is None


@given(USE, st.integers(0, 63))
def test_who_moves_once_stays(others: dict[int, float], mine: int) -> None:
    better = better_core(mine, others)
    if better is not None:
        assert others.get(mine, 1 + MUCH) - others[better] >= MUCH
        assert better_core(better, others) is None


@pytest.mark.skipif(sys.platform != "linux", reason="cores cannot be chosen here")
def test_all_threads_keep_to_one_core_and_have_all_of_them_again_at_the_end() -> None:
    before, ended = os.sched_getaffinity(0), threading.Event()
    if len(before) < 2:
        pytest.skip("there is but one core")

    def cores_of_all() -> list[set[int]]:
        return [os.sched_getaffinity(int(thread)) for thread in os.listdir("/proc/self/task")]

    async def run() -> None:
        earlier = threading.Thread(target=ended.wait)
        earlier.start()
        core = OneCore(number=1)
        await core.start()
        await asyncio.sleep(0)
        later = threading.Thread(target=ended.wait)
        later.start()
        assert {frozenset(cores) for cores in cores_of_all()} == {frozenset({sorted(before)[1]})}
        await core.stop()
        ended.set()
        assert {frozenset(cores) for cores in cores_of_all()} == {frozenset(before)}

    asyncio.run(run())
