"""A customer rates a conversation that has ended, once (F8, H1)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from bot.domain.person import Person
from tests.integration.fixtures_after_sales import LI
from tests.integration.gateway_world import Conversation, World, gateway, refusal
from tests.integration.test_desk_assistance import held


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


async def rated(talk: Conversation, **body: Any) -> ClientResponse:
    response: ClientResponse = await talk.client.post(
        f"/api/v1/conversations/{talk.id}/rating", json=body, headers=talk.headers
    )
    return response


async def ended(world: World) -> Conversation:
    talk = await world.open()
    held(world, talk.id)
    world.office.farewells.close(talk.id, Person("小李", LI.role), "solved", "教会了怎么用")
    return talk


async def test_points_and_words_are_kept_with_who_served_and_answered_with_thanks(world: World) -> None:
    talk = await ended(world)
    answer = await rated(talk, score=5, comment=" 讲得很清楚 ")
    assert answer.status == 201
    assert (await answer.json()).items() >= {"score": 5, "comment": "讲得很清楚"}.items()
    with world.uow() as uow:
        (rating,) = uow.ratings.find(conversation_id=talk.id)
    assert (rating.agent, rating.score, rating.comment) == ("小李", 5, "讲得很清楚")
    assert world.stored(talk.id)[-1].source == {**(world.stored(talk.id)[-1].source or {}), "id": "desk.comment_kept"}


async def test_few_points_bring_an_apology_and_the_way_to_a_person(world: World) -> None:
    """A2."""
    talk = await ended(world)
    assert (await rated(talk, score=1)).status == 201
    last = world.stored(talk.id)[-1]
    assert "对不起" in last.text or "抱歉" in last.text
    assert [button.title for button in last.buttons] == ["写几句", "转人工"]


async def test_it_is_rated_once_whichever_way(world: World) -> None:
    talk = await ended(world)
    assert (await rated(talk, score=4)).status == 201
    assert "评价过" in await refusal(await rated(talk, score=1), 409, "conflict")
    other = await ended(world)
    with world.uow() as uow:
        assert world.office.farewells.hear(uow, other.id, "满意")
        uow.commit()
    await refusal(await rated(other, score=1), 409, "conflict")


async def test_what_goes_on_or_ended_long_ago_is_not_rated(world: World) -> None:
    talk = await world.open()
    await refusal(await rated(talk, score=5), 409, "conflict")
    late = await ended(world)
    world.clock.ahead = timedelta(days=8)
    await refusal(await rated(late, score=5), 409, "conflict")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"score": 0}, 422, "invalid"),
        ({"score": 6}, 422, "invalid"),
        ({"score": "5"}, 400, "bad_request"),
        ({}, 400, "bad_request"),
        ({"score": 5, "comment": "长" * 501}, 422, "invalid"),
        ({"score": 5, "comment": ["好"]}, 400, "bad_request"),
    ],
)
async def test_what_is_no_rating_is_refused_and_nothing_is_kept(
    world: World, body: dict[str, Any], status: int, code: str
) -> None:
    talk = await ended(world)
    await refusal(await rated(talk, **body), status, code)
    with world.uow() as uow:
        assert not uow.ratings.find(conversation_id=talk.id)


async def test_only_the_conversations_own_customer_rates_it(world: World) -> None:
    """Invariant 10."""
    talk, stranger = await ended(world), await world.open()
    response = await world.client.post(
        f"/api/v1/conversations/{talk.id}/rating", json={"score": 1}, headers=stranger.headers
    )
    await refusal(response, 403, "forbidden")


async def test_the_customers_frame_names_who_serves(world: World) -> None:
    talk = await world.open()
    assert "agent" not in await talk.read()
    held(world, talk.id)
    assert (await talk.read())["agent"] == "小李"
