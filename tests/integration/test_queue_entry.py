"""A long queue: who comes into it is told the right place, and the length hardly adds to what that costs (F5)."""

import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from time import thread_time

import pytest

from bot.bootstrap import Anfu
from bot.domain.actor import Role
from bot.domain.conversation import Conversation, Need, Owner, OwnerChange

LONG = 2000
COMERS = 20


@pytest.fixture
def fill(anfu: Anfu) -> Callable[..., None]:
    """Lets so many wait, with needs and times of all kinds."""
    chosen = random.Random(5)

    def fill(many: int) -> None:
        with anfu.uow() as uow:
            for _ in range(many):
                asked = anfu.clock() - timedelta(seconds=chosen.randrange(6 * 3600))
                need = Need(
                    chosen.randrange(6),
                    chosen.choice(("service", "repair")),
                    chosen.choice((Role.AGENT, Role.SUPERVISOR)),
                )
                wrote = asked + timedelta(seconds=chosen.randrange(600))
                opened = Conversation(str(uuid.uuid4()), "web", str(uuid.uuid4()), asked)
                queued = replace(opened.queue_for_human("asked_for_human", asked, need), waiting_since=wrote)
                uow.conversations.add(opened)
                change = OwnerChange(queued.id, queued.epoch, Owner.QUEUED, "asked_for_human", asked)
                uow.conversations.save_owner(queued, change)
            uow.commit()

    return fill


def come_in(anfu: Anfu) -> float:
    """Some ask for a person; gives the seconds of processor time that this takes."""
    comers = [anfu.intake.open_conversation("web") for _ in range(COMERS)]
    began = thread_time()
    for conversation in comers:
        with anfu.uow() as uow:
            anfu.queueing.enter(uow, conversation, "asked_for_human")
            uow.commit()
    return thread_time() - began


def test_the_place_that_is_counted_for_one_is_the_place_in_the_order_of_all(
    anfu: Anfu, fill: Callable[..., None]
) -> None:
    fill(150)
    with anfu.uow() as uow:
        _, places, _ = anfu.standing.now(uow)
        assert len(places) == 150
        for conversation_id, place in places.items():
            conversation = uow.conversations.get(conversation_id)
            assert conversation
            assert anfu.standing.place_of(uow, conversation) == place


@pytest.mark.timed
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_coming_into_a_queue_of_two_thousand_costs_hardly_more_than_into_an_empty_one(
    anfu: Anfu, fill: Callable[..., None]
) -> None:
    come_in(anfu)  # what is done once is nobody's cost
    into_empty = come_in(anfu)
    fill(LONG)
    into_long = come_in(anfu)
    told = (
        f"{1000 * into_empty / COMERS:.1f} ms each into an empty queue, {1000 * into_long / COMERS:.1f} behind {LONG}"
    )
    assert into_long <= 4 * into_empty, told
