"""Our loop of a turn against Rasa's own: the same trained model and actions say the same, slot for slot.

Rasa's keeps the whole conversation in its tracker and replays it; ours begins anew with each turn, from slots and form
position alone.
"""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.adapters.dialogue import Dialogue
from bot.adapters.engine import _no_command
from bot.adapters.own_actions import OwnActions, call_own_actions
from bot.adapters.rasa_speed import remember_event_types
from bot.bootstrap import build, use
from bot.commands.model import ensure_model, own_actions
from bot.settings import Settings
from tests.dialogues.test_dialogues import STORIES, Clock

SOME = [story for _, story in STORIES[::4]]
"""Of each kind some, in their order; each is played from its customer's words alone."""


class Collecting(CollectingOutputChannel):
    """Rasa's own channel, with messages as our actions made them."""

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        self.messages.append(message)


class ActionServer(EndpointConfig):
    """Our actions behind rasa_sdk's own executor, in the JSON that an action server is sent and answers with."""

    def __init__(self) -> None:
        super().__init__(url="http://actions", enable_selective_domain=True)
        self._executor = own_actions()

    async def request(self, method: str = "post", **options: Any) -> Any:
        try:
            return json.loads(json.dumps(await self._executor.run(json.loads(json.dumps(options["json"])))))
        except ActionExecutionRejection as error:
            raise ClientResponseError(400, str(error), json.dumps({"action_name": error.action_name})) from error


class RasasLoop:
    """The model behind Rasa's `handle_message`."""

    def __init__(self, model: Path, actions: EndpointConfig, domain: Any) -> None:
        nlg = NaturalLanguageGenerator.create(None, domain)
        self._trackers = InMemoryTrackerStore(domain)
        self._rasa = MessageProcessor(model, self._trackers, InMemoryLockStore(), nlg, actions)

    async def play(self, story: str, texts: list[str]) -> list[dict[str, Any]]:
        turns = []
        for number, text in enumerate(texts):
            channel = Collecting()
            await self._rasa.handle_message(
                UserMessage(text, channel, story, metadata={"turn_id": f"{story}:{number}"})
            )
            tracker = await self._trackers.retrieve(story)
            assert tracker is not None
            turns.append(told(channel.messages, tracker))
        return turns


async def play(dialogue: Dialogue, story: str, texts: list[str]) -> list[dict[str, Any]]:
    """The same through our loop."""
    slots: dict[str, Any] = {}
    form: str | None = None
    turns = []
    for number, text in enumerate(texts):
        turn = await dialogue.run(story, text, f"{story}:{number}", slots, form)
        slots = {name: slot.value for name, slot in turn.tracker.slots.items() if slot.value is not None}
        form = turn.tracker.active_loop_name
        turns.append(told(turn.said, turn.tracker))
    return turns


def told(said: list[dict[str, Any]], tracker: Any) -> dict[str, Any]:
    """What a turn said, and what it leaves behind, but for the marks of one call: message number, session metadata."""
    slots = {name: slot.value for name, slot in tracker.slots.items() if slot.value is not None}
    slots.pop("session_started_metadata", None)
    if heard := slots.get("heard"):
        slots["heard"] = {name: value for name, value in heard.items() if name != "message_id"}
    return {
        "said": [(one.get("text"), one.get("buttons"), one.get("source"), one.get("handover")) for one in said],
        "slots": slots,
        "form": tracker.active_loop_name,
    }


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    remember_event_types()
    call_own_actions()
    logging.getLogger("rasa").setLevel(logging.CRITICAL)
    return ensure_model(Settings(data_dir=tmp_path_factory.mktemp("model")))


def test_our_loop_says_and_keeps_what_rasas_does(model: Path, tmp_path: Path) -> None:
    stories = [
        (
            f"story-{number}",
            [_no_command("\n".join(said) if isinstance(said, list) else said) for said in customers(story)],
        )
        for number, story in enumerate(SOME)
    ]
    ours = Dialogue(model, OwnActions(own_actions().actions))
    use(build(Settings(data_dir=tmp_path / "ours"), Clock()))
    straight = asyncio.run(_all(lambda story, texts: play(ours, story, texts), stories))
    rasa = RasasLoop(model, ActionServer(), ours.domain)
    use(build(Settings(data_dir=tmp_path / "rasas"), Clock()))
    replayed = asyncio.run(_all(rasa.play, stories))
    assert sum(map(len, straight)) > 100
    for (story, texts), own, other in zip(stories, straight, replayed, strict=True):
        for text, one, two in zip(texts, own, other, strict=True):
            for part in one:
                assert one[part] == two[part], f"{story}: {text}"


def customers(story: dict[str, Any]) -> list[Any]:
    """The customer's words; where the story puts in a ticket's number, there is none here to put in."""
    return [turn["customer"] for turn in story["turns"] if "{" not in str(turn["customer"])]


async def _all(play_one: Any, stories: list[tuple[str, list[str]]]) -> list[list[dict[str, Any]]]:
    return [await play_one(story, texts) for story, texts in stories]
