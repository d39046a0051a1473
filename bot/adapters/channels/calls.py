"""Calls to platforms over HTTP; what goes wrong is told apart by whether the platform may have acted."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import hdrs

from bot.domain.errors import ChannelFailure, MediaGone
from bot.domain.text import mask

ANSWER_WITHIN = 8.0
"""Seconds, all in all."""
_SHARE_TO_CONNECT = 3 / 8
_FILE_WITHIN = 120.0
_KEEP_OPEN_SECONDS = 5.0
"""Shorter than any platform's: a call on a connection that was just closed would be one without an answer."""
_MOST_ANSWER = 4 * 1024 * 1024
_PIECE = 64 * 1024
_EXCERPT = 100

Form = Callable[[], aiohttp.FormData]
"""Makes a form; each can be sent once only."""


class NotSent(ChannelFailure):
    """The platform was not reached: it has not acted."""


class NoAnswer(ChannelFailure):
    """The call went out, and no answer came that says anything: the platform may have acted."""


class Refusal(ChannelFailure):
    """The platform answered that it does not do it.

    Attributes:
        number: the platform's own `errcode`.
        said: what it says about it; nothing secret is left in it.
    """

    def __init__(self, message: str, number: int, said: str) -> None:
        super().__init__(message)
        self.number = number
        self.said = said


class Calls:
    """Calls one platform. An async context manager that keeps connections open while it is entered."""

    def __init__(self, api: str, name: str, hidden: tuple[str, ...], timeout: float = ANSWER_WITHIN) -> None:
        """Open nothing yet.

        Args:
            api: where the platform is reached, such as `https://api.weixin.qq.com`.
            name: how people call the platform.
            hidden: what no message of an error may hold, whatever the platform says.
        """
        self.api = api.rstrip("/")
        self._name = name
        self._hidden = hidden
        connect = timeout * _SHARE_TO_CONNECT
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=connect)
        self._file_timeout = aiohttp.ClientTimeout(total=_FILE_WITHIN, connect=connect, sock_read=timeout)

    async def __aenter__(self) -> "Calls":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=_KEEP_OPEN_SECONDS), timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(), json_serialize=_readable, headers={"User-Agent": "Anfu"},
        )  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(
        self, method: str, path: str, params: Mapping[str, str] | None = None, body: Any = None,
        form: Form | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """What the platform answers.

        Args:
            body: sent as JSON.

        Raises:
            NotSent, NoAnswer, Refusal: see there.
        """
        data = form() if form else None
        async with self._call(method, self.api + path, params=params, json=body, data=data) as answer:
            return await self._read(answer, params or {})

    async def pieces(
        self, url: str, params: Mapping[str, str] | None = None
    ) -> AsyncGenerator[bytes | dict[str, Any], None]:
        """A file in pieces; or one JSON object, where the platform answers with that.

        Raises:
            NotSent, NoAnswer, Refusal: see there. MediaGone: there is none.
        """
        async with self._call("GET", url, params=params, timeout=self._file_timeout) as answer:
            is_words = answer.content_type.startswith("text/") or "json" in answer.content_type
            if is_words and hdrs.CONTENT_DISPOSITION not in answer.headers:  # a customer's own text file has that
                yield await self._read(answer, params or {})
                return
            if answer.status // 100 == 4:
                raise MediaGone(f"{self._name}那里没有这个文件（{answer.status}）")
            if answer.status != 200:
                raise NoAnswer(f"{self._name}没有给出文件（{answer.status}），稍后再试")
            async for piece in answer.content.iter_chunked(_PIECE):
                yield piece

    async def time(self) -> str:
        """What the platform's clock says, as in the header `Date`.

        Raises:
            NotSent, NoAnswer: see there.
        """
        async with self._call("GET", self.api + "/") as answer:
            return answer.headers.get("Date", "")

    async def page(self, url: str, params: Mapping[str, str]) -> tuple[int, str]:
        """Status and beginning of the answer of an address of ours, as others see it.

        Raises:
            NotSent, NoAnswer: see there.
        """
        async with self._call("GET", url, params=params) as answer:
            return answer.status, (await _beginning(answer, _PIECE)).decode(errors="replace")

    @asynccontextmanager
    async def _call(self, method: str, url: str, **what: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        # The words of these errors may hold the address, and with it an access token: only their kind is told.
        try:
            async with self._session.request(method, url, allow_redirects=False, **what) as answer:
                yield answer
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise NotSent(f"连不上{self._name}（{type(error).__name__}），请检查网络和地址") from None
        except TimeoutError:
            raise NoAnswer(f"{self._name}迟迟没有回答") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(f"{self._name}还没有回答，连接就断了（{type(error).__name__}）") from None

    async def _read(self, answer: aiohttp.ClientResponse, params: Mapping[str, str]) -> dict[str, Any]:
        raw = await _beginning(answer, _MOST_ANSWER)
        try:
            said = json.loads(raw)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict) or answer.status // 100 == 5:
            raise NoAnswer(f"{self._name}的回答读不懂（{answer.status}）")
        number = said.get("errcode", 0)
        if not isinstance(number, int):
            raise NoAnswer(f"{self._name}的回答读不懂（errcode 不是数）")
        if number:
            words = self._harmless(str(said.get("errmsg", "")), params)
            raise Refusal(f"{self._name}返回 {number}：{words}", number, words)
        return said

    def _harmless(self, said: str, params: Mapping[str, str]) -> str:
        """The platform's words without secrets and numbers of customers, in one short line."""
        for secret in (*self._hidden, params.get("access_token", ""), params.get("corpsecret", "")):
            said = said.replace(secret, "***") if secret else said
        return mask(" ".join(said.split()))[:_EXCERPT]


def _readable(value: Any) -> str:
    """JSON with Chinese in it: WeChat shows customers `\\u4f60` as it is written."""
    return json.dumps(value, ensure_ascii=False)


async def _beginning(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The answer, or as much of it as is worth reading."""
    read = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        read += piece
        if len(read) > most:
            break
    return bytes(read[:most])
