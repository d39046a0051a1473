"""The simulator: answers the service's calls, calls the service for customers, and shows both on a page."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web

from bot.adapters.channels.wechat.crypto import Seal
from bot.simulator import credentials
from bot.simulator.api import Api
from bot.simulator.callbacks import ANSWER_WITHIN, DELIVERIES_KEPT, Caller, Delivery, KfCaller
from bot.simulator.chat import Entry, Reply, Speaker, in_brief
from bot.simulator.control import Control
from bot.simulator.faults import Faults
from bot.simulator.grants import Cause
from bot.simulator.kf_customers import KfCustomers
from bot.simulator.platform import Platform

MENU = (("REPAIR", "我要报修"), ("PROGRESS", "我的工单"), ("HUMAN", "转人工"))
MOST_UPLOAD = 32 * 1024 * 1024
BROKEN = "该公众号提供的服务出现故障，请稍后再试"
"""What WeChat shows when the service has not answered three times."""


class Simulator:
    """WeChat for one service; entered, it listens.

    Attributes:
        faults: what goes wrong now.
        kf: 微信客服; what is here itself is the 公众号.
        address: where the service reaches the interfaces, and a browser the page.
        deliveries: the last callbacks, with each attempt.
    """

    def __init__(
        self, platform: Platform, service_url: str, *, aes: bool = True, retry_after: float = 5.0,
        answer_within: float = ANSWER_WITHIN, port: int = 0, menu: Sequence[tuple[str, str]] = MENU,
    ) -> None:  # fmt: skip
        """Prepare it.

        Args:
            service_url: where the service listens; `/wechat` and `/kf` are called there.
            aes: whether callbacks of the 公众号 are encrypted; those of 微信客服 always are.
            retry_after: how many seconds after an attempt that failed the next one begins.
            answer_within: how many seconds the service has for an answer.
            port: where to listen; 0 for any that is free.
            menu: keys and titles of the account's menu, as the page shows it.
        """
        self.platform = platform
        self.faults = Faults()
        self.service_url = service_url.rstrip("/")
        self.aes = aes
        self.address = ""
        self.menu = tuple(menu)
        self.deliveries: deque[Delivery] = deque(maxlen=DELIVERIES_KEPT)
        self._retry_after = retry_after
        self._answer_within = answer_within
        self._port = port
        self._news = asyncio.Event()

    async def __aenter__(self) -> "Simulator":
        self.platform.on_change = self._tell
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        seal = Seal(credentials.TOKEN, credentials.AES_KEY, credentials.APP_ID)
        self._caller = Caller(
            self._session, f"{self.service_url}/wechat", seal, credentials.TOKEN, sealed=self.aes, **self._how()
        )  # fmt: skip
        kf_seal = Seal(credentials.KF_TOKEN, credentials.KF_AES_KEY, credentials.CORP_ID)
        kf_caller = KfCaller(
            self._session, f"{self.service_url}/kf", kf_seal, credentials.KF_TOKEN, sealed=True, **self._how()
        )  # fmt: skip
        self.kf = KfCustomers(self.platform, kf_caller, self.wait_until)
        app = web.Application(client_max_size=MOST_UPLOAD)
        Api(self.platform, self.faults, lambda: self.address).add_routes(app)
        self._control = Control(self)
        self._control.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        try:
            await self._listen()
        except OSError:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.platform.on_change = lambda: None
        await self._control.close()
        await self._runner.cleanup()
        await self._session.close()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Nobody listens: connections are refused; the page is gone too."""
        await self._site.stop()
        for connection in self._runner.server.connections if self._runner.server else ():
            if connection.transport:
                connection.transport.abort()
        await asyncio.sleep(0.01)  # until those at the other end have seen it too
        try:
            yield
        finally:
            await self._listen()

    async def say(self, openid: str, text: str) -> Delivery:
        """The customer writes."""
        return await self._write(openid, self._line("text", text), {"MsgType": "text", "Content": text})

    async def choose(self, openid: str, entry: Entry) -> Delivery:
        """The customer touches an entry of a menu message: it comes as text, and opens what a menu opens (W2)."""
        fields = {"MsgType": "text", "Content": entry.title, "bizmsgmenuid": entry.id}
        return await self._write(openid, self._line("text", entry.title), fields, Cause.MENU)

    async def send_image(
        self, openid: str, content: bytes, name: str = "photo.jpg", type_: str = "image/jpeg"
    ) -> Delivery:
        """The customer sends a photo."""
        media = self.platform.media.add("image", name, type_, content)
        fields = {"MsgType": "image", "PicUrl": f"{self.address}/simulator/media/{media.id}", "MediaId": media.id}
        return await self._write(openid, self._line("image", media_id=media.id), fields)

    async def send_voice(self, openid: str, content: bytes = b"#!AMR\n", recognition: str = "") -> Delivery:
        """The customer speaks; `recognition` is what WeChat has understood, empty where it does not listen."""
        media = self.platform.media.add("voice", "voice.amr", "audio/amr", content)
        fields = {"MsgType": "voice", "MediaId": media.id, "Format": "amr", "Recognition": recognition}
        return await self._write(openid, self._line("voice", recognition, media.id), fields)

    async def send_video(self, openid: str, content: bytes) -> Delivery:
        """The customer sends a film."""
        media = self.platform.media.add("video", "video.mp4", "video/mp4", content)
        thumb = self.platform.media.add("thumb", "thumb.jpg", "image/jpeg", b"\xff\xd8\xff")
        fields = {"MsgType": "video", "MediaId": media.id, "ThumbMediaId": thumb.id}
        return await self._write(openid, self._line("video", media_id=media.id), fields)

    async def send_location(self, openid: str, latitude: float, longitude: float, label: str) -> Delivery:
        """The customer shows where they are."""
        fields: dict[str, str | int] = {
            "MsgType": "location", "Location_X": f"{latitude:.6f}", "Location_Y": f"{longitude:.6f}", "Scale": 16,
            "Label": label,
        }  # fmt: skip
        return await self._write(openid, self._line("location", label), fields)

    async def follow(self, openid: str, scene: str = "") -> Delivery:
        """The customer follows; `scene` where they came by a code that says so."""
        self.platform.official.followed(openid)
        self.platform.official.say_on_phone(openid, "已关注公众号")
        return await self._event("关注", openid, "subscribe", f"qrscene_{scene}" if scene else "")

    async def unfollow(self, openid: str) -> Delivery:
        """The customer follows no longer."""
        self.platform.official.left(openid)
        self.platform.official.say_on_phone(openid, "已取消关注")
        return await self._event("取消关注", openid, "unsubscribe")

    async def click(self, openid: str, key: str) -> Delivery:
        """The customer touches a key of the account's menu."""
        self.platform.official.clicked(openid)
        return await self._event(f"点菜单 {key}", openid, "CLICK", key)

    async def scan(self, openid: str, scene: str) -> Delivery:
        """The customer, who follows already, scans a code."""
        self.platform.official.scanned(openid)
        return await self._event(f"扫码 {scene}", openid, "SCAN", scene)

    async def verify(self) -> bool:
        """Whether the service answers the question with which an address is set up."""
        return await self._caller.verify()

    def replies(self, openid: str) -> list[Reply]:
        """What the service has said to the customer."""
        return self.platform.official.replies(openid)

    async def wait_for_replies(self, openid: str, count: int, timeout: float) -> list[Reply]:
        """What the service has said, as soon as it is that much.

        Raises:
            TimeoutError: it has said less within `timeout` seconds.
        """
        await self.wait_until(lambda: len(self.replies(openid)) >= count, timeout)
        return self.replies(openid)

    async def wait_until(self, comes_true: Callable[[], bool], timeout: float) -> None:
        """Wait for the platform's state to be so.

        Raises:
            TimeoutError: it did not become so within `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while not comes_true():
                await self.changed()

    async def changed(self) -> None:
        """Wait for the next change."""
        await self._news.wait()

    async def _write(
        self, openid: str, line: Reply, fields: Mapping[str, str | int], cause: Cause = Cause.WROTE
    ) -> Delivery:
        number = self.platform.official.written(openid, line, cause)
        return await self._deliver(in_brief(line), openid, {**fields, "MsgId": number})

    async def _event(self, about: str, openid: str, event: str, key: str = "") -> Delivery:
        return await self._deliver(about, openid, {"MsgType": "event", "Event": event, "EventKey": key})

    async def _deliver(self, about: str, openid: str, fields: dict[str, str | int]) -> Delivery:
        head: dict[str, str | int] = {
            "ToUserName": credentials.ORIGINAL_ID, "FromUserName": openid,
            "CreateTime": int(self.platform.clock().timestamp()),
        }  # fmt: skip
        delivery = await self._caller.deliver(about, {**head, **fields}, openid)
        if delivery.reply:
            self.platform.official.answer(openid, delivery.reply)
        elif not delivery.is_taken:
            self.platform.official.say_on_phone(openid, BROKEN)
        return delivery

    def _line(self, kind: str, text: str = "", media_id: str = "") -> Reply:
        return Reply(kind, text, self.platform.now(), Speaker.CUSTOMER, media_id=media_id)

    def _how(self) -> dict[str, Any]:
        return {
            "clock": self.platform.clock, "changed": self.platform.changed, "deliveries": self.deliveries,
            "answer_within": self._answer_within, "retry_after": self._retry_after,
        }  # fmt: skip

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await self._site.start()
        self._port = self._runner.addresses[-1][1]
        self.address = f"http://127.0.0.1:{self._port}"

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
