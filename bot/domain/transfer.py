"""Handing a conversation on: to a person, a team or a level (F6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.actor import LEVEL_NAMES, Role
from bot.domain.conversation import Conversation
from bot.domain.errors import InvalidInput
from bot.domain.person import Person


@dataclass(frozen=True)
class Whither:
    """Whom a conversation is handed on to: a `person`, a `team` or a `level`, by name."""

    kind: str
    name: str


def towards(
    conversation: Conversation, whither: Whither, colleague: Person | None, teams: Mapping[str, str], now: datetime
) -> tuple[Conversation, str]:
    """The conversation with its next holder, or in the queue where the next one stands, and how that is called.

    Args:
        colleague: the person of that name, where there is one.
        teams: the teams that take conversations (id → Chinese name).

    Raises:
        InvalidInput: nobody of that name. Conflict: the conversation is closed.
    """
    need = conversation.need
    if whither.kind == "person":
        if colleague is None or colleague.is_disabled or not colleague.actor.reaches(Role.AGENT):
            raise InvalidInput(f"没有在岗的同事“{whither.name}”，请从名单里选")
        if conversation.is_held_by(colleague.name):
            raise InvalidInput(f"会话已经在{colleague.name}手上")
        level = need.level if colleague.actor.reaches(need.level) else Role.AGENT
        wanted = replace(need, team=colleague.team, level=level, wanted=colleague.name)
        return replace(conversation, need=wanted).take(colleague.name, now), colleague.name
    if whither.kind == "team" and whither.name in teams:
        return conversation.hand_on(replace(need, team=whither.name, wanted=None), now), f"{teams[whither.name]}组"
    if whither.kind == "level" and whither.name in tuple(LEVEL_NAMES):
        level = Role(whither.name)
        return conversation.hand_on(replace(need, level=level, wanted=None), now), LEVEL_NAMES[level]
    raise InvalidInput("请选择要转给的同事、小组或级别")
