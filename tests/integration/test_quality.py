"""Every conversation that a person served is inspected once, and people check, appeal and settle (H8)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.uow import UnitsOfWork
from bot.bootstrap import Anfu
from bot.domain.actor import Actor, Role
from bot.domain.errors import Conflict, NotAllowed
from bot.domain.quality.finding import Result
from bot.domain.quality.review import Review, ReviewState, Settlement
from bot.domain.ticket import Kind
from bot.services.inspection import Inspection
from tests.integration.fixtures_after_sales import CHEN, LI, WANG, ZHAO
from tests.integration.fixtures_database import Clock
from tests.integration.served import Served

ZHANG = Actor("小张", Role.AGENT)
Serve = Callable[[], Served]


@pytest.fixture
def serve(anfu: Anfu, clock: Clock) -> Serve:
    with anfu.uow() as uow:
        uow.users.add("小张", "agent", clock())
        uow.commit()
    book = anfu.content.quality  # ids are random here: nothing is picked by lot
    anfu.inspection = Inspection(anfu.uow, replace(book, sampling=replace(book.sampling, share=0)), clock)
    return lambda: Served(anfu, clock)


def all_reviews(anfu: Anfu) -> list[Review]:
    with anfu.uow() as uow:
        return uow.reviews.page(100)


def failed(anfu: Anfu, review: Review) -> set[str]:
    with anfu.uow() as uow:
        return {f.rule for f in uow.reviews.findings([review.id])[review.id] if f.result is Result.FAILED}


def inspected(anfu: Anfu) -> Review:
    while anfu.inspection.look():
        pass
    return all_reviews(anfu)[0]


def test_a_closed_conversation_is_inspected_once(anfu: Anfu, serve: Serve) -> None:
    serve().well()
    assert anfu.inspection.look() == 1
    assert anfu.inspection.look() == 0
    (review,) = all_reviews(anfu)
    assert (review.agent, review.score, failed(anfu, review)) == ("小李", 100, set())


def test_what_was_done_badly_is_found_with_its_words_and_checked_by_people(anfu: Anfu, serve: Serve) -> None:
    served = serve().badly()
    review = inspected(anfu)
    assert failed(anfu, review) == {
        "greeting", "apology_first", "promise_with_time", "no_unbacked_promise", "first_reply_time", "reply_times",
        "no_repeat_question", "polite_close", "summary_written",
    }  # fmt: skip
    assert review.score is not None and review.score < 60
    assert review.state is ReviewState.TO_CHECK and "low_score" in review.picked_for
    whole, messages = anfu.quality.one(review.id, WANG)
    said = {message.seq: message.text for message in messages}
    assert said and all(q.words in said[q.seq] for f in whole.findings for q in f.evidence)
    assert {message.conversation_id for message in messages} == {served.id}


def test_a_conversation_that_the_bot_held_alone_is_not_inspected(anfu: Anfu, serve: Serve, clock: Clock) -> None:
    serve().customer("在吗")
    clock.advance(hours=25)
    anfu.farewells.end_silent()
    assert anfu.inspection.look() == 0
    assert all_reviews(anfu) == []


def test_one_that_begins_again_is_inspected_again_but_only_the_new_part(anfu: Anfu, serve: Serve, clock: Clock) -> None:
    served = serve().badly()
    first = inspected(anfu)
    clock.advance(hours=1)
    with anfu.uow() as uow:
        conversation = uow.conversations.lock(served.id)
        assert conversation
        anfu.handoff.reopen(uow, conversation)
        uow.commit()
    assert anfu.inspection.look() == 0
    served.feeling(0).well()
    again = inspected(anfu)
    assert again.id != first.id
    assert (again.score, again.begun_at > first.closed_at) == (100, True)
    assert [m.text for m in anfu.quality.one(again.id, WANG)[1] if m.text.startswith("保证")] == []


def test_one_that_began_again_before_it_was_looked_at_is_inspected_once_all_the_same(
    anfu: Anfu, serve: Serve, clock: Clock
) -> None:
    served = serve().well()
    clock.advance(seconds=2)
    with anfu.uow() as uow:
        conversation = uow.conversations.lock(served.id)
        assert conversation
        anfu.handoff.reopen(uow, conversation)
        uow.commit()
    served.customer("再问一下保修")
    clock.advance(hours=25)
    anfu.farewells.end_silent()
    assert anfu.inspection.look() == 1
    assert anfu.inspection.look() == 0
    (review,) = all_reviews(anfu)
    assert review.agent == "小李" and "first_reply_time" not in failed(anfu, review)


def test_each_who_served_answers_for_the_own_part(anfu: Anfu, serve: Serve) -> None:
    served = serve().customer("洗衣机不脱水").queued().taken("小李").agent("您好，我是小李").customer("怎么办")
    served.agent("保证没问题").customer("真的吗").taken("王主管").agent("您好，我是主管老王，马上帮您看", "王主管")
    served.customer("好").agent("已经处理好了，祝您生活愉快", "王主管").closed("王主管")
    while anfu.inspection.look():
        pass
    found = {review.agent: failed(anfu, review) for review in all_reviews(anfu)}
    assert found == {"小李": {"no_unbacked_promise"}, "王主管": set()}


def test_whoever_took_it_and_never_spoke_is_held_to_that(anfu: Anfu, serve: Serve, clock: Clock) -> None:
    served = serve().customer("在吗").queued().taken("小李")
    clock.advance(minutes=20)
    served.closed("小李")
    review = inspected(anfu)
    assert {"first_reply_time", "polite_close"} <= failed(anfu, review)


def test_a_forbidden_word_with_a_reason_is_no_failure_but_people_look_at_it(anfu: Anfu, serve: Serve) -> None:
    served = serve().customer("能退吗").queued().taken().agent("您好，这个不可能", in_spite_of="客户要明确答复")
    served.customer("哦").agent("还有什么可以帮您？").closed()
    review = inspected(anfu)
    assert "no_forbidden" not in failed(anfu, review)
    assert "excused" in review.picked_for
    finding = next(f for f in anfu.quality.one(review.id, WANG)[0].findings if f.rule == "no_forbidden")
    assert "客户要明确答复" in finding.reason and finding.evidence[0].words == "不可能"


def test_what_stands_on_the_ticket_is_not_asked_again(anfu: Anfu, serve: Serve) -> None:
    served = serve().customer("投诉你们")
    told = {"grievance": "外壳裂了", "demand": "换", "phone": "13800138000"}
    anfu.ticketing.open(Kind.COMPLAINT, told, key="1", conversation_id=served.id, emotion=1)
    served.queued("complaint").taken().agent("您好，非常抱歉，请问您的联系电话是多少？").customer("……").agent(
        "再见"
    ).closed()
    assert failed(anfu, inspected(anfu)) == {"no_repeat_question"}


def test_a_low_rating_that_comes_later_makes_people_look(anfu: Anfu, serve: Serve) -> None:
    served = serve().well()
    review = inspected(anfu)
    served.rated("不满意")
    assert anfu.inspection.look() == 1
    assert anfu.inspection.look() == 0
    with anfu.uow() as uow:
        again = uow.reviews.get(review.id)
    assert again and again.state is ReviewState.TO_CHECK and "low_rating" in again.picked_for
    (row,), _ = anfu.quality.page(WANG, 10, None, None, None, None, None)
    assert row.rating and row.rating.score == 1


def test_of_everybody_some_of_each_week_are_checked(anfu: Anfu, serve: Serve, clock: Clock) -> None:
    for _ in range(4):
        serve().well("小李")
    serve().well("小张")
    inspected(anfu)
    clock.advance(days=7)
    while anfu.inspection.look():
        pass
    picked = [r.agent for r in all_reviews(anfu) if r.state is ReviewState.TO_CHECK]
    assert (picked.count("小李"), picked.count("小张")) == (2, 1)
    assert anfu.inspection.look() == 0


def test_a_leader_checks_the_agent_appeals_another_leader_settles_and_all_is_on_the_trail(
    anfu: Anfu, serve: Serve, clock: Clock
) -> None:
    serve().badly()
    review = inspected(anfu)
    assert anfu.quality.one(review.id, WANG)[0].may == ("check",)
    assert anfu.quality.one(review.id, LI)[0].may == ()
    checked = anfu.quality.check(review.id, 45, "没有道歉，承诺没有时间", WANG)
    assert (checked.review.state, checked.review.final) == (ReviewState.CHECKED, 45)
    assert anfu.quality.one(review.id, LI)[0].may == ("appeal",)
    with pytest.raises(Conflict):
        anfu.quality.check(review.id, 90, "我看不错", ZHAO)
    clock.advance(days=3)
    anfu.quality.appeal(review.id, "客户一直在骂人", LI)
    with pytest.raises(NotAllowed):
        anfu.quality.settle(review.id, Settlement.UPHELD, None, "维持", WANG)
    settled = anfu.quality.settle(review.id, Settlement.CHANGED, 60, "情绪确实激烈", CHEN)
    assert (settled.review.state, settled.review.final) == (ReviewState.SETTLED, 60)
    with anfu.uow() as uow:
        told = [(e.change.actor, e.change.action) for e in uow.trail.entries(f"review:{review.id}")]
    assert told == [("system", "add"), ("王主管", "change"), ("小李", "change"), ("陈经理", "change")]


def test_an_agent_sees_the_own_reviews_only(anfu: Anfu, serve: Serve) -> None:
    serve().well("小李")
    serve().well("小张")
    inspected(anfu)
    (own,), _ = anfu.quality.page(LI, 10, None, None, None, None, None)
    assert own.review.agent == "小李"
    with pytest.raises(NotAllowed):
        anfu.quality.page(LI, 10, None, None, "小张", None, None)
    with pytest.raises(NotAllowed):
        anfu.quality.one(own.review.id, ZHANG)
    assert len(anfu.quality.page(WANG, 10, None, None, None, None, None)[0]) == 2


def test_pages_follow_each_other_without_gap_or_repetition(anfu: Anfu, serve: Serve) -> None:
    for _ in range(5):
        serve().well()
    inspected(anfu)
    seen: list[str] = []
    while True:
        found, _ = anfu.quality.page(WANG, 2, seen[-1] if seen else None, None, None, None, None)
        seen += [one.review.id for one in found]
        if len(found) < 2:
            break
    assert seen == [review.id for review in all_reviews(anfu)]
    assert len(set(seen)) == 5


def test_scores_are_summed_up_by_day_person_and_rule(anfu: Anfu, serve: Serve, clock: Clock) -> None:
    serve().well()
    clock.advance(days=1)
    serve().badly()
    serve().well("小张")
    inspected(anfu)
    today = clock().date()
    told = anfu.quality.summary(WANG, today - timedelta(days=6), today, None)
    assert told.whole.reviews == 3
    assert [count.reviews for count in told.days.values()] == [1, 2]
    assert told.agents["小张"].average == 100
    assert told.failures["greeting"] == 1 and "greeting" in told.failures_of["小李"]
    assert anfu.quality.summary(LI, today, today, None).whole.reviews == 1


def test_two_nodes_that_look_at_once_inspect_once(anfu: Anfu, serve: Serve) -> None:
    serve().well()
    with anfu.uow() as uow:
        (ended,) = uow.reviews.to_inspect(10)
    anfu.inspection.look()
    anfu.inspection._inspect(ended)  # the other node had read its list before
    assert len(all_reviews(anfu)) == 1
    with UnitsOfWork(anfu.database)() as work:
        assert work.reviews.to_inspect(10) == []
