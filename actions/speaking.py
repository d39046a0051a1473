"""Speaking by script: every sentence carries its source (A11), none is said twice in a row the same way (A1)."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.bootstrap import Anfu, current
from bot.domain.dates import moment_in_words
from bot.domain.emotion import Level
from bot.domain.heard import Heard
from bot.domain.knowledge import Article
from bot.domain.message import Button
from bot.domain.ticket import Ticket


class Speaker:
    """Says scripts and articles in one action, and remembers how often each was said.

    `emotion` and `signals` are those of the whole matter: who was furious two messages ago still waits (A13).
    """

    def __init__(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        self.anfu: Anfu = current()
        self.heard = Heard.from_parse(tracker.latest_message)
        self.conversation_id: str = tracker.sender_id
        self.turn_id: str = (tracker.latest_message.get("metadata") or {}).get("turn_id") or str(
            tracker.latest_message.get("message_id", datetime.now(UTC).isoformat())
        )
        self.product: str | None = tracker.get_slot("product")
        account = tracker.get_slot("account") or {}
        self.emotion: int = max(self.heard.emotion, account.get("emotion", 0))
        self.signals: tuple[str, ...] = tuple(account.get("signals", ())) or self.heard.signals
        self._dispatcher = dispatcher
        self._handed_over = False
        self._said: dict[str, int] = dict(tracker.get_slot("said") or {})

    def say(
        self,
        script: str,
        *,
        level: int | None = None,
        buttons: Sequence[Button] = (),
        handover: str | None = None,
        fires: str | None = None,
        rules: Sequence[str] = (),
        emotion: int | None = None,
        **values: str,
    ) -> None:
        """Say a script.

        Args:
            script: its id.
            level: which repetition's case is meant, where it is not how often the script was said.
            buttons: quick replies in place of the script's own.
            handover: asks for a person too, because of this rule of `content/triggers.yml`.
            fires: a rule that asks with this script whether a person is wanted (F4).
            emotion: how the customer feels, where that is not what this message sounds like.
            rules: the versions of the rules that what is said rests on (invariant 7).
            values: the script's variables.
        """
        times = self._said.get(script, 0)
        reply = self.anfu.scripts.render(
            script,
            emotion=Level(self.heard.emotion if emotion is None else emotion),
            told=times if level is None else level,
            rotation=None if level is None else times,
            seed=zlib.crc32(self.conversation_id.encode()),
            buttons=buttons,
            **values,
        )
        self._said[script] = times + 1
        source = {**reply.source, "rules": list(rules)} if rules else reply.source
        self._utter(reply.text, source, reply.buttons, handover, fires)

    def offer_person(self, rule: str) -> bool:
        """Ask whether a person is wanted, where that was not asked in this conversation before (F3, F4).

        Returns:
            Whether it was asked now, so that a bare yes means it.
        """
        if self._handed_over or self.times_said("handover.offer") or self.times_said("complaint.offer_human"):
            return False
        self.say("handover.offer", fires=rule)
        return True

    def answer(self, article: Article) -> None:
        """Say an article, with where it comes from."""
        times = self._said.get(f"article.{article.id}", 0)
        self._said[f"article.{article.id}"] = times + 1
        source = {"kind": "article", "id": article.id, "source": article.source}
        revised = {"version": article.version} if article.version else {}
        self._utter(article.said, {**source, **revised})

    def _utter(
        self,
        text: str,
        source: dict[str, Any],
        buttons: Sequence[Button] = (),
        handover: str | None = None,
        fires: str | None = None,
    ) -> None:
        more: dict[str, Any] = {"handover": handover} if handover else {}
        more |= {"trigger": fires} if fires else {}
        self._handed_over |= bool(handover)
        chips = [{"title": button.title, "payload": button.payload} for button in buttons]
        self._dispatcher.utter_message(text=text, buttons=chips or None, source=source, **more)

    @property
    def has_handed_over(self) -> bool:
        """Whether what was said brings a person."""
        return self._handed_over

    def times_said(self, script: str) -> int:
        """How often a script was said in this conversation."""
        return self._said.get(script, 0)

    def promise(self, ticket: Ticket) -> str:
        """The promise that falls due next on a ticket as a moment in words (D8)."""
        return moment_in_words(ticket.due_at or ticket.promised_at, self.anfu.clock())

    def is_late(self, ticket: Ticket) -> bool:
        """Whether a promise on a ticket is broken and still owed (D8)."""
        return ticket.due_at is not None and ticket.due_at < self.anfu.clock()

    def label(self, group: str, name: str) -> str:
        """The Chinese name of a fact, kind or status."""
        return str(self.anfu.labels[group].get(name, name))

    def events(self, **slots: Any) -> list[dict[str, Any]]:
        """What the action returns: what was said, and these slots; whoever goes to a person is asked nothing more."""
        stop = [ActiveLoop(None), SlotSet("requested_slot", None)] if self._handed_over else []
        return [SlotSet("said", self._said), *(SlotSet(name, value) for name, value in slots.items()), *stop]
