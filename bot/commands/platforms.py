"""The platforms that customers write from: what is opened for each of them with the service."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.accounts import kf_account, wechat_account
from bot.adapters.channels.kf.channel import KfChannel
from bot.adapters.channels.kf.door import KfDoor
from bot.adapters.channels.kf.puller import KfPuller
from bot.adapters.channels.wechat.channel import WeChatChannel
from bot.adapters.channels.wechat.door import WeChatDoor
from bot.services.media_fetching import MediaFetching
from bot.services.ports import Wakeups
from bot.services.ports.channels import Channel, Door, Puller
from bot.services.pulling import Pulling
from bot.services.sending import LINK_DAYS, Sending
from bot.workers import Worker
from bot.workers.draining import Draining

if TYPE_CHECKING:
    from bot.bootstrap import Anfu

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Platform:
    """One platform: how messages go out, where it calls us, and what is fetched from it."""

    channel: Channel
    door: Door
    puller: Puller | None = None


def platforms_of(anfu: "Anfu") -> list[Platform]:
    """Those that the settings name.

    Raises:
        InvalidInput: a key in the settings cannot be one.
    """
    settings, content, clock = anfu.settings, anfu.content.channels, anfu.clock
    found: list[Platform] = []
    if account := wechat_account(settings, content):
        channel = WeChatChannel(account, anfu.uow, settings.secret(), clock, f"{settings.address}/wechat")
        found.append(Platform(channel, WeChatDoor(account, clock)))
    if kf := kf_account(settings, content):
        line = KfChannel(kf, anfu.uow, settings.secret(), clock, f"{settings.address}/kf")
        found.append(Platform(line, KfDoor(kf, clock), KfPuller(kf, line.api, clock)))
    return found


@dataclass
class Lines:
    """What runs for the platforms while the service does.

    Attributes:
        notice: sees to it that a conversation is answered.
        workers: to be started and stopped with the service.
    """

    anfu: "Anfu"
    platforms: Sequence[Platform]
    wakeups: Wakeups
    notice: Callable[[str, float | None], None]
    workers: list[Worker] = field(default_factory=list)
    _sending: dict[str, Sending] = field(default_factory=dict)
    _outboxes: list[Draining] = field(default_factory=list)
    _pullers: list[Draining] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for platform in self.platforms:
            self._add(platform)

    @property
    def doors(self) -> Mapping[str, Door]:
        """Where the platforms call us, by the last part of the address."""
        return {platform.door.channel: platform.door for platform in self.platforms}

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        """Open the connections; they are closed with the stack."""
        for platform in self.platforms:
            await stack.enter_async_context(platform.channel)

    def wake_outboxes(self) -> None:
        """Something was stored: send it now."""
        for outbox in self._outboxes:
            outbox.wake()

    def wake_pullers(self) -> None:
        """A platform has more: fetch it now."""
        for puller in self._pullers:
            puller.wake()

    def pick_up(self, conversation_id: str) -> str | None:
        """What waits for a customer who asks, where the platform only lets us answer (W1)."""
        passive = (platform.channel for platform in self.platforms if platform.channel.limits.passive)
        return next((self._sending[channel.name].pick_up(conversation_id) for channel in passive), None)

    def show_typing(self, conversation_id: str) -> None:
        """Let the customer see that a person writes; failing matters to nobody."""
        task = asyncio.get_running_loop().create_task(self._show_typing(conversation_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _show_typing(self, conversation_id: str) -> None:
        def read() -> tuple[str, str]:
            with self.anfu.reading() as uow:
                conversation = uow.conversations.get(conversation_id)
            return (conversation.channel, conversation.external_id) if conversation else ("", "")

        name, external_id = await asyncio.to_thread(read)
        for platform in self.platforms:
            if platform.channel.name == name:
                await platform.channel.show_typing(external_id)

    def _add(self, platform: Platform) -> None:
        anfu, channel = self.anfu, platform.channel
        sending = Sending(
            anfu.uow, channel, anfu.attachments.outgoing, self._link_to, anfu.scripts, self._changed, anfu.clock
        )  # fmt: skip
        self._sending[channel.name] = sending
        outbox = Draining(sending.drain)
        self._outboxes.append(outbox)
        fetching = MediaFetching(anfu.uow, channel, anfu.attachments, anfu.clock, self._changed)
        self.workers += [outbox, Draining(fetching.drain)]
        if platform.puller:
            pulling = Pulling(anfu.uow, platform.puller, anfu.intake, anfu.clock, self.notice, self._changed)
            puller = Draining(pulling.drain)
            self._pullers.append(puller)
            self.workers.append(puller)

    def _link_to(self, file_id: str) -> str:
        return self.anfu.links.make("file", file_id, self.anfu.clock(), LINK_DAYS)

    async def _changed(self, conversation_id: str, seqs: Sequence[int]) -> None:
        """The desk shows these messages anew; and who waits for an answer hears that one may be there."""
        frame = {"type": "restated", "conversation_id": conversation_id, "seqs": list(seqs)}
        await self.wakeups.pass_on(frame)
        await self.wakeups.publish(conversation_id)
