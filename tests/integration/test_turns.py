"""A customer's bubbles, the bot's turns and the queue of people, on both databases, with a scripted engine."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy.engine import Engine

from bot.adapters.characters import in_script
from bot.adapters.content_files import load_scripts
from bot.adapters.sla_files import load_sla
from bot.adapters.uow import DatabaseUnitOfWork
from bot.domain.conversation import Conversation, Owner, OwnerChange
from bot.domain.errors import EngineFailure, InvalidInput, NotFound, TooLong
from bot.domain.message import Button, Message, Reply, Sender
from bot.domain.scripts import ScriptBook
from bot.domain.ticket import Kind
from bot.services.handoff import Handoff
from bot.services.intake import Accepted, Intake
from bot.services.ports import LEASE, Answer, Turn, UnitOfWork, UnitOfWorkFactory
from bot.services.promises import Promises
from bot.services.ticketing import Ticketing
from bot.services.turns import Turns
from bot.workers.turn_runner import TurnRunner
from tests.integration.fixtures_database import Clock

Part = Callable[[Turn], Awaitable[Answer]]
SCRIPTS = load_scripts()


def answer(text: str, handover: str | None = None, script: str | None = None) -> Answer:
    return Answer((Reply(text, {"kind": "script", "id": "test"}),), b'{"said": true}', handover, script)


class Actor:
    """Implements `ports.BotEngine`: remembers each turn and plays the part it was given; repeats the text otherwise."""

    ready = True

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.part: Part | None = None
        self.running = self.most_at_once = 0

    async def answer(self, turn: Turn) -> Answer:
        self.turns.append(turn)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            return await self.part(turn) if self.part else answer(f"答：{turn.text}")
        finally:
            self.running -= 1


class Chat:
    """One customer, the shop's database, and any number of nodes that run turns."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self.uow, self.clock, self.engine = uow, clock, Actor()
        self.intake = Intake(uow, SCRIPTS, clock)
        self.id = self.intake.open_conversation("wechat").id

    def node(self, uow: UnitOfWorkFactory | None = None) -> Turns:
        """A node of its own; `uow` where its database behaves badly."""
        handoff = Handoff(SCRIPTS, self.clock, in_script)
        return Turns(uow or self.uow, self.engine, handoff, SCRIPTS, self.clock)

    def says(self, text: str, client_id: str | None = None) -> Accepted:
        return self.intake.accept(self.id, client_id or str(uuid.uuid4()), text)

    async def run(self) -> bool:
        return await self.node().run(self.id)

    async def says_and_hears(self, text: str) -> list[Message]:
        """Send `text`, let the turn run, and return what the company said to it."""
        seq = self.says(text).message.seq
        await self.run()
        return [m for m in self.messages() if m.seq > seq and m.sender is not Sender.CUSTOMER]

    def messages(self, notes: bool = False) -> list[Message]:
        with self.uow() as work:
            return work.messages.after(self.id, 0, notes)

    def answers(self) -> list[str]:
        """What the company said after its greeting."""
        return [m.text for m in self.messages()[1:] if m.sender is not Sender.CUSTOMER]

    def on_its_way(self) -> list[str]:
        with self.uow() as work:
            return [one.message.text for one in work.outbox.waiting(self.id)]

    @property
    def conversation(self) -> Conversation:
        with self.uow() as work:
            found = work.conversations.get(self.id)
        assert found
        return found

    @property
    def state(self) -> bytes | None:
        with self.uow() as work:
            return work.conversations.state(self.id)

    @property
    def waits(self) -> bool:
        with self.uow() as work:
            return self.id in work.conversations.unanswered()

    def a_person_takes_over(self) -> None:
        """What the desk will do: the owner changes, the epoch rises."""
        with self.uow() as work:
            now = work.conversations.lock(self.id)
            assert now
            taken = replace(now, owner=Owner.HUMAN, epoch=now.epoch + 1)
            change = OwnerChange(taken.id, taken.epoch, taken.owner, "taken", self.clock())
            work.conversations.save_owner(taken, change)
            work.commit()


@pytest.fixture
def chat(uow: UnitOfWorkFactory, clock: Clock) -> Chat:
    return Chat(uow, clock)


