"""Where 企业微信 calls us: it only says that a 客服账号 has something new (W3, W5)."""

import re
from collections.abc import Mapping

from bot.adapters.channels.kf.account import NAME, KfAccount
from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.crypto import Seal, check_time
from bot.domain.errors import Forged, Unreadable
from bot.services.ports import Clock
from bot.services.ports.channels import Knock

NEWS = "kf_msg_or_event"
_NAMED = re.compile(r"[!-~]{1,64} [!-~]{0,200}")
"""An account, and the token to fetch with."""


class KfDoor:
    """Implements `ports.Door`; everything is sealed here, the question whether the address is ours too."""

    channel = NAME

    def __init__(self, account: KfAccount, clock: Clock) -> None:
        """Take the secrets.

        Raises:
            InvalidInput: what is set as EncodingAESKey is none.
        """
        self.limits = account.limits
        self._seal = Seal(account.token, account.aes_key, account.corp_id)
        self._clock = clock

    def verify(self, query: Mapping[str, str]) -> str:
        """What is sealed in the question.

        Raises:
            Forged: it is not sealed by the platform for us, or is an old one.
        """
        return self._opened(query, query.get("echostr", "")).decode(errors="replace")

    def read(self, query: Mapping[str, str], body: bytes) -> Knock:
        """Which 客服账号 has something new; nothing for what else the platform tells.

        Raises:
            Forged: it is not sealed by the platform for us, or is an old one.
            Unreadable: it is not what the platform sends.
        """
        sealed = xml.read(body).get("Encrypt")
        event = xml.read(self._opened(query, sealed if isinstance(sealed, str) else ""))
        if event.get("Event") != NEWS:
            return Knock()
        token, open_kfid = event.get("Token"), event.get("OpenKfId")
        if not (isinstance(token, str) and isinstance(open_kfid, str) and _NAMED.fullmatch(f"{open_kfid} {token}")):
            raise Unreadable("微信客服的通知没有写明是哪个客服账号")
        return Knock(pull=(open_kfid, token))

    def _opened(self, query: Mapping[str, str], sealed: str) -> bytes:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        check_time(timestamp, self._clock())
        if not sealed:
            raise Forged("微信客服的请求都是加密的，这一个没有加密")
        return self._seal.open(sealed, query.get("msg_signature", ""), timestamp, nonce)
