"""A turn that runs again after a crash opens one ticket and books one visit (invariant 1, G11)."""

import asyncio
import uuid

import pytest

from bot.domain.visit import Appointment
from bot.services.ports import Turn
from tests.dialogues.test_dialogues import Conversation, World, timetable, world

__all__ = ["timetable", "world"]


@pytest.mark.usefixtures("timetable")
def test_the_same_turn_books_once(world: World) -> None:
    conversation = Conversation(world)
    conversation.say("微波炉不转了，明天上午来修，地址南京市鼓楼区中山路5号602，电话13612340099")
    conversation.say("跳过")
    with world.anfu.uow() as uow:
        state = uow.conversations.state(conversation.id)
    turn = Turn(f"{conversation.id}:{uuid.uuid4()}", conversation.id, "对", 0, state, conversation.seq + 1)
    first = asyncio.run(world.engine.answer(turn))
    again = asyncio.run(world.engine.answer(turn))
    assert [reply.text for reply in first.replies] == [reply.text for reply in again.replies]
    with world.anfu.uow() as uow:
        tickets = uow.tickets.of_conversation(conversation.id)
        visits = uow.visits.find(ticket=tickets[0].number)
    assert len(tickets) == 1
    assert [visit.state for visit in visits] == [Appointment.BOOKED]
