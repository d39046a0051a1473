"""Procedures of tickets: sound as they are shipped, refused where they are not, and nobody skips a step (C1-C8)."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.content_files import CONTENT, read_yaml
from bot.adapters.procedure_files import EFFECTS, load_facts, load_flows
from bot.domain.actor import CUSTOMER, SYSTEM, Actor, Role
from bot.domain.errors import ContentError, IllegalTransition, InvalidInput
from bot.domain.flow import CAUSES, FIRST, LAST, STAFF, Fact, Flow, note_facts, read_facts, read_flow
from bot.domain.ticket import STATUS_FLOW, HistoryEntry, Kind, Status, Ticket

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
LI = Actor("小李", Role.AGENT)
FACTS = load_facts()
FLOWS = load_flows()
KINDS = pytest.mark.parametrize("kind", list(Kind))
SMALL: dict[str, Any] = {
    "kind": "callback",
    "clause": "D1",
    "steps": [
        {"id": "received", "name": "登记", "clause": "D1", "status": "open", "next": {"answer": "staff"}},
        {
            "id": "answer", "name": "答复客户", "clause": "D1", "status": "in_progress", "needs": ["answer_notes"],
            "next": {"done": "staff"},
        },
        {"id": "done", "name": "已答复", "clause": "D6", "status": "resolved", "next": {"closed": "satisfied"}},
        {"id": "closed", "name": "完结", "clause": "D6", "status": "closed", "next": {"answer": "unsatisfied"}},
    ],
}  # fmt: skip


def ticket(kind: Kind = Kind.COMPLAINT, **changed: Any) -> Ticket:
    opened = HistoryEntry(NOON, "customer", "opened", None, Status.OPEN, "客户确认后登记")
    given: dict[str, Any] = {"status": Status.OPEN, "step": FIRST, "history": (opened,), **changed}
    return Ticket(
        number="TS20261118-0001", kind=kind, conversation_id="c1", fields={}, phone=None, emotion=0, opened_at=NOON,
        promised_at=NOON + timedelta(hours=24), **given,
    )  # fmt: skip


def filled(flow: Flow, current: Ticket) -> Ticket:
    """The ticket with everything noted that its step needs."""
    given = {need: valid(FACTS[need]) for need in flow.step_of(current).needs}
    return note_facts(current, given, FACTS)


def valid(fact: Fact) -> str:
    if fact.values:
        return fact.values[0]
    return str(fact.span[0]) if fact.span else "写下的内容"


def small(change: Any = None, **top: Any) -> Flow:
    """The small procedure, changed."""
    raw = {**deepcopy(SMALL), **top}
    if change:
        change({step["id"]: step for step in raw["steps"]}, raw["steps"])
    return read_flow(raw, FACTS, EFFECTS, "callback.yml")


# The procedures as they are shipped


@KINDS
def test_every_kind_of_ticket_has_a_procedure_that_begins_open_and_ends_closed(kind: Kind) -> None:
    flow = FLOWS[kind]
    assert (flow.steps[FIRST].status, flow.steps[LAST].status) == (Status.OPEN, Status.CLOSED)
    assert flow.clause and all(step.clause and step.name for step in flow.steps.values())


@KINDS
def test_every_change_of_status_in_a_shipped_procedure_is_one_that_the_flow_of_status_allows(kind: Kind) -> None:
    """Invariant 4."""
    for step in FLOWS[kind].steps.values():
        for to in step.next:
            after = FLOWS[kind].steps[to].status
            assert after is step.status or after in STATUS_FLOW[step.status], f"{step.id} → {to}"


@KINDS
def test_whatever_is_asked_of_people_can_be_noted(kind: Kind) -> None:
    for step in FLOWS[kind].steps.values():
        for need in step.needs:
            assert FACTS[need].name and FACTS[need].ask
            assert FACTS[need].read(valid(FACTS[need]))


@KINDS
def test_a_customer_who_is_not_satisfied_reopens_what_was_closed(kind: Kind) -> None:
    """C7."""
    flow = FLOWS[kind]
    closed = ticket(kind, step=LAST, status=Status.CLOSED)
    to = flow.target(closed, "unsatisfied")
    assert to is not None
    assert not flow.move(closed, to, "unsatisfied", CUSTOMER, "没解决", NOON).is_over


def test_a_complaint_takes_the_eight_steps_of_the_standard_in_their_order() -> None:
    """C1-C7: the shortest way is the whole way."""
    flow = FLOWS[Kind.COMPLAINT]
    current, clauses = ticket(), []
    for to, cause in (
        ("contact", STAFF), ("analyse", STAFF), ("propose", STAFF), ("approve", "approval_needed"),
        ("confirm", "approved"), ("carry_out", "confirmed"), ("follow_up", "tasks_done"), (LAST, "satisfied"),
    ):  # fmt: skip
        current = flow.move(filled(flow, current), to, cause, LI, "照步骤办", NOON)
        clauses.append(flow.step_of(current).clause)
    assert clauses == ["C2", "C3", "C4", "C4", "C5", "C6", "C7", "C7"]
    assert current.status is Status.CLOSED


@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_every_cause_that_the_code_knows_moves_some_ticket(cause: str) -> None:
    """Invariant 12: nothing is left over."""
    assert any(cause in step.next.values() for flow in FLOWS.values() for step in flow.steps.values())


@pytest.mark.parametrize("effect", sorted(EFFECTS))
def test_every_effect_that_the_code_knows_happens_somewhere(effect: str) -> None:
    assert any(effect in step.enter for flow in FLOWS.values() for step in flow.steps.values())


# Walking


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_walk_over_allowed_moves_keeps_to_the_flow_of_status_and_says_who_and_why(data: st.DataObject) -> None:
    """Invariant 4."""
    flow = FLOWS[data.draw(st.sampled_from(Kind))]
    current = ticket(flow.kind)
    for n in range(data.draw(st.integers(0, 25))):
        here = flow.step_of(current)
        to, cause = data.draw(st.sampled_from(sorted(here.next.items())))
        before, actor = current, Actor(f"员工{n}", Role.AGENT)
        current = flow.move(filled(flow, current), to, cause, actor, f"理由{n}", NOON + timedelta(minutes=n))
        assert current.history[:-1] == before.history
        assert (current.step, current.status) == (to, flow.steps[to].status)
        last = current.history[-1]
        assert (last.event, last.actor, last.from_status) == ("step", f"员工{n}", before.status)
        assert last.reason == f"{here.name} → {flow.steps[to].name}：理由{n}"
    assert all(entry.actor and entry.reason for entry in current.history)
    for earlier, later in pairwise(current.history):
        assert later.from_status is earlier.to_status
        assert later.to_status is earlier.to_status or later.to_status in STATUS_FLOW[earlier.to_status]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_other_cause_and_no_other_step_moves_a_ticket(data: st.DataObject) -> None:
    """Nobody confirms in the customer's place, approves by hand, or skips a step."""
    flow = FLOWS[data.draw(st.sampled_from(Kind))]
    here = flow.steps[data.draw(st.sampled_from(sorted(flow.steps)))]
    to = data.draw(st.sampled_from([*sorted(flow.steps), "nowhere"]))
    cause = data.draw(st.sampled_from(sorted({*CAUSES, "", "whatever"} - {here.next.get(to)} - {None})))
    current = filled(flow, ticket(flow.kind, step=here.id, status=here.status))
    with pytest.raises(IllegalTransition) as refused:
        flow.move(current, to, cause, LI, "硬要", NOON)
    told = str(refused.value)
    assert current.number in told and here.name in told
    assert all(flow.steps[way].name in told for way, by in here.next.items() if by == STAFF)