def sentences(script_id: str, book: ScriptBook = SCRIPTS, **values: str) -> set[str]:
    """Every way to say a script."""
    return {text.format_map(values) for case in book.get(script_id).cases for text in case.variants}


def playing(*parts: Answer | BaseException) -> Part:
    """Gives or raises these one after the other."""
    script: Iterator[Answer | BaseException] = iter(parts)

    async def part(_turn: Turn) -> Answer:
        following = next(script)
        if isinstance(following, BaseException):
            raise following
        return following

    return part


class Held:
    """A part that answers only when it is released."""

    def __init__(self, text: str) -> None:
        self.begun, self.released, self.text = asyncio.Event(), asyncio.Event(), text

    async def __call__(self, _turn: Turn) -> Answer:
        self.begun.set()
        await self.released.wait()
        return answer(self.text)


# Coming in


def test_a_conversation_begins_with_a_greeting_that_says_a_bot_is_speaking(chat: Chat) -> None:
    """A15."""
    [greeting] = chat.messages()
    assert (greeting.seq, greeting.sender) == (1, Sender.BOT)
    assert "机器人" in greeting.text
    assert chat.on_its_way() == [greeting.text]


async def test_the_same_message_again_is_stored_and_answered_once(chat: Chat) -> None:
    """Invariant 1."""
    first = chat.says("洗衣机坏了", "key")
    again = chat.says("洗衣机坏了", "key")
    await chat.run()
    late = chat.says("洗衣机坏了", "key")
    await chat.run()
    assert (first.fresh, again.fresh, late.fresh) == (True, False, False)
    assert first.message == again.message == late.message
    assert chat.answers() == ["答：洗衣机坏了"]
    assert len(chat.engine.turns) == 1


async def test_the_same_message_many_times_at_once_is_stored_once(chat: Chat) -> None:
    """Invariant 1."""
    accepted = await asyncio.gather(*(asyncio.to_thread(chat.says, "在吗", "key") for _ in range(10)))
    assert sum(one.fresh for one in accepted) == 1
    assert len({one.message.id for one in accepted}) == 1
    assert len(chat.messages()) == 2


