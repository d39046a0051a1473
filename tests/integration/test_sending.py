"""What goes to customers on other people's platforms: few messages, in order, none twice, none beyond what is allowed
(W2, invariant 3)."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.adapters.content_files import load_scripts
from bot.domain.incoming import Did, Incoming, Media
from bot.domain.message import Button, Message, Reply, Sender
from bot.domain.reach import Grant, Limits
from bot.services.intake import Intake
from bot.services.ports import UnitOfWorkFactory
from bot.services.ports.channels import SENT, Check, Envelope, Outcome, OutgoingFile, Receipt
from bot.services.sending import EXPIRES_AFTER, IN_HAND, Sending
from tests.integration.fixtures_database import Clock

LIMITS = Limits(
    {Did.WROTE: Grant(5, timedelta(hours=48)), Did.CLICKED: Grant(3, timedelta(minutes=1))},
    reserve=1, text_bytes=2048, merges=True, choices=10, sends_files=frozenset({"image/png"}),
)  # fmt: skip
BUSY = Receipt(Outcome.LATER, "平台忙")
USED_UP = Receipt(Outcome.CLOSED, "微信返回 45047：条数用完了")
LOST = Receipt(Outcome.UNKNOWN, "没有收到微信的回执")
GONE = Receipt(Outcome.GONE, "客户取消了关注")


class Platform:
    """Implements the sending half of `ports.Channel`; answers as it is told."""

    name = "wechat"

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.arrived: list[Envelope] = []
        self.tried: list[Envelope] = []
        self.answers: list[Receipt] = []
        self.takes = 0.0
        self.called = asyncio.Event()

    async def send(self, envelope: Envelope) -> Receipt:
        self.tried.append(envelope)
        self.called.set()
        await asyncio.sleep(self.takes)
        receipt = self.answers.pop(0) if self.answers else SENT
        if receipt.outcome is Outcome.SENT:
            self.arrived.append(envelope)
        return receipt

    async def __aenter__(self) -> "Platform":
        return self

    async def __aexit__(self, *_: object) -> None: ...
    async def show_typing(self, external_id: str) -> None: ...
    def fetch(self, media: Media) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def check(self) -> list[Check]:
        return []


class World:
    """A customer on the platform, and what the company sends."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, limits: Limits = LIMITS) -> None:
        self.uow, self.clock = uow, clock
        self.intake = Intake(uow, load_scripts(), clock)
        self.changed: list[tuple[str, list[int]]] = []
        self.use(limits)
        self._count = 0

    def use(self, limits: Limits) -> None:
        self.platform = Platform(limits)
        self.sending = self.node()

    def node(self) -> Sending:
        """Another node's, at the same platform."""

        async def changed(conversation_id: str, seqs: Sequence[int]) -> None:
            self.changed.append((conversation_id, list(seqs)))

        def file_of(file_id: str) -> OutgoingFile | None:
            with self.uow():  # the real one takes a transaction of its own, too
                return OutgoingFile(f"{file_id}.png", "image/png" if file_id == "photo" else "application/pdf", "/x")

        return Sending(
            self.uow, self.platform, file_of, lambda file_id: f"https://x/d/{file_id}", load_scripts(), changed,
            self.clock,
        )  # fmt: skip

    def does(self, did: Did = Did.WROTE, text: str = "在吗", who: str = "openid-1") -> str:
        self._count += 1
        words = text if did in (Did.WROTE, Did.CLICKED) else ""
        incoming = Incoming(who, f"m:{self._count}", words, self.clock(), did)
        return self.intake.receive("wechat", self.platform.limits, incoming).conversation_id

    def says(self, conversation: str, *texts: str, sender: Sender = Sender.BOT, **more: object) -> list[Message]:
        with self.uow() as work:
            said = [Reply(text, more.get("source", {}), more.get("buttons", ())) for text in texts]  # type: ignore[arg-type]
            messages = work.messages.add(conversation, sender, said, self.clock())
            work.outbox.add(messages, "wechat", self.clock())
            work.commit()
        return messages

    async def arrived_now(self) -> list[str]:
        before = len(self.platform.arrived)
        while await self.sending.drain():
            pass
        return [envelope.text for envelope in self.platform.arrived[before:]]

    def states(self, conversation: str) -> list[str | None]:
        with self.uow() as work:
            return [m.delivery for m in work.messages.after(conversation, 0) if m.sender is not Sender.CUSTOMER]

    def left(self, conversation: str) -> int:
        with self.uow() as work:
            return work.reaches.get(conversation).left(self.clock())