@KINDS
def test_something_that_happened_moves_a_ticket_by_its_own_edge_or_not_at_all(kind: Kind) -> None:
    flow = FLOWS[kind]
    for here in flow.steps.values():
        for cause in CAUSES - {STAFF}:
            expected = next((to for to, by in here.next.items() if by == cause), None)
            assert flow.target(ticket(kind, step=here.id), cause) == expected


def test_a_person_moves_a_ticket_on_only_when_everything_is_noted_and_is_told_what_is_missing() -> None:
    """C2, C3."""
    flow = FLOWS[Kind.COMPLAINT]
    here = ticket(step="contact", status=Status.IN_PROGRESS)
    partly = note_facts(here, {"contacted_by": "电话", "contact_notes": "说过了"}, FACTS)
    with pytest.raises(InvalidInput) as refused:
        flow.move(partly, "analyse", STAFF, LI, "问完了", NOON)
    assert "product_spec" in str(refused.value) and "contact_notes" not in str(refused.value)
    assert flow.move(filled(flow, partly), "analyse", STAFF, LI, "问完了", NOON).step == "analyse"


def test_a_move_leaves_the_earlier_ticket_as_it_was() -> None:
    first = ticket()
    FLOWS[Kind.COMPLAINT].move(first, "contact", STAFF, LI, "打电话", NOON)
    assert (first.step, first.status, len(first.history)) == (FIRST, Status.OPEN, 1)


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.CLOSED])
def test_a_ticket_whose_status_says_otherwise_is_not_moved_by_its_step(status: Status) -> None:
    """Invariant 4: one that was called off while a technician was on the way stays called off."""
    flow = FLOWS[Kind.REPAIR]
    called_off = filled(flow, ticket(Kind.REPAIR, step="visit", status=status))
    with pytest.raises(IllegalTransition, match=status):
        flow.move(called_off, "repaired", STAFF, LI, "修好了", NOON)