@pytest.mark.parametrize(
    ("text", "error"), [("", InvalidInput), (" \n\u200b\x00 ", InvalidInput), ("好" * 2001, TooLong)]
)
def test_what_cannot_be_a_message_is_refused_and_nothing_stored(chat: Chat, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        chat.says(text)
    assert len(chat.messages()) == 1
    assert not chat.waits


def test_a_message_to_no_conversation_is_refused(chat: Chat) -> None:
    with pytest.raises(NotFound):
        chat.intake.accept(str(uuid.uuid4()), "key", "在吗")


# Turns


async def test_several_bubbles_are_answered_as_one(chat: Chat) -> None:
    """A1."""
    for text in ("在吗", "我家洗衣机", "不脱水了"):
        chat.says(text)
    await chat.run()
    assert [turn.text for turn in chat.engine.turns] == ["在吗\n我家洗衣机\n不脱水了"]
    assert len(chat.answers()) == 1
    assert not chat.waits


async def test_a_message_that_comes_during_a_turn_is_answered_in_the_next(chat: Chat) -> None:
    async def part(turn: Turn) -> Answer:
        if len(chat.engine.turns) == 1:
            await asyncio.to_thread(chat.says, "第二句")
        return answer(f"答：{turn.text}")

    chat.engine.part = part
    chat.says("第一句")
    await chat.run()
    assert chat.answers() == ["答：第一句", "答：第二句"]
    first, second = chat.engine.turns
    assert first.id != second.id
    assert not chat.waits


async def test_the_dialogue_state_goes_from_turn_to_turn(chat: Chat) -> None:
    chat.engine.part = playing(Answer(answer("一").replies, b"one"), Answer(answer("二").replies, b"two"))
    await chat.says_and_hears("甲")
    await chat.says_and_hears("乙")
    assert [turn.state for turn in chat.engine.turns] == [None, b"one"]
    assert chat.state == b"two"


async def test_two_nodes_never_run_a_conversation_at_once(chat: Chat) -> None:
    """Invariant 2."""
    chat.engine.part = held = Held("好的")
    chat.says("在吗")
    first = asyncio.create_task(chat.node().run(chat.id))
    await held.begun.wait()
    assert await chat.node().run(chat.id) is False
    held.released.set()
    assert await first is True
    assert (chat.engine.most_at_once, chat.answers()) == (1, ["好的"])


async def test_many_nodes_that_want_the_same_turn_answer_it_once(chat: Chat) -> None:
    """Invariant 2."""
    chat.says("在吗")
    await asyncio.gather(*(chat.node().run(chat.id) for _ in range(6)))
    assert chat.answers() == ["答：在吗"]


async def test_a_node_that_hung_past_its_lease_says_nothing_more(chat: Chat) -> None:
    """Invariant 2: another node has answered meanwhile."""
    chat.engine.part = held = Held("太迟的话")
    chat.says("在吗")
    hung = asyncio.create_task(chat.node().run(chat.id))
    await held.begun.wait()
    chat.clock.advance(seconds=LEASE.total_seconds() + 1)
    chat.engine.part = None
    await chat.run()
    held.released.set()
    await hung
    assert chat.answers() == ["答：在吗"]
    assert chat.state == b'{"said": true}'


async def test_every_turn_has_the_whole_lease_before_it(chat: Chat) -> None:
    """Invariant 2: several slow turns in a row never run into another node's."""

    async def slow(turn: Turn) -> Answer:
        chat.clock.advance(seconds=LEASE.total_seconds() * 2 / 3)
        if len(chat.engine.turns) == 1:
            await asyncio.to_thread(chat.says, "第二句")
        elif len(chat.engine.turns) == 2:
            assert await chat.node().run(chat.id) is False
        return answer(f"答：{turn.text}")

    chat.engine.part = slow
    chat.says("第一句")
    await chat.run()
    assert chat.answers() == ["答：第一句", "答：第二句"]


async def test_a_leading_slash_is_only_a_character(chat: Chat) -> None:
    assert [m.text for m in await chat.says_and_hears("/restart")] == ["答：/restart"]
    assert chat.messages()[1].text == "/restart"


@pytest.mark.parametrize("text", ["😂😂", "？？？", "……"])
async def test_a_message_without_words_is_asked_about_without_the_engine(chat: Chat, text: str) -> None:
    """A8."""
    [asked] = await chat.says_and_hears(text)
    assert asked.text in sentences("input.no_words")
    assert asked.source and asked.source["id"] == "input.no_words"
    assert chat.engine.turns == []
    assert not chat.waits


async def test_a_customer_who_writes_traditional_is_answered_in_it_from_then_on(chat: Chat) -> None:
    """B7."""
    title = "我要报修"
    chat.engine.part = playing(
        Answer((Reply("您的洗衣机坏了？", {}, (Button(title, title),)),), b"1", script="hant"), answer("请说电话号码")
    )
    [first] = await chat.says_and_hears("我的洗衣機壞了")
    [second] = await chat.says_and_hears("13800138000")
    assert first.text == "您的洗衣機壞了？"
    assert [(b.title, b.payload) for b in first.buttons] == [("我要報修", title)]
    assert second.text == in_script("请说电话号码", "hant") != "请说电话号码"
    assert chat.conversation.script == "hant"


# Sending


async def test_everything_said_goes_through_the_outbox_and_nothing_else_does(chat: Chat) -> None:
    """Invariant 3."""
    chat.engine.part = playing(answer("好的，帮您转", handover="asked"))
    await chat.says_and_hears("转人工")
    said = [m.text for m in chat.messages(notes=True) if m.sender is not Sender.CUSTOMER]
    assert len(said) == 3
    assert chat.on_its_way() == said


async def test_a_reply_that_a_person_overtook_becomes_a_private_note(chat: Chat) -> None:
    """Invariants 2 and 9."""
    chat.engine.part = held = Held("迟到的话")
    chat.says("在吗")
    running = asyncio.create_task(chat.run())
    await held.begun.wait()
    await asyncio.to_thread(chat.a_person_takes_over)
    held.released.set()
    await running
    assert chat.answers() == []
    [note] = [m for m in chat.messages(notes=True) if m.note]
    assert (note.text, note.sender) == ("迟到的话", Sender.BOT)
    assert "迟到的话" not in chat.on_its_way()
    assert chat.state is None
    assert not chat.waits


async def test_the_bot_is_silent_while_a_person_speaks(chat: Chat) -> None:
    chat.a_person_takes_over()
    assert await chat.says_and_hears("你好") == []
    assert chat.engine.turns == []
    assert not chat.waits


# Failing


@pytest.mark.parametrize(
    "failure",
    [EngineFailure("an action failed"), EngineFailure("no answer within 20 s"), RuntimeError("bug"), Answer((), b"")],
    ids=["action", "timeout", "bug", "empty"],
)
async def test_a_failed_turn_becomes_an_apology_and_a_place_in_the_queue(
    chat: Chat, failure: Answer | Exception
) -> None:
    """F2, F5, A2: never silence."""
    chat.engine.part = playing(failure)
    apology, place = await chat.says_and_hears("洗衣机坏了")
    assert apology.text in sentences("handover.failure")
    assert apology.sender is Sender.BOT
    assert place.text in sentences("handover.next")
    assert {b.payload for b in place.buttons} == {"继续和小安聊", "给我回电话"}
    assert (chat.conversation.owner, chat.conversation.handover_reason) == (Owner.QUEUED, "failure")
    assert not chat.waits


async def test_a_failed_turn_keeps_what_the_customer_told_before(chat: Chat) -> None:
    chat.engine.part = playing(answer("好"), EngineFailure("an action failed"))
    await chat.says_and_hears("甲")
    await chat.says_and_hears("乙")
    assert chat.state == b'{"said": true}'


# Waiting for a person


async def queue(chat: Chat) -> None:
    chat.engine.part = playing(answer("帮您转", handover="asked"))
    await chat.says_and_hears("转人工")
    chat.engine.part = None
    chat.engine.turns.clear()
    chat.clock.advance(seconds=10)


async def test_who_is_handed_over_hears_how_many_wait_before(chat: Chat) -> None:
    """F5."""
    await queue(chat)
    later = Chat(chat.uow, chat.clock)
    later.engine.part = playing(answer("帮您转", handover="asked"))
    _, place = await later.says_and_hears("转人工")
    assert place.sender is Sender.SYSTEM
    assert place.text in sentences("handover.queued", ahead="1")


async def test_while_the_customer_waits_the_bot_is_silent_and_the_system_notes_receipt(chat: Chat) -> None:
    """F6, A3."""
    await queue(chat)
    [first] = await chat.says_and_hears("洗衣机型号是 XQG100")
    [second] = await chat.says_and_hears("喂？有人吗")
    assert first.sender is second.sender is Sender.SYSTEM
    assert {first.text, second.text} <= sentences("handover.noted_next")
    assert first.text != second.text
    assert chat.engine.turns == []
    assert chat.conversation.owner is Owner.QUEUED


@pytest.mark.parametrize("words", ["继续和小安聊", "繼續和小安聊", "取消排队"])
async def test_a_waiting_customer_goes_back_to_the_bot_afresh(chat: Chat, words: str) -> None:
    """F7."""
    await queue(chat)
    [back] = await chat.says_and_hears(words)
    assert back.text in sentences("handover.back_to_bot")
    assert (chat.conversation.owner, chat.state) == (Owner.BOT, None)
    await chat.says_and_hears("洗衣机坏了")
    assert [(turn.text, turn.state) for turn in chat.engine.turns] == [("洗衣机坏了", None)]


async def test_each_change_of_owner_raises_the_epoch(chat: Chat) -> None:
    """Invariant 2."""
    epochs = [chat.conversation.epoch]
    await queue(chat)
    epochs.append(chat.conversation.epoch)
    await chat.says_and_hears("继续和小安聊")
    epochs.append(chat.conversation.epoch)
    assert epochs == [0, 1, 2]


async def test_a_waiting_customer_who_wants_a_call_gets_the_bot_to_arrange_it(chat: Chat) -> None:
    """F5."""
    await queue(chat)
    [arranged] = await chat.says_and_hears("给我回电话")
    assert arranged.text == "答：给我回电话"
    [turn] = chat.engine.turns
    assert (turn.text, turn.state, turn.epoch) == ("给我回电话", None, chat.conversation.epoch)
    assert chat.conversation.owner is Owner.BOT


async def test_outside_the_queue_the_words_of_the_queue_are_ordinary(chat: Chat) -> None:
    [heard] = await chat.says_and_hears("给我回电话")
    assert heard.text == "答：给我回电话"
    assert chat.conversation.epoch == 0


# Crashing


class Crash(Exception):
    """The process is gone."""


class FragileDatabase:
    """A node's database; once `broken`, nothing that the node does is kept."""

    def __init__(self, engine: Engine) -> None:
        self.broken = False
        self._engine = engine

    def __call__(self) -> UnitOfWork:
        fragile = self

        class Work(DatabaseUnitOfWork):
            def commit(self) -> None:
                if fragile.broken:
                    raise Crash
                super().commit()

        return Work(self._engine)


async def test_a_turn_that_crashed_before_its_commit_is_answered_once_after_the_restart(
    chat: Chat, database: Engine
) -> None:
    """Invariants 1 and 11: the same turn again, with the same id, and one ticket."""
    ticketing = Ticketing(chat.uow, Promises(load_sla()), chat.clock)
    memory = FragileDatabase(database)

    async def part(turn: Turn) -> Answer:
        ticket = await asyncio.to_thread(
            lambda: ticketing.open(Kind.REPAIR, {}, key=f"{turn.id}:open", conversation_id=turn.conversation_id)
        )
        memory.broken = True
        return answer(f"已登记 {ticket.number}")

    chat.engine.part = part
    chat.says("对，就这样")
    with pytest.raises(Crash):
        await chat.node(memory).run(chat.id)
    assert (chat.answers(), chat.waits, chat.on_its_way()) == ([], True, [chat.messages()[0].text])

    assert await chat.run() is False, "the dead node's lease still holds"
    chat.clock.advance(seconds=LEASE.total_seconds() + 1)
    assert await chat.run() is True
    assert await chat.run() is True
    first, second = chat.engine.turns
    assert first == second
    [ticket] = ticketing.search()
    assert chat.answers() == [f"已登记 {ticket.number}"]
    assert chat.on_its_way()[1:] == chat.answers()


async def test_a_bubble_that_came_after_the_crash_joins_the_same_turn(chat: Chat, database: Engine) -> None:
    """Invariant 11."""
    memory = FragileDatabase(database)

    async def dying(_turn: Turn) -> Answer:
        memory.broken = True
        return answer("没有说出口")

    chat.engine.part = dying
    chat.says("第一句")
    with pytest.raises(Crash):
        await chat.node(memory).run(chat.id)
    chat.engine.part = None
    chat.says("第二句")
    chat.clock.advance(seconds=LEASE.total_seconds() + 1)
    await chat.run()
    assert chat.engine.turns[0].id == chat.engine.turns[1].id
    assert chat.answers() == ["答：第一句\n第二句"]


# The runner


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        # What is awaited is a row in the database: nothing there to be woken by.
        while not await asyncio.to_thread(met):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_bubbles_within_the_quiet_time_are_one_turn(chat: Chat) -> None:
    """A1."""
    runner = TurnRunner(chat.node(), chat.uow, quiet_seconds=0.3)
    for text in ("在吗", "洗衣机坏了"):
        await asyncio.to_thread(chat.says, text)
        runner.notice(chat.id)
    await until(lambda: bool(chat.answers()))
    await runner.stop()
    assert chat.answers() == ["答：在吗\n洗衣机坏了"]


async def test_a_start_takes_up_what_was_left_unanswered(chat: Chat) -> None:
    """Invariant 11."""
    chat.says("在吗")
    runner = TurnRunner(chat.node(), chat.uow, quiet_seconds=0)
    await runner.start()
    await until(lambda: bool(chat.answers()))
    await runner.stop()
    assert chat.answers() == ["答：在吗"]


async def test_a_stop_leaves_an_unanswered_message_for_the_next_start(chat: Chat) -> None:
    """Invariant 11."""
    runner = TurnRunner(chat.node(), chat.uow, quiet_seconds=60)
    chat.says("在吗")
    runner.notice(chat.id)
    await runner.stop()
    assert chat.waits
    assert chat.answers() == []
