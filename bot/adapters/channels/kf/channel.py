"""The way to customers of 微信客服: messages in a session that is ours (W3)."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from bot.adapters.channels.calls import NoAnswer, NotSent, Refusal
from bot.adapters.channels.kf.account import CHOICES, NAME, TEXT_BYTES, KfAccount, account_and_customer
from bot.adapters.channels.kf.api import KfApi, State
from bot.adapters.channels.kf.refusals import BAD_TRANSITION, ENDED, WRONG_STATE, receipt_of, says_known
from bot.adapters.channels.wechat.crypto import FRESH_FOR, KEY_CHARS, Seal, is_key
from bot.domain.attachment import MOST_BYTES
from bot.domain.errors import ChannelFailure
from bot.domain.incoming import Media
from bot.domain.message import Button
from bot.services.ports import Clock, UnitOfWorkFactory
from bot.services.ports.channels import SENT, Check, Envelope, Outcome, OutgoingFile, Receipt

IMAGES = frozenset({"image/jpeg", "image/png"})
"""Go out as images; all other files as files."""
HEAD_BYTES, TITLE_BYTES = 1024, 128
OURS_FOR = timedelta(minutes=10)
"""How long a session that was ours is taken to be so still, without asking."""
_MOST_KNOWN = 10_000
_NOT_OURS = {
    State.QUEUED: "客户在企业微信里排队等人工，请在企业微信里接待，或结束那边的会话",
    State.PERSON: "企业微信里的同事正在接待，这边发不出去，请联系那位同事",
    State.ENDED: "这次会话已经结束，等客户再来消息才能发",
}


class Unsendable(Exception):
    """A file that 微信客服 never takes; the message says why."""


class NotOurs(Exception):
    """The session is in other hands, or over; the message says so to the people at the desk."""


class KfChannel:
    """Implements `ports.Channel` for 微信客服.

    Attributes:
        api: the interface, which is open while the channel is; the puller shares it.
    """

    name = NAME

    def __init__(
        self, account: KfAccount, uow: UnitOfWorkFactory, secret: str, clock: Clock, callback_url: str = ""
    ) -> None:
        """Open nothing yet.

        Args:
            secret: the service's; access tokens are stored sealed with it.
            callback_url: where the platform calls us, to be checked.
        """
        self.limits = account.limits
        self.api = KfApi(account, uow, secret, clock)
        self._account = account
        self._clock = clock
        self._callback_url = callback_url
        self._ours_until: OrderedDict[str, datetime] = OrderedDict()

    async def __aenter__(self) -> "KfChannel":
        await self.api.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.api.__aexit__()

    async def send(self, envelope: Envelope) -> Receipt:
        """Bring it to the customer: words, words with choices, an image or a file."""
        open_kfid, external_userid = account_and_customer(envelope.external_id)
        try:
            await self._make_ours(envelope.external_id)
            content = await self._content(envelope)
            await self.api.send({
                "touser": external_userid, "open_kfid": open_kfid, "msgid": envelope.id, **content,
            })  # fmt: skip
        except Unsendable as reason:
            return Receipt(Outcome.REFUSED, str(reason))
        except NotOurs as reason:
            return Receipt(Outcome.CLOSED, str(reason))
        except Refusal as refusal:
            return await self._receipt(envelope, refusal)
        except NoAnswer as failure:
            return Receipt(Outcome.UNKNOWN, str(failure))
        except ChannelFailure as failure:
            return Receipt(Outcome.LATER, str(failure), everyone=isinstance(failure, NotSent))
        return SENT

    async def show_typing(self, external_id: str) -> None:
        """微信客服 has no way to show it."""

    def fetch(self, media: Media) -> AsyncIterator[bytes]:
        """A customer's file, in pieces.

        Raises:
            MediaGone: the platform no longer has it, or it is no file. ChannelFailure: try again later.
        """
        return self.api.fetch(media.id)

    async def check(self) -> list[Check]:
        """Look at the connection from end to end, for who sets it up."""
        return [
            await self._check_credentials(), await self._check_accounts(), self._check_key(), await self._check_clock(),
            await self._check_door(),
        ]  # fmt: skip

    async def _make_ours(self, external_id: str) -> None:
        """See that the customer's session is with us: a new one is taken, so that nobody else is given it.

        Raises:
            NotOurs: it is not, and cannot be. ChannelFailure: it is not known.
        """
        known = self._ours_until.get(external_id)
        if known and self._clock() < known:
            return
        whose = account_and_customer(external_id)
        try:
            state = await self.api.state(*whose)
            if state is State.NEW and not await self._take(*whose):
                state = await self.api.state(*whose)  # somebody else was quicker
        except NoAnswer as failure:
            raise ChannelFailure(f"会话状态没有问到：{failure}") from None
        if state in _NOT_OURS:
            raise NotOurs(_NOT_OURS[state])
        self._ours_until[external_id] = self._clock() + OURS_FOR
        self._ours_until.move_to_end(external_id)
        if len(self._ours_until) > _MOST_KNOWN:
            self._ours_until.popitem(last=False)

    async def _take(self, open_kfid: str, external_userid: str) -> bool:
        """Take a new session; whether it was still new."""
        try:
            await self.api.change_state(open_kfid, external_userid, State.ASSISTANT)
        except Refusal as refusal:
            if refusal.number != BAD_TRANSITION:
                raise
            return False
        return True

    async def _receipt(self, envelope: Envelope, refusal: Refusal) -> Receipt:
        """What a refusal means; where the session has changed hands, in whose it is now."""
        if says_known(refusal):
            return SENT  # an earlier attempt, of which nothing was heard, had arrived
        if refusal.number in (WRONG_STATE, ENDED):
            self._ours_until.pop(envelope.external_id, None)
            with suppress(ChannelFailure):
                try:
                    await self._make_ours(envelope.external_id)
                except NotOurs as reason:
                    return Receipt(Outcome.CLOSED, str(reason))
        return receipt_of(refusal)

    async def _content(self, envelope: Envelope) -> dict[str, Any]:
        if envelope.file:
            kind = "image" if envelope.file.type in IMAGES else "file"
            return {"msgtype": kind, kind: {"media_id": await self._upload(envelope.file, kind)}}
        buttons = envelope.buttons[:CHOICES]
        if not buttons:
            return {"msgtype": "text", "text": {"content": envelope.text}}
        if len(envelope.text.encode()) > HEAD_BYTES:  # more than a menu can say
            return {"msgtype": "text", "text": {"content": _with_choices_as_words(envelope.text, buttons)}}
        entries = [
            {"type": "click", "click": {"id": f"{envelope.choice_seq}-{number}", "content": _short(button.title)}}
            for number, button in enumerate(buttons)
        ]
        return {"msgtype": "msgmenu", "msgmenu": {"head_content": envelope.text, "list": entries}}

    async def _upload(self, file: OutgoingFile, kind: str) -> str:
        """Give the file to the platform; nothing has gone to the customer before that is done.

        Raises:
            Unsendable: it never goes. ChannelFailure: not now.
        """
        try:
            content = await asyncio.to_thread(_read, Path(file.path))
        except OSError:
            raise Unsendable("要发的文件已经不在了") from None
        if len(content) > MOST_BYTES:
            raise Unsendable(f"文件超过 {MOST_BYTES // 1024 // 1024} MB，发不了")
        try:
            return await self.api.upload(content, file.name, file.type, kind)
        except NoAnswer as failure:
            raise ChannelFailure(f"文件没有传上去：{failure}") from None

    async def _check_credentials(self) -> Check:
        what = "CorpID 和 Secret"
        try:
            await self.api.ask_token()
        except ChannelFailure as failure:
            return Check(what, False, str(failure))
        return Check(what, True)

    async def _check_accounts(self) -> Check:
        what = "客服账号"
        try:
            found = await self.api.accounts()
        except ChannelFailure as failure:
            return Check(what, False, str(failure))
        ours = [account.name for account in found if account.may_manage]
        missing = "没有能通过接口管理的客服账号，请在管理后台“微信客服 - 通过 API 管理微信客服账号”里选上"
        return Check(what, bool(ours), "、".join(ours) if ours else missing)

    def _check_key(self) -> Check:
        is_good = is_key(self._account.aes_key)
        wrong = f"应是 {KEY_CHARS} 个字母和数字，请从管理后台的“接收消息服务器配置”里完整复制"
        return Check("EncodingAESKey", is_good, "" if is_good else wrong)

    async def _check_clock(self) -> Check:
        what = "本机时钟"
        try:
            off = abs(self._clock() - parsedate_to_datetime(await self.api.calls.time()))
        except ChannelFailure as failure:
            return Check(what, False, str(failure))
        except ValueError:
            return Check(what, False, "企业微信没有说现在几点")
        wrong = f"与企业微信相差 {off.total_seconds():.0f} 秒，请校准，否则收不到消息"
        return Check(what, off < FRESH_FOR, "" if off < FRESH_FOR else wrong)

    async def _check_door(self) -> Check:
        """Ask ourselves what the platform asks before it sends anything, over the address that it uses."""
        what = "回调地址（URL）和 Token"
        if not is_key(self._account.aes_key):
            return Check(what, False, "要先设置 EncodingAESKey（ANFU_KF_AES_KEY）")
        seal = Seal(self._account.token, self._account.aes_key, self._account.corp_id)
        timestamp, nonce, word = str(int(self._clock().timestamp())), secrets.token_hex(8), secrets.token_hex(16)
        echo, signature = seal.seal(word.encode(), timestamp, nonce)
        asked = {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": echo}
        try:
            status, said = await self.api.calls.page(self._callback_url, asked)
        except ChannelFailure:
            return Check(what, False, f"{self._callback_url} 打不开，请检查域名、端口和反向代理")
        is_good = status == 200 and said == word
        why = "运行中的服务用的 Token 或 EncodingAESKey 与这里不同，请重启服务" if status == 403 else "请检查反向代理"
        return Check(what, is_good, "" if is_good else f"{self._callback_url} 没有正确回答（{status}）：{why}")


def _with_choices_as_words(text: str, buttons: tuple[Button, ...]) -> str:
    """The choices as words, where they fit; a customer who types one is understood as well."""
    whole = f"{text}\n（可以回复：{'、'.join(button.title for button in buttons)}）"
    return whole if len(whole.encode()) <= TEXT_BYTES else text


def _short(title: str) -> str:
    return title.encode()[:TITLE_BYTES].decode(errors="ignore")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)
