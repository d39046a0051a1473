"""Who is needed, in which order the waiting are served, and by whom (F2-F5, A13)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.content_files import CONTENT, load_scripts
from bot.adapters.routing_files import load_routing, load_triggers
from bot.domain.actor import Role
from bot.domain.conversation import Conversation, Need
from bot.domain.errors import ContentError
from bot.domain.person import Person, Presence
from bot.domain.routing import (
    Situation,
    Waiting,
    assign,
    choose,
    estimated_wait,
    has_left,
    in_order,
    need_of,
    pace,
    places,
    urgency,
    wait_in_words,
)

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
SCRIPTS = load_scripts()
POLICY, TRIGGERS = load_routing(), load_triggers(SCRIPTS)
RULES = POLICY.estimating
SECOND = timedelta(seconds=1)


def waiting(name: str = "c", priority: int = 0, since: int = 0, **more: object) -> Waiting:
    """Somebody who has waited for so many seconds."""
    need = Need(priority, **{key: more.pop(key) for key in ("team", "level", "skills", "wanted") if key in more})  # type: ignore[arg-type]
    at = NOON - since * SECOND
    return Waiting(name, need, at, at, **more)  # type: ignore[arg-type]


def person(name: str = "小李", **more: object) -> Person:
    """Somebody who is ready."""
    return replace(Person(name, Role.AGENT, presence=Presence.READY, since=NOON, seen_at=NOON), **more)  # type: ignore[arg-type]


# Who is needed


@pytest.mark.parametrize(
    ("trigger", "situation", "priority", "skills"),
    [
        ("asked_for_human", Situation(), 0, ()),
        ("asked_for_human", Situation(matter="repair"), 0, ("repair",)),
        ("asked_for_human", Situation(matter="consult", script="hant"), 0, ("consult", "hant")),
        ("asked_for_human", Situation(emotion=2, matter="complaint"), 1, ("complaint",)),
        ("asked_for_human", Situation(emotion=3), 4, ()),
        ("asked_for_human", Situation(signals=("special_care",)), 3, ()),
        ("asked_for_human", Situation(needs_care=True), 3, ()),
        ("asked_for_human", Situation(signals=("threat",), emotion=2), 1, ()),
        ("asked_for_human", Situation(is_late=True), 1, ()),
        ("asked_for_human", Situation(visits=3, emotion=1), 2, ()),
        ("asked_for_human", Situation(visits=3), 0, ()),
        ("asked_for_human", Situation(visits=2, emotion=1), 0, ()),
        ("safety_emergency", Situation(matter="repair"), 5, ("safety", "repair")),
        ("information_security", Situation(), 4, ("security",)),
        ("third_visit_24h_dissatisfied", Situation(visits=3, emotion=1), 2, ()),
        ("no_answer_3_minutes", Situation(), 1, ()),
        ("failure", Situation(), 1, ()),
        ("no rule of ours", Situation(), 0, ()),
    ],
)
def test_the_gravest_of_rule_feeling_file_and_debt_decides(
    trigger: str, situation: Situation, priority: int, skills: tuple[str, ...]
) -> None:
    need = need_of(TRIGGERS.get(trigger), situation, POLICY)
    assert (need.priority, need.skills, need.level, need.team) == (priority, skills, Role.AGENT, "service")


def test_every_rule_of_the_standard_is_there() -> None:
    by_clause: dict[str, set[str]] = {}
    for rule in TRIGGERS:
        by_clause.setdefault(rule.clause, set()).add(rule.id)
    assert by_clause["F2"] >= {
        "misunderstood_three_times", "refuses_bot", "information_security", "safety_emergency", "no_answer_3_minutes",
    }  # fmt: skip
    assert by_clause["F3"] == {
        "asked_for_human", "complex", "no_knowledge", "safety", "third_visit_24h_dissatisfied", "elderly_or_minor",
        "extreme_emotion",
    }  # fmt: skip
    assert by_clause["F4"] == {"negative_emotion", "complaint"}


@pytest.mark.parametrize(
    "text",
    [
        "我的账号被盗了", "有人盗刷我的卡", "你们把我的个人信息泄露了", "刚接到诈骗电话，说是你们客服",
        "有人冒充你们客服让我转账", "我被骗了3000块钱", "我的会员账号被别人登录了", "我的手机号被你们泄露了",
    ],
)  # fmt: skip
def test_what_endangers_the_customers_information_is_heard(text: str) -> None:
    """F2."""
    assert TRIGGERS.get("information_security").is_heard_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "会不会泄露个人信息", "怎么防止账号被盗", "洗衣机漏水了", "你们就是骗子", "我要投诉你们欺骗消费者",
        "密码锁坏了", "忘了账号密码", "个人信息保护政策在哪看", "微信支付可以吗", "我怕账号被盗",
        "订单信息填错了", "包裹被偷了",
    ],
)  # fmt: skip
def test_what_only_sounds_alike_is_no_matter_of_security(text: str) -> None:
    assert not TRIGGERS.get("information_security").is_heard_in(text)


@pytest.mark.parametrize("text", ["我不想跟机器人说话", "别用机器人敷衍我", "机器人听不懂，转人工", "不要AI，找真人"])
def test_who_refuses_the_bot_is_heard(text: str) -> None:
    """F2."""
    assert TRIGGERS.get("refuses_bot").is_heard_in(text)


@pytest.mark.parametrize("text", ["转人工", "扫地机器人坏了，转人工", "扫地机器人不工作了"])
def test_a_robot_that_is_for_sale_is_not_refused(text: str) -> None:
    assert not TRIGGERS.get("refuses_bot").is_heard_in(text)


# In which order


def test_priority_comes_before_patience() -> None:
    served = in_order([waiting("first", 0, 60), waiting("grave", 3, 5), waiting("later", 0, 30)], NOON, POLICY)
    assert [one.id for one in served] == ["grave", "first", "later"]


def test_a_promise_that_runs_out_lifts_by_one() -> None:
    """D1: 80 % of three minutes."""
    ordinary = waiting("ordinary", 0, 144)
    assert urgency(ordinary, NOON, POLICY) == 1
    assert urgency(waiting("ordinary", 0, 143), NOON, POLICY) == 0
    first, _ = in_order([waiting("complaint", 1, 20), ordinary], NOON, POLICY)
    assert first is ordinary


def test_nothing_is_lifted_to_danger() -> None:
    assert urgency(waiting(priority=4, since=3600), NOON, POLICY) == 4
    assert urgency(waiting(priority=3, since=3600), NOON, POLICY) == 4
    assert urgency(waiting(priority=5, since=3600), NOON, POLICY) == 5


# By whom


def test_the_person_asked_for_by_name_comes_first_and_is_waited_for_while_at_work() -> None:
    wanted = waiting(wanted="小张", last_agent="小李")
    both = [person("小李"), person("小张", load=4)]
    assert choose(wanted, both, NOON) == both[1]
    busy = [both[0], replace(both[1], load=5)]
    assert choose(wanted, busy, NOON) is None
    gone = [both[0], replace(both[1], seen_at=NOON - timedelta(minutes=5))]
    assert choose(wanted, gone, NOON) == both[0]


def test_then_who_knows_the_customer_then_who_knows_the_matter_then_who_has_time() -> None:
    old, idle = person("甲", skills=("consult",), load=4), person("丙")
    expert = person("乙", skills=("repair",), load=3)
    one = waiting(skills=("repair",), last_agent="甲")
    assert choose(one, [old, expert, idle], NOON) == old
    assert choose(replace(one, last_agent=None), [old, expert, replace(idle, skills=("consult",))], NOON) == expert
    assert choose(replace(one, last_agent=None), [expert, idle], NOON) == idle, "who knows everything, and has time"


def test_leaders_get_what_nobody_else_can_take() -> None:
    leader = person("王主管", role=Role.SUPERVISOR)
    assert choose(waiting(), [leader, person(load=4)], NOON) != leader
    assert choose(waiting(level=Role.SUPERVISOR), [leader, person()], NOON) == leader
    assert choose(waiting(team="repair"), [person()], NOON) is None


teams, names = st.sampled_from(["service", "repair"]), st.sampled_from(["甲", "乙", "丙", "丁"])
people = st.lists(
    st.builds(
        person, names, role=st.sampled_from([Role.AGENT, Role.SUPERVISOR, Role.ADMIN]), team=teams,
        skills=st.sampled_from([(), ("repair",), ("consult", "hant")]), capacity=st.integers(0, 3),
        load=st.integers(0, 3), presence=st.sampled_from(Presence), is_disabled=st.booleans(),
    ),
    max_size=4, unique_by=lambda one: one.name,
)  # fmt: skip
queues = st.lists(
    st.builds(
        waiting, st.uuids().map(str), st.integers(0, 5), st.integers(0, 400), team=teams,
        level=st.sampled_from([Role.AGENT, Role.SUPERVISOR]), skills=st.sampled_from([(), ("repair",), ("hant",)]),
        wanted=st.none() | names, last_agent=st.none() | names,
    ),
    max_size=12, unique_by=lambda one: one.id,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(queues, people)
def test_nobody_gets_more_than_fits_and_everybody_what_is_theirs(line: list[Waiting], staff: list[Person]) -> None:
    ordered = in_order(line, NOON, POLICY)
    given_ = assign(ordered, staff, NOON)
    assert given_ == assign(in_order(reversed(line), NOON, POLICY), list(reversed(staff)), NOON), "deterministic"
    assert len({one.id for one, _ in given_}) == len(given_)
    for known in staff:
        own = [one for one, chosen in given_ if chosen.name == known.name]
        assert not own or (known.load + len(own) <= known.capacity and known.takes_new(NOON))
        assert all(known.fits(one.need) for one in own)
    by_name = {one.id: chosen.name for one, chosen in given_}
    at_work = {p.name for p in staff if p.presence in (Presence.READY, Presence.BUSY) and not p.is_disabled}
    for one in ordered:
        wanted = next((p for p in staff if p.name == one.need.wanted and p.name in at_work), None)
        if wanted and wanted.fits(one.need) and one.id in by_name:
            assert by_name[one.id] == wanted.name


@settings(max_examples=200, deadline=None)
@given(queues, people)
def test_of_two_whom_the_same_people_may_serve_the_more_urgent_is_never_left(
    line: list[Waiting], staff: list[Person]
) -> None:
    line = [replace(one, need=replace(one.need, wanted=None)) for one in line]
    served = {one.id for one, _ in assign(in_order(line, NOON, POLICY), staff, NOON)}
    for one in line:
        for other in line:
            same = (one.need.team, one.need.level) == (other.need.team, other.need.level)
            if same and urgency(one, NOON, POLICY) > urgency(other, NOON, POLICY) and other.id in served:
                assert one.id in served


# How long it takes


@given(st.integers(1, 500), st.integers(0, 30), st.integers(0, 20), st.integers(0, 500), st.integers(0, 20))
def test_an_estimate_grows_with_the_place_and_shrinks_with_the_people(
    position: int, free: int, agents: int, takes: int, takers: int
) -> None:
    """F5."""
    each = pace(takes, takers, RULES)
    wait = estimated_wait(position, free, agents, each, RULES)
    if agents == 0:
        assert wait is None
        return
    further = estimated_wait(position + 1, free, agents, each, RULES)
    helped = estimated_wait(position, free + 1, agents + 1, each, RULES)
    assert wait is not None and further is not None and helped is not None
    assert timedelta() < helped <= wait <= further <= RULES.longest


def test_the_pace_is_that_of_the_last_hour_where_it_can_be_known() -> None:
    assert pace(2, 2, RULES) == RULES.typical
    assert pace(30, 3, RULES) == timedelta(minutes=6)


@pytest.mark.parametrize(
    ("seconds", "words"), [(30, "1 分钟以内"), (61, "2 分钟"), (180, "3 分钟"), (3600, "1 小时以上")]
)
def test_a_wait_is_told_as_people_say_it(seconds: int, words: str) -> None:
    assert wait_in_words(timedelta(seconds=seconds)) == words


def test_places_count_in_their_own_line_and_say_when_people_come() -> None:
    opens = NOON + timedelta(hours=20)
    line = [waiting("a", 0, 60), waiting("b", 1, 5), waiting("c", 0, 30, team="repair")]
    found = places(line, [person(load=5)], {}, lambda team, now: opens, NOON, POLICY)
    assert {name: place.position for name, place in found.items()} == {"b": 1, "a": 2, "c": 1}
    assert found["b"].wait == timedelta(minutes=4) and found["b"].opens_at is None
    assert found["c"].wait is None and found["c"].opens_at == opens, "nobody of that team is there"


# What staff write


@pytest.mark.parametrize(
    ("file", "before", "after", "told"),
    [
        ("triggers.yml", "does: confirm", "does: maybe", "可以写"),
        ("triggers.yml", "says: security.now", "says: security.nowhere", "没有话术"),
        ("triggers.yml", "id: complex", "id: refuses_bot", "已经写过"),
        ("triggers.yml", "default: asked_for_human", "default: nobody", "default"),
        ("triggers.yml", "- 盗刷", "- (盗刷", "正则"),
        ("triggers.yml", "    clause: F2", "    clauze: F2", "不认识"),
        ("routing.yml", "callback_after: 180", "callback_after: 600", "180"),
        ("routing.yml", "lift_at: 0.8", "lift_at: 8", "0 到 1"),
        ("routing.yml", "modes: {default: assign}", "modes: {service: assign}", "default"),
        ("routing.yml", "late_promise: 1", "late_promise: 9", "没有 9 这一级"),
        ("routing.yml", "gone_after: 90", "gone_after: 很久", "大于 0"),
        ("routing.yml", "  5: {", "  7: {", "中间不跳"),
        ("routing.yml", "tell_every: 60\n", "", "缺少 tell_every"),
    ],
)
def test_a_mistake_in_the_files_is_named_with_its_cure(
    file: str, before: str, after: str, told: str, tmp_path: Path
) -> None:
    for name in ("triggers.yml", "routing.yml"):
        text = (CONTENT / name).read_text(encoding="utf-8")
        assert name != file or before in text
        (tmp_path / name).write_text(text.replace(before, after, 1) if name == file else text, encoding="utf-8")
    with pytest.raises(ContentError, match=told):
        load_triggers(SCRIPTS, tmp_path)
        load_routing(tmp_path)


# Who has left


@pytest.mark.parametrize(
    ("who", "waits", "left"),
    [
        (person(), True, False),
        (person(seen_at=NOON - timedelta(seconds=90)), True, True),
        (person(seen_at=NOON - timedelta(seconds=89)), True, False),
        (person(seen_at=NOON - timedelta(hours=1)), False, False),
        (person(presence=Presence.OFF), False, True),
        (person(presence=Presence.OFF, since=NOON - timedelta(hours=1)), False, False),
        (person(presence=Presence.AWAY), True, False),
        (person(is_disabled=True), False, True),
        (person(seen_at=None, since=None), True, False),
        (None, True, False),
    ],
)
def test_who_goes_off_or_falls_silent_has_left(who: Person | None, waits: bool, left: bool) -> None:
    held = Conversation("c", "web", "x", NOON - timedelta(hours=2)).take("小李", NOON - timedelta(minutes=10))
    held = replace(held, waiting_since=NOON - timedelta(minutes=1) if waits else None)
    assert has_left(who, held, NOON, POLICY.gone_after) is left
