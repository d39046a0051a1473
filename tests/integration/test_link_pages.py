"""The pages behind signed links, as a customer and a department meet them (C5, C6, C7)."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData

from bot.domain.agreement import Answer
from bot.domain.followup import Kept
from bot.domain.task import Progress
from bot.domain.ticket import Status
from bot.gateway.auth import staff_token
from bot.gateway.links import LONGEST_COMMENT, LONGEST_RESULT, PAGES_PER_MINUTE
from bot.services.resolutions import Plan
from tests.integration.gateway_world import SECRET, World, gateway


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        yield world


async def look(world: World, path: str) -> str:
    """A page that opens, as text."""
    response = await world.client.get(path)
    assert response.status == 200, await response.text()
    return words_of(await response.text())


async def send(world: World, path: str, headers: Any = None, **form: str) -> ClientResponse:
    response: ClientResponse = await world.client.post(path, data=form, headers=headers, allow_redirects=False)
    return response


async def answer(world: World, path: str, **form: str) -> str:
    """Submit a form; the browser is sent back to the page, whose text this gives."""
    response = await send(world, path, **form)
    assert (response.status, response.headers["Location"]) == (303, path), await response.text()
    return await look(world, path)


async def told_off(response: ClientResponse, status: int, *words: str) -> str:
    """Check that an error is a page in Chinese that says these words."""
    assert response.status == status, await response.text()
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    text = words_of(await response.text())
    for word in words:
        assert word in text
    return text


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def agreement_link(world: World, plan: Plan | None = None, **facts: str) -> str:
    return world.link("agreement", world.offered(world.analysed(**facts), plan))


def signed(world: World, plan: Plan | None = None) -> str:
    """A complaint whose agreement is signed, so that its tasks are open; gives its number."""
    number = world.analysed()
    world.office.resolutions.confirm(world.offered(number, plan))
    return number


# The agreement


async def test_the_agreement_shows_what_is_offered_by_whom_until_when_and_its_fingerprint(world: World) -> None:
    number = world.analysed()
    agreement = world.office.resolutions.agreement(world.offered(number))
    text = await look(world, world.link("agreement", agreement.id))
    for term in agreement.terms:
        assert term in text
    assert number in text
    assert "王主管" in text
    assert "前有效" in text
    assert f"{agreement.digest[:4]} {agreement.digest[4:8]} {agreement.digest[8:12]}" in text
    assert agreement.digest in text
    assert "同意这个方案" in text
    assert "不同意" in text


async def test_a_customer_agrees_once_and_the_departments_get_their_tasks(world: World) -> None:
    number = world.analysed()
    agreement_id = world.offered(number)
    text = await answer(world, world.link("agreement", agreement_id), answer="confirm")
    assert "协议生效" in text
    assert "仓库、财务" in text
    assert "接下来会做什么" in text
    assert "同意这个方案" not in text
    assert world.office.resolutions.agreement(agreement_id).state is Answer.CONFIRMED
    assert world.ticketing.get(number).step == "carry_out"
    assert {task.department for task in world.office.tasks.find(ticket=number)} == {"warehouse", "finance"}


async def test_the_chat_says_at_once_that_the_agreement_is_signed(world: World) -> None:
    talk = await world.open()
    number = world.analysed(talk.id)
    path = world.link("agreement", world.offered(number))
    before = (await talk.read())["messages"][-1]["seq"]
    await answer(world, path, answer="confirm")
    frame = await talk.read(after=before, wait=5)
    assert number in frame["messages"][0]["text"]


async def test_looking_changes_nothing(world: World) -> None:
    number = world.analysed()
    agreement_id = world.offered(number)
    before = world.ticketing.get(number), world.office.resolutions.agreement(agreement_id)
    for query in ("", "?answer=confirm", "?answer=refuse&reason=x"):
        await look(world, world.link("agreement", agreement_id) + query)
    assert (world.ticketing.get(number), world.office.resolutions.agreement(agreement_id)) == before


async def test_a_customer_who_says_no_gives_a_reason_and_the_complaint_goes_back(world: World) -> None:
    number = world.analysed()
    path = world.link("agreement", world.offered(number))
    text = await answer(world, path, answer="refuse", reason="钱太少\r\n<b>我要换货</b>")
    assert "钱太少 <b>我要换货</b>" in text
    assert "新方案" in text
    assert world.ticketing.get(number).step == "propose"


@pytest.mark.parametrize("reason", ["", "  \r\n ", "长" * 501])
async def test_a_no_without_a_reason_keeps_what_was_typed_and_says_what_is_missing(world: World, reason: str) -> None:
    path = agreement_link(world)
    response = await send(world, path, answer="refuse", reason=reason)
    html = await response.text()
    assert response.status == 422
    assert "请用 1 到 500 个字告诉我们哪里不合适" in html
    assert 'aria-invalid="true"' in html
    assert '<details class="other" open>' in html
    assert reason.strip() in html
    assert "等您答复" in await look(world, path)


@pytest.mark.parametrize("again", [{"answer": "confirm"}, {"answer": "refuse", "reason": "想了想还是不行"}])
async def test_an_agreement_is_answered_once(world: World, again: dict[str, str]) -> None:
    path = agreement_link(world)
    await answer(world, path, answer="confirm")
    await told_off(await send(world, path, **again), 409, "您已经确认过这份协议", "看看现在的情况")
    assert "协议生效" in await look(world, path)


async def test_of_two_confirmations_at_once_one_wins(world: World) -> None:
    number = world.analysed()
    path = world.link("agreement", world.offered(number))
    answers = await asyncio.gather(*(send(world, path, answer="confirm") for _ in range(4)))
    assert sorted(response.status for response in answers) == [303, 409, 409, 409]
    assert len(world.office.tasks.find(ticket=number)) == 2


async def test_a_new_offer_takes_the_place_of_the_old(world: World) -> None:
    number = world.analysed()
    first = world.offered(number)
    with world.uow() as work:
        agreement = work.agreements.get(first)
        assert agreement
        work.agreements.save(agreement.withdraw(world.clock()), "小李", "有了新方案", world.clock())
        work.commit()
    path = world.link("agreement", first)
    text = await look(world, path)
    assert "换新了" in text
    assert "同意这个方案" not in text
    await told_off(await send(world, path, answer="confirm"), 409, "请以最新的一份为准")


async def test_an_offer_past_its_time_says_what_to_do(world: World) -> None:
    agreement_id = world.offered(world.analysed())
    world.clock.ahead = timedelta(days=8)
    path = world.link("agreement", agreement_id)
    text = await look(world, path)
    assert "过了有效期" in text
    assert "同意这个方案" not in text
    await told_off(await send(world, path, answer="confirm"), 409, "已过有效期")


async def test_words_that_were_changed_after_sealing_can_not_be_signed(world: World) -> None:
    number = world.analysed()
    agreement_id = world.offered(number)
    with world.uow() as work:
        agreement = work.agreements.get(agreement_id)
        assert agreement
        work.agreements.save(replace(agreement, terms=("补偿方案：现金 1 元",)), "小李", "偷改", world.clock())
        work.commit()
    path = world.link("agreement", agreement_id)
    await told_off(await world.client.get(path), 409, "对不上")
    await told_off(await send(world, path, answer="confirm"), 409, "对不上")
    assert world.ticketing.get(number).step == "confirm"


# A department's task


async def test_a_department_takes_its_task_and_says_that_it_is_done(world: World) -> None:
    number = signed(world, Plan(terms=("今天发货",), tasks=(("warehouse", "优先发出洗衣机"),)))
    (task,) = world.office.tasks.find(ticket=number)
    path = world.link("task", task.id)
    text = await look(world, path)
    for words in ("仓库", "优先发出洗衣机", number, "接收期限", "小李", "接收任务"):
        assert words in text
    text = await answer(world, path, answer="acknowledge", name="老周")
    assert "老周" in text
    assert "办结" in text
    text = await answer(world, path, answer="finish", name="老周", result="已发出\r\n运单 SF1")
    assert "已发出 运单 SF1" in text
    assert world.office.tasks.get(task.id).result == "已发出\n运单 SF1"
    assert world.ticketing.get(number).status is Status.RESOLVED


async def test_a_task_taken_twice_stays_with_the_first_and_done_twice_is_refused(world: World) -> None:
    (task, _) = world.office.tasks.find(ticket=signed(world))
    path = world.link("task", task.id)
    await answer(world, path, answer="acknowledge", name="老周")
    assert "老周" in await answer(world, path, answer="acknowledge", name="小吴")
    await answer(world, path, answer="finish", name="小吴", result="好了")
    await told_off(await send(world, path, answer="finish", name="小吴", result="好了"), 409, "已经办结或取消")


async def test_a_late_task_says_so_and_a_cancelled_one_asks_for_nothing(world: World) -> None:
    (late, cancelled) = world.office.tasks.find(ticket=signed(world))
    with world.uow() as work:
        work.tasks.save(replace(cancelled, state=Progress.CANCELLED), "小李", "不用了", world.clock())
        work.commit()
    world.clock.ahead = timedelta(days=1)
    assert "已经超时，请尽快接收" in await look(world, world.link("task", late.id))
    text = await look(world, world.link("task", cancelled.id))
    assert "取消了" in text
    assert "接收任务" not in text
    await told_off(await send(world, world.link("task", cancelled.id), answer="acknowledge", name="老周"), 409, "取消")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"answer": "acknowledge", "name": " "}, "姓名"),
        ({"answer": "acknowledge", "name": "周" * 61}, "60 字以内"),
        ({"answer": "finish", "name": "老周", "result": ""}, "写明办得怎么样"),
        ({"answer": "finish", "name": "老周", "result": "长" * (LONGEST_RESULT + 1)}, "写明办得怎么样"),
    ],
)
async def test_an_incomplete_form_of_a_task_says_what_is_missing(
    world: World, form: dict[str, str], words: str
) -> None:
    (task, _) = world.office.tasks.find(ticket=signed(world))
    await told_off(await send(world, world.link("task", task.id), **form), 422, words, "优先发出洗衣机")
    assert world.office.tasks.get(task.id).state is Progress.OPEN


# A follow-up


def asked(world: World) -> str:
    """A complaint that was carried out, and the follow-up that asks after it; gives the follow-up's id."""
    number = signed(world, Plan(terms=("当面致歉",)))
    (followup,) = world.office.followups.of_ticket(number)
    return followup.id


