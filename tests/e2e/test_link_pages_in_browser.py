"""The pages behind links as customers meet them: on a phone and at a desk, by touch and by keyboard (C5-C7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.domain.agreement import Answer
from tests.e2e.conftest import DESKTOP, PHONE, PICTURES
from tests.integration.gateway_world import World, gateway

MIN_TARGET = 44
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Shop:
    """A gateway in a thread of its own; `world` is what it works on."""

    folder: Path
    world: World = field(init=False)
    address: str = field(init=False)

    def serve(self, ready: Event, stop: Event) -> None:
        asyncio.run(self._serve(ready, stop))

    async def _serve(self, ready: Event, stop: Event) -> None:
        async with gateway(self.folder) as self.world:
            self.address = f"http://{self.world.server.host}:{self.world.server.port}"
            ready.set()
            await asyncio.to_thread(stop.wait)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop, ready, stop = Shop(tmp_path), Event(), Event()
    thread = Thread(target=shop.serve, args=(ready, stop), daemon=True)
    thread.start()
    try:
        assert ready.wait(30)
        yield shop
    finally:
        stop.set()
        thread.join(10)


@pytest.fixture
def pages(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages; the browser must have nothing to complain about."""
    contexts, problems = [], []

    def new(size: dict[str, int], **options: Any) -> Page:
        viewport = {"width": size["width"], "height": size["height"]}
        context = browser.new_context(viewport=viewport, locale="zh-CN", java_script_enabled=False, **options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if "404" not in message.text else None)
        return page

    yield new
    for context in contexts:
        context.close()
    assert problems == []


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def fits(page: Page) -> None:
    """Nothing is cut off, and everything to touch is large enough."""
    assert page.evaluate(OVERFLOW) == 0
    targets = page.locator("button:visible, summary:visible, a:visible, textarea:visible, .choice:visible")
    for box in (target.bounding_box() for target in targets.all()):
        assert box
        assert box["height"] >= MIN_TARGET, box


def test_the_agreement_is_read_and_confirmed_by_keyboard(shop: Shop, pages: Callable[..., Page]) -> None:
    agreement_id = shop.world.offered(shop.world.analysed())
    address = shop.address + shop.world.link("agreement", agreement_id)
    phone = pages(PHONE, has_touch=True, is_mobile=True)
    phone.goto(address)
    expect(phone.get_by_role("heading", level=1)).to_have_text("处理方案，请您过目")
    fits(phone)
    picture(phone, "agreement-open-360")
    phone.locator(".other > summary").tap()
    expect(phone.get_by_label("哪里不合适")).to_be_visible()
    fits(phone)
    picture(phone, "agreement-refusing-360")
    dark = pages(PHONE, color_scheme="dark")
    dark.goto(address)
    picture(dark, "agreement-open-360-dark")

    desk = pages(DESKTOP)
    desk.goto(address)
    picture(desk, "agreement-open-1280")
    for _ in range(10):
        desk.keyboard.press("Tab")
        if desk.locator("button:focus").count():
            break
    expect(desk.locator("button:focus")).to_have_text("同意这个方案")
    picture(desk, "agreement-focus-1280")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_have_text("您已同意，协议生效了")
    assert desk.url == address
    picture(desk, "agreement-confirmed-1280")
    phone.reload()
    picture(phone, "agreement-confirmed-360")
    assert shop.world.office.resolutions.agreement(agreement_id).state is Answer.CONFIRMED

    refused = pages(DESKTOP)
    refused.goto(f"{shop.address}/a/forged")
    picture(refused, "agreement-forged-1280")


def test_a_department_and_a_follow_up_by_phone(shop: Shop, pages: Callable[..., Page]) -> None:
    world = shop.world
    number = world.analysed()
    world.office.resolutions.confirm(world.offered(number))
    task, other = world.office.tasks.find(ticket=number)
    phone = pages(PHONE, has_touch=True, is_mobile=True)
    phone.goto(shop.address + world.link("task", task.id))
    fits(phone)
    picture(phone, "task-open-360")
    phone.get_by_label("您的姓名").fill("老周")
    phone.get_by_role("button", name="接收任务").tap()
    phone.get_by_label("办得怎么样").fill("已发出\n运单 SF123456")
    fits(phone)
    picture(phone, "task-acknowledged-360")
    phone.get_by_role("button", name="办结").tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text("办结了，谢谢")
    picture(phone, "task-done-360")
    world.office.tasks.finish(other.id, "小吴", "已退")

    (followup,) = world.office.followups.of_ticket(number)
    phone.goto(shop.address + world.link("followup", followup.id))
    fits(phone)
    picture(phone, "followup-open-360")
    phone.get_by_role("radio", name="不满意").check()
    phone.get_by_label("还想说的话").fill("运单号给错了")
    picture(phone, "followup-chosen-360")
    desk = pages(DESKTOP)
    desk.goto(shop.address + world.link("followup", followup.id))
    picture(desk, "followup-open-1280")
    phone.get_by_role("button", name="提交回答").tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text("对不起，是我们没办到位")
    fits(phone)
    picture(phone, "followup-unsatisfied-360")