@pytest.fixture
def world(uow: UnitOfWorkFactory, clock: Clock) -> World:
    return World(uow, clock)


async def open_talk(world: World) -> str:
    """A customer has written, and was greeted."""
    conversation = world.does()
    world.clock.advance(seconds=30)
    await world.arrived_now()
    world.does()
    return conversation


async def test_the_first_answer_takes_the_greeting_along_in_one_message(world: World) -> None:
    conversation = world.does(text="洗衣机不转了")
    assert await world.arrived_now() == [], "the greeting waits for the answer"
    world.says(conversation, "请问买了多久？", "型号在机身背面。")
    (said,) = await world.arrived_now()
    assert said.endswith("请问买了多久？\n\n型号在机身背面。") and "小安" in said
    assert world.states(conversation) == ["sent"] * 3
    assert world.left(conversation) == 4


async def test_a_greeting_without_an_answer_goes_alone_after_a_while(world: World) -> None:
    world.does()
    world.clock.advance(seconds=30)
    assert len(await world.arrived_now()) == 1


async def test_the_bot_leaves_the_last_message_for_people(world: World) -> None:
    conversation = await open_talk(world)
    for n in range(6):
        world.says(conversation, f"第{n}句")
        await world.arrived_now()
    assert [envelope.text for envelope in world.platform.arrived[1:]] == ["第0句", "第1句", "第2句", "第3句"]
    assert world.states(conversation)[-2:] == ["waiting", "waiting"]
    assert world.left(conversation) == 1
    world.says(conversation, "我是小赵，我来办。", sender=Sender.AGENT)
    assert await world.arrived_now() == ["第4句\n\n第5句\n\n我是小赵，我来办。"]
    assert world.left(conversation) == 0


async def test_nothing_goes_beyond_what_is_allowed_and_all_of_it_once_the_customer_writes(world: World) -> None:
    conversation = await open_talk(world)
    for n in range(8):
        world.says(conversation, f"第{n}句", sender=Sender.AGENT)
        await world.arrived_now()
    assert len(world.platform.arrived) == 1 + 5
    assert world.states(conversation)[-3:] == ["waiting"] * 3
    world.does(text="你们还在吗")
    world.says(conversation, "在的。")
    assert await world.arrived_now() == ["第5句\n\n第6句\n\n第7句\n\n在的。"]
    assert set(world.states(conversation)) == {"sent"}


async def test_after_a_click_three_may_go_within_a_minute(world: World) -> None:
    conversation = world.does(Did.CLICKED, text="我要报修")
    for n in range(4):
        world.says(conversation, f"第{n}句", sender=Sender.AGENT)
        await world.arrived_now()
    assert len(world.platform.arrived) == 3
    world.does(Did.CLICKED, text="转人工")
    world.clock.advance(seconds=61)
    world.says(conversation, "来晚了", sender=Sender.AGENT)
    assert await world.arrived_now() == []


async def test_what_waits_for_two_days_is_given_up_and_shown_as_such(world: World) -> None:
    conversation = await open_talk(world)
    world.clock.advance(hours=48)
    world.says(conversation, "您的工单有进展了", sender=Sender.AGENT)
    assert await world.arrived_now() == []
    world.clock.advance(seconds=EXPIRES_AFTER.total_seconds())
    assert await world.arrived_now() == []
    assert world.states(conversation)[-1] == "failed"


async def test_a_busy_platform_is_asked_again_later_and_the_try_is_not_counted(world: World) -> None:
    conversation = await open_talk(world)
    world.platform.answers = [BUSY, BUSY]
    world.says(conversation, "好的")
    assert await world.arrived_now() == []
    assert world.left(conversation) == 5
    world.clock.advance(seconds=1)
    assert await world.arrived_now() == []
    world.clock.advance(seconds=2)
    assert await world.arrived_now() == ["好的"]
    assert world.left(conversation) == 4


async def test_when_the_platform_says_that_all_is_used_up_it_is_believed(world: World) -> None:
    conversation = await open_talk(world)
    world.platform.answers = [USED_UP]
    world.says(conversation, "好的", sender=Sender.AGENT)
    assert await world.arrived_now() == []
    assert world.left(conversation) == 0
    assert world.states(conversation)[-1] == "waiting"
    world.does()
    world.clock.advance(seconds=30)
    assert await world.arrived_now() == ["好的"]


