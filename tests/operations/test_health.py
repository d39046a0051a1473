"""What the service says of itself to those who watch it is true."""

import asyncio
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from bot.domain.conversation import Conversation
from bot.domain.ticket import Kind
from tests.integration.gateway_world import World, gateway, refusal

WITHIN_SECONDS = 60


async def number(world: World, name: str) -> float:
    lines = (await (await world.client.get("/metrics")).text()).splitlines()
    [line] = [line for line in lines if line.startswith(f"{name} ")]
    return float(line.split()[-1])


def set_revision(world: World, revision: str) -> None:
    with world.anfu.database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


async def test_a_database_that_was_taken_back_is_not_served(tmp_path: Path) -> None:
    async with gateway(tmp_path) as world:
        set_revision(world, "0003")
        assert "anfu db upgrade" in await refusal(await world.client.get("/readyz"), 503, "not_ready")


async def test_a_node_goes_on_while_another_has_upgraded_the_database(tmp_path: Path) -> None:
    async with gateway(tmp_path) as world:
        set_revision(world, "9999")
        response = await world.client.get("/readyz")
        assert (response.status, await response.json()) == (200, {"status": "ready", "degraded": ["migrations"]})


async def test_without_redis_a_node_is_ready_and_says_what_is_worse(tmp_path: Path) -> None:
    async with gateway(tmp_path, redis="redis://127.0.0.1:1") as world:
        async with asyncio.timeout(WITHIN_SECONDS):
            while True:
                response = await world.client.get("/readyz")
                assert response.status == 200
                if await response.json() == {"status": "ready", "degraded": ["redis"]}:
                    return
                await asyncio.sleep(0.05)


async def test_what_waits_and_what_is_late_is_counted(tmp_path: Path) -> None:
    async with gateway(tmp_path) as world:
        now = world.clock()
        fields = {"symptom": "不脱水", "phone": "13800138000"}
        world.ticketing.open(Kind.REPAIR, fields, key="1")
        with world.uow() as work:
            conversation = Conversation("c1", "wechat", "x", now)
            work.conversations.add(conversation)
            locked = work.conversations.lock("c1")
            assert locked
            world.anfu.handoff.queue(work, locked, "asked_for_human")
            work.commit()
        assert await number(world, "anfu_queue_length") == 1
        assert (await number(world, "anfu_tickets_open"), await number(world, "anfu_tickets_breached")) == (1, 0)
        world.clock.ahead = timedelta(days=30)
        assert await number(world, "anfu_tickets_breached") == 1
        assert 30 * 86400 <= await number(world, "anfu_queue_oldest_seconds") < 31 * 86400
        assert await number(world, 'anfu_outbox_due{channel="wechat"}') >= 1
        assert await number(world, 'anfu_outbox_oldest_seconds{channel="wechat"}') >= 30 * 86400 - 60
        with world.anfu.database.begin() as connection:
            connection.execute(text("DELETE FROM outbox"))
        assert await number(world, 'anfu_outbox_due{channel="wechat"}') == 0
