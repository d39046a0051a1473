"""The website: customers read stored messages by `after=seq`, so sending is to wake who waits."""

from collections.abc import AsyncIterator
from types import TracebackType

from bot.domain.errors import MediaGone
from bot.domain.incoming import Media
from bot.domain.reach import UNLIMITED
from bot.services.ports import Wakeups
from bot.services.ports.channels import SENT, Check, Envelope, Receipt


class WebChannel:
    """Implements `ports.Channel` for the website and the terminal."""

    name = "web"
    limits = UNLIMITED

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups

    async def __aenter__(self) -> "WebChannel":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def send(self, envelope: Envelope) -> Receipt:
        """Wake the conversation's readers; they fetch what they have not seen."""
        await self._wakeups.publish(envelope.conversation_id)
        return SENT

    async def show_typing(self, external_id: str) -> None:
        """Nothing to do: the website's readers hear it from the gateway."""

    async def fetch(self, media: Media) -> AsyncIterator[bytes]:
        """The website's files come with the message itself."""
        raise MediaGone("网页上的文件随消息一起传来，不用再取")
        yield b""

    async def check(self) -> list[Check]:
        """There is nothing between us and the website."""
        return [Check("网页", True, "由本服务直接提供")]
