"""Customers' files on platforms: each becomes one attachment, or the message says why not (W5)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.channels.kf.account import KfAccount
from bot.adapters.channels.kf.channel import KfChannel
from bot.bootstrap import Anfu
from bot.domain.attachment import MOST_BYTES, Attachment, fetched_name
from bot.domain.conversation import Conversation
from bot.domain.incoming import Incoming, Media
from bot.domain.message import Message
from bot.services import media_fetching
from bot.services.attachments import MOST_A_DAY
from bot.services.media_fetching import FIRST_WAIT, LEASE, LONGER_BY, TRIES, MediaFetching
from bot.services.ports import Upload
from bot.simulator import credentials
from bot.simulator.platform import Platform
from bot.simulator.server import Simulator
from tests.integration.fixtures_database import NOON, Clock

JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 300_000
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100
AMR = b"#!AMR\n" + b"\x3c" * 500
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500
CUSTOMER = f"{credentials.OPEN_KFID}:wmZhang"


@dataclass
class Desk:
    """What the desk sees of customers' files."""

    anfu: Anfu
    clock: Clock
    simulator: Simulator
    channel: KfChannel
    told: list[tuple[str, Sequence[int]]] = field(default_factory=list)
    sent: int = 0

    @property
    def platform(self) -> Platform:
        return self.simulator.platform

    def fetching(self, attachments: Any = None) -> MediaFetching:
        """A process that has just started."""
        return MediaFetching(self.anfu.uow, self.channel, attachments or self.anfu.attachments, self.clock, self.tell)

    async def tell(self, conversation_id: str, seqs: Sequence[int]) -> None:
        self.told.append((conversation_id, seqs))

    def comes(self, kind: str, content: bytes, name: str = "", **more: Any) -> Message:
        """A customer's file comes in, and still lies with the platform."""
        media = self.platform.media.add(kind, name or "x", "application/octet-stream", content)
        return self.announced(Media(media.id, kind, name), **more)

    def announced(self, media: Media, **more: Any) -> Message:
        self.sent += 1
        words = {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "file": "[文件]"}[media.kind]
        said = {"text": words, "source": {"kind": "media", "media": media.kind}, **more}
        incoming = Incoming(CUSTOMER, f"k:{self.sent}", at=self.clock(), media=media, **said)
        received = self.anfu.intake.receive("kf", self.channel.limits, incoming)
        with self.anfu.uow() as uow:
            message = uow.messages.by_dedupe_key(received.conversation_id, f"k:{self.sent}")
        assert message
        return message

    def now(self, message: Message) -> Message:
        """The message as it is stored now."""
        with self.anfu.uow() as uow:
            stored = uow.messages.get(message.id)
        assert stored
        return stored

    def files(self) -> list[Attachment]:
        with self.anfu.uow() as uow:
            opened = Conversation("", "kf", CUSTOMER, self.clock())
            conversation = uow.conversations.lock_of(opened, or_open=False)
            assert conversation
            return uow.attachments.find(conversation_id=conversation.id)

    def content(self, message: Message) -> bytes:
        """What a customer's message has brought."""
        file_id = (self.now(message).source or {})["id"]
        _, path = self.anfu.attachments.for_customer(message.conversation_id, file_id)
        return Path(path).read_bytes()


@pytest.fixture
async def desk(anfu: Anfu, clock: Clock) -> AsyncIterator[Desk]:
    async with Simulator(Platform(clock), "http://127.0.0.1:9") as simulator:
        account = KfAccount(
            credentials.CORP_ID, credentials.KF_SECRET, credentials.KF_TOKEN, credentials.KF_AES_KEY, simulator.address
        )
        async with KfChannel(account, anfu.uow, "a secret that is long enough", clock) as channel:
            yield Desk(anfu, clock, simulator, channel)


async def drained(fetching: MediaFetching) -> int:
    dealt = 0
    while more := await fetching.drain():
        dealt += more
    return dealt


