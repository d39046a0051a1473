"""What customers of 微信客服 sent comes in once and in order, whoever dies meanwhile (W1, W3, invariants 1 and 11)."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from bot.adapters.channels.kf.account import KfAccount
from bot.adapters.channels.kf.channel import KfChannel
from bot.adapters.channels.kf.puller import KfPuller
from bot.bootstrap import Anfu
from bot.domain.message import Message, Reply, Sender
from bot.domain.parcel import next_parcel
from bot.domain.reach import Limits
from bot.services.ports import UnitOfWork, UnitOfWorkFactory
from bot.services.ports.channels import ENDED, WITH_PEOPLE, Page, Puller
from bot.services.pulling import LEASE, LONGEST_BACKOFF, Pulling
from bot.services.sending import Sending
from bot.simulator import credentials
from bot.simulator.chat import Reply as Line
from bot.simulator.chat import Speaker
from bot.simulator.platform import Platform
from bot.simulator.server import Simulator
from tests.integration.fixtures_database import Clock

KFID = credentials.OPEN_KFID


LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Watched:
    """The puller of a process to which something happens when it has a page in hand."""

    puller: KfPuller
    then: Callable[[], Awaitable[None]]
    limits: Limits
    channel: str = "kf"

    async def pull(self, account: str, token: str, cursor: str) -> Page:
        page = await self.puller.pull(account, token, cursor)
        await self.then()
        return page


@dataclass
class Company:
    """An Anfu whose customers are in 微信客服."""

    anfu: Anfu
    clock: Clock
    simulator: Simulator
    channel: KfChannel
    puller: KfPuller
    woken: list[tuple[str, float | None]] = field(default_factory=list)
    told: list[tuple[str, Sequence[int]]] = field(default_factory=list)

    @property
    def platform(self) -> Platform:
        return self.simulator.platform

    def node(self, uow: UnitOfWorkFactory | None = None, then: Callable[[], Awaitable[None]] | None = None) -> Pulling:
        """A process that has just started."""
        puller: Puller = self.puller
        if then:
            puller = Watched(self.puller, then, self.puller.limits)
        return Pulling(uow or self.anfu.uow, puller, self.anfu.intake, self.clock, self._wake, self._tell)

    def write(self, text: str, who: str = "wmZhang") -> None:
        """A customer writes; nobody is told yet."""
        session = self.platform.kf.session(KFID, who)
        line = Line("text", text, self.clock(), Speaker.CUSTOMER)
        self.platform.kf.written(session, line, {"msgtype": "text", "text": {"content": text}})

    def knock(self, token: str | None = None) -> None:
        """The platform says that there is something."""
        known = self.platform.kf.give_sync_token() if token is None else token
        self.anfu.intake.want_pull("kf", KFID, known)

    def conversation(self, who: str = "wmZhang") -> str:
        with self.anfu.uow() as uow:
            found = uow.desk.touched_since(LONG_AGO)
            return next(i for i in found if self.external_id(uow, i) == f"{KFID}:{who}")

    def external_id(self, uow: UnitOfWork, conversation_id: str) -> str:
        conversation = uow.conversations.get(conversation_id)
        return conversation.external_id if conversation else ""

    def stored(self) -> dict[str, list[str]]:
        """What each customer has said, as it is stored."""
        said: defaultdict[str, list[str]] = defaultdict(list)
        with self.anfu.uow() as uow:
            for conversation_id in uow.desk.touched_since(LONG_AGO):
                for message in uow.messages.after(conversation_id, 0):
                    if message.sender is Sender.CUSTOMER:
                        said[self.external_id(uow, conversation_id).partition(":")[2]].append(message.text)
        return dict(said)

    def _wake(self, conversation_id: str, quiet_seconds: float | None) -> None:
        self.woken.append((conversation_id, quiet_seconds))

    def sending(self) -> Sending:
        """What brings our words to the phone."""
        return Sending(
            self.anfu.uow, self.channel, self.anfu.attachments.outgoing, lambda file_id: file_id, self.anfu.scripts,
            self._tell, self.clock,
        )  # fmt: skip

    def answer(self, text: str) -> Message:
        """The bot says something."""
        conversation_id = self.conversation()
        with self.anfu.uow() as uow:
            said = [Reply(text, {"kind": "script", "id": "x"})]
            messages = uow.messages.add(conversation_id, Sender.BOT, said, self.clock())
            uow.outbox.add(messages, "kf", self.clock())
            uow.commit()
        return messages[0]

    def phone(self, who: str = "wmZhang") -> list[str]:
        """What the customer sees of ours."""
        return [reply.text for reply in self.simulator.kf.replies(KFID, who)]

    async def _tell(self, conversation_id: str, seqs: Sequence[int]) -> None:
        self.told.append((conversation_id, seqs))

    def state(self) -> str:
        conversation_id = self.conversation()
        with self.anfu.uow() as uow:
            return uow.reaches.get(conversation_id).state


@pytest.fixture
async def company(anfu: Anfu, clock: Clock) -> AsyncIterator[Company]:
    async with Simulator(Platform(clock), "http://127.0.0.1:9") as simulator:
        account = KfAccount(
            credentials.CORP_ID, credentials.KF_SECRET, credentials.KF_TOKEN, credentials.KF_AES_KEY,
            simulator.address, quiet_seconds=3,
        )  # fmt: skip
        async with KfChannel(account, anfu.uow, "a secret that is long enough", clock) as channel:
            yield Company(anfu, clock, simulator, channel, KfPuller(account, channel.api, clock))


async def drained(node: Pulling) -> int:
    """Let it work until there is nothing to do."""
    pages = 0
    while more := await node.drain():
        pages += more
    return pages


def dying(uow: UnitOfWorkFactory, at: int, after: bool) -> UnitOfWorkFactory:
    """Units of work of a process that dies at its so-manieth commit: before it, or just after."""
    commits = 0

    def work() -> UnitOfWork:
        one = uow()
        commit = one.commit

        def commit_or_die() -> None:
            nonlocal commits
            commits += 1
            if commits == at and not after:
                raise Killed
            commit()
            if commits == at:
                raise Killed

        one.commit = commit_or_die  # type: ignore[method-assign]
        return one

    return work


async def test_what_was_sent_is_stored_and_its_turns_are_noticed_once(company: Company) -> None:
    for text in ("你好", "洗衣机不转", "在吗"):
        company.write(text)
    company.knock()
    node = company.node()
    assert await drained(node) == 1
    assert company.stored() == {"wmZhang": ["你好", "洗衣机不转", "在吗"]}
    assert company.woken == [(company.conversation(), 3)]
    assert company.told == [(company.conversation(), [])]
    assert await node.drain() == 0


async def test_a_thousand_messages_over_many_pages_come_once_and_in_order(company: Company) -> None:
    expected: defaultdict[str, list[str]] = defaultdict(list)
    for number in range(1000):
        who = f"wm{number * 7 % 20}"
        expected[who].append(f"第{number}句")
        company.write(f"第{number}句", who)
    company.platform.kf.page_size = 97
    company.knock()
    assert await drained(company.node()) == 11
    assert company.stored() == dict(expected)
    assert len({conversation for conversation, _ in company.woken}) == 20


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 7))
async def test_killed_at_any_commit_nothing_is_lost_or_doubled(company: Company, at: int, after: bool) -> None:
    texts = [f"第{number}句" for number in range(8)]
    for text in texts:
        company.write(text)
    company.platform.kf.page_size = 3
    company.knock()
    with pytest.raises(Killed):
        await drained(company.node(dying(company.anfu.uow, at, after)))
    company.clock.advance(seconds=LEASE.total_seconds() + 1)
    await drained(company.node())
    assert company.stored() == {"wmZhang": texts}


async def test_killed_with_a_page_in_hand_it_is_pulled_again(company: Company) -> None:
    async def die() -> None:
        raise Killed

    company.write("你好")
    company.knock()
    with pytest.raises(Killed):
        await company.node(then=die).drain()
    assert await company.node().drain() == 0  # until the lease is over it might still be at work
    company.clock.advance(seconds=LEASE.total_seconds() + 1)
    await drained(company.node())
    assert company.stored() == {"wmZhang": ["你好"]}


async def test_a_node_that_was_thought_dead_stores_its_page_and_doubles_nothing(company: Company) -> None:
    async def stand_still() -> None:
        has_pulled.set()
        await may_go_on.wait()

    has_pulled, may_go_on = asyncio.Event(), asyncio.Event()
    texts = [f"第{number}句" for number in range(8)]
    for text in texts:
        company.write(text)
    company.platform.kf.page_size = 3
    company.knock()
    slow = asyncio.create_task(company.node(then=stand_still).drain())
    await has_pulled.wait()
    company.clock.advance(seconds=LEASE.total_seconds() + 1)
    await drained(company.node())
    assert company.stored() == {"wmZhang": texts}
    woken = list(company.woken)
    may_go_on.set()
    await slow
    company.write("又一句")
    company.knock()
    await drained(company.node())
    assert company.stored() == {"wmZhang": [*texts, "又一句"]}
    assert company.woken == [*woken, woken[0]]


async def test_two_nodes_at_once_store_everything_once_and_in_order(company: Company) -> None:
    texts = [f"第{number}句" for number in range(60)]
    for text in texts:
        company.write(text)
    company.platform.kf.page_size = 7
    company.knock()
    nodes = [company.node(), company.node()]
    while sum(await asyncio.gather(*(node.drain() for node in nodes))):
        pass
    assert company.stored() == {"wmZhang": texts}


async def test_news_that_nobody_heard_are_found_at_the_next_start_and_every_hour(company: Company) -> None:
    company.write("第一句")
    company.knock()
    await drained(company.node())
    company.write("停机时的一句")
    node = company.node()
    await drained(node)
    assert company.stored() == {"wmZhang": ["第一句", "停机时的一句"]}
    company.write("断网时的一句")
    assert await node.drain() == 0
    company.clock.advance(hours=1)
    await drained(node)
    assert company.stored() == {"wmZhang": ["第一句", "停机时的一句", "断网时的一句"]}


async def test_the_same_news_twice_brings_everything_once(company: Company) -> None:
    company.write("你好")
    company.knock()
    company.knock()
    await drained(company.node())
    company.knock()
    await drained(company.node())
    assert company.stored() == {"wmZhang": ["你好"]}
    assert len(company.woken) == 1


async def test_news_that_come_while_a_page_is_in_hand_are_not_lost(company: Company) -> None:
    async def news() -> None:
        if not company.woken:
            company.write("第二句")
            await asyncio.to_thread(company.knock)

    company.write("第一句")
    company.knock()
    assert await drained(company.node(then=news)) == 2
    assert company.stored() == {"wmZhang": ["第一句", "第二句"]}


@pytest.mark.parametrize("lose", [lambda token: "", lambda token: token[::-1]], ids=["no token", "a wrong token"])
async def test_without_the_callbacks_token_it_takes_longer_and_nothing_is_lost(
    company: Company, lose: Callable[[str], str]
) -> None:
    texts = [f"第{number}句" for number in range(8)]
    for text in texts:
        company.write(text)
    company.platform.kf.page_size = 3
    company.knock(lose(company.platform.kf.give_sync_token()))
    node, passed = company.node(), 0
    while company.stored() != {"wmZhang": texts}:
        await drained(node)
        company.clock.advance(seconds=10)
        passed += 10
        assert passed < 600
    assert passed > 60  # without a token the platform may be asked once a minute


async def test_a_platform_that_is_busy_is_left_alone_for_longer_and_longer(company: Company) -> None:
    company.write("你好")
    company.knock()
    company.simulator.faults.busy = True
    node, asked = company.node(), []
    for second in range(40):
        before = len(company.platform.calls)
        assert await node.drain() == 0
        if len(company.platform.calls) > before:
            asked.append(second)
        company.clock.advance(seconds=1)
    assert asked == [0, 2, 6, 14, 30]
    company.simulator.faults.busy = False
    company.clock.advance(seconds=LONGEST_BACKOFF.total_seconds())
    await drained(node)
    assert company.stored() == {"wmZhang": ["你好"]}


async def test_who_has_come_in_is_greeted_and_gets_no_turn(company: Company) -> None:
    company.platform.kf.entered(company.platform.kf.session(KFID, "wmZhang"))
    company.knock()
    await drained(company.node())
    assert company.woken == []
    company.write("你好")
    company.knock()
    await drained(company.node())
    conversation_id = company.conversation()
    with company.anfu.uow() as uow:
        messages = uow.messages.after(conversation_id, 0)
    assert [message.sender for message in messages] == [Sender.BOT, Sender.CUSTOMER]


async def test_a_session_that_people_have_in_wecom_is_known_until_the_customer_writes_after_its_end(
    company: Company,
) -> None:
    company.write("你好")
    session = company.platform.kf.session(KFID, "wmZhang")
    company.platform.kf.taken(session, "xiaozhao")
    company.platform.kf.person_wrote(session, "我是小赵")
    company.knock()
    await drained(company.node())
    assert company.state() == WITH_PEOPLE
    company.write("好的")
    company.knock()
    await drained(company.node())
    assert company.state() == WITH_PEOPLE
    company.platform.kf.ended(session)
    company.knock()
    await drained(company.node())
    assert company.state() == ENDED
    company.write("还有一个问题")
    company.knock()
    await drained(company.node())
    assert company.state() == ""
    assert company.told == [(company.conversation(), [])] * 4
    assert company.stored() == {"wmZhang": ["你好", "好的", "还有一个问题"]}


async def test_what_customers_write_to_colleagues_in_wecom_is_for_those_to_answer(company: Company) -> None:
    company.write("你好")
    company.knock()
    await drained(company.node())
    session = company.platform.kf.session(KFID, "wmZhang")
    company.platform.kf.taken(session, "xiaozhao")
    company.knock()
    await drained(company.node())
    company.woken.clear()
    company.write("师傅几点来")
    company.knock()
    await drained(company.node())
    assert company.woken == []
    conversation_id = company.conversation()
    with company.anfu.uow() as uow:
        assert uow.messages.unanswered(conversation_id) == []
    assert company.stored() == {"wmZhang": ["你好", "师傅几点来"]}


async def test_a_session_of_nobody_we_know_changes_nothing(company: Company) -> None:
    session = company.platform.kf.session(KFID, "wmZhang")
    company.platform.kf.taken(session, "xiaozhao")
    company.knock()
    assert await drained(company.node()) == 1
    assert company.stored() == {}


async def test_a_message_that_did_not_arrive_after_all_is_marked_for_the_desk(company: Company) -> None:
    company.write("你好")
    company.knock()
    await drained(company.node())
    conversation_id = company.conversation()
    with company.anfu.uow() as uow:
        said = [Reply(text, {"kind": "script", "id": "x"}) for text in ("请问是哪一台？", "什么时候买的？", "好的")]
        sent = uow.messages.add(conversation_id, Sender.BOT, said, company.clock())
        uow.messages.mark_delivery([message.id for message in sent], "sent")
        uow.commit()
    parcel = next_parcel(sent[:2], company.puller.limits)
    session = company.platform.kf.session(KFID, "wmZhang")
    company.platform.kf._tell(session, {"event_type": "msg_send_fail", "fail_msgid": parcel.id, "fail_type": 10})
    company.platform.kf._tell(session, {"event_type": "msg_send_fail", "fail_msgid": "of-nobody", "fail_type": 4})
    company.knock()
    await drained(company.node())

    assert company.told[1:] == [(conversation_id, [message.seq for message in sent[:2]])]

    def delivery(message: Message) -> tuple[str | None, str | None]:
        return message.delivery, message.delivery_note

    with company.anfu.uow() as uow:
        now = {message.id: delivery(message) for message in uow.messages.after(conversation_id, 0)}
    assert [now[message.id] for message in sent] == [
        ("failed", "企业微信说没有送到：客户拒收"), ("failed", "企业微信说没有送到：客户拒收"), ("sent", None),
    ]  # fmt: skip


async def test_the_answer_reaches_the_phone_in_one_message_with_the_greeting(company: Company) -> None:
    company.platform.kf.entered(company.platform.kf.session(KFID, "wmZhang"))
    company.knock()
    await drained(company.node())
    await company.sending().drain()
    assert company.phone() == []  # who has only come in may not be written to
    company.write("洗衣机不转")
    company.knock()
    await drained(company.node())
    company.answer("请问插座有电吗？")
    await company.sending().drain()
    (seen,) = company.phone()
    assert seen.endswith("\n\n请问插座有电吗？")
    assert company.platform.sent_beyond_quota == 0


async def test_what_we_say_while_people_have_the_session_waits_and_says_why(company: Company) -> None:
    company.write("你好")
    company.knock()
    await drained(company.node())
    company.platform.kf.taken(company.platform.kf.session(KFID, "wmZhang"), "xiaozhao")
    message = company.answer("请问插座有电吗？")
    await company.sending().drain()
    assert company.phone() == []
    with company.anfu.uow() as uow:
        stored = uow.messages.get(message.id)
    assert stored
    assert (stored.delivery, "正在接待" in (stored.delivery_note or "")) == ("waiting", True)
