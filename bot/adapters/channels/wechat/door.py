"""Where WeChat calls us for a 公众号: in plain, compatible and safe mode (W1, W5)."""

import secrets
from collections.abc import Mapping
from typing import Any

from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.account import NAME, TEXT_BYTES, WeChatAccount
from bot.adapters.channels.wechat.crypto import Seal, check_time
from bot.adapters.channels.wechat.reading import read_incoming
from bot.domain.errors import Forged, Unreadable
from bot.services.ports import Clock
from bot.services.ports.channels import Knock


class WeChatDoor:
    """Implements `ports.Door` for one 公众号."""

    channel = NAME

    def __init__(self, account: WeChatAccount, clock: Clock) -> None:
        """Open it.

        Raises:
            InvalidInput: the account's EncodingAESKey is none.
        """
        self.limits = account.limits
        # The open signature says nothing of the body: who overhears one address could send words of their own.
        self._wants_seal = bool(account.aes_key)
        self._menu = account.menu
        self._clock = clock
        self._seal = Seal(account.token, account.aes_key, account.app_id)

    def verify(self, query: Mapping[str, str]) -> str:
        """What the platform wants to hear back, open or sealed.

        Raises:
            Forged: the signature is not the platform's, or not of now.
        """
        echo = query.get("echostr", "")
        if "msg_signature" in query:
            return self._open(query, echo).decode(errors="replace")
        self._check(query)
        return echo

    def read(self, query: Mapping[str, str], body: bytes) -> Knock:
        """What a customer sent or did; where it came sealed, only what is sealed counts.

        Raises:
            Forged: not signed by the platform, for another account, or older than five minutes.
            Unreadable: it is not what the platform sends.
        """
        is_sealed = query.get("encrypt_type", "raw") == "aes"
        if is_sealed:
            fields = xml.read(self._open(query, _word(xml.read(body), "Encrypt")))
        elif self._wants_seal:
            raise Forged("没有加密。设了 EncodingAESKey 就只收加密的消息，请在公众平台选“安全模式”或“兼容模式”")
        else:
            self._check(query)
            fields = xml.read(body)
        incoming = read_incoming(fields, self._menu)
        if not self.limits.passive:
            return Knock((incoming,))
        ours = _word(fields, "ToUserName")
        return Knock((incoming,), reply=lambda text: self._reply(text, incoming.external_id, ours, is_sealed))

    def _check(self, query: Mapping[str, str]) -> None:
        timestamp = query.get("timestamp", "")
        check_time(timestamp, self._clock())
        self._seal.check(query.get("signature", ""), timestamp, query.get("nonce", ""))

    def _open(self, query: Mapping[str, str], encrypted: str) -> bytes:
        timestamp = query.get("timestamp", "")
        check_time(timestamp, self._clock())
        return self._seal.open(encrypted, query.get("msg_signature", ""), timestamp, query.get("nonce", ""))

    def _reply(self, text: str, openid: str, ours: str, is_sealed: bool) -> bytes:
        """A passive reply, sealed where the call was."""
        now = int(self._clock().timestamp())
        reply = xml.write({
            "ToUserName": openid, "FromUserName": ours, "CreateTime": now, "MsgType": "text",
            "Content": text.encode()[:TEXT_BYTES].decode(errors="ignore"),
        })  # fmt: skip
        if not is_sealed:
            return reply
        nonce = secrets.token_hex(8)
        encrypted, signature = self._seal.seal(reply, str(now), nonce)
        return xml.write({"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": now, "Nonce": nonce})


def _word(fields: Mapping[str, Any], name: str) -> str:
    """A field that has to be there.

    Raises:
        Unreadable: it is not.
    """
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"消息里没有 {name}")
    return value
