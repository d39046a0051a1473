"""The score, what people check, and how reviews go on (H8)."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.content_files import CONTENT
from bot.adapters.quality_files import load_quality
from bot.domain.actor import Actor, Role
from bot.domain.errors import Conflict, ContentError, InvalidInput, NotAllowed
from bot.domain.message import Message, Sender
from bot.domain.quality.book import Rule
from bot.domain.quality.dialogue import Dialogue, Span
from bot.domain.quality.finding import Finding, Quote, Result
from bot.domain.quality.review import Review, ReviewState, Settlement
from bot.domain.quality.rules import RULES, inspect
from bot.domain.quality.sampling import CHANCE, EXCUSED, LOW_SCORE, lot, reasons_to_check
from bot.domain.quality.score import score
from bot.domain.quality.tally import Count, tally

BOOK = load_quality()
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MONDAY = date(2026, 11, 23)
LI, ZHANG = Actor("小李", Role.AGENT), Actor("小张", Role.AGENT)
WANG, ZHAO, CHEN = Actor("王主管", Role.SUPERVISOR), Actor("赵主管", Role.SUPERVISOR), Actor("陈经理", Role.MANAGER)
MANY = settings(max_examples=80, deadline=None)

results = st.lists(st.sampled_from(list(Result)), min_size=len(RULES), max_size=len(RULES))
words = [*BOOK.words.greeting, *BOOK.words.vow, *BOOK.words.promise, "不可能", "13800138000", "手机号多少？", "明天"]


def findings(listed: list[Result]) -> list[Finding]:
    return [Finding(rule, result, "…") for rule, result in zip(BOOK.rules, listed, strict=True)]


@st.composite
def dialogues(draw: st.DrawFn) -> Dialogue:
    """Any conversation."""
    bubble = st.tuples(st.sampled_from(list(Sender)), st.lists(st.sampled_from(words), max_size=4))
    lines = draw(st.lists(bubble, max_size=12))
    messages, moment = [], NOON
    for seq, (sender, said) in enumerate(lines, start=1):
        moment += timedelta(seconds=draw(st.integers(0, 400)))
        source = {"kind": "agent", "id": draw(st.sampled_from(["小李", "小张"]))} if sender is Sender.AGENT else None
        messages.append(Message(str(seq), "c", seq, Sender(sender), "，".join(said), moment, source=source))
    begin = NOON + timedelta(seconds=draw(st.integers(0, 900)))
    spans = (Span(begin, begin + timedelta(seconds=draw(st.integers(0, 3000)))),) if draw(st.booleans()) else ()
    return Dialogue(
        "小李", tuple(messages), spans, draw(st.integers(0, 3)), draw(st.none() | st.just(NOON)), draw(st.booleans()),
        ended_it=draw(st.booleans()), summary=draw(st.text(max_size=20)),
    )  # fmt: skip


@MANY
@given(dialogues())
def test_every_conversation_gets_a_finding_of_each_rule_and_a_score_from_0_to_100(dialogue: Dialogue) -> None:
    found = inspect(dialogue, BOOK)
    assert [f.rule for f in found] == list(BOOK.rules)
    numbers = {m.seq for m in dialogue.messages}
    assert all(quote.seq in numbers for f in found for quote in f.evidence)
    reached = score(found, BOOK.rules)
    assert reached is None or 0 <= reached <= 100
    assert (reached is None) == all(f.result is Result.NOT_APPLICABLE for f in found)


@MANY
@given(results)
def test_what_does_not_apply_never_counts(listed: list[Result]) -> None:
    applied = [f for f in findings(listed) if f.result is not Result.NOT_APPLICABLE]
    assert score(findings(listed), BOOK.rules) == score(applied, BOOK.rules)


@MANY
@given(results, st.randoms())
def test_the_order_of_the_rules_does_not_matter(listed: list[Result], chance: random.Random) -> None:
    shuffled = findings(listed)
    chance.shuffle(shuffled)
    assert score(shuffled, BOOK.rules) == score(findings(listed), BOOK.rules)


@MANY
@given(results, st.integers(0, len(RULES) - 1))
def test_doing_one_thing_better_never_lowers_the_score(listed: list[Result], place: int) -> None:
    worse, better = [*listed], [*listed]
    worse[place], better[place] = Result.FAILED, Result.OK
    low, high = score(findings(worse), BOOK.rules), score(findings(better), BOOK.rules)
    assert low is not None and high is not None and low <= high


def test_a_veto_caps_the_score_and_other_failures_only_weigh() -> None:
    rules = {"a": Rule("a", "甲", "A1", 90, "总是"), "b": Rule("b", "乙", "A4", 10, "总是", cap=59)}
    good, bad = Finding("a", Result.OK, "…"), Finding("b", Result.FAILED, "…")
    assert score([good, bad], rules) == 59
    assert score([good, Finding("b", Result.OK, "…")], rules) == 100
    assert score([Finding("a", Result.FAILED, "…"), Finding("b", Result.OK, "…")], rules) == 10
    assert score([], rules) is None


def test_the_lot_is_the_same_whoever_draws_it_and_takes_its_share() -> None:
    drawn = [lot(f"conversation {n}", "小李", MONDAY) for n in range(4000)]
    assert drawn == [lot(f"conversation {n}", "小李", date(2026, 11, 1)) for n in range(4000)]
    assert drawn != [lot(f"conversation {n}", "小李", date(2026, 12, 1)) for n in range(4000)]
    assert 0.08 < sum(one < 0.1 for one in drawn) / 4000 < 0.12


def test_people_check_low_scores_excused_words_and_a_share_of_all() -> None:
    excused = (Finding("no_forbidden", Result.OK, "写明了理由", (Quote(2, "不可能"),)),)
    assert reasons_to_check(BOOK.sampling, 0.5, 59, ()) == (LOW_SCORE,)
    assert reasons_to_check(BOOK.sampling, 0.5, 60, ()) == ()
    assert reasons_to_check(BOOK.sampling, 0.5, 90, excused) == (EXCUSED,)
    assert reasons_to_check(BOOK.sampling, 0.05, None, ()) == (CHANCE,)


def review(**changes: object) -> Review:
    first: dict[str, object] = {
        "id": "r", "conversation_id": "c", "agent": "小李", "team": "service", "begun_at": NOON, "closed_at": NOON,
        "day": MONDAY, "inspected_at": NOON, "rules_version": 1, "score": 70,
    }  # fmt: skip
    return Review(**{**first, **changes})  # type: ignore[arg-type]


def test_a_leader_checks_an_agent_appeals_and_another_leader_settles() -> None:
    checked = review(state=ReviewState.TO_CHECK).check(65, "报时间晚了", WANG, NOON)
    assert (checked.state, checked.final) == (ReviewState.CHECKED, 65)
    appealed = checked.appeal_by(LI, "客户要求晚点打", NOON + timedelta(days=6), 7)
    assert (appealed.state, appealed.final) == (ReviewState.APPEALED, 65)
    settled = appealed.settle(Settlement.CHANGED, 90, "情况属实", CHEN, NOON)
    assert (settled.state, settled.final, settled.settled_by) == (ReviewState.SETTLED, 90, "陈经理")
    upheld = appealed.settle(Settlement.UPHELD, None, "记录不支持", ZHAO, NOON)
    assert upheld.final == 65


def test_nobody_judges_the_own_work_or_twice() -> None:
    own = review(agent="王主管", state=ReviewState.TO_CHECK)
    with pytest.raises(NotAllowed, match="自己的会话"):
        own.check(100, "很好", WANG, NOON)
    with pytest.raises(NotAllowed, match="主管或经理"):
        review().check(100, "很好", ZHANG, NOON)
    checked = review().check(65, "一般", WANG, NOON)
    with pytest.raises(Conflict, match="处理过"):
        checked.check(80, "再看看", ZHAO, NOON)
    appealed = checked.appeal_by(LI, "不同意", NOON, 7)
    with pytest.raises(NotAllowed, match="另一位"):
        appealed.settle(Settlement.UPHELD, None, "维持", WANG, NOON)
    with pytest.raises(Conflict, match="没有等待裁定"):
        checked.settle(Settlement.UPHELD, None, "维持", ZHAO, NOON)


def test_an_appeal_is_ones_own_in_time_once_and_after_the_check() -> None:
    with pytest.raises(NotAllowed, match="自己的质检"):
        review().appeal_by(ZHANG, "不同意", NOON, 7)
    with pytest.raises(Conflict, match="7 天内"):
        review().appeal_by(LI, "不同意", NOON + timedelta(days=7, seconds=1), 7)
    with pytest.raises(Conflict, match="等主管复核"):
        review(state=ReviewState.TO_CHECK).appeal_by(LI, "不同意", NOON, 7)
    settled = review().appeal_by(LI, "不同意", NOON, 7).settle(Settlement.UPHELD, None, "维持", WANG, NOON)
    with pytest.raises(Conflict, match="只能申诉一次"):
        settled.appeal_by(LI, "还是不同意", NOON, 7)


def test_scores_comments_and_reasons_are_needed() -> None:
    for number in (-1, 101):
        with pytest.raises(InvalidInput, match="0 到 100"):
            review().check(number, "…", WANG, NOON)
    with pytest.raises(InvalidInput, match="点评"):
        review().check(80, "  ", WANG, NOON)
    with pytest.raises(InvalidInput, match="理由"):
        review().appeal_by(LI, " ", NOON, 7)
    appealed = review().appeal_by(LI, "不同意", NOON, 7)
    with pytest.raises(InvalidInput, match="新的分数"):
        appealed.settle(Settlement.CHANGED, None, "改", WANG, NOON)
    with pytest.raises(InvalidInput, match="理由"):
        appealed.settle(Settlement.UPHELD, None, "", WANG, NOON)


def test_one_that_somebody_has_looked_at_is_not_picked_again() -> None:
    checked = review().check(80, "好", WANG, NOON)
    assert checked.pick("weekly") is checked
    assert review().pick("weekly").pick("low_rating", "weekly").picked_for == ("weekly", "low_rating")


def test_reviews_are_summed_up_by_day_person_and_rule() -> None:
    told = tally(
        {MONDAY: Count(3, 2, 150), date(2026, 11, 22): Count(1, 1, 90)},
        {"小李": Count(3, 3, 240), "小张": Count(1, 0, 0)},
        {("小李", "greeting"): 2, ("小张", "reply_times"): 1, ("小张", "greeting"): 1},
    )
    assert (told.whole.reviews, told.whole.average) == (4, 80.0)
    assert list(told.days) == [date(2026, 11, 22), MONDAY]
    assert (told.agents["小张"].reviews, told.agents["小张"].average) == (1, None)
    assert told.failures == {"greeting": 3, "reply_times": 1}
    assert told.failures_of["小李"] == {"greeting": 2}


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ("weight: 12, applies_when: 客户在投诉", "weight: 0, applies_when: 客户在投诉", "weight 应是 1 到 100 的整数"),
        ("cap: 59", "cap: 590", "cap 应是 0 到 100 的整数"),
        ("share: 0.1", "share: 10", "share 应是 0 到 1"),
        ("  greeting:\n    {name: 开场问候", "  hello:\n    {name: 开场问候", "不认识 hello"),
        ("'[0-9]{1,2}[:：][0-9]{2}|", "'[0-9{1,2}[:：]([0-9]{2}|", "正则写错了"),
        ("weekly: 2", "weekly: two", "weekly 应是"),
    ],
)
def test_a_mistake_in_the_file_is_refused_with_its_place(
    tmp_path: Path, was: str, becomes: str, complaint: str
) -> None:
    text = (CONTENT / "quality.yml").read_text(encoding="utf-8")
    assert was in text
    for name in ("emotion.yml", "wording.yml"):
        (tmp_path / name).write_text((CONTENT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "quality.yml").write_text(text.replace(was, becomes), encoding="utf-8")
    with pytest.raises(ContentError, match=complaint) as refused:
        load_quality(tmp_path)
    assert "quality.yml 第 " in str(refused.value)
