"""Conversations as stories: each `<topic>.yml` here is played against the real engine, turn by turn.

A story has a `name`, the requirement ids that it `holds`, and `turns`:

- `customer`: what is said; a list is several bubbles that are one turn (A1); `{number}` is the ticket opened before.
- `says`: the ids of all scripts and articles in the answer, in order; `article` stands for any article.
- `includes`: ids that the answer holds, in any order.
- `text`, `not_text`: what the joined answer holds, and does not.
- `buttons`: titles that are offered, among others.
- `full`: a slot of technicians that others book up before this turn, in Shanghai time.
- `owner`: who holds the conversation afterwards; `bot` where nothing is said.
- `reason`: the rule that asked for a person (`bot/content/triggers.yml`).

`before` opens somebody else's ticket first; `ticket` describes the last ticket of the conversation, `ticket: none` that
there is none: its kind and fields, what the customer is `entitled` to, when the `visit` begins, its least `priority`.
`fires` names all rules that fired in the story (F2-F4). In every story no sentence comes twice in a row (A1), every
sentence names its source (A11), and one that cites a clause names the versions of its rules.
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
from bot.domain.actor import CUSTOMER
from bot.domain.dates import SHANGHAI
from bot.domain.errors import Conflict
from bot.domain.message import Message, Sender
from bot.domain.ticket import Kind, Ticket
from bot.domain.visit import Appointment
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

    def templates(self, script: str) -> str:
        """The sentences of a script as they are written; nothing for an article."""
        if script not in self.anfu.scripts:
            return ""
        return "".join(text for case in self.anfu.scripts.get(script).cases for text in case.variants)


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
    yield World(
        clock, anfu, engine, Turns(anfu.uow, engine, anfu.handoff, anfu.scripts, anfu.clock, queueing=anfu.queueing)
    )
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

    def reason(self) -> str | None:
        """The rule because of which the conversation waits."""
        with self.world.anfu.uow() as uow:
            conversation = uow.conversations.get(self.id)
        return conversation.handover_reason if conversation else None

    def fired(self) -> list[str]:
        """The rules that fired in this conversation, in the order of their file."""
        fired = self.world.anfu.triggers.overview()
        return [f.trigger.id for f in fired if any(e.conversation_id == self.id for e in f.examples)]

    def ticket(self) -> Ticket | None:
        """The last ticket."""
        return self.world.anfu.ticketing.latest_of(self.id)

    def visit(self) -> str | None:
        """When the technician comes for the last ticket, in Shanghai time."""
        ticket = self.ticket()
        visits = self.world.anfu.visits.of_ticket(ticket.number) if ticket else []
        booked = [visit for visit in visits if visit.state is Appointment.BOOKED]
        assert len(booked) <= 1
        return f"{booked[0].starts_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if booked else None


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


@pytest.fixture
def timetable(world: World) -> Iterator[None]:
    """Every story begins with technicians who have time, and with nobody in the queue."""
    yield
    with world.anfu.uow() as uow:
        for waiting in uow.routing.waiting():
            conversation = uow.conversations.lock(waiting.id)
            assert conversation is not None
            world.anfu.handoff.return_to_bot(uow, conversation)
        for visit in uow.visits.find(state=Appointment.BOOKED):
            uow.visits.save(visit.end(Appointment.CANCELLED), CUSTOMER.name, "", world.clock())
        uow.commit()


def book_up(world: World, begins: str) -> None:
    """Let other customers take every place of a slot."""
    starts_at = datetime.fromisoformat(begins).replace(tzinfo=SHANGHAI).astimezone(UTC)
    while True:
        other = world.anfu.ticketing.open(Kind.REPAIR, {}, key=str(uuid.uuid4()))
        try:
            world.anfu.visits.book(other.number, starts_at, CUSTOMER)
        except Conflict:
            return


@pytest.mark.usefixtures("timetable")
@pytest.mark.parametrize("story", [story for _, story in STORIES], ids=[name for name, _ in STORIES])
def test_the_story_goes_as_told(world: World, story: dict[str, Any]) -> None:
    """Plays one story; its `holds` names what it shows."""
    assert story["holds"], "a story names the requirements that it holds"
    number = opened_before(world, story)
    conversation = Conversation(world)
    last_said = ""
    for turn in story["turns"]:
        if "full" in turn:
            book_up(world, turn["full"])
        said = turn["customer"] if isinstance(turn["customer"], list) else [turn["customer"]]
        answer = conversation.say(*(bubble.replace("{number}", number) for bubble in said))
        for message in answer:
            assert message.text != last_said, f"said twice in a row: {message.text}"
            assert message.source and message.source.get("id"), f"no source: {message.text}"
            if "{clause}" in world.templates(message.source["id"]):
                assert message.source.get("rules"), f"no rule versions: {message.text}"
            last_said = message.text
        check(turn, answer, conversation.owner())
        assert conversation.reason() == turn.get("reason", conversation.reason()), turn
    check_ticket(story.get("ticket"), conversation)
    assert conversation.fired() == story.get("fires", conversation.fired())


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
    offered = [button.title for message in answer for button in message.buttons]
    for title in turn.get("buttons", ()):
        assert title in offered, heard
    assert owner == turn.get("owner", "bot"), heard


def check_ticket(wanted: dict[str, Any] | str | None, conversation: Conversation) -> None:
    """Hold the last ticket against the story."""
    if wanted is None:
        return
    ticket = conversation.ticket()
    if wanted == "none":
        assert ticket is None
        return
    assert isinstance(wanted, dict)
    assert ticket is not None, "no ticket was opened"
    assert ticket.kind == wanted["kind"]
    fields = {name: ticket.fields.get(name) for name in wanted["fields"]}
    assert fields == wanted["fields"]
    if "entitled" in wanted:
        assert (ticket.entitlement or {}).get("options") == wanted["entitled"]
    if "visit" in wanted:
        assert conversation.visit() == wanted["visit"]
    assert ticket.priority >= wanted.get("priority", 0)


def test_what_was_heard_reaches_who_takes_over(world: World) -> None:
    """F6, A13: feeling, signals and matter of the whole conversation, not only of the last words."""
    conversation = Conversation(world)
    conversation.say("气死我了，我今年七十八岁，洗衣機又壞了，要報修")
    conversation.say("轉人工")
    with world.anfu.uow() as uow:
        held = uow.conversations.get(conversation.id)
    assert held is not None
    assert (held.emotion, held.signals) == (2, ("special_care",))
    assert (held.need.priority, "repair" in held.need.skills, "hant" in held.need.skills) == (3, True, True)


def test_story_names_are_told_once() -> None:
    names = [name for name, _ in STORIES]
    assert len(names) == len(set(names))
    assert len(names) >= 70