async def test_an_answer_that_never_came_is_never_called_sent_nor_sent_again(world: World) -> None:
    conversation = await open_talk(world)
    world.platform.answers = [LOST]
    world.says(conversation, "好的")
    await world.arrived_now()
    world.clock.advance(hours=1)
    assert await world.arrived_now() == []
    assert world.states(conversation)[-1] == "unknown"
    world.says(conversation, "还有一句")
    assert await world.arrived_now() == ["还有一句"], "what comes later is not held up"


async def test_who_no_longer_follows_is_shown_as_out_of_reach(world: World) -> None:
    conversation = await open_talk(world)
    world.platform.answers = [GONE]
    world.says(conversation, "一", "二")
    await world.arrived_now()
    assert world.states(conversation)[-2:] == ["failed", "failed"]
    world.does(Did.LEFT)
    world.says(conversation, "三", sender=Sender.AGENT)
    assert await world.arrived_now() == []
    world.does(text="我回来了")
    world.clock.advance(seconds=30)
    assert await world.arrived_now() == ["三"]


async def test_who_follows_again_is_greeted_again(world: World) -> None:
    await open_talk(world)
    world.does(Did.LEFT)
    await world.arrived_now()
    back = Incoming("openid-1", "e:subscribe", "", world.clock(), Did.CLICKED, greets=True)
    world.intake.receive("wechat", LIMITS, back)
    (greeting,) = await world.arrived_now()
    assert "小安" in greeting
    world.intake.receive("wechat", LIMITS, replace(back, key="e:scan"))
    assert await world.arrived_now() == [], "once is enough"


async def test_a_process_killed_while_it_sends_leaves_no_double_and_no_lie(world: World) -> None:
    conversation = await open_talk(world)
    world.says(conversation, "好的")
    killed = asyncio.create_task(_stopped_at_the_platform(world))
    await killed
    world.says(conversation, "后面一句")
    assert await world.arrived_now() == [], "the attempt may still be under way elsewhere"
    world.clock.advance(seconds=IN_HAND.total_seconds() + 1)
    assert await world.arrived_now() == ["后面一句"]
    assert world.states(conversation)[-2:] == ["unknown", "sent"]


async def test_where_the_platform_knows_a_message_again_the_same_one_is_sent_again(world: World) -> None:
    world.use(replace(LIMITS, repeats=True))
    conversation = await open_talk(world)
    world.says(conversation, "好的")
    await _stopped_at_the_platform(world)
    first = world.platform.tried[-1]
    world.says(conversation, "后面一句")
    world.clock.advance(seconds=IN_HAND.total_seconds() + 1)
    assert await world.arrived_now() == ["好的", "后面一句"]
    assert world.platform.tried[-2] == first, "the same message under the same id"


async def test_four_nodes_send_each_message_once_and_in_order(world: World) -> None:
    talks = [world.does(who=f"openid-{n}") for n in range(12)]
    world.clock.advance(seconds=30)
    await world.arrived_now()
    for talk in talks:
        for n in range(4):
            world.says(talk, f"{n}", sender=Sender.AGENT)
    world.platform.arrived.clear()
    world.platform.takes = 0.005
    nodes = [world.node() for _ in range(4)]
    while sum(await asyncio.gather(*(node.drain() for node in nodes))):
        pass
    for talk in talks:
        said = [e.text for e in world.platform.arrived if e.conversation_id == talk]
        assert "\n\n".join(said) == "0\n\n1\n\n2\n\n3"


async def test_a_long_word_goes_in_parts_each_counted(world: World) -> None:
    conversation = await open_talk(world)
    long = "".join(f"第{n}步，先断电再打开后盖。" for n in range(100))
    world.says(conversation, long, sender=Sender.AGENT)
    parts = await world.arrived_now()
    assert "".join(parts) == long
    assert all(len(part.encode()) <= 2048 for part in parts)
    assert world.left(conversation) == 5 - len(parts)
    assert world.states(conversation)[-1] == "sent"


async def test_a_picture_goes_as_a_picture_and_another_file_as_a_link(world: World) -> None:
    conversation = await open_talk(world)
    for file_id in ("photo", "bill"):
        source = {"kind": "attachment", "id": file_id}
        world.says(conversation, f"[文件] {file_id}", sender=Sender.AGENT, source=source)
    await world.arrived_now()
    photo, bill = world.platform.arrived[-2:]
    assert photo.file and photo.file.name == "photo.png"
    assert bill.file is None and "https://x/d/bill" in bill.text and "7 天" in bill.text


