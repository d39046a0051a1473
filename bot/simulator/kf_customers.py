"""What customers and people of the company do in 微信客服 (W3)."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from bot.simulator.callbacks import Delivery, KfCaller
from bot.simulator.chat import Entry, Reply, Speaker, in_brief
from bot.simulator.credentials import CORP_ID
from bot.simulator.kf import Session
from bot.simulator.platform import Platform


class KfCustomers:
    """One does, the service is told that there is something, and pulls it."""

    def __init__(
        self, platform: Platform, caller: KfCaller, wait_until: Callable[[Callable[[], bool], float], Awaitable[None]]
    ) -> None:
        self._platform = platform
        self._caller = caller
        self._wait_until = wait_until
        self._photos = itertools.count(1)

    async def say(self, open_kfid: str, external_userid: str, text: str, menu_id: str = "") -> Delivery:
        """The customer writes, or touches an entry of a menu message, which `menu_id` names."""
        content: dict[str, Any] = {"content": text, **({"menu_id": menu_id} if menu_id else {})}
        return await self._write(self._session(open_kfid, external_userid), "text", content, text)

    async def choose(self, open_kfid: str, external_userid: str, entry: Entry) -> Delivery:
        """The customer touches an entry of a menu message."""
        return await self.say(open_kfid, external_userid, entry.title, entry.id)

    async def send_image(self, open_kfid: str, external_userid: str, content: bytes) -> Delivery:
        """The customer sends a photo."""
        media = self._platform.media.add("image", f"{next(self._photos)}.jpg", "image/jpeg", content)
        session = self._session(open_kfid, external_userid)
        return await self._write(session, "image", {"media_id": media.id}, media_id=media.id)

    async def send_voice(self, open_kfid: str, external_userid: str, content: bytes = b"#!AMR\n") -> Delivery:
        """The customer speaks; 微信客服 writes nothing down."""
        media = self._platform.media.add("voice", "voice.amr", "audio/amr", content)
        session = self._session(open_kfid, external_userid)
        return await self._write(session, "voice", {"media_id": media.id}, media_id=media.id)

    async def send_file(self, open_kfid: str, external_userid: str, content: bytes, name: str) -> Delivery:
        """The customer sends a file."""
        media = self._platform.media.add("file", name, "application/octet-stream", content)
        session = self._session(open_kfid, external_userid)
        return await self._write(session, "file", {"media_id": media.id}, name, media.id)

    async def send_location(
        self, open_kfid: str, external_userid: str, latitude: float, longitude: float, label: str
    ) -> Delivery:
        """The customer shows where they are."""
        content = {"latitude": latitude, "longitude": longitude, "name": label, "address": ""}
        return await self._write(self._session(open_kfid, external_userid), "location", content, label)

    async def enter(self, open_kfid: str, external_userid: str, scene: str = "") -> Delivery:
        """The customer opens the chat; the service may welcome them with the code that it is told."""
        self._platform.kf.entered(self._session(open_kfid, external_userid), scene)
        return await self._call(open_kfid, "进入会话")

    async def take(self, open_kfid: str, external_userid: str, servicer: str) -> Delivery:
        """Somebody of the company takes the customer over in 企业微信 itself."""
        self._platform.kf.taken(self._session(open_kfid, external_userid), servicer)
        return await self._call(open_kfid, f"{servicer} 接入")

    async def person_says(self, open_kfid: str, external_userid: str, text: str) -> Delivery:
        """Who has taken over writes to the customer."""
        self._platform.kf.person_wrote(self._session(open_kfid, external_userid), text)
        return await self._call(open_kfid, "接待人员发消息")

    async def end(self, open_kfid: str, external_userid: str) -> Delivery:
        """Who has taken over closes the session."""
        self._platform.kf.ended(self._session(open_kfid, external_userid))
        return await self._call(open_kfid, "结束会话")

    async def verify(self) -> bool:
        """Whether the service answers the question with which an address is set up."""
        return await self._caller.verify()

    def replies(self, open_kfid: str, external_userid: str) -> list[Reply]:
        """What the service has said to the customer."""
        return self._platform.kf.replies(open_kfid, external_userid)

    async def wait_for_replies(self, open_kfid: str, external_userid: str, count: int, timeout: float) -> list[Reply]:
        """What the service has said, as soon as it is that much.

        Raises:
            TimeoutError: it has said less within `timeout` seconds.
        """
        await self._wait_until(lambda: len(self.replies(open_kfid, external_userid)) >= count, timeout)
        return self.replies(open_kfid, external_userid)

    def _session(self, open_kfid: str, external_userid: str) -> Session:
        return self._platform.kf.session(open_kfid, external_userid)

    async def _write(
        self, session: Session, kind: str, content: dict[str, Any], text: str = "", media_id: str = ""
    ) -> Delivery:
        line = Reply(kind, text, self._platform.now(), Speaker.CUSTOMER, media_id=media_id)
        self._platform.kf.written(session, line, {"msgtype": kind, kind: content})
        return await self._call(session.open_kfid, in_brief(line))

    async def _call(self, open_kfid: str, about: str) -> Delivery:
        fields: dict[str, str | int] = {
            "ToUserName": CORP_ID, "CreateTime": int(self._platform.clock().timestamp()),
            "MsgType": "event", "Event": "kf_msg_or_event", "Token": self._platform.kf.give_sync_token(),
            "OpenKfId": open_kfid,
        }  # fmt: skip
        return await self._caller.deliver(about, fields)