def test_a_ticket_from_before_there_were_steps_begins_at_the_first() -> None:
    flow = FLOWS[Kind.REPAIR]
    assert flow.step_of(ticket(Kind.REPAIR, step="")).id == FIRST
    assert flow.move(ticket(Kind.REPAIR, step=""), "visit", STAFF, LI, "上门", NOON).step == "visit"


def test_a_finished_ticket_without_a_way_back_says_that_it_is_over() -> None:
    def no_way_back(by: Any, steps: Any) -> None:
        del by["closed"]["next"]

    over = ticket(Kind.CALLBACK, step=LAST, status=Status.CLOSED)
    with pytest.raises(IllegalTransition, match="已经完结"):
        small(no_way_back).move(over, "answer", STAFF, LI, "再来", NOON)


# Procedures that are wrong


def test_the_small_procedure_is_sound() -> None:
    assert list(small().steps) == ["received", "answer", "done", "closed"]


BROKEN = {
    "unknown target": (lambda by, _: by["answer"]["next"].update(nowhere="staff"), ["answer", "nowhere", "不存在"]),
    "unknown cause": (lambda by, _: by["answer"].update(next={"done": "magic"}), ["answer", "magic", "satisfied"]),
    "unknown fact": (lambda by, _: by["answer"].update(needs=["colour"]), ["answer", "colour", "facts.yml"]),
    "unknown effect": (lambda by, _: by["done"].update(enter=["dance"]), ["done", "dance"]),
    "forbidden status": (lambda by, _: by["received"]["next"].update(closed="staff"), ["received", "closed", "open"]),
    "unreachable step": (
        lambda _, steps: steps.append(
            {"id": "island", "name": "孤岛", "clause": "D1", "status": "resolved", "next": {"closed": "staff"}}
        ),
        ["island", "走不到"],
    ),
    "dead end": (
        lambda by, steps: (
            by["answer"]["next"].update(stuck="answered"),
            steps.append({"id": "stuck", "name": "死路", "clause": "D1", "status": "waiting_customer"}),
        ),
        ["stuck", LAST],
    ),
    "a circle without an end": (
        lambda by, steps: (
            by["answer"]["next"].update(round="answered"),
            steps.append(
                {"id": "round", "name": "转圈", "clause": "D1", "status": "in_progress", "next": {"round": "staff"}}
            ),
        ),
        ["round", LAST],
    ),
    "no first step": (lambda _, steps: steps.pop(0), [FIRST]),
    "no last step": (lambda _, steps: steps.pop(), [LAST]),
    "a first step that is not open": (lambda by, _: by["received"].update(status="accepted"), [FIRST, "open"]),
    "a last step that is not closed": (lambda by, _: by["closed"].update(status="resolved"), [LAST, "closed"]),
    "the same step twice": (lambda by, steps: steps.append(dict(by["answer"])), ["answer", "两次"]),
    "two ways by the same cause": (
        lambda by, _: by["done"]["next"].update(answer="satisfied"),
        ["done", "satisfied", "分不清"],
    ),
    "a mistyped field": (lambda by, _: by["answer"].update(need=["answer_notes"]), ["2", "need"]),
    "no such status": (lambda by, _: by["answer"].update(status="busy"), ["2", "busy", "status"]),
    "needs that are no list": (lambda by, _: by["answer"].update(needs="answer_notes"), ["2", "needs"]),
    "a next that is no mapping": (lambda by, _: by["answer"].update(next="done"), ["2", "next"]),
    "an empty name": (lambda by, _: by["answer"].update(name=""), ["2", "name"]),
    **{
        f"no {field}": (lambda by, _, field=field: by["answer"].pop(field), ["2", field])
        for field in ("id", "name", "clause", "status")
    },
}


