"""Each channel with a stand for what lies behind it, so that the same suite can try them all.

A new channel joins by a class here and a line in `CONTESTANTS`; see docs/channels.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.adapters.channels.folder import FolderChannel
from bot.adapters.channels.kf.account import KfAccount
from bot.adapters.channels.kf.channel import KfChannel
from bot.adapters.channels.wechat.account import WeChatAccount
from bot.adapters.channels.wechat.channel import WeChatChannel
from bot.domain.incoming import Media
from bot.services.ports import UnitOfWorkFactory
from bot.services.ports.channels import Channel, Envelope
from bot.simulator import credentials
from bot.simulator.platform import Platform
from bot.simulator.server import Simulator
from tests.integration.fixtures_database import Clock

SECRET = "a secret of the service, long enough"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 200_000 + b"\xff\xd9"


@dataclass(frozen=True)
class Needs:
    """What a stand is built with."""

    uow: UnitOfWorkFactory
    clock: Clock
    folder: Path


class Contestant(Protocol):
    """A channel and what lies behind it.

    Attributes:
        customer: somebody who may be written to now.
        secrets: what may never stand in a reason.
    """

    channel: Channel
    customer: str
    secrets: tuple[str, ...]

    def times_seen(self, envelope: Envelope) -> int:
        """How often the customer has got it."""
        ...

    async def write(self) -> None:
        """The customer writes something, so that they may be written to again."""
        ...

    async def lay_down(self, content: bytes) -> Media | None:
        """The customer's file, as the platform keeps it; None where files come with their messages."""
        ...

    def break_down(self) -> None:
        """Nobody answers any more."""
        ...

    def talk_nonsense(self) -> None:
        """Something answers, but not what it should."""
        ...

    def lose_answers(self) -> None:
        """Everything arrives, and nobody says so."""
        ...


@dataclass
class Folder:
    """The example."""

    channel: Channel
    place: Path
    customer: str = "zhang"
    secrets: tuple[str, ...] = ()

    def times_seen(self, envelope: Envelope) -> int:
        files = (self.place / self.customer).glob("*.txt")
        return [path.read_text(encoding="utf-8") for path in files].count(envelope.text)

    async def write(self) -> None: ...

    async def lay_down(self, content: bytes) -> Media | None:
        (self.place / "files").mkdir(parents=True, exist_ok=True)
        (self.place / "files" / "m1").write_bytes(content)
        return Media("m1", "image")

    def break_down(self) -> None:
        if self.place.is_dir():
            self.place.rename(self.place.with_name("gone"))
            self.place.write_text("a file where the folder was")

    def talk_nonsense(self) -> None:
        self.break_down()

    def lose_answers(self) -> None: ...


@dataclass
class Simulated:
    """What the two of WeChat share."""

    channel: Channel
    simulator: Simulator
    customer: str
    secrets: tuple[str, ...]

    async def lay_down(self, content: bytes) -> Media | None:
        stored = self.simulator.platform.media.add("image", "photo.jpg", "image/jpeg", content)
        return Media(stored.id, "image")

    def break_down(self) -> None:
        self.simulator.faults.down = True

    def talk_nonsense(self) -> None:
        self.simulator.faults.nonsense = True

    def lose_answers(self) -> None:
        self.simulator.faults.loses_answers = True


class WeChat(Simulated):
    """The 公众号, in the simulator."""

    def times_seen(self, envelope: Envelope) -> int:
        return [reply.text for reply in self.simulator.replies(self.customer)].count(envelope.text)

    async def write(self) -> None:
        await self.simulator.say(self.customer, "在吗")


class Kf(Simulated):
    """微信客服, in the simulator."""

    def times_seen(self, envelope: Envelope) -> int:
        account, who = self.customer.split(":")
        return [reply.text for reply in self.simulator.kf.replies(account, who)].count(envelope.text)

    async def write(self) -> None:
        account, who = self.customer.split(":")
        await self.simulator.kf.say(account, who, "在吗")


@asynccontextmanager
async def folder(needs: Needs) -> AsyncIterator[Contestant]:
    place = needs.folder / "drop"
    place.mkdir()
    async with FolderChannel(place) as channel:
        yield Folder(channel, place)


@asynccontextmanager
async def wechat(needs: Needs) -> AsyncIterator[Contestant]:
    async with Simulator(Platform(needs.clock), "http://127.0.0.1:9", retry_after=0.01) as simulator:
        account = WeChatAccount(
            credentials.APP_ID, credentials.SECRET, credentials.TOKEN, credentials.AES_KEY, api=simulator.address
        )
        async with WeChatChannel(account, needs.uow, SECRET, needs.clock) as channel:
            secrets = (credentials.SECRET, credentials.TOKEN, credentials.AES_KEY)
            stand = WeChat(channel, simulator, "openid-1", secrets)
            await stand.write()
            yield stand


@asynccontextmanager
async def kf(needs: Needs) -> AsyncIterator[Contestant]:
    async with Simulator(Platform(needs.clock), "http://127.0.0.1:9", retry_after=0.01) as simulator:
        account = KfAccount(
            credentials.CORP_ID, credentials.KF_SECRET, credentials.KF_TOKEN, credentials.KF_AES_KEY, simulator.address
        )
        async with KfChannel(account, needs.uow, SECRET, needs.clock) as channel:
            secrets = (credentials.KF_SECRET, credentials.KF_TOKEN, credentials.KF_AES_KEY)
            stand = Kf(channel, simulator, f"{credentials.OPEN_KFID}:wm-1", secrets)
            await stand.write()
            yield stand


CONTESTANTS: dict[str, Callable[[Needs], AbstractAsyncContextManager[Contestant]]] = {
    "folder": folder, "wechat": wechat, "kf": kf,
}  # fmt: skip
