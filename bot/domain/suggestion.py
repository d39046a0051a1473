"""What an agent may say next: reviewed sentences, each with where it comes from and why it fits (A11, A14)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any

from bot.domain.dialogue import is_command
from bot.domain.message import Message, Sender
from bot.domain.wording import Forbidden, forbidden_in

MOST = 5

_SPACE = re.compile(r"\s+")
_PLACE = re.compile(r"\{[a-z_]+\}")
_SORRY = re.compile("对不起|抱歉|道歉|不好意思|過意不去|过意不去|對不起")
_THANKS = re.compile("谢谢|多谢|谢了|感谢|謝謝|多謝|感謝|没有了|沒有了|没别的|沒別的|先这样|先這樣|再见|再見|拜拜")
_ASKS = re.compile("[?？]|吗|嗎|呢|怎么|怎麼|什么|什麼|多少|哪|几|幾|能不能|可不可以|是不是|有没有|有沒有")
_ASKS_WHEN = re.compile("什么时候|什麼時候|多久|几点|幾點|哪天|进度|進度|到哪|催|还没|還沒|怎么样了|怎麼樣了|等多")


class Origin(StrEnum):
    """Where a suggestion comes from."""

    SCRIPT = "script"
    ARTICLE = "article"
    STATUTE = "statute"
    CANNED = "canned"
    PROCEDURE = "procedure"


class Rank(IntEnum):
    """What comes before what: people's safety, their feelings, what we owe, their question, then what helps us on."""

    DEFAULT = 0
    PERHAPS = 1
    STEP = 2
    PROMISE = 3
    RIGHTS = 4
    ANSWER = 5
    OPENING = 6
    OWED = 7
    FAREWELL = 8
    FEELING = 9
    DANGER = 10


@dataclass(frozen=True)
class Suggestion:
    """A sentence to say.

    Attributes:
        source: what it rests on, as it is kept with the message: `kind`, `id`, and version, clause or title.
        why: why it fits now, in Chinese, for the agent.
    """

    kind: Origin
    text: str
    source: Mapping[str, Any]
    why: str
    rank: Rank = Rank.DEFAULT

    @property
    def id(self) -> str:
        """Names it within its conversation."""
        return ":".join(str(self.source[part]) for part in ("kind", "id", "variant") if part in self.source)


@dataclass(frozen=True)
class Talk:
    """A conversation so far, without its notes, as far as it matters for what to say next."""

    messages: Sequence[Message]

    @property
    def last_heard(self) -> str:
        """What the customer said last, or nothing."""
        return next((m.text for m in reversed(self.messages) if m.sender is Sender.CUSTOMER), "")

    @property
    def question(self) -> str:
        """What the customer said last about the matter; a request for a person is passed over."""
        said = (m.text for m in reversed(self.messages) if m.sender is Sender.CUSTOMER)
        return next((text for text in said if not is_command(text)), "")

    @property
    def since_heard(self) -> Sequence[Message]:
        """What we have said since."""
        heard = max((n for n, m in enumerate(self.messages, 1) if m.sender is Sender.CUSTOMER), default=0)
        return self.messages[heard:]

    def has_spoken(self, agent: str) -> bool:
        """Whether this person has said anything."""
        return any(m.person == agent for m in self.messages)

    @property
    def has_apologised(self) -> bool:
        """Whether a person has, since the customer spoke last or in the answer before (A2)."""
        by_people = [m for m in self.messages if m.sender is Sender.AGENT]
        return any(_SORRY.search(m.text) for m in by_people[-2:])

    @property
    def is_farewell(self) -> bool:
        """Whether the customer thanks, or has nothing more."""
        return bool(_THANKS.search(self.last_heard)) and len(self.last_heard) <= 20

    @property
    def asks(self) -> bool:
        """Whether what was said last about the matter is a question."""
        return bool(_ASKS.search(self.question))

    @property
    def asks_when(self) -> bool:
        """Whether the customer wants to know how far we are."""
        return bool(_ASKS_WHEN.search(self.last_heard))

    def times_said(self, source_id: str) -> int:
        """How often a sentence of that source was said by us."""
        return sum(source_id in _sources(m) for m in self.messages)

    def has_said(self, text: str) -> bool:
        """Whether we have said just that."""
        return _bare(text) in self._said

    @cached_property
    def _said(self) -> str:
        return "\n".join(_bare(m.text) for m in self.messages if m.sender is not Sender.CUSTOMER)


def best(
    candidates: Iterable[Suggestion], talk: Talk, forbidden: Sequence[Forbidden], most: int = MOST
) -> tuple[Suggestion, ...]:
    """The best few: nothing twice, nothing said before, nothing with an open place or a 忌语 (A1, A4)."""
    chosen: dict[str, Suggestion] = {}
    for suggestion in sorted(candidates, key=lambda one: -one.rank):
        if _PLACE.search(suggestion.text) or forbidden_in(suggestion.text, forbidden):
            continue
        if not talk.has_said(suggestion.text):
            chosen.setdefault(_bare(suggestion.text), suggestion)
    return tuple(chosen.values())[:most]


def _sources(message: Message) -> tuple[str, ...]:
    """The ids of what a message rests on: its own, and of the suggestion that a person made it of."""
    source = message.source or {}
    suggested = str(source.get("suggested", "")).split(":")
    return str(source.get("id", "")), suggested[1] if len(suggested) > 1 else ""


def _bare(text: str) -> str:
    return _SPACE.sub("", text)
