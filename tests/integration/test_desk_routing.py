"""The queue of people: who comes into it and why, in which order they are served, and that nobody is left alone."""

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest

from bot.bootstrap import Anfu
from bot.domain.actor import Role
from bot.domain.conversation import Conversation, Need, Owner, OwnerChange
from bot.domain.message import Message, Sender
from bot.domain.person import Person, Presence
from bot.domain.routing import Mode, Told
from bot.domain.ticket import Kind
from bot.services.ports import Answer
from bot.services.queue_watch import QueueWatch
from bot.services.standing import Standing
from bot.services.turns import Turns
from tests.integration.fixtures_database import Clock
from tests.integration.test_turns import Actor, Held, answer, playing

MORNING = datetime(2026, 11, 23, 2, tzinfo=UTC)
"""Ten in Shanghai, on a Monday: people work."""
SATURDAY = datetime(2026, 11, 28, 2, tzinfo=UTC)


class Customer:
    """Somebody who writes, and a bot that answers as it is told."""

    def __init__(self, anfu: Anfu) -> None:
        self.anfu, self.engine = anfu, Actor()
        self.id = anfu.intake.open_conversation("web").id
        self.turns = Turns(
            anfu.uow, self.engine, anfu.handoff, anfu.scripts, anfu.clock, anfu.choices.hear, anfu.queueing
        )  # fmt: skip

    def says(self, text: str, *answers: Answer) -> list[str]:
        """Send a text, have it answered so, and return the ids of the scripts that were said."""
        seq = self.anfu.intake.accept(self.id, str(uuid.uuid4()), text).message.seq
        self.engine.part = playing(*answers) if answers else None
        asyncio.run(self.turns.run(self.id))
        return self.heard(seq)

    def wants_a_person(self, reason: str = "asked_for_human", **heard: object) -> "Customer":
        self.says("转人工", replace(answer("好的", handover=reason), **heard))  # type: ignore[arg-type]
        return self

    def messages(self, notes: bool = False) -> list[Message]:
        with self.anfu.uow() as uow:
            return uow.messages.after(self.id, 0, notes)

    def heard(self, after: int = 0) -> list[str]:
        """The scripts that were said since."""
        return [
            str((m.source or {}).get("id"))
            for m in self.messages()
            if m.seq > after and m.sender is not Sender.CUSTOMER
        ]

    @property
    def last(self) -> Message:
        return self.messages()[-1]

    @property
    def held(self) -> Conversation:
        with self.anfu.uow() as uow:
            found = uow.conversations.get(self.id)
        assert found
        return found


@pytest.fixture
def clock() -> Clock:
    """People are at work."""
    return Clock(MORNING)


@pytest.fixture
def come(anfu: Anfu) -> Callable[..., None]:
    """Lets somebody be at a desk."""

    def come(name: str, presence: Presence = Presence.READY, **more: object) -> None:
        with anfu.uow() as uow:
            if uow.users.get(name) is None:
                uow.users.add(name, "agent", anfu.clock())
            known = uow.users.get(name)
            assert known
            uow.users.save(replace(known, **more), anfu.clock())  # type: ignore[arg-type]
            uow.users.say(name, presence, anfu.clock())
            uow.commit()

    return come


def alive(anfu: Anfu, *names: str) -> None:
    for name in names:
        anfu.presence.alive(name)


def fired(anfu: Anfu) -> dict[str, int]:
    return {one.trigger.id: one.today for one in anfu.triggers.overview() if one.today}


# Coming in


def test_who_asks_for_a_person_is_told_the_place_and_the_time_and_the_rule_is_counted(
    anfu: Anfu, come: Callable[..., None]
) -> None:
    """F2-F6."""
    come("小李", Presence.BUSY)
    Customer(anfu).wants_a_person()
    anfu.clock.advance(seconds=1)  # type: ignore[attr-defined]
    second = Customer(anfu)
    assert second.says("转人工", answer("好的", handover="asked_for_human")) == ["test", "handover.queued_wait"]
    assert "1 位" in second.last.text and "8 分钟" in second.last.text
    assert [button.title for button in second.last.buttons] == ["继续和小安聊", "给我回电话"]
    assert fired(anfu) == {"asked_for_human": 2}
    [rule] = [one for one in anfu.triggers.overview() if one.week]
    assert rule.examples[0].conversation_id == second.id


