"""The Rasa engine in process: its own thread and event loop, so that understanding never blocks a socket.

Rasa is given one conversation's state at the start of a turn and gives it back at the end; it stores nothing itself.
State and answer are then kept in one commit, so that a crash loses or repeats neither.
"""

import asyncio
import json
import logging
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent, load_agent
from rasa.core.brokers.broker import EventBroker
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SessionStarted, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from bot.adapters.rasa_speed import StraightRunner, remember_event_types, trust_own_actions
from bot.domain.errors import EngineFailure
from bot.domain.heard import Heard, main_intent
from bot.domain.message import Button, Reply
from bot.services.ports import Answer, Turn

log = logging.getLogger(__name__)

DEADLINE = 20.0
"""Seconds after which a turn has failed; the customer is then handed to a person."""

ActionRunner = Callable[[dict[str, Any]], Awaitable[dict[str, Any] | None]]
"""Runs one action call in rasa_sdk's format."""


class _Turn:
    """What happens during the running turn: sentences said, handover asked, actions failed."""

    def __init__(self, turn: Turn) -> None:
        self.request = turn
        self.said: list[dict[str, Any]] = []
        self.failure: Exception | None = None


_running: ContextVar[_Turn] = ContextVar("running_turn")


class _InProcessActions(EndpointConfig):
    """Custom actions called directly. Rasa logs and swallows an action's error, so it is kept for the turn to see."""

    def __init__(self, run: ActionRunner) -> None:
        # The domain is left out of each call; our actions never read it.
        super().__init__(url="in-process", enable_selective_domain=True)
        self._run = run

    async def request(self, method: str = "post", **kwargs: Any) -> Any:
        """Run the action that Rasa asks for."""
        turn = _running.get()
        try:
            call = kwargs["json"]
            call["tracker"]["latest_message"].setdefault("metadata", {})["turn_id"] = turn.request.id
            return await self._run(call)
        except Exception as error:
            if rejected := getattr(error, "action_name", None):
                # rasa_sdk's ActionExecutionRejection: the form steps back and a rule answers, as over HTTP.
                raise ClientResponseError(400, str(error), json.dumps({"action_name": rejected})) from error
            turn.failure = error
            raise