async def test_a_clicked_button_says_what_it_stands_for(world: World) -> None:
    conversation = await open_talk(world)
    (asked,) = world.says(conversation, "哪一种？", buttons=(Button("换", "我要换货"), Button("退", "我要退货")))
    await world.arrived_now()
    assert world.platform.arrived[-1].choice_seq == asked.seq
    clicked = Incoming("openid-1", "m:click", "退", world.clock(), Did.CLICKED, choice=f"{asked.seq}-1")
    world.intake.receive("wechat", LIMITS, clicked)
    with world.uow() as work:
        assert work.messages.after(conversation, asked.seq)[-1].text == "我要退货"


async def test_an_account_that_may_not_send_answers_when_the_customer_asks(world: World) -> None:
    world.use(replace(LIMITS, grants={}, reserve=0, choices=0, passive=True))
    conversation = world.does(text="保修多久")
    world.says(conversation, "整机三年。")
    assert await world.arrived_now() == []
    assert set(world.states(conversation)) == {"waiting"}
    told = world.sending.pick_up(conversation)
    assert told and told.endswith("整机三年。")
    assert world.sending.pick_up(conversation) is None
    assert set(world.states(conversation)) == {"sent"}
    world.says(conversation, "甲" * 600, "乙" * 600, sender=Sender.AGENT)
    first = world.sending.pick_up(conversation)
    assert first and first.startswith("甲") and first.endswith("接着看）") and len(first.encode()) <= 2048
    again = world.intake.receive("wechat", world.platform.limits, Incoming("openid-1", "m:go", "继续", world.clock()))
    assert (again.fresh, again.wants_turn) == (True, False)
    assert world.sending.pick_up(conversation) == "乙" * 600


async def test_a_quota_for_all_customers_pauses_them_all(world: World) -> None:
    conversation = await open_talk(world)
    world.platform.answers = [Receipt(Outcome.LATER, "45009", after=timedelta(hours=3), everyone=True)]
    world.says(conversation, "一")
    await world.arrived_now()
    world.does(who="openid-2")
    world.clock.advance(minutes=1)
    assert await world.arrived_now() == []
    world.clock.advance(hours=3)
    assert "一" in await world.arrived_now()


async def test_a_pause_begun_by_a_clock_that_was_ahead_ends_when_it_is_set_right(world: World) -> None:
    conversation = await open_talk(world)
    world.clock.advance(hours=5)
    world.platform.answers = [Receipt(Outcome.LATER, "45009", after=timedelta(hours=3), everyone=True)]
    world.says(conversation, "好的")
    assert await world.arrived_now() == []
    world.clock.advance(hours=-5)
    world.says(conversation, "请稍等")
    assert await world.arrived_now() == ["好的\n\n请稍等"]


async def test_whatever_customers_and_company_do_never_more_goes_than_is_allowed(world: World) -> None:
    chance = random.Random(7)
    talks = {f"openid-{n}": "" for n in range(5)}
    allowed: dict[str, dict[Did, tuple[datetime, int]]] = {who: {} for who in talks}
    for _ in range(400):
        who = chance.choice(list(talks))
        match chance.randrange(5):
            case 0:
                talks[who] = world.does(who=who)
                allowed[who][Did.WROTE] = (world.clock() + timedelta(hours=48), 5)
            case 1:
                talks[who] = world.does(Did.CLICKED, who=who)
                allowed[who][Did.CLICKED] = (world.clock() + timedelta(minutes=1), 3)
            case _ if talks[who]:
                world.says(talks[who], "话", sender=chance.choice([Sender.BOT, Sender.AGENT]))
        world.clock.advance(seconds=chance.choice([1, 5, 40, 3600, 50 * 3600]))
        for envelope in await _sent(world):
            grants = allowed[envelope.external_id]
            assert any(until > world.clock() and left > 0 for until, left in grants.values()), "beyond what is allowed"
            allowed[envelope.external_id] = {did: (until, left - 1) for did, (until, left) in grants.items()}


async def _sent(world: World) -> list[Envelope]:
    before = len(world.platform.arrived)
    await world.arrived_now()
    return world.platform.arrived[before:]


async def _stopped_at_the_platform(world: World) -> None:
    """The message is claimed, the platform is called, and the process is no more."""
    world.platform.takes = 3600
    world.platform.called.clear()
    task = asyncio.create_task(world.sending.drain())
    await world.platform.called.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    world.platform.takes = 0
