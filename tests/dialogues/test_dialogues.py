"""Conversations as stories: each `<topic>.yml` here is played against the real engine, turn by turn.

A story has a `name`, the requirement ids that it `holds`, and `turns`:

- `customer`: what is said; a list is several bubbles that are one turn (A1); `{number}` is the ticket opened before.
- `says`: the ids of all scripts and articles in the answer, in order; `article` stands for any article.
- `includes`: ids that the answer holds, in any order.
- `text`, `not_text`: what the joined answer holds, and does not.
- `owner`: who holds the conversation afterwards; `bot` where nothing is said.

`before` opens somebody else's ticket first; `ticket` describes the last ticket of the conversation, `ticket: none` that
there is none. In every story no sentence comes twice in a row (A1) and every sentence names its source (A11).
"""

import asyncio
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.engine import RasaEngine
from bot.bootstrap import Anfu, build, use
from bot.commands.model import ensure_model, start_engine
from bot.domain.message import Message, Sender
from bot.domain.ticket import Kind, Ticket
from bot.services.turns import Turns
from bot.settings import Settings

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
STORIES = [
    (f"{path.stem}: {story['name']}", story)
    for path in sorted(HERE.glob("*.yml"))
    for story in yaml.safe_load(path.read_text(encoding="utf-8"))["dialogues"]
]


@dataclass
class Clock:
    """The moment at which every story begins; each turn takes a second."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """A running Anfu without its gateway."""

    clock: Clock

    anfu: Anfu
    engine: RasaEngine
    turns: Turns


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The engine on a fresh database with the demo shop, at a fixed moment."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    settings = Settings(data_dir=tmp_path_factory.mktemp("anfu"))
    clock = Clock()
    anfu = build(settings, clock)
    use(anfu)
    engine = start_engine(ensure_model(settings))
    anfu.knowledge.search("你好")
    yield World(clock, anfu, engine, Turns(anfu.uow, engine, anfu.handoff, anfu.scripts, anfu.clock))
    engine.stop()


class Conversation:
    """One customer talking."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.clock.now = NOW
        self.id = world.anfu.intake.open_conversation("web").id
        self.seq = 1

    def say(self, *bubbles: str) -> list[Message]:
        """Send the bubbles as one turn and return the answer."""
        self.world.clock.now += timedelta(seconds=1)
        for bubble in bubbles:
            self.world.anfu.intake.accept(self.id, str(uuid.uuid4()), bubble)
        asyncio.run(self.world.turns.run(self.id))
        with self.world.anfu.uow() as uow:
            news = uow.messages.after(self.id, self.seq)
        self.seq = news[-1].seq
        return [message for message in news if message.sender is not Sender.CUSTOMER]

    def owner(self) -> str:
        """Who holds the conversation now."""
        with self.world.anfu.uow() as uow:
            conversation = uow.conversations.get(self.id)
        assert conversation is not None
        return str(conversation.owner.value)

    def ticket(self) -> Ticket | None:
        """The last ticket."""
        return self.world.anfu.ticketing.latest_of(self.id)


def source_id(message: Message, wanted: str | None = None) -> str:
    """What a sentence rests on; `article` and `article:id` for articles, as the story writes it."""
    source = message.source or {}
    if source.get("kind") != "article":
        return str(source.get("id"))
    return "article" if wanted == "article" else f"article:{source['id']}"


def opened_before(world: World, story: dict[str, Any]) -> str:
    """The number of the ticket that somebody else opened, where the story has one."""
    if "before" not in story:
        return ""
    before = story["before"]
    return world.anfu.ticketing.open(Kind(before["kind"]), before["fields"], key=str(uuid.uuid4())).number


@pytest.mark.parametrize("story", [story for _, story in STORIES], ids=[name for name, _ in STORIES])
def test_the_story_goes_as_told(world: World, story: dict[str, Any]) -> None:
    """Plays one story; its `holds` names what it shows."""
    assert story["holds"], "a story names the requirements that it holds"
    number = opened_before(world, story)
    conversation = Conversation(world)
    last_said = ""
    for turn in story["turns"]:
        said = turn["customer"] if isinstance(turn["customer"], list) else [turn["customer"]]
        answer = conversation.say(*(bubble.replace("{number}", number) for bubble in said))
        for message in answer:
            assert message.text != last_said, f"said twice in a row: {message.text}"
            assert message.source and message.source.get("id"), f"no source: {message.text}"
            last_said = message.text
        check(turn, answer, conversation.owner())
    check_ticket(story.get("ticket"), conversation.ticket())


def check(turn: dict[str, Any], answer: list[Message], owner: str) -> None:
    """Hold an answer against what the story says of it."""
    heard = f"{turn['customer']} → " + " | ".join(f"[{source_id(m)}] {m.text}" for m in answer)
    if wanted := turn.get("says"):
        padded = [*wanted, *[None] * len(answer)]
        assert [source_id(m, w) for m, w in zip(answer, padded, strict=False)] == wanted, heard
    for wanted_id in turn.get("includes", ()):
        assert wanted_id in [source_id(m, wanted_id) for m in answer], heard
    text = "\n".join(message.text for message in answer)
    for words in turn.get("text", ()):
        assert words in text, heard
    for words in turn.get("not_text", ()):
        assert words not in text, heard
    assert owner == turn.get("owner", "bot"), heard


def check_ticket(wanted: dict[str, Any] | str | None, ticket: Ticket | None) -> None:
    """Hold the last ticket against the story."""
    if wanted is None:
        return
    if wanted == "none":
        assert ticket is None
        return
    assert isinstance(wanted, dict)
    assert ticket is not None, "no ticket was opened"
    assert ticket.kind == wanted["kind"]
    fields = {name: ticket.fields.get(name) for name in wanted["fields"]}
    assert fields == wanted["fields"]


def test_story_names_are_told_once() -> None:
    names = [name for name, _ in STORIES]
    assert len(names) == len(set(names))
    assert len(names) >= 70
