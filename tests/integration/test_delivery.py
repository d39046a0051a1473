"""The outbox: in order, until it arrives, one conversation's trouble never another's (invariant 3)."""

import uuid
from collections.abc import AsyncIterator, Callable

import pytest

from bot.domain.incoming import Media
from bot.domain.message import Reply, Sender
from bot.domain.reach import UNLIMITED
from bot.services.delivery import LONGEST_BACKOFF, Deliveries
from bot.services.ports import UnitOfWorkFactory
from bot.services.ports.channels import SENT, Check, Envelope, Receipt
from tests.integration.fixtures_database import Clock

Open = Callable[[], str]


class Line:
    """The sending half of `ports.Channel`; conversations in `cut` cannot be reached."""

    name = "web"
    limits = UNLIMITED

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.tried = 0
        self.cut: set[str] = set()

    async def send(self, envelope: Envelope) -> Receipt:
        self.tried += 1
        if envelope.conversation_id in self.cut:
            raise ConnectionError("cut")
        self.arrived.append(envelope.text)
        return SENT

    async def __aenter__(self) -> "Line":
        return self

    async def __aexit__(self, *_: object) -> None: ...
    async def show_typing(self, external_id: str) -> None: ...
    def fetch(self, media: Media) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def check(self) -> list[Check]:
        return []


class Post:
    """What is sent, and the worker's step that brings it."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self.uow, self.clock, self.line = uow, clock, Line()
        self.deliveries = Deliveries(uow, self.line, clock)

    def send(self, conversation: str, *texts: str, channel: str = "web") -> None:
        for text in texts:
            with self.uow() as work:
                (message,) = work.messages.add(conversation, Sender.BOT, [Reply(text, {})], self.clock())
                work.outbox.add([message], channel, self.clock())
                work.commit()

    async def drain(self) -> list[str]:
        """Drain once; what arrived by it."""
        before = len(self.line.arrived)
        count = await self.deliveries.drain()
        assert count == len(self.line.arrived) - before
        return self.line.arrived[before:]


@pytest.fixture
def post(uow: UnitOfWorkFactory, clock: Clock) -> Post:
    return Post(uow, clock)


async def test_what_was_said_arrives_in_order_and_once(post: Post, open_conversation: Open) -> None:
    post.send(open_conversation(), "一", "二", "三")
    assert await post.drain() == ["一", "二", "三"]
    assert await post.drain() == []


async def test_more_than_a_batch_arrives_in_order(post: Post, open_conversation: Open) -> None:
    said = [str(n) for n in range(120)]
    post.send(open_conversation(), *said)
    while await post.drain():
        pass
    assert post.line.arrived == said


async def test_a_message_that_fails_holds_the_later_ones_and_other_conversations_go_on(
    post: Post, open_conversation: Open
) -> None:
    bad, good = open_conversation(), open_conversation()
    post.line.cut = {bad}
    post.send(bad, "一", "二")
    post.send(good, "甲", "乙")
    assert await post.drain() == ["甲", "乙"]
    post.send(good, "丙")
    assert await post.drain() == ["丙"]


async def test_a_message_that_failed_is_tried_again_later_and_still_first(post: Post, open_conversation: Open) -> None:
    conversation = open_conversation()
    post.line.cut = {conversation}
    post.send(conversation, "一", "二")
    await post.drain()
    post.line.cut = set()
    assert await post.drain() == [], "too early"
    post.clock.advance(seconds=1)
    assert await post.drain() == ["一", "二"]


async def test_each_failure_waits_longer_up_to_a_limit(post: Post, open_conversation: Open) -> None:
    conversation = open_conversation()
    post.line.cut = {conversation}
    post.send(conversation, "一")
    waits = []
    for _ in range(12):
        tried, waited = post.line.tried, 0
        while post.line.tried == tried:
            await post.drain()
            if post.line.tried == tried:
                post.clock.advance(seconds=1)
                waited += 1
        waits.append(waited)
    assert waits[:5] == [0, 1, 2, 4, 8]
    assert waits[-1] == LONGEST_BACKOFF.total_seconds()


async def test_a_channel_that_is_down_for_days_harms_nobody_and_delivers_in_the_end(
    post: Post, open_conversation: Open
) -> None:
    bad, good = open_conversation(), open_conversation()
    post.line.cut = {bad}
    post.send(bad, "一", "二")
    for _ in range(100):
        await post.drain()
        post.clock.advance(seconds=LONGEST_BACKOFF.total_seconds())
    post.send(good, "甲")
    assert await post.drain() == ["甲"]
    post.line.cut = set()
    post.clock.advance(seconds=LONGEST_BACKOFF.total_seconds())
    assert await post.drain() == ["一", "二"]


async def test_a_message_for_an_unknown_channel_waits_and_harms_nobody(post: Post, open_conversation: Open) -> None:
    post.send(open_conversation(), "谁来送", channel=f"channel-{uuid.uuid4().hex[:8]}")
    post.send(open_conversation(), "甲")
    assert await post.drain() == ["甲"]
