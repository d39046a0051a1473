"""Days and times between what customers say and aware UTC."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.dates import (
    DATE_EXPRESSION,
    DURATION_EXPRESSION,
    SHANGHAI,
    as_utc,
    day_in_words,
    day_since,
    local_day,
    moment_in_words,
    past_date,
    spoken_date,
    spoken_duration,
    spoken_in_words,
)

WEDNESDAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("今天", date(2026, 11, 18)),
        ("今早", date(2026, 11, 18)),
        ("今晚", date(2026, 11, 18)),
        ("刚刚", date(2026, 11, 18)),
        ("昨天", date(2026, 11, 17)),
        ("昨晚", date(2026, 11, 17)),
        ("前天", date(2026, 11, 16)),
        ("大前天", date(2026, 11, 15)),
        ("三天前", date(2026, 11, 15)),
        ("3天前", date(2026, 11, 15)),
        ("两天之前", date(2026, 11, 16)),
        ("十天前", date(2026, 11, 8)),
        ("十五天前", date(2026, 11, 3)),
        ("二十天以前", date(2026, 10, 29)),
        ("一周前", date(2026, 11, 11)),
        ("两个星期前", date(2026, 11, 4)),
        ("俩礼拜前", date(2026, 11, 4)),
        ("半个月前", date(2026, 11, 3)),
        ("一个月前", date(2026, 10, 19)),
        ("一个多月前", date(2026, 10, 19)),
        ("三个月前", date(2026, 8, 20)),
        ("半年前", date(2026, 5, 20)),
        ("一年前", date(2025, 11, 18)),
        ("两年多以前", date(2024, 11, 18)),
        ("上周六", date(2026, 11, 14)),
        ("上周一", date(2026, 11, 9)),
        ("上周日", date(2026, 11, 15)),
        ("上星期天", date(2026, 11, 15)),
        ("上个礼拜三", date(2026, 11, 11)),
        ("上周末", date(2026, 11, 14)),
        ("上周", date(2026, 11, 9)),
        ("上个月", date(2026, 10, 1)),
        ("上个月15号", date(2026, 10, 15)),
        ("上月3日", date(2026, 10, 3)),
        ("11月3号", date(2026, 11, 3)),
        ("12月3号", date(2025, 12, 3)),
        ("11月18日", date(2026, 11, 18)),
        ("11月19日", date(2025, 11, 19)),
        ("三月八号", date(2026, 3, 8)),
        ("十一月三号", date(2026, 11, 3)),
        ("十二月二十五号", date(2025, 12, 25)),
        ("去年3月5号", date(2025, 3, 5)),
        ("去年5月", date(2025, 5, 1)),
        ("去年", date(2025, 1, 1)),
        ("前年", date(2024, 1, 1)),
        ("2025年3月5日", date(2025, 3, 5)),
        ("2025-03-05", date(2025, 3, 5)),
        ("2025.3.5", date(2025, 3, 5)),
        ("2025/3/5", date(2025, 3, 5)),
        ("25年3月5号", date(2025, 3, 5)),
        ("双十一", date(2026, 11, 11)),
        ("双11", date(2026, 11, 11)),
        ("去年双十一", date(2025, 11, 11)),
        ("双十二", date(2025, 12, 12)),
        ("618", date(2026, 6, 18)),
        ("国庆", date(2026, 10, 1)),
        ("元旦", date(2026, 1, 1)),
        ("十一", date(2026, 10, 1)),
        ("五一", date(2026, 5, 1)),
        ("中秋节", date(2026, 9, 25)),
        ("去年春节", date(2025, 1, 29)),
        ("过年", date(2026, 2, 17)),
        ("上上周五", date(2026, 11, 6)),
        ("上月底", date(2026, 10, 1)),
        ("去年夏天", date(2025, 1, 1)),
        ("11/8", date(2026, 11, 8)),
        ("25号", date(2026, 10, 25)),
        ("3号", date(2026, 11, 3)),
    ],
)
def test_a_spoken_day_is_understood(said: str, day: date) -> None:
    """B2, B3: since when, and bought when."""
    assert past_date(said, WEDNESDAY) == day


@pytest.mark.parametrize(
    "said", ["2月30号", "13月1号", "2025年2月29日", "0月0号", "2027年1月1日", "下周三", "明天", "很久以前", "", "三百"]
)
def test_what_names_no_past_day_gives_none(said: str) -> None:
    assert past_date(said, WEDNESDAY) is None
    assert spoken_date(said, WEDNESDAY) is None


def test_the_shopping_day_of_this_year_counts_only_once_it_has_come() -> None:
    assert past_date("双十一", date(2026, 11, 10)) == date(2025, 11, 11)
    assert past_date("双十一", date(2026, 11, 11)) == date(2026, 11, 11)


def test_last_month_of_january_lies_in_the_year_before() -> None:
    assert past_date("上个月", date(2026, 1, 31)) == date(2025, 12, 1)
    assert past_date("上个月31号", date(2026, 3, 31)) is None


@pytest.mark.parametrize(
    ("said", "iso"),
    [
        ("昨天", "2026-11-17"),
        ("上周六", "2026-11-14"),
        ("11月3号", "2026-11-03"),
        ("三天前", "2026-11-15"),
        ("上个月", "2026-10"),
        ("上个月15号", "2026-10-15"),
        ("去年5月", "2025-05"),
        ("三个月前", "2026-08"),
        ("去年", "2025"),
        ("前年", "2024"),
        ("两年前", "2024"),
        ("去年双十一", "2025-11-11"),
        ("去年3月5号", "2025-03-05"),
        ("双十一", "2026-11-11"),
        ("2025年3月5日", "2025-03-05"),
    ],
)
def test_a_day_is_no_more_precise_than_it_was_said(said: str, iso: str) -> None:
    assert spoken_date(said, WEDNESDAY) == iso


@pytest.mark.parametrize(
    ("iso", "words"), [("2026-10-03", "2026 年 10 月 3 日"), ("2026-10", "2026 年 10 月"), ("2025", "2025 年")]
)
def test_a_spoken_day_is_written_as_people_write_it(iso: str, words: str) -> None:
    assert spoken_in_words(iso) == words


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("我上周六买的空调", "上周六"),
        ("去年双十一下的单", "去年双十一"),
        ("大前天送到的", "大前天"),
        ("半个月前就报修了", "半个月前"),
        ("国庆节那天买的", "国庆节"),
        ("十一那会儿下的单", "十一"),
        ("今年618买的", "今年618"),
        ("11月3号装的", "11月3号"),
    ],
)
def test_a_day_is_found_within_a_sentence(sentence: str, found: str) -> None:
    match = DATE_EXPRESSION.search(sentence)
    assert match and match[0] == found


SIGNS = st.sampled_from("0123456789一二两三五十半个多去年前上周月日号天双国庆元旦大今昨晚星期礼拜以之刚./-")
EXPRESSIONS = st.from_regex(DATE_EXPRESSION, fullmatch=True, alphabet=SIGNS)
DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@given(EXPRESSIONS, DAYS)
def test_a_spoken_day_never_lies_in_the_future_and_never_raises(said: str, today: date) -> None:
    day = past_date(said, today)
    assert day is None or day <= today


@given(EXPRESSIONS, DAYS)
def test_what_is_told_as_spoken_is_a_beginning_of_the_day_understood(said: str, today: date) -> None:
    day, iso = past_date(said, today), spoken_date(said, today)
    assert (iso is None) == (day is None)
    if day and iso:
        assert day.isoformat().startswith(iso)
        assert spoken_in_words(iso).startswith(f"{day.year} 年")


@given(st.text(max_size=20), DAYS)
def test_any_text_may_be_asked_for_a_day(text: str, today: date) -> None:
    assert past_date(text, today) is None or DATE_EXPRESSION.fullmatch(text)


@pytest.mark.parametrize(
    ("said", "iso", "since"),
    [
        ("三天", "P3D", "2026-11-15"),
        ("3天", "P3D", "2026-11-15"),
        ("两周", "P2W", "2026-11-04"),
        ("俩星期", "P2W", "2026-11-04"),
        ("半个月", "P15D", "2026-11"),
        ("仨月", "P3M", "2026-08"),
        ("三个月", "P3M", "2026-08"),
        ("三个多月", "P3M", "2026-08"),
        ("一个半月", "P45D", "2026-10"),
        ("两个半小时", "PT150M", None),
        ("半年", "P6M", "2026-05"),
        ("一年多", "P1Y", "2025"),
        ("三年", "P3Y", "2023"),
        ("两年半", "P30M", "2024-05"),
        ("48小时", "PT48H", None),
        ("半小时", "PT30M", None),
        ("两个钟头", "PT2H", None),
        ("20分钟", "PT20M", None),
        ("几十天", "P30D", "2026-10-19"),
    ],
)
def test_a_spoken_duration_is_understood_and_leads_back_to_a_day(said: str, iso: str, since: str | None) -> None:
    """B2: 「用了三个月」 tells when it was bought."""
    assert DURATION_EXPRESSION.fullmatch(said)
    assert spoken_duration(said) == iso
    assert day_since(said, WEDNESDAY) == since


@pytest.mark.parametrize(
    "sentence",
    [
        "三个月前买的",
        "三天以前",
        "三月买的",
        "七天无理由退货",
        "下三周",
        "每两天断一次",
        "二年级",
        "一周一次",
        "今年年底",
        "天天如此",
        "上半年",
    ],
)
def test_what_tells_a_day_or_nothing_is_no_duration(sentence: str) -> None:
    assert not DURATION_EXPRESSION.search(sentence)


def test_a_bare_duration_is_no_day_and_a_duration_ago_is() -> None:
    assert not DATE_EXPRESSION.fullmatch("三个月")
    assert past_date("三个月前", WEDNESDAY) == date(2026, 8, 20)


@pytest.mark.parametrize(
    "sentence",
    ["买了十一个", "一共五一块", "订单号3618222", "三点五一个", "前台", "三天前台", "十一双鞋", "七号楼", "5号电池"],
)
def test_what_only_looks_like_a_day_is_none(sentence: str) -> None:
    assert not DATE_EXPRESSION.search(sentence)


DURATIONS = st.from_regex(
    DURATION_EXPRESSION,
    fullmatch=True,
    alphabet=st.sampled_from("0123456789一二两俩三仨四五十百几半个多来天周年月星期礼拜小时钟头分"),
)


@given(DURATIONS, DAYS)
def test_any_duration_leads_back_and_never_raises(said: str, today: date) -> None:
    spoken_duration(said)
    since = day_since(said, today)
    assert since is None or today.isoformat()[: len(since)] >= since


def shanghai(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (shanghai(2026, 11, 18, 18, 30), "今天 18:30"),
        (shanghai(2026, 11, 19, 0, 0), "明天 00:00"),
        (shanghai(2026, 11, 19, 10, 5), "明天 10:05"),
        (shanghai(2026, 11, 20, 23, 59), "后天 23:59"),
        (shanghai(2026, 11, 21, 9, 0), "11 月 21 日 09:00"),
        (shanghai(2026, 11, 17, 9, 0), "11 月 17 日 09:00"),
        (datetime(2026, 11, 18, 16, 30, tzinfo=UTC), "明天 00:30"),
    ],
)
def test_a_promise_is_told_as_a_moment_in_shanghai(moment: datetime, words: str) -> None:
    """D8, invariant 8."""
    assert moment_in_words(moment, shanghai(2026, 11, 18, 14, 0)) == words


def test_the_day_in_shanghai_begins_at_sixteen_hours_utc() -> None:
    """Invariant 8."""
    assert local_day(datetime(2026, 11, 18, 15, 59, tzinfo=UTC)) == date(2026, 11, 18)
    assert local_day(datetime(2026, 11, 18, 16, 0, tzinfo=UTC)) == date(2026, 11, 19)


def test_a_naive_moment_from_the_database_is_utc() -> None:
    naive = datetime(2026, 11, 18, 12)
    assert as_utc(naive) == datetime(2026, 11, 18, 12, tzinfo=UTC)
    assert as_utc(shanghai(2026, 11, 18, 20)) == as_utc(naive)
    assert as_utc(shanghai(2026, 11, 18, 20)).utcoffset() == timedelta(0)


def test_a_day_is_written_as_people_write_it() -> None:
    assert day_in_words(date(2026, 1, 3)) == "2026 年 1 月 3 日"