@pytest.mark.parametrize(
    ("kind", "content", "name", "text", "type_"),
    [
        ("image", JPEG, "", "[图片] 图片-120000.jpg", "image/jpeg"),
        ("image", PNG, "", "[图片] 图片-120000.png", "image/png"),
        ("voice", AMR, "", "[语音] 语音-120000.amr", "audio/amr"),
        ("video", MP4, "", "[视频] 视频-120000.mp4", "video/mp4"),
        ("file", b"%PDF-1.7 ...", "发票.PDF", "[文件] 发票.PDF", "application/pdf"),
        ("file", PNG, "照片.jpg", "[文件] 照片.png", "image/png"),
        ("file", "型号 XQG100".encode(), "../a/铭牌", "[文件] 铭牌.txt", "text/plain"),
    ],
)  # fmt: skip
async def test_a_file_becomes_an_attachment_and_the_message_tells_of_it(
    desk: Desk, kind: str, content: bytes, name: str, text: str, type_: str
) -> None:
    message = desk.comes(kind, content, name)
    assert await drained(desk.fetching()) == 1
    (file,) = desk.files()
    now = desk.now(message)
    assert (now.text, now.source) == (text, {"kind": "attachment", "media": kind, "id": file.id})
    assert (file.type, file.size, file.added_by, file.conversation_id) == (
        type_, len(content), "customer", message.conversation_id,
    )  # fmt: skip
    assert desk.content(message) == content
    assert desk.told == [(message.conversation_id, [message.seq])]
    assert await desk.fetching().drain() == 0


async def test_what_a_voice_message_was_heard_to_say_stays_what_the_customer_said(desk: Desk) -> None:
    message = desk.comes("voice", AMR, text="我要退货", source={"kind": "voice"})
    await drained(desk.fetching())
    (file,) = desk.files()
    assert (desk.now(message).text, desk.now(message).source) == ("我要退货", {"kind": "voice", "file": file.id})


