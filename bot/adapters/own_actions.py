"""Our actions, called in this process.

What Rasa would write down as JSON for an action server, and read again from its answer, is handed over as it is.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rasa.core.actions.action import ActionExecutionRejection, RemoteAction, create_bot_utterance
from rasa.shared.core.events import Event, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection as Rejected
from rasa_sdk.utils import call_potential_coroutine

from bot.domain.milestones import passing

Actions = Mapping[str, Callable[..., Any]]
"""By name, what runs an action of rasa_sdk."""


class OwnActions(EndpointConfig):
    """Where Rasa is to look for its custom actions: here."""

    def __init__(self, actions: Actions) -> None:
        super().__init__(url="in-process")
        self._actions = actions

    async def run(self, name: str, tracker: DialogueStateTracker) -> list[Event]:
        """What the action says and does.

        Raises:
            ActionExecutionRejection: the form steps back, and a rule is to answer. Whatever the action raises.
        """
        passing("turn understood")
        dispatcher = CollectingDispatcher()
        own = Tracker.from_dict(tracker.current_state(EventVerbosity.ALL))
        try:
            done = await call_potential_coroutine(self._actions[name](dispatcher, own, {}))
        except Rejected as error:
            raise ActionExecutionRejection(error.action_name, str(error)) from error
        said = [
            create_bot_utterance({key: value for key, value in one.items() if value}) for one in dispatcher.messages
        ]
        return [*said, *deserialise_events(done or [])]


def call_own_actions() -> None:
    """From now on Rasa calls `OwnActions` straight away, and those elsewhere as ever."""
    RemoteAction.run = _run


_run_elsewhere = RemoteAction.run


async def _run(action: RemoteAction, channel: Any, nlg: Any, tracker: DialogueStateTracker, domain: Any) -> list[Event]:
    endpoint = action.action_endpoint
    if isinstance(endpoint, OwnActions):
        return await endpoint.run(action.name(), tracker)
    elsewhere: list[Event] = await _run_elsewhere(action, channel, nlg, tracker, domain)
    return elsewhere