async def test_a_satisfied_customer_is_thanked_and_the_ticket_closed(world: World) -> None:
    followup_id = asked(world)
    path = world.link("followup", followup_id)
    text = await look(world, path)
    assert "满意吗" in text
    text = await answer(world, path, answer="satisfied", comment="小李很耐心")
    assert "谢谢您" in text
    assert "小李很耐心" in text
    followup = world.office.followups.get(followup_id)
    assert followup.state is Kept.SATISFIED
    assert world.ticketing.get(followup.ticket).status is Status.CLOSED


async def test_an_unsatisfied_customer_sees_that_it_goes_on_with_priority(world: World) -> None:
    followup_id = asked(world)
    text = await answer(world, world.link("followup", followup_id), answer="unsatisfied", comment="")
    assert "重新打开，排到前面" in text
    ticket = world.ticketing.get(world.office.followups.get(followup_id).ticket)
    assert (ticket.step, ticket.priority) == ("analyse", 1)


async def test_a_followup_is_answered_once_and_completely(world: World) -> None:
    path = world.link("followup", asked(world))
    html = await (await send(world, path, comment="还行")).text()
    assert "请先选“满意”或“不满意”" in html
    assert ">还行</textarea>" in html
    response = await send(world, path, answer="unsatisfied", comment="长" * (LONGEST_COMMENT + 1))
    text = await response.text()
    assert (response.status, "字以内" in text, 'value="unsatisfied" required checked' in text) == (422, True, True)
    await answer(world, path, answer="satisfied", comment="")
    await told_off(await send(world, path, answer="unsatisfied", comment=""), 409, "您已经回复过")