@pytest.mark.parametrize(("change", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_procedure_is_refused_and_the_message_names_file_place_and_fault(change: Any, told: list[str]) -> None:
    with pytest.raises(ContentError) as refused:
        small(change)
    for words in ("callback.yml", *told):
        assert words in str(refused.value), str(refused.value)


@pytest.mark.parametrize(
    "top", [{"kind": "party"}, {"kind": None}, {"clause": None}, {"steps": None}, {"steps": ["x"]}, {"stepps": []}]
)
def test_a_file_that_is_no_procedure_is_refused(top: dict[str, Any]) -> None:
    with pytest.raises(ContentError, match=r"callback\.yml"):
        small(**top)


@pytest.mark.parametrize("raw", [None, "文字", [], 3])
def test_a_file_that_is_something_else_is_refused(raw: Any) -> None:
    with pytest.raises(ContentError, match=r"x\.yml"):
        read_flow(raw, FACTS, EFFECTS, "x.yml")
    with pytest.raises(ContentError, match=r"x\.yml"):
        read_facts(raw, "x.yml")


@KINDS
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_procedure_that_lost_one_of_its_steps_is_refused(kind: Kind, data: st.DataObject) -> None:
    raw = read_yaml(CONTENT / "procedures" / f"{kind}.yml")
    raw["steps"].pop(data.draw(st.integers(0, len(raw["steps"]) - 1)))
    with pytest.raises(ContentError, match=f"{kind}.yml"):
        read_flow(raw, FACTS, EFFECTS, f"{kind}.yml")


# Facts


@pytest.mark.parametrize(
    ("fact", "given", "kept"),
    [
        ("our_share", "0", "0"), ("our_share", "100", "100"), ("our_share", " 50 ", "50"), ("our_share", "007", "7"),
        ("severity", "1", "1"), ("severity", "3", "3"), ("refund_fen", "100000000", "100000000"),
        ("reasonable", "部分合理", "部分合理"), ("reasonable", "\t合理\n", "合理"), ("evidence", "暂无", "暂无"),
        ("evidence", "长" * 2000, "长" * 2000),
    ],
)  # fmt: skip
def test_a_value_that_can_be_is_kept_in_one_form(fact: str, given: str, kept: str) -> None:
    assert FACTS[fact].read(given) == kept


@pytest.mark.parametrize(
    ("fact", "given", "told"),
    [
        ("our_share", "101", "0 到 100"), ("our_share", "-1", "0 到 100"), ("our_share", "50%", "0 到 100"),
        ("our_share", "5.5", "0 到 100"), ("our_share", "五十", "0 到 100"), ("our_share", "５０", "0 到 100"),
        ("our_share", "²", "0 到 100"), ("severity", "0", "1 到 3"), ("severity", "4", "1 到 3"),
        ("our_share", "", "我方责任"),
        ("reasonable", "也许", "部分合理"), ("reasonable", "合", "部分合理"), ("evidence", "   ", "不详"),
        ("evidence", "长" * 2001, "2000"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_with_what_it_can_be(fact: str, given: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        FACTS[fact].read(given)
    assert told in str(refused.value) and FACTS[fact].name in str(refused.value)


@given(st.text(max_size=30))
def test_a_number_is_kept_only_within_its_span_and_reads_the_same_again(value: str) -> None:
    fact = Fact("share", "责任", "百分数", span=(5, 60))
    try:
        kept = fact.read(value)
    except InvalidInput:
        return
    assert 5 <= int(kept) <= 60 and fact.read(kept) == kept == str(int(value))


def test_of_several_facts_one_wrong_leaves_the_ticket_as_it_was() -> None:
    first = ticket(record={"evidence": "照片"})
    with pytest.raises(InvalidInput):
        note_facts(first, {"evidence": "录音", "our_share": "很多"}, FACTS)
    assert first.record == {"evidence": "照片"}
    assert note_facts(first, {"evidence": "录音"}, FACTS).record == {"evidence": "录音"}


def test_a_fact_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="colour"):
        note_facts(ticket(), {"evidence": "照片", "colour": "红"}, FACTS)


NAMED = {"name": "颜色", "ask": "哪种"}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"ask": "哪种"}, "name"), ({"name": "颜色"}, "ask"), ({**NAMED, "name": ""}, "name"), (None, "name"),
        ("颜色", "name"), ({**NAMED, "span": [1]}, "span"), ({**NAMED, "span": [3, 1]}, "span"),
        ({**NAMED, "span": [1, 2, 3]}, "span"), ({**NAMED, "span": ["一", "三"]}, "span"),
        ({**NAMED, "span": 3}, "span"), ({**NAMED, "values": "红"}, "values"), ({**NAMED, "value": ["红"]}, "value"),
        ({**NAMED, "values": ["1"], "span": [1, 2]}, "span"),
    ],
)  # fmt: skip
def test_a_fact_that_is_written_wrong_is_refused_by_name(entry: Any, told: str) -> None:
    with pytest.raises(ContentError) as refused:
        read_facts({"colour": entry}, "facts.yml")
    assert all(words in str(refused.value) for words in ("facts.yml", "colour", told))


def test_facts_are_read_as_they_are_written() -> None:
    facts = read_facts({"x": {**NAMED, "span": [0, 3]}, "y": {**NAMED, "values": [1, "红"]}}, "facts.yml")
    assert facts["x"] == Fact("x", "颜色", "哪种", span=(0, 3))
    assert facts["y"].values == ("1", "红")


def test_the_system_may_be_the_one_who_moves_a_ticket() -> None:
    flow = FLOWS[Kind.COMPLAINT]
    waits = ticket(step="carry_out", status=Status.IN_PROGRESS)
    assert flow.move(waits, "follow_up", "tasks_done", SYSTEM, "没有任务", NOON).history[-1].actor == SYSTEM.name
