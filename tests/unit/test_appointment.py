"""Which free slot is meant by 「周三下午」 (B2, G11)."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.appointment import slot_meant, slots_meant
from bot.domain.dates import SHANGHAI
from bot.domain.visit import Timetable

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
"""A Monday, 11:00 in Shanghai."""
SPANS = ((time(9), time(12)), (time(13), time(17)), (time(17), time(20)))
FREE = list(Timetable(SPANS, 2, timedelta(hours=4), 7).slots(NOW))


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("明天(11 月 24 日) 09:00-12:00", "11-24 09:00"),
        ("明天（11 月 24 日）09:00-12:00", "11-24 09:00"),
        ("11 月 27 日 17:00-20:00", "11-27 17:00"),
        ("明天上午", "11-24 09:00"),
        ("周三下午", "11-25 13:00"),
        ("礼拜天傍晚", "11-29 17:00"),
        ("后天晚上六点以后", "11-25 17:00"),
        ("明天下午3点", "11-24 13:00"),
        ("明天10点半", "11-24 09:00"),
        ("26号早上", "11-26 09:00"),
        ("大后天上午", "11-26 09:00"),
        ("今晚", "11-23 17:00"),
        ("下周一上午", "11-30 09:00"),
        ("今天", "11-23 17:00"),
    ],
)
def test_a_day_and_a_part_of_it_name_one_slot(words: str, begins: str) -> None:
    found = slot_meant(words, FREE, NOW)
    assert found and f"{found.starts_at.astimezone(SHANGHAI):%m-%d %H:%M}" == begins


@pytest.mark.parametrize(
    "words",
    [
        "明天",
        "周末",
        "都可以",
        "尽快",
        "上午",
        "下周三下午",
        "昨天上午",
        "13800138000",
        "明天上午或者下午",
        "明天凌晨2点",
        "",
    ],
)
def test_what_leaves_a_choice_or_names_no_free_slot_books_nothing(words: str) -> None:
    assert slot_meant(words, FREE, NOW) is None


def test_a_day_narrows_what_is_offered() -> None:
    assert len(slots_meant("明天", FREE, NOW)) == 3
    assert slots_meant("都可以", FREE, NOW) == FREE


def test_on_a_thursday_wednesday_is_the_one_to_come() -> None:
    thursday = NOW + timedelta(days=3)
    free = list(Timetable(SPANS, 2, timedelta(hours=4), 7).slots(thursday))
    found = slot_meant("周三上午", free, thursday)
    assert found and f"{found.starts_at.astimezone(SHANGHAI):%m-%d}" == "12-02"


@given(st.text(alphabet="今明后天大周一二三日号月上下午晚点半:：0123456789-（） 改到", max_size=30))
def test_any_words_can_be_read(words: str) -> None:
    found = slot_meant(words, FREE, NOW)
    assert found is None or found in FREE