async def test_a_cancelled_followup_asks_nothing(world: World) -> None:
    followup_id = asked(world)
    followup = world.office.followups.get(followup_id)
    with world.uow() as work:
        work.followups.save(replace(followup, state=Kept.CANCELLED), "system", "又在办理中", world.clock())
        work.commit()
    text = await look(world, world.link("followup", followup_id))
    assert "又在办了" in text
    assert "提交回答" not in text


# Links that open nothing


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "%ff", "x" * 3000])
@pytest.mark.parametrize("place", ["a", "t", "f"])
async def test_a_forged_link_opens_nothing(world: World, place: str, token: str) -> None:
    await told_off(await world.client.get(f"/{place}/{token}"), 404, "这个链接打不开")
    await told_off(await send(world, f"/{place}/{token}", answer="confirm"), 404, "这个链接打不开")


async def test_a_link_opens_only_what_it_was_made_for(world: World) -> None:
    path = agreement_link(world)
    token = path.removeprefix("/a/")
    await told_off(await world.client.get(f"/t/{token}"), 404)
    await told_off(await world.client.get(f"/f/{token}"), 404)
    await told_off(await world.client.get(path[:-3] + "abc"), 404)
    await told_off(await world.client.get(f"{path}/more"), 404)
    await told_off(await world.client.get("/a/" + staff_token(SECRET, "小李", "agent", world.clock())), 404)
    response = await world.client.get("/api/v1/tickets", headers={"Authorization": f"Bearer {token}"})
    assert response.status == 401


@pytest.mark.parametrize("purpose", ["agreement", "task", "followup"])
async def test_a_link_to_nothing_is_not_found(world: World, purpose: Any) -> None:
    await told_off(await world.client.get(world.link(purpose, "123e4567-e89b-42d3-a456-426614174000")), 404)


async def test_an_expired_link_says_so(world: World) -> None:
    path = agreement_link(world)
    world.clock.ahead = timedelta(days=7, seconds=1)
    await told_off(await world.client.get(path), 410, "过期", "去在线客服")
    await told_off(await send(world, path, answer="confirm"), 410, "过期")


