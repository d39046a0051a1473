"""One turn of Rasa's dialogue: its policy, its forms, our actions, on a tracker that lives as long as the turn.

Rasa's own loop copies the tracker by replaying its events, serialises all of them for every action, and builds strings
and deep copies for a log that nobody reads. What is decided stays Rasa's: the trained policy predicts, `FormAction`
asks. `tests/dialogues/test_dialogue_loop.py` holds it against Rasa's own loop.
"""

from collections import deque
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rasa.core.actions.action import Action, ActionExecutionRejection, RemoteAction, action_for_name_or_text
from rasa.core.actions.forms import FormAction
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    DefinePrevUserUtteredFeaturization,
    Event,
    FollowupAction,
    LoopInterrupted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import EndpointConfig

from bot.adapters.rasa_speed import StraightRunner
from bot.domain.errors import EngineFailure

MOST_ACTIONS = 10
"""Actions in one turn; more would go round in circles, as Rasa thinks too."""
MOST_COURSES = 10_000
"""Courses of a turn whose predictions are remembered, half a kilobyte each; intents and forms make some hundreds."""
Seen = tuple[Any, ...]
"""A turn's course as the rules see it."""


class TurnTracker(DialogueStateTracker):
    """A tracker of slots and form position that begins with the turn: its cost never grows with the conversation."""

    @classmethod
    def blank(cls, domain: Domain) -> "TurnTracker":
        """A conversation that has just begun, of which all turns are twins."""
        tracker = cls("", domain.slots)
        tracker.update(ActionExecuted(ACTION_SESSION_START_NAME))
        tracker.update(SessionStarted())
        return tracker

    def begun(self, conversation_id: str, slots: dict[str, Any], form: str | None) -> "TurnTracker":
        """A twin as it was when the bot last listened; slots that the domain no longer knows are left out."""
        twin = self.copy()
        twin.sender_id = conversation_id
        for name, value in slots.items():
            twin._set_slot(name, value)
        if form:
            twin.update(ActionExecuted(form))
            twin.update(ActiveLoop(form))
        twin.update(ActionExecuted(ACTION_LISTEN_NAME))
        return twin

    def copy(self) -> "TurnTracker":
        """A twin that can be changed and thrown away; Rasa would replay all events."""
        twin = self.__class__.__new__(self.__class__)
        twin.__dict__.update(self.__dict__)
        twin.events = deque(self.events)
        twin.slots = dict(self.slots)
        twin.active_loop = copy(self.active_loop)
        return twin

    def _set_slot(self, key: str, value: Any) -> None:
        """Twins share their slots until one of them sets one."""
        if (slot := self.slots.get(key)) is not None:
            self.slots[key] = own = _twin(slot)
            own.value = value

    def _reset_slots(self) -> None:
        """Rasa resets the slots that it finds, which may be a twin's too."""
        for key, slot in self.slots.items():
            self.slots[key] = own = _twin(slot)
            own.reset()

    def with_events(self, events: Iterable[Event]) -> "TurnTracker":
        """A twin that has seen these events too."""
        twin = self.copy()
        for event in events:
            twin.update(event)
        return twin

    def init_copy(self) -> DialogueStateTracker:
        """The beginning, from which the policy replays the turn; no slot of ours bears on what it predicts."""
        return DialogueStateTracker(self.sender_id, None)

    def current_state(self, event_verbosity: EventVerbosity = EventVerbosity.NONE) -> dict[str, Any]:
        """What our actions look at: the latest message, slots, the running form, and events since the message."""
        latest = self.latest_message
        return {
            "sender_id": self.sender_id,
            "slots": self.current_slot_values(),
            "latest_message": dict(latest.parse_data) if latest else {},
            "events": [event.as_dict() for event in self._since_the_message()],
            "active_loop": {"name": self.active_loop_name} if self.active_loop_name else {},
            "latest_action_name": self.latest_action_name,
        }

    def _since_the_message(self) -> list[Event]:
        said: list[Event] = []
        for event in reversed(self.events):
            if isinstance(event, UserUttered):
                break
            said.append(event)
        return said[::-1]


def _twin(slot: Slot) -> Slot:
    twin: Slot = slot.__class__.__new__(slot.__class__)
    twin.__dict__.update(slot.__dict__)
    return twin


class _Said(UserUttered):
    """A message, which Rasa copies with all that was understood, for its log alone."""

    def __deepcopy__(self, _memory: dict[int, Any]) -> "_Said":
        return self


class _Form(FormAction):
    """Rasa's form, which need not replay the conversation to try something."""

    def _temporary_tracker(
        self, current_tracker: DialogueStateTracker, additional_events: list[Event], domain: Domain
    ) -> DialogueStateTracker:
        assert isinstance(current_tracker, TurnTracker)
        asked = SlotSet("requested_slot", self.get_slot_to_fill(current_tracker))
        return current_tracker.with_events([asked, ActionExecuted(self.name()), *additional_events])


@dataclass
class Turn:
    """A turn that runs, or has run.

    Attributes:
        said: what the actions said, in order, as Rasa's messages.
    """

    tracker: TurnTracker
    said: list[dict[str, Any]] = field(default_factory=list)

    def happened(self, events: Iterable[Event]) -> None:
        """Take in what an action did and said."""
        for event in events:
            self.tracker.update(event)
            if isinstance(event, BotUttered):
                self.said.append(event.message())