@pytest.mark.parametrize(
    ("media", "text"),
    [
        (("image", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "[图片，没能取到：这种格式不能收]"),
        (("file", b"MZ" + b"\x00" * 500), "[文件，没能取到：这种格式不能收]"),
        (("file", JPEG * (MOST_BYTES // len(JPEG) + 1)), "[文件，没能取到：超过 10 MB]"),
    ],
)  # fmt: skip
async def test_what_may_not_come_stays_away_and_the_message_says_why(
    desk: Desk, media: tuple[str, bytes], text: str
) -> None:
    message = desk.comes(*media)
    await drained(desk.fetching())
    now = desk.now(message)
    assert (now.text, desk.files()) == (text, [])
    assert now.source == {"kind": "media", "media": media[0], "failed": text.partition("：")[2].removesuffix("]")}
    assert desk.told == [(message.conversation_id, [message.seq])]


async def test_what_the_platform_no_longer_has_is_said_to_be_gone(desk: Desk) -> None:
    message = desk.comes("image", JPEG)
    desk.platform.advance(timedelta(days=3))
    await drained(desk.fetching())
    assert "没能取到：企业微信返回 40007" in desk.now(message).text


async def test_a_heard_voice_whose_recording_is_gone_keeps_its_words(desk: Desk) -> None:
    message = desk.announced(Media("gone", "voice"), text="我要退货", source={"kind": "voice"})
    await drained(desk.fetching())
    assert desk.now(message).text == "我要退货"
    assert (desk.now(message).source or {})["failed"]


async def test_a_platform_that_is_down_is_tried_five_times_and_then_no_more(desk: Desk) -> None:
    message = desk.comes("image", JPEG)
    desk.simulator.faults.down = True
    for attempt in range(TRIES):
        assert await drained(desk.fetching()) == 1
        assert await drained(desk.fetching()) == 0
        desk.clock.advance(seconds=(FIRST_WAIT * LONGER_BY**attempt).total_seconds())
    assert desk.now(message).text == "[图片，没能取到：试了 5 次都没有成功]"
    desk.simulator.faults.down = False
    desk.clock.advance(hours=1)
    assert await drained(desk.fetching()) == 0


async def test_a_platform_that_is_back_gives_it_after_all(desk: Desk) -> None:
    message = desk.comes("image", JPEG)
    desk.simulator.faults.busy = True
    await drained(desk.fetching())
    assert desk.now(message).text == "[图片]"
    desk.simulator.faults.busy = False
    desk.clock.advance(seconds=FIRST_WAIT.total_seconds())
    await drained(desk.fetching())
    assert desk.content(message) == JPEG


async def test_a_slow_platform_is_left_and_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_fetching, "WITHIN_SECONDS", 0.05)
    message = desk.comes("image", JPEG)
    desk.simulator.faults.slow_seconds = 0.2
    await drained(desk.fetching())
    assert desk.now(message).text == "[图片]"
    desk.simulator.faults.slow_seconds = 0.0
    monkeypatch.setattr(media_fetching, "WITHIN_SECONDS", 50)
    desk.clock.advance(seconds=FIRST_WAIT.total_seconds())
    await drained(desk.fetching())
    assert len(desk.files()) == 1


class Killed(BaseException):
    """The process is gone."""


class Dying:
    """The attachments of a process that dies before or after it has stored one."""

    def __init__(self, anfu: Anfu, after: bool) -> None:
        self._anfu = anfu
        self._after = after

    def receive(self) -> tuple[str, Upload]:
        return self._anfu.attachments.receive()

    def keep_fetched(self, *what: Any) -> None:
        if self._after:
            self._anfu.attachments.keep_fetched(*what)
        raise Killed


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_while_it_is_stored_it_is_there_once(desk: Desk, after: bool) -> None:
    message = desk.comes("image", JPEG)
    with pytest.raises(Killed):
        await desk.fetching(Dying(desk.anfu, after)).drain()
    desk.clock.advance(seconds=LEASE.total_seconds() + 1)
    await drained(desk.fetching())
    assert len(desk.files()) == 1
    assert desk.content(message) == JPEG


async def test_two_nodes_at_once_fetch_each_file_once(desk: Desk) -> None:
    messages = [desk.comes("image", JPEG + bytes([number])) for number in range(10)]
    nodes = [desk.fetching(), desk.fetching()]
    while sum(await asyncio.gather(*(node.drain() for node in nodes))):
        pass
    assert len(desk.files()) == len(messages)
    assert [desk.content(message) for message in messages] == [JPEG + bytes([n]) for n in range(10)]
    assert sorted(seq for _, (seq,) in desk.told) == [message.seq for message in messages]


async def test_a_node_that_was_thought_dead_stores_nothing_twice(desk: Desk) -> None:
    message = desk.comes("image", JPEG)
    (slow,) = desk.fetching()._take()
    desk.clock.advance(seconds=LEASE.total_seconds() + 1)
    await drained(desk.fetching())
    await desk.fetching()._deal_with(slow)
    assert len(desk.files()) == 1
    assert desk.told == [(message.conversation_id, [message.seq])]


async def test_one_customer_may_not_fill_the_disk_in_a_day(desk: Desk) -> None:
    for number in range(MOST_A_DAY + 1):
        last = desk.comes("file", f"第{number}份".encode())
    await drained(desk.fetching())
    assert len(desk.files()) == MOST_A_DAY
    with desk.anfu.uow() as uow:
        texts = [message.text for message in uow.messages.after(last.conversation_id, 0)]
    assert f"[文件，没能取到：这个会话一天里已有 {MOST_A_DAY} 个文件]" in texts
    desk.clock.advance(days=1)
    tomorrow = desk.comes("file", "第二天".encode())
    await drained(desk.fetching())
    assert desk.content(tomorrow) == "第二天".encode()


@pytest.mark.parametrize(
    ("name", "kind", "type_", "called"),
    [
        ("", "image", "image/webp", "图片-120000.webp"),
        ("a.jpeg", "image", "image/jpeg", "a.jpeg"),
        ("没有扩展名", "file", "application/pdf", "没有扩展名.pdf"),
        ("坏.exe", "file", "text/plain", "坏.txt"),
        ("..", "file", "text/plain", "附件.txt"),
        ("长" * 200, "file", "image/png", f"{'长' * 76}.png"),
        ("x/y\\z:报告.v2.pdf", "file", "application/pdf", "报告.v2.pdf"),
    ],
)  # fmt: skip
def test_a_fetched_file_is_called_by_what_is_in_it(name: str, kind: str, type_: str, called: str) -> None:
    assert fetched_name(name, kind, type_, NOON) == called