# Requests that are no form of ours


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "null"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "null"}, 403),
    ],
    ids=str,
)
async def test_only_our_own_page_may_answer(world: World, headers: dict[str, str], status: int) -> None:
    path = agreement_link(world)
    response = await send(world, path, headers, answer="confirm")
    assert response.status == status
    if status == 403:
        await told_off(response, 403, "不是从我们的页面发出的")


async def test_our_own_origin_is_ours(world: World) -> None:
    own = f"http://{world.server.host}:{world.server.port}"
    assert (await send(world, agreement_link(world), {"Origin": own}, answer="confirm")).status == 303


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"answer": "confirm"}', "application/json", 400),
        (b"answer=confirm", "text/plain", 400),
        (b"answer=%ff", "application/x-www-form-urlencoded", 400),
        ("answer=确认".encode(), "application/x-www-form-urlencoded", 400),
        (b"&".join([b"answer=confirm"] * 21), "application/x-www-form-urlencoded", 400),
        (b"answer=maybe", "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 400),
        (b"answer=refuse&reason=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
    ids=["json", "text", "no utf-8", "not encoded", "too many", "unknown", "empty", "too big"],
)
async def test_what_is_no_form_of_ours_is_refused(world: World, body: bytes, kind: str, status: int) -> None:
    path = agreement_link(world)
    response = await world.client.post(path, data=body, headers={"Content-Type": kind}, allow_redirects=False)
    await told_off(response, status, "返回重试")
    assert "等您答复" in await look(world, path)


async def test_a_form_with_files_is_refused(world: World) -> None:
    form = FormData()
    form.add_field("answer", b"confirm", filename="x.txt")
    await told_off(await world.client.post(agreement_link(world), data=form), 400)


async def test_invisible_characters_are_left_out(world: World) -> None:
    agreement_id = world.offered(world.analysed())
    await answer(world, world.link("agreement", agreement_id), answer="refuse", reason="太\x00少\u200b了\u202e")
    assert world.office.resolutions.agreement(agreement_id).reason == "太少了"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_another_method_is_refused_with_a_page(world: World, method: str) -> None:
    response = await world.client.request(method, agreement_link(world))
    assert response.status == 405
    assert response.content_type == "text/html"
    assert response.headers["Allow"] == "GET,POST"


async def test_one_address_opens_so_many_pages_a_minute(world: World) -> None:
    for _ in range(PAGES_PER_MINUTE):
        await world.client.get("/a/x")
    response = await world.client.get("/t/x")
    await told_off(response, 429, "秒后再试")
    assert int(response.headers["Retry-After"]) >= 1


async def test_an_unexpected_error_is_a_page_with_a_number(world: World, monkeypatch: Any, caplog: Any) -> None:
    path = agreement_link(world)

    def breaks(*_: Any) -> None:
        raise RuntimeError("13800138000")

    monkeypatch.setattr(world.office.resolutions, "_uow", breaks)
    text = await told_off(await world.client.get(path), 500, "编号")
    assert "13800138000" not in text
    assert path not in caplog.text


# Headers and logs


@pytest.mark.parametrize("good", [True, False])
async def test_pages_are_not_kept_not_found_and_not_told_to_others(world: World, good: bool) -> None:
    response = await world.client.get(agreement_link(world) if good else "/a/forged")
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["X-Frame-Options"] == "DENY"
    html = await response.text()
    assert "<script" not in html
    assert "style=" not in html
    assert "onclick" not in html


async def test_the_way_back_after_an_answer_is_not_kept_either(world: World) -> None:
    response = await send(world, agreement_link(world), answer="confirm")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_the_log_and_the_numbers_hold_no_link(world: World, caplog: Any) -> None:
    path = agreement_link(world)
    with caplog.at_level(logging.DEBUG, logger="anfu.access"):
        await look(world, path)
        await world.client.get(f"{path}/more")
    lines = [record.getMessage() for record in caplog.records if record.name == "anfu.access"]
    assert any(line.startswith("GET /a/{token} 200 ") for line in lines)
    assert path.removeprefix("/a/") not in caplog.text
    assert path.removeprefix("/a/") not in await (await world.client.get("/metrics")).text()


async def test_what_staff_and_customers_write_is_shown_as_text(world: World) -> None:
    plan = Plan(terms=("<script>alert(1)</script>", '" onmouseover="x'), tasks=(("finance", "<img src=x>"),))
    number = world.analysed()
    agreement_id = world.offered(number, plan)
    html = await (await world.client.get(world.link("agreement", agreement_id))).text()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    world.office.resolutions.confirm(agreement_id)
    (task,) = world.office.tasks.find(ticket=number)
    assert "<img src=x>" not in await (await world.client.get(world.link("task", task.id))).text()
    response = await send(world, world.link("task", task.id), answer="acknowledge", name='"><b>' + "长" * 60)
    assert '"><b>' not in await response.text()
