"""Notices to the systems of departments: JSON over HTTP, signed, so that a receiver knows who sent it (C6, D8)."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import aiohttp

from bot.domain.department import Department
from bot.domain.errors import CourierFailure
from bot.domain.notice import Notice
from bot.services.ports import Clock

ID, TIMESTAMP, SIGNATURE = "Anfu-Id", "Anfu-Timestamp", "Anfu-Signature"
ANSWER_WITHIN = 10.0
"""Seconds, all in all."""
TOLERANCE = timedelta(minutes=5)
MOST_ANSWER = 1024
"""Bytes of a refusal that are read; of other answers nothing is."""
_EXCERPT = 200


def signing_key(secret: str, department: str) -> str:
    """The key that a department checks signatures with; with it nobody can write to another, nor make tokens."""
    return hmac.new(secret.encode(), f"webhook:{department}".encode(), hashlib.sha256).hexdigest()


def sign(key: str, timestamp: str, body: bytes) -> str:
    """The header `Anfu-Signature` of a body that is sent at a time (Unix seconds)."""
    return "sha256=" + hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def verify(key: str, headers: Mapping[str, str], body: bytes, now: datetime, tolerance: timedelta = TOLERANCE) -> bool:
    """Whether a request is from us, unchanged, and not an old one sent again; for those who write a receiver.

    Args:
        key: the department's `signing_key`.
        headers: of the request; the names are looked up as they are written here.
        body: as it came, before any parsing.
        tolerance: how far the sender's clock may be from `now`.
    """
    timestamp = headers.get(TIMESTAMP, "")
    expected = sign(key, timestamp, body).encode()
    if not hmac.compare_digest(expected, headers.get(SIGNATURE, "").encode()):
        return False
    return abs(now.timestamp() - int(timestamp)) <= tolerance.total_seconds()


class WebhookCourier:
    """Implements `ports.Courier`; an async context manager that keeps connections open while it is entered."""

    def __init__(
        self, departments: Mapping[str, Department], secret: str, clock: Clock, timeout: float = ANSWER_WITHIN
    ) -> None:
        self._departments = departments
        self._secret = secret
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def __aenter__(self) -> "WebhookCourier":
        self._session = aiohttp.ClientSession(
            connector=self._connector(), timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False, headers={"User-Agent": "Anfu", "Accept-Encoding": "identity"},
        )  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def deliver(self, notice: Notice) -> None:
        """Post it; an answer of 2xx says that it has arrived, redirects are not followed.

        Raises:
            CourierFailure: no address, no answer in time, or any other answer.
        """
        receiver, address = await self._receiver(notice)
        body = _written(notice)
        timestamp = str(int(self._clock().timestamp()))
        signature = sign(signing_key(self._secret, notice.to), timestamp, body)
        headers = {
            "Content-Type": "application/json", ID: notice.id, TIMESTAMP: timestamp, SIGNATURE: signature,
        }  # fmt: skip
        try:
            async with self._session.post(address, data=body, headers=headers, allow_redirects=False) as answer:
                if answer.status // 100 != 2:
                    raise CourierFailure(f"{receiver}的系统回答 {answer.status}：{await _beginning(answer)}")
        except TimeoutError:
            seconds = self._timeout.total
            raise CourierFailure(f"{receiver}的系统 {seconds:g} 秒内没有回答，请检查它是否正常") from None
        except (aiohttp.ClientError, OSError) as error:
            raise CourierFailure(f"连不上{receiver}的系统，请检查地址和网络（{error}）") from error

    async def _receiver(self, notice: Notice) -> tuple[str, str]:
        """Name and address of who gets it.

        Raises:
            CourierFailure: there is no address.
        """
        department = self._departments.get(notice.to)
        if department is None or not department.webhook:
            raise CourierFailure(f"{notice.to} 没有 webhook 地址，请在 departments.yml 里补上，重启后再重发")
        return department.name, department.webhook

    def _connector(self) -> aiohttp.BaseConnector | None:
        return None


def _written(notice: Notice) -> bytes:
    about = {
        "id": notice.id, "key": notice.key, "subject": notice.subject, "to": notice.to,
        "created_at": notice.created_at.isoformat(),
    }  # fmt: skip
    return json.dumps({**about, **notice.body, **about}, ensure_ascii=False).encode()


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    """What a refusal says, for the one who mends it."""
    said = b""
    with suppress(aiohttp.ClientError, TimeoutError):
        said = await answer.content.read(MOST_ANSWER)
    text = said.decode(errors="replace")[:_EXCERPT]
    return " ".join(text.split()) or "没有说明原因"
