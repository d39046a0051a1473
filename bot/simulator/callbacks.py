"""How the platforms call the service: signed, sealed, within five seconds, three times in all (W1, W5)."""

import asyncio
import itertools
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.crypto import Seal, sign
from bot.domain.errors import Forged, Unreadable
from bot.simulator.chat import Reply

ATTEMPTS = 3
ANSWER_WITHIN = 5.0
"""Seconds."""
ANSWER_SHOWN = 500
DELIVERIES_KEPT = 200
NOTHING_TO_SAY = frozenset({b"", b"success"})

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Attempt:
    """One POST to the service.

    Attributes:
        status: of the answer; 0 where there was none.
        problem: why the platform does not take it for received; empty where it does.
    """

    at: datetime
    status: int
    took_ms: float
    answer: str
    problem: str = ""


@dataclass
class Delivery:
    """Something brought to the service, as often as it took.

    Attributes:
        about: what it is, for people.
        reply: what the service answered passively.
        is_done: no further attempt is made.
    """

    path: str
    about: str
    attempts: list[Attempt] = field(default_factory=list)
    reply: Reply | None = None
    is_done: bool = False
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def is_taken(self) -> bool:
        """Whether the service has said that it has it."""
        return bool(self.attempts) and not self.attempts[-1].problem


class Caller:
    """Calls one path of the service for one account.

    Attributes:
        deliveries: the last ones, from all accounts that share it.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, seal: Seal, token: str, *, sealed: bool,
        clock: Callable[[], datetime], changed: Callable[[], None], deliveries: deque[Delivery],
        answer_within: float, retry_after: float,
    ) -> None:  # fmt: skip
        """Call nobody yet.

        Args:
            url: where the service is called.
            sealed: whether calls are encrypted (安全模式), and not open (明文模式).
            answer_within: how many seconds an answer may take.
            retry_after: how many seconds after one attempt the next begins, at the soonest.
        """
        self._session = session
        self._url = url
        self._seal = seal
        self._token = token
        self._sealed = sealed
        self._clock = clock
        self._changed = changed
        self.deliveries = deliveries
        self._answer_within = answer_within
        self._retry_after = retry_after

    async def deliver(self, about: str, fields: Mapping[str, str | int], openid: str = "") -> Delivery:
        """Bring it, and bring it again until the service says that it has it, three times at most."""
        delivery = Delivery(self._url, about)
        self.deliveries.append(delivery)
        for number in range(ATTEMPTS):
            if number:
                await asyncio.sleep(max(0.0, self._retry_after - delivery.attempts[-1].took_ms / 1000))
            attempt, delivery.reply = await self._post(fields, openid)
            delivery.attempts.append(attempt)
            self._changed()
            if delivery.is_taken:
                break
        delivery.is_done = True
        self._changed()
        return delivery

    async def verify(self) -> bool:
        """Ask whether the address is the service's own, as the platform does when it is set up."""
        word = secrets.token_hex(8)
        query = self._question(word, self._timestamp(), _nonce())
        try:
            async with self._session.get(self._url, params=query, timeout=self._timeout) as answer:
                return answer.status == 200 and await answer.text() == word
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    @property
    def _timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self._answer_within)

    def _timestamp(self) -> str:
        return str(int(self._clock().timestamp()))

    def _question(self, word: str, timestamp: str, nonce: str) -> dict[str, str]:
        """The 公众号 asks openly in every mode."""
        signature = sign(self._token, timestamp, nonce)
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": word}

    def _request(self, fields: Mapping[str, str | int], openid: str) -> tuple[dict[str, str], bytes]:
        """Query and body, as the 公众号 writes them."""
        timestamp, nonce = self._timestamp(), _nonce()
        query = {
            "signature": sign(self._token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce, "openid": openid,
        }  # fmt: skip
        body = xml.write(fields)
        if not self._sealed:
            return query, body
        encrypted, signature = self._seal.seal(body, timestamp, nonce)
        sealed = xml.write({"ToUserName": fields["ToUserName"], "Encrypt": encrypted})
        return {**query, "encrypt_type": "aes", "msg_signature": signature}, sealed

    async def _post(self, fields: Mapping[str, str | int], openid: str) -> tuple[Attempt, Reply | None]:
        query, body = self._request(fields, openid)
        at, started, status, answer, reply = self._clock(), time.monotonic(), 0, b"", None
        try:
            async with self._session.post(
                self._url, params=query, data=body, timeout=self._timeout, allow_redirects=False,
                headers={"Content-Type": "text/xml"},
            ) as response:  # fmt: skip
                status, answer = response.status, await response.read()
            problem = "" if status == 200 else f"回答 {status}"
            reply = None if problem else self._read(answer)
        except TimeoutError:
            problem = f"{self._answer_within:g} 秒内没有回答"
        except (aiohttp.ClientError, OSError) as error:
            problem = f"连不上（{type(error).__name__}）"
        except (Forged, Unreadable) as error:
            problem = f"回答读不懂：{error}"
        took = (time.monotonic() - started) * 1000
        return Attempt(at, status, took, answer.decode(errors="replace")[:ANSWER_SHOWN], problem), reply

    def _read(self, answer: bytes) -> Reply | None:
        """The passive reply; None where the service only says that it has it.

        Raises:
            Forged, Unreadable: neither.
        """
        if answer.strip() in NOTHING_TO_SAY:
            return None
        fields = xml.read(answer)
        if self._sealed:
            opened = self._seal.open(
                str(fields.get("Encrypt", "")), str(fields.get("MsgSignature", "")),
                str(fields.get("TimeStamp", "")), str(fields.get("Nonce", "")),
            )  # fmt: skip
            fields = xml.read(opened)
        return _passive(fields, self._clock())


class KfCaller(Caller):
    """微信客服 signs only what is sealed, and seals everything."""

    def _question(self, word: str, timestamp: str, nonce: str) -> dict[str, str]:
        echo, signature = self._seal.seal(word.encode(), timestamp, nonce)
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": echo}

    def _request(self, fields: Mapping[str, str | int], openid: str) -> tuple[dict[str, str], bytes]:
        timestamp, nonce = self._timestamp(), _nonce()
        encrypted, signature = self._seal.seal(xml.write(fields), timestamp, nonce)
        body = xml.write({"ToUserName": fields["ToUserName"], "Encrypt": encrypted, "AgentID": ""})
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}, body

    def _read(self, answer: bytes) -> Reply | None:
        return None  # 企业微信 looks at the status only; there are no passive replies


def _nonce() -> str:
    return str(random.randrange(10**9, 10**10))


def _passive(fields: Mapping[str, Any], at: datetime) -> Reply | None:
    """A passive reply as the customer sees it."""
    kind = fields.get("MsgType", "")
    if kind == "text":
        return Reply(kind, str(fields.get("Content", "")), at, is_passive=True)
    if kind in ("image", "voice", "video"):
        media = fields.get(kind.capitalize(), {})
        return Reply(kind, "", at, media_id=str(media.get("MediaId", "")), is_passive=True)
    if kind == "news":
        items = fields.get("Articles", {}).get("item", {})
        item = items[0] if isinstance(items, list) else items
        return Reply(
            "link", str(item.get("Title", "")), at, tail=str(item.get("Description", "")),
            url=str(item.get("Url", "")), is_passive=True,
        )  # fmt: skip
    if kind == "transfer_customer_service":
        return None
    raise Unreadable(f"被动回复的类型 {kind!r} 不存在")