class Dialogue:
    """Rasa's trained model with our actions.

    Args:
        model: the trained archive.
        actions: where custom actions run.

    Raises:
        EngineFailure: it cannot be loaded, or its domain fills slots in a way that this loop does not know.
    """

    def __init__(self, model: Path, actions: EndpointConfig) -> None:
        loaded = _processor(model, actions)
        loaded.graph_runner = StraightRunner(loaded.graph_runner)
        self.domain = loaded.domain
        self._model = loaded
        self._blank = TurnTracker.blank(self.domain)
        self._listening = _listening(self.domain, actions)
        self._actions = [self._action(name, actions) for name in self.domain.action_names_or_texts]
        self._predicted: dict[Seen, PolicyPrediction] = {}

    def _action(self, name: str, endpoint: EndpointConfig) -> Action:
        if name in self.domain.form_names:
            return _Form(name, endpoint)
        return action_for_name_or_text(name, self.domain, endpoint)

    async def understand(self, text: str) -> dict[str, Any]:
        """What the NLU pipeline makes of a text, as Rasa's parse result."""
        return await self._model.parse_message(UserMessage(text))

    async def run(self, conversation_id: str, text: str, turn_id: str, slots: dict[str, Any], form: str | None) -> Turn:
        """One turn, from the text to where the bot listens again.

        Args:
            turn_id: what our actions find in the message's metadata.
            slots: values by name, as the last turn left them. form: the running form; one that the domain no longer
                knows is left out.

        Raises:
            EngineFailure: the rules go round in circles. Whatever an action raises.
        """
        turn = Turn(self._blank.begun(conversation_id, slots, form if form in self.domain.form_names else None))
        message = UserMessage(text, sender_id=conversation_id, metadata={"turn_id": turn_id})
        turn.tracker.update(self._hear(message, turn.tracker))
        for action in self._listening:
            turn.happened(await self._try(action, turn, ()))
        for _ in range(MOST_ACTIONS + 1):
            if await self._act(turn) == ACTION_LISTEN_NAME:
                return turn
        raise EngineFailure(f"对话规则绕圈了：一句话触发了 {MOST_ACTIONS} 个以上的动作，请检查 data/rules/")

    def _hear(self, message: UserMessage, tracker: TurnTracker) -> UserUttered:
        parsed = self._model._parse_message_with_graph(message, tracker)
        return _Said(
            message.text, parsed["intent"], parsed["entities"], parsed, message_id=message.message_id,
            metadata=message.metadata,
        )  # fmt: skip

    async def _act(self, turn: Turn) -> str:
        """Predict an action and run it; a form that steps back is only noted, so that the policy looks for its rule."""
        prediction = self._predict(turn.tracker)
        action = self._actions[prediction.max_confidence_index]
        try:
            events = await self._try(action, turn, prediction.events)
        except ActionExecutionRejection:
            rejected = ActionExecutionRejected(action.name(), prediction.policy_name, prediction.max_confidence)
            turn.tracker.update(rejected)
            return action.name()
        turn.happened((*prediction.events, action.event_for_successful_execution(prediction), *events))
        return action.name()

    def _predict(self, tracker: TurnTracker) -> PolicyPrediction:
        """What the policy predicts; asked once for each course that a turn can take."""
        seen = _seen(tracker)
        if seen is None:
            return self._model._predict_next_with_tracker(tracker)
        if seen not in self._predicted:
            if len(self._predicted) >= MOST_COURSES:
                self._predicted.clear()
            self._predicted[seen] = self._model._predict_next_with_tracker(tracker)
        return self._predicted[seen]

    async def _try(self, action: Action, turn: Turn, before: Iterable[Event]) -> list[Event]:
        """What the action does, on a twin: Rasa's actions change the tracker that they are given."""
        events = await action.run(_NOWHERE, self._model.nlg, turn.tracker.with_events(before), self.domain)
        return events


def _seen(tracker: TurnTracker) -> Seen | None:
    """All that the rules look at; None where only Rasa knows how to look at something."""
    if tracker.followup_action:
        return None
    seen: list[Any] = []
    for event in tracker.events:
        kind = type(event)
        if kind in _UNSEEN:
            continue
        if (part := _SEEN.get(kind)) is None:
            return None
        seen.append((kind, getattr(event, part)))
    loop = tracker.active_loop
    return (*seen, loop and (loop.name, loop.is_interrupted, loop.rejected))


_UNSEEN = {SlotSet, BotUttered, SessionStarted, FollowupAction}
_SEEN = {
    _Said: "intent_name", ActionExecuted: "action_name", ActionExecutionRejected: "action_name", ActiveLoop: "name",
    LoopInterrupted: "is_interrupted", DefinePrevUserUtteredFeaturization: "use_text_for_featurization",
}  # fmt: skip
"""What the rules see of an event; of a message they ask for its intent alone (`bot/nlu/intent_rules.py`)."""

_NOWHERE = OutputChannel()
"""Rasa's actions ask for a channel; what they say comes back as events."""


def _processor(model: Path, actions: EndpointConfig) -> MessageProcessor:
    """Rasa's processor, of which the graph is used; it stores nothing."""
    domain = Domain.empty()
    return MessageProcessor(
        model, InMemoryTrackerStore(domain), InMemoryLockStore(), NaturalLanguageGenerator.create(None, domain), actions
    )


def _listening(domain: Domain, actions: EndpointConfig) -> list[Action]:
    """The actions that read a message into slots; Rasa's own walks through all mappings of all slots to find them."""
    mappings = [mapping for slot in domain.slots for mapping in slot.mappings]
    if any(mapping["type"] != "custom" for mapping in mappings):
        raise EngineFailure("domain.yml 里的槽位只能由动作填写（mappings 的 type 都应是 custom）")
    names = dict.fromkeys(mapping["action"] for mapping in mappings if "action" in mapping)
    return [RemoteAction(name, actions) for name in names]
