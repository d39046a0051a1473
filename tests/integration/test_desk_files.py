"""People at the desk send pictures and files to the customer; what may not be is refused, and nothing is kept of it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData

from bot.domain.attachment import MOST_BYTES
from bot.domain.conversation import Need, Owner, OwnerChange
from bot.domain.sla import State, Target
from bot.domain.ticket import Kind
from bot.gateway.auth import staff_token
from tests.integration.gateway_world import PEOPLE, SECRET, Conversation, World, gateway, refusal

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


@pytest.fixture
async def talk(world: World) -> Conversation:
    """A customer whom 小李 serves."""
    talk = await world.open()
    await talk.say("洗衣机漏水，转人工")
    async with asyncio.timeout(5):
        while held(world, talk).owner is not Owner.QUEUED:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    taken = await world.ask("POST", f"/desk/conversations/{talk.id}/take", {})
    assert taken.status == 200
    return talk


def held(world: World, talk: Conversation) -> Any:
    with world.uow() as work:
        found = work.conversations.get(talk.id)
    assert found
    return found


async def send(
    world: World, talk: Conversation, content: Any = PNG, name: str = "阀门.png", by: str = "小李", client_id: str = ""
) -> ClientResponse:
    form = FormData(quote_fields=False)
    form.add_field("client_id", client_id or str(uuid.uuid4()))
    form.add_field("file", content, filename=name)
    token = staff_token(SECRET, by, PEOPLE[by], world.clock())
    response: ClientResponse = await world.client.post(
        f"/api/v1/desk/conversations/{talk.id}/attachments", data=form, headers={"Authorization": f"Bearer {token}"}
    )
    return response


def kept(world: World, talk: Conversation) -> tuple[list[str], list[str]]:
    """What lies on the disk, and what files the conversation shows."""
    folder = world.anfu.settings.data_dir / "attachments"
    on_disk = [path.name for path in folder.rglob("*") if path.is_file()]
    return on_disk, [m.text for m in world.stored(talk.id) if (m.source or {}).get("kind") == "attachment"]


async def test_the_customer_gets_a_picture_from_who_serves_and_opens_it_with_the_own_token(
    world: World, talk: Conversation
) -> None:
    response = await send(world, talk)
    assert response.status == 201, await response.text()
    sent = await response.json()
    file, message = sent["attachment"], sent["message"]
    assert (file["name"], file["type"], file["added_by"]) == ("阀门.png", "image/png", "小李")
    assert message["source"] == {"kind": "attachment", "id": file["id"], "agent": "小李"}
    last = (await talk.read())["messages"][-1]
    assert (last["sender"], last["text"]) == ("agent", "[图片] 阀门.png")
    path = "/api/v1/conversations/{}/attachments/" + file["id"]
    assert await (await world.client.get(path.format(talk.id), headers=talk.headers)).read() == PNG
    other = await world.open()
    assert (await world.client.get(path.format(other.id), headers=other.headers)).status == 404
    shown = await world.ask("GET", f"/desk/attachments/{file['id']}")
    assert await shown.read() == PNG


async def test_a_picture_is_sent_once_however_often_it_comes(world: World, talk: Conversation) -> None:
    key = str(uuid.uuid4())
    answers = [await send(world, talk, client_id=key) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 200, 200]
    assert len({(await answer.json())["message"]["message_id"] for answer in answers}) == 1
    on_disk, said = kept(world, talk)
    assert (len(on_disk), said) == (1, ["[图片] 阀门.png"])


async def test_a_picture_gives_the_answer_that_was_promised_and_stands_under_the_name_of_who_sent_it(
    world: World, talk: Conversation
) -> None:
    fields = {"symptom": "漏水", "product": "洗衣机", "phone": "13800138000"}
    ticket = world.ticketing.open(Kind.REPAIR, fields, key="1", conversation_id=talk.id)

    def promised() -> State:
        with world.uow() as work:
            known = work.tickets.get(ticket.number)
        assert known
        deadlines = world.anfu.promises.of(known, world.clock())
        return next(one.state for one in deadlines if one.target is Target.FIRST_REPLY)

    assert promised() is State.RUNNING
    assert (await send(world, talk)).status == 201
    assert promised() is State.MET
    assert held(world, talk).waiting_since is None
    whole = await (await world.ask("GET", f"/desk/tickets/{ticket.number}")).json()
    (entry,) = [one for one in whole["timeline"] if "阀门.png" in str(one) and one["kind"] == "message"]
    assert entry["who"] == "小李"


@pytest.mark.parametrize(
    ("name", "content"), [("图.svg", SVG), ("图.png", SVG), ("图.pdf", PNG), ("图", PNG), ("空.png", b"")]
)
async def test_a_file_of_another_kind_is_refused(world: World, talk: Conversation, name: str, content: bytes) -> None:
    response = await send(world, talk, content, name)
    assert response.status in (400, 422), await response.text()
    assert kept(world, talk) == ([], [])


async def test_a_file_that_is_too_big_is_refused(world: World, talk: Conversation) -> None:
    assert "10 MB" in await refusal(await send(world, talk, PNG + b"\x00" * MOST_BYTES), 413, "too_long")
    assert kept(world, talk) == ([], [])


async def test_only_who_may_speak_sends_files(world: World, talk: Conversation) -> None:
    assert "小李" in await refusal(await send(world, talk, by="小张"), 409, "conflict")
    await refusal(await send(world, talk, by="王主管"), 409, "conflict")
    assert kept(world, talk) == ([], [])
    await world.ask("POST", f"/desk/conversations/{talk.id}/barge", {}, by="王主管")
    assert (await send(world, talk, by="王主管")).status == 201
    await world.ask("POST", f"/desk/conversations/{talk.id}/close", {"reason": "answered", "summary": "看过"})
    await refusal(await send(world, talk), 409, "conflict")


async def test_a_file_for_another_teams_conversation_is_refused(world: World, talk: Conversation) -> None:
    with world.uow() as work:
        conversation = work.conversations.lock(talk.id)
        assert conversation
        moved = conversation.hand_on(Need(team="repair"), world.clock())
        work.conversations.save_owner(moved, OwnerChange(talk.id, moved.epoch, moved.owner, "test", world.clock()))
        person = work.users.get("小张")
        assert person
        work.users.save(replace(person, team="service"), world.clock())
        work.commit()
    await refusal(await send(world, talk, by="小张"), 403, "not_allowed")
    await refusal(await send(world, replace(talk, id=str(uuid.uuid4()))), 404, "not_found")
    await refusal(await send(world, talk, by="王主管", client_id="x"), 400, "bad_request")
    assert kept(world, talk) == ([], [])


async def test_a_picture_that_came_twice_at_the_same_moment_is_sent_once(world: World, talk: Conversation) -> None:
    key = str(uuid.uuid4())
    answers = await asyncio.gather(*(send(world, talk, client_id=key) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
    assert len(kept(world, talk)[0]) == 1
