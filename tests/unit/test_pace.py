"""How many may wait, by how fast turns are answered."""

import pytest

from bot.workers.pace import FIRST_GUESS, WAIT_AT_MOST, Pace


def test_before_anything_is_measured_a_guess_says_how_many_may_wait() -> None:
    assert Pace(8, 5000).room == WAIT_AT_MOST / FIRST_GUESS


def test_as_many_may_wait_as_are_answered_in_time() -> None:
    pace = Pace(8, 5000)
    for turn in range(200):
        pace.ended(turn * 0.5, others_wait=True)
    assert pace.seconds == pytest.approx(0.5, rel=0.01)
    assert pace.room == 20


def test_quiet_hours_say_nothing_of_the_pace() -> None:
    pace = Pace(8, 5000)
    for turn in range(200):
        pace.ended(turn * 60.0, others_wait=False)
    assert pace.seconds == FIRST_GUESS


def test_a_pause_between_two_rushes_is_no_slow_turn() -> None:
    pace = Pace(8, 5000)
    for turn in range(200):
        pace.ended(turn * 0.1, others_wait=True)
    pace.ended(20.0, others_wait=False)
    pace.ended(3600.0, others_wait=True)
    assert pace.seconds == pytest.approx(0.1, rel=0.01)


def test_the_room_has_a_floor_and_a_ceiling() -> None:
    slow, fast = Pace(8, 100), Pace(8, 100)
    for turn in range(500):
        slow.ended(turn * 10.0, others_wait=True)
        fast.ended(turn * 0.001, others_wait=True)
    assert (slow.room, fast.room) == (8, 100)