class _Collector(OutputChannel):
    """Keeps what the actions say."""

    @classmethod
    def name(cls) -> str:
        """The channel's name in Rasa."""
        return "anfu"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep one sentence whole: Rasa would split it at blank lines."""
        _running.get().said.append(message)


class _OneTurnStore(TrackerStore):
    """Rasa's tracker store: holds the conversations whose turn is running, and forgets them after it."""

    def __init__(self, domain: Domain, event_broker: EventBroker | None = None, **kwargs: Any) -> None:
        super().__init__(domain, event_broker)
        self.trackers: dict[str, DialogueStateTracker] = {}

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The running conversation's tracker."""
        return self.trackers.get(sender_id)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep it until the turn has read it."""
        self.trackers[tracker.sender_id] = tracker

    async def keys(self) -> list[str]:
        """The running conversations."""
        return list(self.trackers)


class RasaEngine:
    """Implements `ports.BotEngine` with a trained Rasa model."""

    def __init__(
        self, model: Path, run_action: ActionRunner, script_of: Callable[[str], str | None], deadline: float = DEADLINE
    ) -> None:
        self._model = model
        self._run_action = run_action
        self._script_of = script_of
        self._deadline = deadline
        self._agent: Agent | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rasa", daemon=True)

    def start(self) -> None:
        """Load the model in the engine's thread and warm it up; returns when it can answer.

        Raises:
            EngineFailure: the model cannot be loaded.
        """
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._load(), self._loop).result()

    def stop(self) -> None:
        """End the engine's thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._agent is not None

    async def _load(self) -> None:
        agent = await load_agent(str(self._model), endpoints=None)
        if agent.processor is None:
            raise EngineFailure(f"模型 {self._model} 无法载入，请运行 anfu train 重新训练")
        trust_own_actions()
        remember_event_types()
        agent.processor.graph_runner = StraightRunner(agent.processor.graph_runner)
        domain = agent.processor.domain
        self._store = _OneTurnStore(domain)
        agent.tracker_store = agent.processor.tracker_store = self._store
        agent.lock_store = agent.processor.lock_store = InMemoryLockStore()
        agent.action_endpoint = agent.processor.action_endpoint = _InProcessActions(self._run_action)
        self._domain = domain
        self._agent = agent
        warm_up = Turn("warm-up:0", "warm-up", "你好", 0, None, 0)
        await self._run(warm_up)

    async def understand(self, text: str) -> dict[str, Any]:
        """What the NLU pipeline makes of a text, as Rasa's parse result."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._parse(text), self._loop))

    async def _parse(self, text: str) -> dict[str, Any]:
        assert self._agent is not None and self._agent.processor is not None
        return await self._agent.processor.parse_message(UserMessage(_no_command(text)))

    async def answer(self, turn: Turn) -> Answer:
        """Answer a turn; see `ports.BotEngine`."""
        future = asyncio.run_coroutine_threadsafe(self._run(turn), self._loop)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._deadline)
        except TimeoutError as error:
            raise EngineFailure(f"turn {turn.id}: no answer within {self._deadline} s") from error

    async def _run(self, turn: Turn) -> Answer:
        assert self._agent is not None and self._agent.processor is not None
        running = _Turn(turn)
        _running.set(running)
        self._store.trackers[turn.conversation_id] = self._tracker(turn)
        try:
            message = UserMessage(_no_command(turn.text), _Collector(), turn.conversation_id)
            await self._agent.processor.handle_message(message)
            tracker = self._store.trackers[turn.conversation_id]
        finally:
            self._store.trackers.pop(turn.conversation_id, None)
        if running.failure:
            raise EngineFailure(f"turn {turn.id}: an action failed") from running.failure
        replies = tuple(_reply(said) for said in running.said if said.get("text"))
        handover = next((said["handover"] for said in running.said if said.get("handover")), None)
        if not replies and not handover:
            raise EngineFailure(f"turn {turn.id}: nothing was said")
        fired = tuple(dict.fromkeys(said["trigger"] for said in running.said if said.get("trigger")))
        return _with_heard(Answer(replies, _state(tracker), handover, self._script_of(turn.text), fired=fired), tracker)

    def _tracker(self, turn: Turn) -> DialogueStateTracker:
        """A tracker of slots and form position alone: its cost never grows with the conversation."""
        state = json.loads(turn.state) if turn.state else {"slots": {}, "loop": None}
        events: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
        known = {slot.name for slot in self._domain.slots}
        events += [SlotSet(name, value) for name, value in state["slots"].items() if name in known]
        if state["loop"] in self._domain.form_names:
            events += [ActionExecuted(state["loop"]), ActiveLoop(state["loop"])]
        events.append(ActionExecuted(ACTION_LISTEN_NAME))
        return DialogueStateTracker.from_events(turn.conversation_id, events, self._domain.slots, domain=self._domain)


def _with_heard(answer: Answer, tracker: DialogueStateTracker) -> Answer:
    """The answer with what is known of the customer: feeling and matter of the whole, and the phone that was named."""
    heard = Heard.from_parse(tracker.latest_message.parse_data if tracker.latest_message else {})
    account = tracker.get_slot("account") or {}
    form = tracker.get_slot("opened") or ""
    matter = next((main_intent(i.name) for i in heard.intents if main_intent(i.name) != "other"), None)
    return replace(
        answer,
        emotion=max(heard.emotion, account.get("emotion", 0)),
        signals=tuple(sorted({*heard.signals, *account.get("signals", ())})),
        matter=matter or (str(form).removesuffix("_form") or None),
        phone=tracker.get_slot("phone"),
    )


def _state(tracker: DialogueStateTracker) -> bytes:
    slots = {name: slot.value for name, slot in tracker.slots.items() if slot.value is not None}
    return json.dumps({"slots": slots, "loop": tracker.active_loop_name}, ensure_ascii=False).encode()


def _reply(said: dict[str, Any]) -> Reply:
    buttons = tuple(Button(b["title"], b["payload"]) for b in said.get("buttons") or ())
    return Reply(said["text"], said.get("source") or {"kind": "unknown"}, buttons)


def _no_command(text: str) -> str:
    """Rasa reads a leading `/` as an intent; from a customer it is only a character."""
    return "／" + text[1:] if text.startswith("/") else text
