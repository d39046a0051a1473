"""Logs at their most talkative, and pages of errors, hold no secret and nobody's words, phone or address."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import hdrs

from bot.gateway.auth import COOKIE, staff_token
from bot.logs import MaskingFormatter
from tests.integration.gateway_world import CONTACT, PEOPLE, SECRET
from tests.integration.test_wechat_callback import KEY, TOKEN, phone, until
from tests.security.house import PASSWORD, signed_in

PHONE, ORDER, ADDRESS, WORDS = "13912345678", "202601030001", "幸福路七号楼二单元", "我家的秘密是向日葵"
TOTP = "dynamic-code-000000"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged at DEBUG, as `anfu` writes it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(MaskingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(lambda record: record.name != "aiohttp.access")  # the gateway keeps its own instead
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


async def test_a_day_of_everything_leaves_no_secret_and_no_person_in_the_log(
    tmp_path: Path, written: io.StringIO
) -> None:
    pages: list[str] = []
    async with phone(tmp_path) as customer:
        world = customer.world
        world.everybody()
        # Customers write, on the website and in WeChat.
        talk = await world.open()
        for text in (WORDS, f"我的电话是 {PHONE}，订单 {ORDER}", f"地址 {ADDRESS}", "转人工"):
            assert (await talk.say(text)).status == 202
        await customer.say(f"{WORDS} {PHONE}")
        await until(lambda: customer.shown)
        async with await talk.socket() as ws:
            await ws.send_str(json.dumps({"type": "typing", "text": WORDS}))
        # People work, sign in, and mistype.
        session = await signed_in(world, "小李")
        token = staff_token(SECRET, "小李", PEOPLE["小李"], world.clock())
        number = world.analysed(talk.id)
        await world.ask("POST", f"/tickets/{number}/facts", {"facts": CONTACT | {"contact_notes": WORDS}})
        await world.ask("GET", f"/desk/tickets?q={PHONE}")
        await world.ask("GET", f"/desk/conversations?q={WORDS}")
        for password in (PASSWORD + "x", WORDS):
            response = await world.client.post(
                "/api/v1/session", json={"name": "小李", "password": password, "code": TOTP}
            )
            pages.append(await response.text())
        # What goes wrong is told without what was in it.
        link = world.link("agreement", world.offered(world.analysed(key="2")))
        for method, path, sent in (
            ("GET", f"/nowhere/{PHONE}", {}), ("GET", f"/wechat?echostr={WORDS}", {}), ("GET", link + "x", {}),
            ("POST", link, {"data": {"answer": WORDS}}), ("POST", "/api/v1/conversations", {"data": WORDS.encode()}),
            ("POST", "/wechat", {"data": f"<xml>{WORDS}</xml>".encode()}),
            ("GET", "/api/v1/tickets", {"headers": {hdrs.AUTHORIZATION: f"Bearer {token}x"}}),
            ("GET", "/api/v1/session", {"headers": {hdrs.COOKIE: f"{COOKIE}={WORDS.encode().hex()}"}}),
            ("PUT", "/api/v1/presence", {"headers": session | {"X-CSRF-Token": "0" * 64}, "json": {}}),
            ("GET", f"/api/v1/tickets?kind={PHONE}", {"headers": {hdrs.AUTHORIZATION: f"Bearer {token}"}}),
        ):  # fmt: skip
            async with world.client.request(method, path, **sent) as response:
                pages.append(await response.text())
        await world.client.get(link)
    log = written.getvalue()
    assert len(log) > 2000, "the log was on"
    secrets = {
        "the installation's secret": SECRET, "a customer's token": talk.token, "a person's token": token,
        "a session": session[hdrs.COOKIE].partition("=")[2], "a CSRF token": session["X-CSRF-Token"],
        "a password": PASSWORD, "a code": TOTP, "a link": link.rpartition("/")[2],
        "the platform's token": f"'{TOKEN}'", "the platform's key": KEY,
    }  # fmt: skip
    people = {"words": WORDS, "a phone": PHONE, "an order": ORDER, "an address": ADDRESS}
    for what, secret in {**secrets, **people}.items():
        line = next((line for line in log.splitlines() if secret in line), "")
        assert not line, f"the log holds {what}: {line[:300]}"
    for page in pages:
        told = {what for what, secret in secrets.items() if secret in page}
        assert told <= {"a link"}, f"a page of an error holds {told}"  # whose page it is came by the link
        assert not [word for word in ("Traceback", ".py", "sqlalchemy", "aiohttp") if word in page], page
