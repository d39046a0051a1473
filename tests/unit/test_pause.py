"""A pause lasts its time, and never longer because the clock was set right."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pause import Pause

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
lengths = st.timedeltas(timedelta(seconds=1), timedelta(days=3))


def test_a_pause_that_never_began_does_not_last() -> None:
    assert not Pause().lasts(NOON)


@given(lengths, st.timedeltas(timedelta(days=-4), timedelta(days=4)))
def test_it_lasts_from_its_beginning_to_its_end_and_at_no_other_time(length: timedelta, later: timedelta) -> None:
    pause = Pause()
    assert pause.begin(NOON, length) == NOON + length
    assert pause.lasts(NOON + later) == (timedelta() <= later < length)


@given(lengths, lengths)
def test_the_last_beginning_counts(first: timedelta, second: timedelta) -> None:
    pause = Pause()
    pause.begin(NOON, first)
    pause.begin(NOON, second)
    assert not pause.lasts(NOON + second)
