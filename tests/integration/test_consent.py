"""Customers are told once what their data is for, may ask for it or have it deleted, and read how it is kept (E10)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.content_files import load_scripts
from bot.adapters.privacy_files import load_privacy_notice
from bot.bootstrap import Anfu
from bot.domain.consent import WORKING_DAYS, Wish, read_notice, tells_of_a_person, wish_in
from bot.domain.customer import hidden_facts
from bot.domain.errors import ContentError
from bot.domain.message import Reply
from bot.domain.ticket import Kind
from bot.services.consent import Consent
from bot.services.ticket_changes import Edit
from tests.integration.fixtures_after_sales import Customer
from tests.integration.gateway_world import World, gateway

ASKING = Reply("方便留个电话吗？", {"kind": "script", "id": "ask.phone"})
ANSWER = Reply("好的。", {"kind": "script", "id": "chat.ok"})


def said(anfu: Anfu, conversation_id: str, text: str, *replies: Reply, consent: Consent | None = None) -> list[str]:
    """What the bot's answer reads like with what has to be said beside it."""
    with anfu.uow() as uow:
        conversation = uow.conversations.get(conversation_id)
        assert conversation is not None
        told = (consent or anfu.consent).with_notice(uow, conversation, text, replies)
        uow.commit()
    return [reply.text for reply in told]


def test_the_first_question_for_a_phone_says_what_for_and_no_later_one_does(anfu: Anfu, customer: Customer) -> None:
    here = customer.conversation
    assert said(anfu, here, "洗衣机坏了", ANSWER) == [ANSWER.text]
    first, asked = said(anfu, here, "要报修", ANSWER, ASKING)
    assert first == ANSWER.text
    assert asked.endswith(f"\n{ASKING.text}") and "https://kf.example.com/privacy" in asked
    assert said(anfu, here, "什么", ASKING) == [ASKING.text]


def test_who_tells_unasked_hears_it_with_the_answer(anfu: Anfu, customer: Customer) -> None:
    (answer,) = said(anfu, customer.conversation, "电话13712345678", ANSWER)
    assert answer.endswith(f"\n{ANSWER.text}") and "/privacy" in answer


def test_that_a_customer_was_told_and_gave_data_after_it_is_kept(anfu: Anfu, customer: Customer) -> None:
    here = customer.conversation
    said(anfu, here, "要报修", ASKING)
    said(anfu, here, "13712345678", ANSWER)
    (kept,) = anfu.person_exports.copy(here, "小李", "测试").data["tables"]["consents"]
    assert (kept["version"], kept["channel"]) == (anfu.consent.notice.version, "web")
    assert kept["told_at"] and kept["given_at"] and not kept["withdrawn_at"]


@pytest.mark.parametrize(("text", "topic"), [("我要我的个人信息！", "副本"), ("刪除我的信息", "删除")])
def test_a_wish_is_filed_once_and_promised_in_working_days(
    anfu: Anfu, customer: Customer, text: str, topic: str
) -> None:  # fmt: skip
    for _ in range(2):
        with anfu.uow() as uow:
            assert anfu.choices.hear(uow, customer.conversation, text)
            uow.commit()
    (ticket,) = anfu.ticketing.search(Kind.CALLBACK, None, 9)
    assert topic in ticket.fields["topic"]
    assert ticket.number in customer.last().text and f"{WORKING_DAYS} 个工作日" in customer.last().text


def test_who_wants_to_be_deleted_has_consented_no_longer(anfu: Anfu, customer: Customer) -> None:
    here = customer.conversation
    said(anfu, here, "13712345678", ANSWER)
    with anfu.uow() as uow:
        anfu.choices.hear(uow, here, "撤回同意")
        uow.commit()
    (kept,) = anfu.person_exports.copy(here, "小李", "测试").data["tables"]["consents"]
    assert kept["withdrawn_at"]


def test_a_wish_put_politely_is_the_same_wish() -> None:
    for text in ("我要删除我的个人信息", "请帮我删除个人信息，谢谢", "刪除我的個人信息。"):
        assert wish_in(text) is Wish.DELETE
    assert wish_in("帮我导出我的信息吧") is Wish.COPY


def test_other_words_are_for_the_bot() -> None:
    for text in ("删除绑定信息", "我的信息填错了", "删除我的信息以后还能报修吗", "我要退货"):
        assert wish_in(text) is None


@pytest.mark.parametrize(
    ("text", "tells"),
    [("13712345678", True), ("137 1234 5678", True), ("文三路 18 号", True), ("西湖区翠苑新村 3 幢 502", True),
     ("订单 202611051037", False), ("三楼的洗衣机坏了", False), ("路上堵车", False)],
)  # fmt: skip
def test_phones_and_addresses_are_noticed(text: str, tells: bool) -> None:
    assert tells_of_a_person(text) is tells


def test_a_notice_that_names_no_script_is_refused() -> None:
    raw = {"version": 1, "asks": ["ask.nothing"], "who": "x", "contact": "x", "sections": [{"title": "x", "lines": []}]}
    with pytest.raises(ContentError, match=r"ask\.nothing"):
        read_notice(raw, ["ask.phone"])
    assert load_privacy_notice([script.id for script in load_scripts()]).sections


def test_people_see_who_a_customer_is_only_in_part() -> None:
    facts = {
        "phone": "13712345678",
        "address": "杭州市西湖区文三路 1 号",
        "name": "欧阳明月",
        "symptom": "打 13712345678",
    }
    assert hidden_facts(facts) == {
        "phone": "*******5678", "address": "杭州市西湖区****", "name": "欧***", "symptom": "打 137****5678",
    }  # fmt: skip


def test_who_looks_at_the_whole_of_it_is_noted(anfu: Anfu, customer: Customer) -> None:
    number = customer.files(Kind.REPAIR, product="洗衣机", address="杭州市西湖区文三路 1 号").number
    with anfu.uow() as uow:
        li = uow.users.get("小李")
    assert li is not None
    told = anfu.ticket_desk.reveal(li, number)
    assert told == {"phone": "13800138000", "address": "杭州市西湖区文三路 1 号"}
    with anfu.uow() as uow:
        last = [entry.change for entry in uow.trail.entries(f"ticket:{number}")][-1]
    assert (last.actor, last.action, last.after) == ("小李", "revealed", {})


def test_what_comes_back_as_it_was_shown_changes_nothing(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files(Kind.REPAIR, product="洗衣机", address="杭州市西湖区文三路 1 号")
    with anfu.uow() as uow:
        li = uow.users.get("小李")
    assert li is not None
    shown = hidden_facts(ticket.fields)
    fields = {"phone": shown["phone"], "address": shown["address"], "product": "烘干机"}
    changed = anfu.ticket_changes.edit(ticket.number, Edit(fields=fields), li)
    assert changed.fields == {**ticket.fields, "product": "烘干机"} and changed.phone == ticket.phone


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        yield world


async def test_everybody_may_read_how_data_is_kept(world: World) -> None:
    response = await world.client.get("/privacy")
    page = await response.text()
    assert response.status == 200
    for words in ("您的个人信息", "删除我的信息", "办结的工单：1825 天", f"{WORKING_DAYS} 个工作日"):
        assert words in page
