"""The named rules by which a customer comes to a person (F2-F4)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.actor import Role


class Does(StrEnum):
    """What a rule does when it fires."""

    TRANSFER = "transfer"
    CONFIRM = "confirm"
    CALLBACK = "callback"


@dataclass(frozen=True)
class Trigger:
    """One rule.

    Attributes:
        clause: the requirement that it carries.
        name, fires: how people call it, and when it fires, in Chinese.
        priority: the least that a conversation gets which waits because of it.
        level, skills: who is wanted.
        words, unless: what customers say that fires it, and what makes it no alarm, as patterns in simplified script.
        says: the script that is said before the handover, where the bot's own answer does not say it.
    """

    id: str
    clause: str
    name: str
    fires: str
    does: Does
    priority: int = 0
    level: Role = Role.AGENT
    skills: tuple[str, ...] = ()
    words: tuple[re.Pattern[str], ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()
    says: str | None = None

    def is_heard_in(self, text: str) -> bool:
        """Whether a text, in simplified characters, holds the rule's words and nothing that takes them back."""
        text = text.lower()
        return any(w.search(text) for w in self.words) and not any(u.search(text) for u in self.unless)


@dataclass(frozen=True)
class Firing:
    """That a rule fired once; `detail` tells what of it, where there is more than one way."""

    trigger: str
    conversation_id: str
    at: datetime
    detail: str = ""


class TriggerBook:
    """All rules, in the order of their file."""

    def __init__(self, triggers: Sequence[Trigger], default: str) -> None:
        self._by_id = {trigger.id: trigger for trigger in triggers}
        self._default = self._by_id[default]

    def __iter__(self) -> Iterator[Trigger]:
        return iter(self._by_id.values())

    def __contains__(self, trigger_id: object) -> bool:
        return trigger_id in self._by_id

    def get(self, trigger_id: str | None) -> Trigger:
        """The rule of that id; for a reason that is no rule's, what holds for whoever asks for a person."""
        return self._by_id.get(trigger_id or "", self._default)
