"""The way to customers of a 公众号: 客服消息 (W2)."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from bot.adapters.channels.calls import ANSWER_WITHIN, NoAnswer, NotSent, Refusal
from bot.adapters.channels.wechat.account import CHOICES, IMAGES, NAME, PASSIVE, WeChatAccount
from bot.adapters.channels.wechat.api import WeChatApi
from bot.adapters.channels.wechat.crypto import FRESH_FOR, KEY_CHARS, is_key, sign
from bot.adapters.channels.wechat.refusals import receipt_of
from bot.domain.errors import ChannelFailure
from bot.domain.incoming import Media
from bot.services.ports import Clock, UnitOfWorkFactory
from bot.services.ports.channels import SENT, Check, Envelope, Outcome, OutgoingFile, Receipt

MOST_IMAGE_BYTES = 10 * 1024 * 1024


class Unsendable(Exception):
    """A file that WeChat never takes; the message says why."""


class WeChatChannel:
    """Implements `ports.Channel` for one 公众号."""

    name = NAME

    def __init__(
        self, account: WeChatAccount, uow: UnitOfWorkFactory, secret: str, clock: Clock, callback_url: str = "",
        timeout: float = ANSWER_WITHIN,
    ) -> None:  # fmt: skip
        """Open nothing yet.

        Args:
            secret: the service's; access tokens are stored sealed with it.
            callback_url: where the platform calls us, to be checked.
            timeout: how many seconds the platform may take to answer.
        """
        self.limits = account.limits
        self._account = account
        self._clock = clock
        self._callback_url = callback_url
        self._api = WeChatApi(account, uow, secret, clock, timeout)

    async def __aenter__(self) -> "WeChatChannel":
        await self._api.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._api.__aexit__()

    async def send(self, envelope: Envelope) -> Receipt:
        """Bring it to the customer: words, words with choices, or an image."""
        try:
            await self._api.send({"touser": envelope.external_id, **await self._content(envelope)})
        except Unsendable as reason:
            return Receipt(Outcome.REFUSED, str(reason))
        except Refusal as refusal:
            return receipt_of(refusal)
        except NoAnswer as failure:
            return Receipt(Outcome.UNKNOWN, str(failure))
        except ChannelFailure as failure:
            return Receipt(Outcome.LATER, str(failure), everyone=isinstance(failure, NotSent))
        return SENT

    async def show_typing(self, external_id: str) -> None:
        """Let the customer see that somebody writes; where that fails nobody misses anything."""
        if self.limits.passive:
            return
        with suppress(ChannelFailure):
            await self._api.show_typing(external_id)

    def fetch(self, media: Media) -> AsyncIterator[bytes]:
        """A customer's file, in pieces.

        Raises:
            MediaGone: the platform no longer has it, or it is no file. ChannelFailure: try again later.
        """
        return self._api.fetch(media.id)

    async def check(self) -> list[Check]:
        """Look at the connection from end to end, for who sets it up."""
        return [await self._check_credentials(), self._check_key(), await self._check_clock(), await self._check_door()]

    async def _content(self, envelope: Envelope) -> dict[str, Any]:
        if envelope.file:
            return {"msgtype": "image", "image": {"media_id": await self._image(envelope.file)}}
        if not envelope.buttons:
            return {"msgtype": "text", "text": {"content": envelope.text}}
        entries = [
            {"id": f"{envelope.choice_seq}-{number}", "content": button.title}
            for number, button in enumerate(envelope.buttons[:CHOICES])
        ]
        return {"msgtype": "msgmenu", "msgmenu": {"head_content": envelope.text, "list": entries, "tail_content": ""}}

    async def _image(self, file: OutgoingFile) -> str:
        """Give the image to the platform; nothing has gone to the customer before that is done.

        Raises:
            Unsendable: it never goes. ChannelFailure: not now.
        """
        if file.type not in IMAGES:
            raise Unsendable(f"公众号不能直接发 {file.type} 文件，请发链接")
        try:
            content = await asyncio.to_thread(_read, Path(file.path))
        except OSError:
            raise Unsendable("要发的图片已经不在了") from None
        if len(content) > MOST_IMAGE_BYTES:
            raise Unsendable(f"图片超过 {MOST_IMAGE_BYTES // 1024 // 1024} MB，公众号发不了，请发链接")
        try:
            return await self._api.upload_image(content, file.type)
        except NoAnswer as failure:
            raise ChannelFailure(f"图片没有传上去：{failure}") from None

    async def _check_credentials(self) -> Check:
        what = "AppID 和 AppSecret"
        if not self._account.secret and self._account.mode == PASSIVE:
            return Check(what, True, "没有设置 AppSecret：被动回复用不到，但收不到客户发的文件")
        try:
            await self._api.ask_token()
        except ChannelFailure as failure:
            return Check(what, False, str(failure))
        return Check(what, True)

    def _check_key(self) -> Check:
        what = "EncodingAESKey"
        if not self._account.aes_key:
            return Check(what, True, "没有设置：消息不加密，建议在公众平台选“安全模式”")
        is_good = is_key(self._account.aes_key)
        return Check(what, is_good, "" if is_good else f"应是 {KEY_CHARS} 个字母和数字，请从公众平台完整复制")

    async def _check_clock(self) -> Check:
        what = "本机时钟"
        try:
            off = abs(self._clock() - _moment(await self._api.calls.time()))
        except ChannelFailure as failure:
            return Check(what, False, str(failure))
        is_good = off < FRESH_FOR
        return Check(
            what, is_good, "" if is_good else f"与微信相差 {off.total_seconds():.0f} 秒，请校准，否则收不到消息"
        )

    async def _check_door(self) -> Check:
        """Ask ourselves what the platform asks before it sends anything, over the address that it uses."""
        what = "服务器地址（URL）和 Token"
        timestamp, nonce, echo = str(int(self._clock().timestamp())), secrets.token_hex(8), secrets.token_hex(16)
        signature = sign(self._account.token, timestamp, nonce)
        asked = {"signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": echo}
        try:
            status, said = await self._api.calls.page(self._callback_url, asked)
        except ChannelFailure:
            return Check(what, False, f"{self._callback_url} 打不开，请检查域名、端口和反向代理")
        is_good = status == 200 and said == echo
        why = "运行中的服务用的 Token 或 EncodingAESKey 与这里不同，请重启服务" if status == 403 else "请检查反向代理"
        return Check(what, is_good, "" if is_good else f"{self._callback_url} 没有正确回答（{status}）：{why}")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_IMAGE_BYTES + 1)


def _moment(date: str) -> datetime:
    """What the header `Date` says.

    Raises:
        ChannelFailure: it says nothing.
    """
    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        raise ChannelFailure("微信没有说现在几点") from None