def test_what_was_heard_decides_how_urgent_it_is_and_who_is_needed(anfu: Anfu) -> None:
    """A13."""
    said = {"emotion": 2, "signals": ("special_care",), "matter": "repair", "script": "hant"}
    held = Customer(anfu).wants_a_person(**said).held  # type: ignore[arg-type]
    assert held.need == Need(3, "service", Role.AGENT, ("repair", "hant"))
    assert (held.emotion, held.signals, held.handover_reason) == (2, ("special_care",), "asked_for_human")


def test_the_grave_pass_the_rest(anfu: Anfu, clock: Clock) -> None:
    first = Customer(anfu).wants_a_person()
    clock.advance(seconds=5)
    grave = Customer(anfu)
    assert grave.says("漏电了", answer("快离开", handover="safety_emergency"))[-1] == "handover.next"
    clock.advance(seconds=5)
    assert first.says("还有几位") == ["handover.noted"]
    assert "1 位" in first.last.text


def test_a_stolen_account_goes_to_a_person_without_the_engine(anfu: Anfu) -> None:
    """F2."""
    customer = Customer(anfu)
    assert customer.says("我的帳號被盜了！") == ["security.now", "handover.next"]
    assert customer.engine.turns == []
    assert (customer.held.handover_reason, customer.held.need.priority) == ("information_security", 4)
    assert fired(anfu) == {"information_security": 1}


def test_the_third_visit_of_a_dissatisfied_customer_goes_to_a_person(anfu: Anfu, clock: Clock) -> None:
    """F3."""
    heard = {"emotion": 2, "phone": "13800138000"}
    for _ in range(2):
        earlier = Customer(anfu)
        assert earlier.says("又坏了", replace(answer("抱歉"), **heard)) == ["test"]  # type: ignore[arg-type]
        anfu.ticketing.open(
            Kind.REPAIR, {"phone": "13800138000"}, key=str(uuid.uuid4()), conversation_id=earlier.id
        )  # fmt: skip
        clock.advance(hours=2)
    calm = Customer(anfu)
    assert calm.says("查进度", replace(answer("好"), phone="13800138000")) == ["test"]
    third = Customer(anfu)
    question = answer("您的订单号是？").replies[0]
    reply = Answer(
        (*answer("抱歉").replies, replace(question, source={"kind": "script", "id": "ask.order_number"})), b"1"
    )
    assert third.says("还是坏的", replace(reply, **heard)) == ["test", "handover.third_visit", "handover.next"]  # type: ignore[arg-type]
    assert (third.held.handover_reason, third.held.need.priority) == ("third_visit_24h_dissatisfied", 2)


def test_a_day_later_the_count_begins_anew(anfu: Anfu, clock: Clock) -> None:
    for _ in range(2):
        earlier = Customer(anfu)
        anfu.ticketing.open(Kind.REPAIR, {"phone": "13800138000"}, key=str(uuid.uuid4()), conversation_id=earlier.id)
    clock.advance(hours=25)
    again = Customer(anfu)
    assert again.says("还是坏的", replace(answer("抱歉"), emotion=2, phone="13800138000")) == ["test"]


def test_rules_that_ask_the_customer_first_are_counted_too(anfu: Anfu) -> None:
    """F4."""
    customer = Customer(anfu)
    customer.says("我要投诉", replace(answer("要转人工吗"), fired=("complaint",)))
    assert customer.held.owner is Owner.BOT
    assert fired(anfu) == {"complaint": 1}


def test_outside_working_hours_the_customer_is_told_when_people_come(anfu: Anfu, clock: Clock) -> None:
    """D1, F2."""
    clock.now = SATURDAY
    customer = Customer(anfu)
    assert customer.says("转人工", answer("好的", handover="asked_for_human"))[-1] == "handover.closed"
    assert "后天 09:00" in customer.last.text
    assert [button.title for button in customer.last.buttons] == ["给我回电话", "继续等", "继续和小安聊"]
    assert customer.held.owner is Owner.QUEUED
    danger = Customer(anfu)
    assert danger.says("着火了", answer("快走", handover="safety_emergency"))[-1] == "handover.closed_danger"
    clock.advance(minutes=4)
    anfu.queue_watch.tell()
    assert customer.heard().count("handover.offer_callback") == 0, "it was offered at once"


