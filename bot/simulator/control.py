"""The page, and what it and tests of other processes steer the simulator with."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bot.domain.errors import AnfuError
from bot.simulator.chat import Entry, Reply
from bot.simulator.credentials import OPEN_KFID, SERVICERS
from bot.simulator.platform import CALLS_A_DAY
from bot.simulator.refusals import Refused
from bot.simulator.view import line_of, state_of

if TYPE_CHECKING:
    from bot.simulator.server import Simulator

STATIC = (Path(__file__).parent / "static").resolve()
TOKENS = STATIC.parents[1] / "gateway/static/tokens.css"
"""The palette, which every page of ours shares."""
OPENID = "oAnfuSimulatorCustomer00000{}"
EXTERNAL_USERID = "wmAnfuSimulatorCustomer000000{}"
POLL_SECONDS = 25.0
ANSWER_FIRST = 0.2
CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "media-src 'self'",
    "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
))  # fmt: skip
_SECURE = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer", hdrs.CACHE_CONTROL: "no-cache",
}  # fmt: skip


class Control:
    """What is asked at `/` and below `/simulator/`."""

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator
        self._platform = simulator.platform
        self._under_way: set[asyncio.Task[Any]] = set()

    def add_routes(self, app: web.Application) -> None:
        """Put page and control into an application."""
        app.middlewares.append(_only_from_here)
        get, post = app.router.add_get, app.router.add_post
        get("/", self._page)
        get("/simulator/static/{name}", self._static)
        get("/simulator/media/{id}", self._media)
        get("/simulator/state", self._state)
        get("/simulator/replies", self._replies)
        post("/simulator/customers", self._add_customer)
        post("/simulator/do", self._do)
        post("/simulator/file", self._send_file)
        post("/simulator/faults", self._set_faults)
        post("/simulator/clock", self._advance)
        post("/simulator/tokens/expire", self._expire_tokens)
        post("/simulator/away", self._go_away)
        post("/simulator/verify", self._verify)

    async def close(self) -> None:
        """Leave what is being brought to the service where it is."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "page.html")

    async def _static(self, request: web.Request) -> web.FileResponse:
        name = request.match_info["name"]
        if name == TOKENS.name:
            return web.FileResponse(TOKENS)
        path = STATIC / name
        if path.parent != STATIC or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path)

    async def _media(self, request: web.Request) -> web.Response:
        try:
            media = self._platform.media.get(request.match_info["id"])
        except Refused as refusal:
            raise web.HTTPNotFound(text=refusal.message) from None
        is_shown = media.type.startswith(("image/", "audio/", "video/")) and media.type != "image/svg+xml"
        return web.Response(
            body=media.content, content_type=media.type if is_shown else "application/octet-stream",
            headers={"Content-Disposition": "inline" if is_shown else "attachment"},
        )  # fmt: skip

    async def _state(self, request: web.Request) -> web.Response:
        """Everything, as soon as it is newer than `after`; as it is when nothing comes for a while."""
        after = int(request.query.get("after", "-1"))
        with suppress(TimeoutError):
            await self._simulator.wait_until(lambda: self._platform.version > after, POLL_SECONDS)
        return web.json_response(state_of(self._simulator))

    async def _replies(self, request: web.Request) -> web.Response:
        """What the service has said to a customer, as soon as it is `count`, within `timeout` seconds."""
        query = request.query
        channel, customer = query.get("channel", "wechat"), query["customer"]

        def heard() -> list[Reply]:
            if channel == "kf":
                return self._platform.kf.replies(query.get("account", OPEN_KFID), customer)
            return self._platform.official.replies(customer)

        count, timeout = int(query.get("count", "0")), float(query.get("timeout", "0"))
        with suppress(TimeoutError):
            await self._simulator.wait_until(lambda: len(heard()) >= count, timeout)
        return web.json_response({"replies": [line_of(reply) for reply in heard()]})

    async def _add_customer(self, request: web.Request) -> web.Response:
        """One more customer, who follows already, or has found the account of 微信客服; or `at_least` so many."""
        asked = await request.json()
        official, kf = self._platform.official, self._platform.kf
        known = len(kf.sessions) if asked.get("channel") == "kf" else len(official.followers)
        customers = []
        for number in range(known, max(known, int(asked.get("at_least", known + 1)))):
            if asked.get("channel") == "kf":
                customers.append(kf.session(OPEN_KFID, EXTERNAL_USERID.format(_letter(number))).external_userid)
            else:
                customers.append(official.follower(OPENID.format(_letter(number))).openid)
        self._platform.changed()
        return web.json_response({"customers": customers})

    async def _do(self, request: web.Request) -> web.Response:
        """What a customer or somebody of the company does; whether the service has it is in the state."""
        asked = await request.json()
        await self._start(self._doing(asked))
        return web.json_response({}, status=202)

    def _doing(self, asked: dict[str, Any]) -> Coroutine[Any, Any, Any]:
        customer, text = str(asked["customer"]), str(asked.get("text", ""))
        if asked.get("channel") == "kf":
            return self._doing_kf(asked, customer, text)
        simulator, key = self._simulator, str(asked.get("key", ""))
        match asked["what"]:
            case "say":
                return simulator.say(customer, text)
            case "choose":
                return simulator.choose(customer, Entry(key, text))
            case "location":
                return simulator.send_location(customer, float(asked["latitude"]), float(asked["longitude"]), text)
            case "follow":
                return simulator.follow(customer, key)
            case "unfollow":
                return simulator.unfollow(customer)
            case "click":
                return simulator.click(customer, key)
            case "scan":
                return simulator.scan(customer, key)
        raise web.HTTPBadRequest(text=f"公众号的客户不会 {asked['what']}")

    def _doing_kf(self, asked: dict[str, Any], customer: str, text: str) -> Coroutine[Any, Any, Any]:
        kf, account = self._simulator.kf, str(asked.get("account", OPEN_KFID))
        match asked["what"]:
            case "say":
                return kf.say(account, customer, text)
            case "choose":
                return kf.choose(account, customer, Entry(str(asked.get("key", "")), text))
            case "location":
                return kf.send_location(
                    account, customer, float(asked["latitude"]), float(asked["longitude"]), text
                )  # fmt: skip
            case "enter":
                return kf.enter(account, customer)
            case "take":
                return kf.take(account, customer, SERVICERS[0])
            case "person_says":
                return kf.person_says(account, customer, text)
            case "end":
                return kf.end(account, customer)
        raise web.HTTPBadRequest(text=f"微信客服的客户不会 {asked['what']}")

    async def _send_file(self, request: web.Request) -> web.Response:
        """A photo, a voice or a file of a customer; `text` is what WeChat has understood of a voice."""
        form = await request.post()
        file = form["file"]
        if not isinstance(file, web.FileField):
            raise web.HTTPBadRequest(text="缺少文件")
        content = await asyncio.to_thread(file.file.read)
        customer, kind, text = str(form["customer"]), str(form["kind"]), str(form.get("text", ""))
        if form.get("channel") == "kf":
            await self._start(self._kf_file(customer, kind, content, file.filename))
        elif kind == "voice":
            await self._start(self._simulator.send_voice(customer, content, text))
        elif kind == "video":
            await self._start(self._simulator.send_video(customer, content))
        else:
            await self._start(self._simulator.send_image(customer, content, file.filename, file.content_type))
        return web.json_response({}, status=202)

    def _kf_file(self, customer: str, kind: str, content: bytes, name: str) -> Coroutine[Any, Any, Any]:
        kf = self._simulator.kf
        if kind == "voice":
            return kf.send_voice(OPEN_KFID, customer, content)
        if kind == "image":
            return kf.send_image(OPEN_KFID, customer, content)
        return kf.send_file(OPEN_KFID, customer, content, name)

    async def _set_faults(self, request: web.Request) -> web.Response:
        """Switch faults: those that are named; `quota_gone` is that no interface may be called again today."""
        asked = await request.json()
        if "quota_gone" in asked:
            self._platform.daily_limit = 0 if asked.pop("quota_gone") else CALLS_A_DAY
        for name, value in asked.items():
            if name not in asdict(self._simulator.faults):
                raise web.HTTPBadRequest(text=f"没有这种故障：{name}")
            setattr(self._simulator.faults, name, float(value) if name == "slow_seconds" else bool(value))
        self._platform.changed()
        return web.json_response(asdict(self._simulator.faults))

    async def _advance(self, request: web.Request) -> web.Response:
        """Let time pass for the platform."""
        self._platform.advance(timedelta(seconds=float((await request.json())["seconds"])))
        return web.json_response({})

    async def _expire_tokens(self, request: web.Request) -> web.Response:
        """All access tokens end now."""
        self._platform.official.tokens.expire()
        self._platform.kf.tokens.expire()
        return web.json_response({})

    async def _go_away(self, request: web.Request) -> web.Response:
        """Nobody listens for so many seconds; this answer comes first."""
        await self._start(self._away(float((await request.json())["seconds"])))
        return web.json_response({}, status=202)

    async def _away(self, seconds: float) -> None:
        await asyncio.sleep(ANSWER_FIRST)
        async with self._simulator.away():
            await asyncio.sleep(seconds)

    async def _verify(self, request: web.Request) -> web.Response:
        """Ask the service whether its addresses are its own, as at setup."""
        official, kf = await asyncio.gather(self._simulator.verify(), self._simulator.kf.verify())
        return web.json_response({"wechat": official, "kf": kf})

    async def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it beside the answer, since three attempts take long; what cannot be done at all fails here."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.sleep(0)
        if task.done():
            task.result()


@web.middleware
async def _only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Pages of others may not steer the simulator; every answer of ours is held to the page's own policy."""
    if request.path.startswith("/cgi-bin/"):
        return await handler(request)
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="只能从模拟器自己的页面操作")
    try:
        answer = await handler(request)
    except (AnfuError, Refused) as error:
        answer = web.json_response({"message": str(error)}, status=409)
    except (KeyError, ValueError, TypeError) as error:
        answer = web.json_response({"message": f"请求不完整：{error}"}, status=400)
    answer.headers.update(_SECURE)
    return answer


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number)
