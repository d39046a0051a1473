"""The Rasa engine in process: its own thread and event loop, so that understanding never blocks a socket.

Rasa is given one conversation's state at the start of a turn and gives it back at the end; it stores nothing itself.
State and answer are then kept in one commit, so that a crash loses or repeats neither.
"""

import asyncio
import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rasa.shared.core.trackers import DialogueStateTracker

from bot.adapters.dialogue import Dialogue
from bot.adapters.own_actions import Actions, OwnActions, call_own_actions
from bot.adapters.rasa_speed import remember_event_types
from bot.domain.errors import EngineFailure
from bot.domain.heard import Heard, main_intent
from bot.domain.message import Button, Reply
from bot.services.ports import Answer, Turn

log = logging.getLogger(__name__)

DEADLINE = 20.0
"""Seconds after which a turn has failed; the customer is then handed to a person."""


class RasaEngine:
    """Implements `ports.BotEngine` with a trained Rasa model."""

    def __init__(
        self,
        model: Path,
        actions: Actions,
        script_of: Callable[[str], str | None],
        foresee: Callable[[Sequence[str]], None] = lambda texts: None,
        deadline: float = DEADLINE,
    ) -> None:
        """Load nothing yet.

        Args:
            actions: our own, by name.
            script_of: in which characters a text is written.
            foresee: does for several texts at once what costs less so than for one after the other.
        """
        self._model = model
        self._foresee = foresee
        self._arriving: deque[str] = deque()
        self._actions = actions
        self._script_of = script_of
        self._deadline = deadline
        self._dialogue: Dialogue | None = None
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
        return self._dialogue is not None

    async def _load(self) -> None:
        call_own_actions()
        remember_event_types()
        self._dialogue = Dialogue(self._model, OwnActions(self._actions))
        await self._run(Turn("warm-up:0", "warm-up", "你好", 0, None, 0))

    async def understand(self, text: str) -> dict[str, Any]:
        """What the NLU pipeline makes of a text, as Rasa's parse result."""
        assert self._dialogue is not None
        understanding = self._dialogue.understand(_no_command(text))
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(understanding, self._loop))

    async def answer(self, turn: Turn) -> Answer:
        """Answer a turn; see `ports.BotEngine`."""
        self._arriving.append(turn.text)
        future = asyncio.run_coroutine_threadsafe(self._run(turn), self._loop)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._deadline)
        except TimeoutError as error:
            raise EngineFailure(f"turn {turn.id}: no answer within {self._deadline} s") from error

    async def _run(self, turn: Turn) -> Answer:
        assert self._dialogue is not None
        self._look_ahead()
        state = json.loads(turn.state) if turn.state else {"slots": {}, "loop": None}
        done = await self._dialogue.run(
            turn.conversation_id, _no_command(turn.text), turn.id, state["slots"], state["loop"]
        )  # fmt: skip
        replies = tuple(_reply(said) for said in done.said if said.get("text"))
        handover = next((said["handover"] for said in done.said if said.get("handover")), None)
        if not replies and not handover:
            raise EngineFailure(f"turn {turn.id}: nothing was said")
        fired = tuple(dict.fromkeys(said["trigger"] for said in done.said if said.get("trigger")))
        answer = Answer(replies, _state(done.tracker), handover, self._script_of(turn.text), fired=fired)
        return _with_heard(answer, done.tracker)

    def _look_ahead(self) -> None:
        """What came while the turn before was running is foreseen together."""
        arrived = [self._arriving.popleft() for _ in range(len(self._arriving))]
        if len(arrived) > 1:
            self._foresee(arrived)


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