def test_at_night_whoever_is_there_is_there(anfu: Anfu, clock: Clock, come: Callable[..., None]) -> None:
    clock.now = SATURDAY
    come("小李")
    assert Customer(anfu).says("转人工", answer("好", handover="asked_for_human"))[-1] == "handover.next"


# Finding a person


def test_a_person_who_is_ready_gets_the_conversation_and_the_customer_hears_who(
    anfu: Anfu, come: Callable[..., None]
) -> None:
    customer = Customer(anfu).wants_a_person()
    assert anfu.queue_watch.assign() == 0
    come("小李")
    assert anfu.queue_watch.assign() == 1
    assert (customer.held.owner, customer.held.agent) == (Owner.HUMAN, "小李")
    assert customer.last.source and customer.last.source["id"] == "desk.joined" and "小李" in customer.last.text
    assert anfu.queue_watch.assign() == 0


def test_a_team_that_takes_from_the_queue_itself_is_given_nothing(anfu: Anfu, come: Callable[..., None]) -> None:
    come("小李")
    customer = Customer(anfu).wants_a_person()
    policy = replace(anfu.standing.policy, modes={"default": Mode.OFFER})
    standing = Standing(anfu.uow, policy, anfu.content.calendars, anfu.clock)
    watch = QueueWatch(
        anfu.uow, anfu.handoff, anfu.queueing, anfu.triggers, standing, anfu.scripts, anfu.clock
    )  # fmt: skip
    assert watch.assign() == 0
    assert customer.held.owner is Owner.QUEUED


def test_the_customer_comes_back_to_whom_they_know(anfu: Anfu, come: Callable[..., None]) -> None:
    for name in ("小李", "小张"):
        come(name)
    customer = Customer(anfu).wants_a_person()
    with anfu.uow() as uow:
        before = uow.conversations.lock(customer.id)
        assert before
        taken = before.take("小张", anfu.clock())
        uow.conversations.save_owner(taken, OwnerChange(taken.id, taken.epoch, taken.owner, "taken", anfu.clock()))
        back = taken.return_to_bot(anfu.clock())
        uow.conversations.save_owner(back, OwnerChange(back.id, back.epoch, back.owner, "back", anfu.clock()))
        uow.commit()
    customer.wants_a_person()
    anfu.queue_watch.assign()
    assert customer.held.agent == "小张"


def test_nodes_that_assign_at_once_give_each_conversation_once_and_nobody_too_much(
    anfu: Anfu, come: Callable[..., None]
) -> None:
    customers = [Customer(anfu).wants_a_person() for _ in range(6)]
    come("小李", capacity=2)
    come("小张", capacity=2)
    with ThreadPoolExecutor(4) as nodes:
        done = sum(nodes.map(lambda _: anfu.queue_watch.assign(), range(4)))
    holders = [customer.held.agent for customer in customers]
    assert done == 4
    assert sorted(filter(None, holders)) == ["小张", "小张", "小李", "小李"]
    assert [c.heard().count("desk.joined") for c in customers] == [int(name is not None) for name in holders]


def test_nodes_with_different_plans_never_overfill_a_person(anfu: Anfu, come: Callable[..., None]) -> None:
    """Each node sees another queue, and both want the same person."""
    one, other = Customer(anfu).wants_a_person(), Customer(anfu).wants_a_person()
    come("小李", capacity=1)
    with anfu.uow() as uow:
        waiting, chosen = {w.id: w for w in uow.routing.waiting()}, uow.users.get("小李")
    assert isinstance(chosen, Person)
    with ThreadPoolExecutor(2) as nodes:
        done = list(nodes.map(lambda c: anfu.queue_watch._give(waiting[c.id], chosen), (one, other)))
    assert sorted(done) == [False, True]


# While they wait


def test_after_three_minutes_a_callback_is_offered_once(anfu: Anfu, clock: Clock, come: Callable[..., None]) -> None:
    """F2."""
    come("小李", Presence.BUSY)
    customer = Customer(anfu).wants_a_person()
    clock.advance(seconds=179)
    assert anfu.queue_watch.tell() == 0
    clock.advance(seconds=1)
    assert anfu.queue_watch.tell() == 1
    assert customer.heard()[-1] == "handover.offer_callback"
    assert [button.title for button in customer.last.buttons] == ["给我回电话", "继续等"]
    clock.advance(minutes=10)
    assert anfu.queue_watch.tell() == 0
    assert customer.says("继续等") == ["handover.waits_on"]
    assert customer.held.owner is Owner.QUEUED
    assert fired(anfu) == {"asked_for_human": 1, "no_answer_3_minutes": 1}
    customer.says("给我回电话", answer("电话是？"))
    assert customer.held.owner is Owner.BOT


