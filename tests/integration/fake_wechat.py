"""WeChat's API as far as we call it, on a server of its own: test_wechat_*.py say how it answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.errors import Forged
from bot.services.ports.channels import Door

OK = {"errcode": 0, "errmsg": "ok"}
SLOW, CUT, HALF = "slow", "cut", "half"


@dataclass
class WeChat:
    """api.weixin.qq.com as far as we call it: what it was asked, and what it answers next, else that all is well.

    Attributes:
        answers: to each path in turn: JSON, a whole response, or a way not to answer.
        lasts: how long its access tokens last.
        clock: what the header `Date` says; the real time where it is None.
        door: ours, which stands open on the same server.
        raw: the last body as it came.
    """

    answers: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    tokens: int = 0
    lasts: int = 7200
    clock: Callable[[], datetime] | None = None
    door: Door | None = None
    raw: bytes = b""
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def will(self, path: str, *answers: Any) -> None:
        self.answers.setdefault(path, []).extend(answers)

    def bodies(self, path: str) -> list[Any]:
        return [body for asked, _, body in self.asked if asked == path]

    async def hear(self, request: web.Request) -> web.StreamResponse:
        if self.door and request.path == "/wechat":
            return self._at_our_door(request)
        path = request.path.removeprefix("/cgi-bin/")
        self.raw = body = await request.read()
        read = json.loads(body) if request.content_type == "application/json" and body else body
        self.asked.append((path, dict(request.query), read))
        waiting = self.answers.get(path)
        answer = waiting.pop(0) if waiting else self._usual(path)
        if answer == SLOW:
            await self.done.wait()
            return web.json_response(OK)
        if answer == CUT:
            assert request.transport
            request.transport.abort()
            return web.json_response(OK)
        if answer == HALF:
            response = web.StreamResponse(headers={"Content-Length": "100000", "Content-Type": "image/png"})
            await response.prepare(request)
            await response.write(b"{" * 500)
            assert request.transport
            request.transport.abort()
            return response
        response = answer if isinstance(answer, web.Response) else web.json_response(answer)
        if self.clock:
            response.headers["Date"] = format_datetime(self.clock(), usegmt=True)
        return response

    def _at_our_door(self, request: web.Request) -> web.Response:
        assert self.door
        try:
            return web.Response(text=self.door.verify(request.query))
        except Forged:
            return web.Response(status=403)

    def _usual(self, path: str) -> Any:
        if path == "stable_token":
            self.tokens += 1
            return {"access_token": f"{self.tokens}_AaBbCc", "expires_in": self.lasts}
        if path == "media/upload":
            return {"type": "image", "media_id": "MEDIA-1", "created_at": 1764331200}
        return OK


@asynccontextmanager
async def serve(platform: WeChat) -> AsyncIterator[TestServer]:
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", platform.hear)
    server = TestServer(app)
    async with server:
        yield server
        platform.done.set()
