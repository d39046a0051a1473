"""The interfaces that the service calls, as the platforms answer them."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import BodyPartReader, hdrs, web
from aiohttp.typedefs import Handler

from bot.simulator.credentials import APP_ID, CORP_ID, KF_SECRET, SECRET
from bot.simulator.faults import Faults
from bot.simulator.platform import Call, Platform
from bot.simulator.refusals import (
    BAD_APP_ID,
    BAD_JSON,
    BAD_MEDIA_TYPE,
    BUSY,
    WRONG_SECRET,
    Refused,
)
from bot.simulator.tokens import Tokens

NONSENSE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_SENDING = ("/send", "/send_msg", "/send_msg_on_event")
_TYPE = "application/json; encoding=utf-8"

Answer = dict[str, Any] | web.Response
Work = Callable[[web.Request], Awaitable[Answer]]


class Api:
    """The interfaces of both platforms at one address; whose token it is tells which one is meant."""

    def __init__(self, platform: Platform, faults: Faults, address: Callable[[], str]) -> None:
        self._platform = platform
        self._faults = faults
        self._address = address

    def add_routes(self, app: web.Application) -> None:
        """Put the interfaces into an application."""
        official, kf = self._platform.official, self._platform.kf
        post, get = app.router.add_post, app.router.add_get
        post("/cgi-bin/stable_token", self._open(self._stable_token))
        get("/cgi-bin/token", self._open(self._token))
        get("/cgi-bin/gettoken", self._open(self._kf_token))
        post("/cgi-bin/message/custom/send", self._for(official.tokens, official.send))
        post("/cgi-bin/message/custom/typing", self._for(official.tokens, official.show_typing))
        post("/cgi-bin/kf/sync_msg", self._for(kf.tokens, kf.sync))
        post("/cgi-bin/kf/send_msg", self._for(kf.tokens, kf.send))
        post("/cgi-bin/kf/send_msg_on_event", self._for(kf.tokens, kf.send_on_event))
        post("/cgi-bin/kf/service_state/get", self._for(kf.tokens, kf.get_state))
        post("/cgi-bin/kf/service_state/trans", self._for(kf.tokens, kf.change_state))
        list_accounts = self._for(kf.tokens, lambda _: kf.list_accounts())
        get("/cgi-bin/kf/account/list", list_accounts)
        post("/cgi-bin/kf/account/list", list_accounts)
        get("/cgi-bin/media/get", self._open(self._get_media))
        post("/cgi-bin/media/upload", self._open(self._upload))

    def _for(self, tokens: Tokens, work: Callable[[dict[str, Any]], dict[str, Any]]) -> Handler:
        """An interface that takes JSON and a token of one account."""

        async def answer(request: web.Request) -> Answer:
            self._check_token(request, tokens)
            return {"errcode": 0, "errmsg": "ok", **work(await _json(request))}

        return self._open(answer)

    def _open(self, work: Work) -> Handler:
        """An interface with the faults that are on, noted in the log."""

        async def handle(request: web.Request) -> web.StreamResponse:
            started = time.monotonic()
            if self._faults.down:
                self._note(request, 0, started, "连接断了，什么也没做")
                return _cut(request)
            code, answer = await self._try(work, request)
            if self._faults.loses_answers and request.path.endswith(_SENDING):
                self._note(request, code, started, "做了，没有回答")
                return _cut(request)
            await asyncio.sleep(self._faults.slow_seconds)
            self._note(request, code, started, "回答了一页 HTML" if self._faults.nonsense else "")
            return answer

        return handle

    async def _try(self, work: Work, request: web.Request) -> tuple[int, web.Response]:
        if self._faults.nonsense:
            return 0, web.Response(text=NONSENSE, content_type="text/html")
        try:
            if self._faults.busy:
                raise Refused(BUSY)
            self._platform.count_call(request.path)
            answer = await work(request)
        except Refused as refusal:
            return refusal.code, _written({"errcode": refusal.code, "errmsg": refusal.message})
        return 0, answer if isinstance(answer, web.Response) else _written(answer)

    def _note(self, request: web.Request, code: int, started: float, fault: str) -> None:
        took = (time.monotonic() - started) * 1000
        self._platform.note(Call(self._platform.now(), request.path, code, took, fault))

    def _check_token(self, request: web.Request, tokens: Tokens) -> None:
        if self._faults.wrong_token:
            tokens.check("wrong")
        tokens.check(request.query.get("access_token", ""))

    async def _stable_token(self, request: web.Request) -> Answer:
        asked = await _json(request)
        _check_account(asked.get("appid"), asked.get("secret"), APP_ID, SECRET)
        token, seconds = self._platform.official.tokens.stable(bool(asked.get("force_refresh")))
        return {"access_token": token, "expires_in": seconds}

    async def _token(self, request: web.Request) -> Answer:
        _check_account(request.query.get("appid"), request.query.get("secret"), APP_ID, SECRET)
        token, seconds = self._platform.official.tokens.plain()
        return {"access_token": token, "expires_in": seconds}

    async def _kf_token(self, request: web.Request) -> Answer:
        _check_account(request.query.get("corpid"), request.query.get("corpsecret"), CORP_ID, KF_SECRET)
        token, seconds = self._platform.kf.tokens.kept()
        return {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": seconds}

    async def _get_media(self, request: web.Request) -> Answer:
        tokens = self._owner(request)
        self._check_token(request, tokens)
        media = self._platform.media.get(request.query.get("media_id", ""))
        if media.kind == "video" and tokens is self._platform.official.tokens:
            return {"video_url": f"{self._address()}/simulator/media/{media.id}"}
        disposition = f'attachment; filename="{media.name}"'
        headers = {hdrs.CONTENT_TYPE: media.type, hdrs.CONTENT_DISPOSITION: disposition}
        return web.Response(body=media.content, headers=headers)

    async def _upload(self, request: web.Request) -> Answer:
        tokens = self._owner(request)
        self._check_token(request, tokens)
        kind = request.query.get("type", "")
        if kind == "file" and tokens is self._platform.official.tokens:
            raise Refused(BAD_MEDIA_TYPE, kind)
        name, type_, content = await _uploaded(request)
        media = self._platform.media.add(kind, name, type_, content)
        answer = {"type": kind, "media_id": media.id, "created_at": int(media.stored_at.timestamp())}
        if tokens is self._platform.official.tokens:
            return answer
        return {"errcode": 0, "errmsg": "ok", **answer, "created_at": str(answer["created_at"])}

    def _owner(self, request: web.Request) -> Tokens:
        """Whose tokens the one that came is of."""
        kf = self._platform.kf.tokens
        return kf if kf.owns(request.query.get("access_token", "")) else self._platform.official.tokens


def _check_account(id_: Any, secret: Any, right_id: str, right_secret: str) -> None:
    if id_ != right_id:
        raise Refused(BAD_APP_ID, str(id_))
    if secret != right_secret:
        raise Refused(WRONG_SECRET)


async def _json(request: web.Request) -> dict[str, Any]:
    if request.method == hdrs.METH_GET:
        return {}
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        raise Refused(BAD_JSON) from None
    if not isinstance(body, dict):
        raise Refused(BAD_JSON)
    return body


async def _uploaded(request: web.Request) -> tuple[str, str, bytes]:
    """Name, type and content of the part `media`."""
    if not request.content_type.startswith("multipart/"):
        raise Refused(BAD_JSON, "multipart/form-data")
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "media":
            content = bytes(await part.read())
            return part.filename or "", part.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream"), content
    raise Refused(BAD_JSON, "media")


def _written(answer: dict[str, Any]) -> web.Response:
    return web.Response(body=json.dumps(answer, ensure_ascii=False).encode(), headers={hdrs.CONTENT_TYPE: _TYPE})


def _cut(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response()