def test_a_better_place_is_told_but_not_every_moment(anfu: Anfu, clock: Clock, come: Callable[..., None]) -> None:
    """F5."""
    customers = []
    for _ in range(4):
        customers.append(Customer(anfu).wants_a_person())
        clock.advance(seconds=1)
    come("小李", capacity=1)
    anfu.queue_watch.assign()
    clock.advance(seconds=30)
    assert anfu.queue_watch.tell() == 0
    clock.advance(seconds=31)
    alive(anfu, "小李")
    assert anfu.queue_watch.tell() == 3
    assert [c.heard()[-1] for c in customers] == [
        "desk.joined", "handover.moved_next", "handover.moved_wait", "handover.moved_wait",
    ]  # fmt: skip
    assert "2 位" in customers[3].last.text
    assert anfu.queue_watch.tell() == 0


def test_a_place_that_somebody_else_gave_is_followed_from_then_on(anfu: Anfu, clock: Clock) -> None:
    """A transfer into the queue tells for itself; after three more minutes the callback is offered."""
    customer = Customer(anfu).wants_a_person()
    with anfu.uow() as uow:
        held = uow.conversations.lock(customer.id)
        assert held
        on = held.take("小李", clock()).hand_on(Need(team="service"), clock())
        uow.conversations.save_owner(on, OwnerChange(on.id, on.epoch, on.owner, "transferred", clock()))
        uow.commit()
    said = len(customer.heard())
    anfu.queue_watch.tell()
    assert len(customer.heard()) == said
    clock.advance(seconds=180)
    anfu.queue_watch.tell()
    assert customer.heard()[-1] == "handover.offer_callback"


# Nobody is left alone


def taken_by_li(anfu: Anfu, come: Callable[..., None]) -> Customer:
    come("小李")
    customer = Customer(anfu).wants_a_person()
    anfu.queue_watch.assign()
    assert customer.held.agent == "小李"
    return customer


def test_an_agent_who_is_gone_leaves_the_customer_to_somebody_else_and_nothing_is_lost(
    anfu: Anfu, clock: Clock, come: Callable[..., None]
) -> None:
    clock.advance(minutes=10)
    customer = taken_by_li(anfu, come)
    queued_at = customer.held.queued_at
    with anfu.uow() as uow:
        uow.desk.keep_draft(customer.id, "小李", "您好，我查一")
        uow.commit()
    clock.advance(seconds=60)
    customer.says("在吗")
    Customer(anfu).wants_a_person()
    clock.advance(seconds=29)
    assert anfu.queue_watch.hand_on() == 0
    clock.advance(seconds=1)
    assert anfu.queue_watch.hand_on() == 1
    assert (customer.held.owner, customer.held.queued_at) == (Owner.QUEUED, queued_at)
    assert customer.heard()[-1] == "handover.agent_gone"
    assert [m.text for m in customer.messages(notes=True) if m.note and "小李" in m.text]
    come("小张", capacity=1)
    anfu.queue_watch.assign()
    assert (customer.held.owner, customer.held.agent) == (Owner.HUMAN, "小张"), "before who came later"
    with anfu.uow() as uow:
        assert uow.desk.draft(customer.id, "小李") == "您好，我查一"


def test_an_agent_who_is_back_in_time_keeps_the_conversation(
    anfu: Anfu, clock: Clock, come: Callable[..., None]
) -> None:
    clock.advance(minutes=10)
    customer = taken_by_li(anfu, come)
    clock.advance(seconds=80)
    customer.says("在吗")
    alive(anfu, "小李")
    clock.advance(seconds=80)
    assert anfu.queue_watch.hand_on() == 0
    assert customer.held.is_held_by("小李")


def test_who_goes_off_hands_everything_on_at_once(anfu: Anfu, clock: Clock, come: Callable[..., None]) -> None:
    clock.advance(minutes=10)
    customer = taken_by_li(anfu, come)
    clock.advance(seconds=5)
    come("小李", Presence.OFF)
    assert anfu.queue_watch.hand_on() == 1
    assert customer.held.owner is Owner.QUEUED
    clock.advance(seconds=5)
    come("小李")
    anfu.queue_watch.assign()
    assert customer.held.is_held_by("小李"), "back, and known to the customer"


def test_after_a_restart_desks_have_time_to_come_back(anfu: Anfu, clock: Clock, come: Callable[..., None]) -> None:
    clock.advance(minutes=10)
    customer = taken_by_li(anfu, come)
    customer.says("在吗")
    clock.advance(minutes=30)  # the server was down
    watch = QueueWatch(
        anfu.uow, anfu.handoff, anfu.queueing, anfu.triggers, anfu.standing, anfu.scripts, clock
    )  # fmt: skip
    assert watch.hand_on() == 0
    clock.advance(seconds=89)
    alive(anfu, "小李")
    clock.advance(seconds=1)
    assert watch.hand_on() == 0
    assert customer.held.is_held_by("小李")


async def test_a_bot_that_is_silent_for_three_minutes_gives_way_to_a_person(anfu: Anfu, clock: Clock) -> None:
    """F2, invariant 2."""
    clock.advance(minutes=10)
    customer = await asyncio.to_thread(Customer, anfu)
    customer.engine.part = held = Held("太迟的话")
    anfu.intake.accept(customer.id, "key", "在吗")
    running = asyncio.create_task(customer.turns.run(customer.id))
    await held.begun.wait()
    clock.advance(seconds=179)
    assert anfu.queue_watch.rescue() == 0
    clock.advance(seconds=1)
    assert anfu.queue_watch.rescue() == 1
    held.released.set()
    await running
    assert customer.heard()[-2:] == ["handover.silent", "handover.closed" if clock().hour == 4 else "handover.next"]
    assert customer.held.handover_reason == "no_answer_3_minutes"
    assert "太迟的话" not in [m.text for m in customer.messages()]
    assert anfu.queue_watch.rescue() == 0
    assert fired(anfu) == {"no_answer_3_minutes": 1}


def test_what_came_while_the_server_was_down_is_answered_by_the_bot_first(anfu: Anfu, clock: Clock) -> None:
    """Invariant 11."""
    customer = Customer(anfu)
    anfu.intake.accept(customer.id, "key", "在吗")
    clock.advance(hours=1)
    watch = QueueWatch(
        anfu.uow, anfu.handoff, anfu.queueing, anfu.triggers, anfu.standing, anfu.scripts, clock
    )  # fmt: skip
    assert watch.rescue() == 0
    assert customer.held.owner is Owner.BOT


# How it stands


def test_the_standing_is_read_once_and_tells_who_has_moved(anfu: Anfu, clock: Clock) -> None:
    first = Customer(anfu).wants_a_person()
    clock.advance(seconds=1)
    second = Customer(anfu).wants_a_person()
    assert anfu.standing.refresh() == {first.id, second.id}
    assert anfu.standing.refresh() == set()
    place = anfu.standing.of(second.id)
    assert place and (place.position, place.wait) == (2, None)
    first.says("继续和小安聊")
    assert anfu.standing.refresh() == {second.id}
    assert anfu.standing.of(first.id) is None


@pytest.mark.timed
def test_two_thousand_who_wait_are_cheap(anfu: Anfu, come: Callable[..., None]) -> None:
    come("小李", Presence.BUSY)
    now = anfu.clock()
    with anfu.uow() as uow:
        for number in range(2000):
            one = Conversation(str(uuid.uuid4()), "web", str(uuid.uuid4()), now - timedelta(seconds=number))
            uow.conversations.add(one)
            queued = one.queue_for_human("asked_for_human", one.opened_at, Need(number % 6))
            change = OwnerChange(one.id, 1, Owner.QUEUED, "asked_for_human", one.opened_at)
            uow.conversations.save_owner(queued, change)
            uow.routing.tell(one.id, 1, Told(now, 1, now))
        uow.commit()
    began = perf_counter()
    anfu.standing.refresh()
    assert anfu.queue_watch.tell() == 0
    assert anfu.queue_watch.assign() == 0
    assert perf_counter() - began < 3
