"""Who is editing which ticket, so that two do not write over each other (“小李正在编辑”)."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

GONE_AFTER = 40.0
"""Seconds without a sign of life after which nobody is editing any more."""


class Editing:
    """The editors of all nodes, as heard here; stored nowhere."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._editors: dict[str, dict[str, float]] = {}

    def note(self, heard: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody begins, goes on, or ends; gives the frame that says who edits the ticket now."""
        ticket, name = str(heard["ticket"]), str(heard["name"])
        editors = self._editors.setdefault(ticket, {})
        if heard.get("on"):
            editors[name] = self._now()
        else:
            editors.pop(name, None)
        return self._frame(ticket)

    def who(self, ticket: str) -> list[str]:
        """Who edits a ticket now."""
        return sorted(self._editors.get(ticket, ()))

    def forget_gone(self) -> Iterator[dict[str, Any]]:
        """Forget who gave no sign of life; gives a frame for each ticket that this changes."""
        for ticket, editors in list(self._editors.items()):
            gone = [name for name, at in editors.items() if self._now() - at > GONE_AFTER]
            for name in gone:
                del editors[name]
            if gone:
                yield self._frame(ticket)

    def _frame(self, ticket: str) -> dict[str, Any]:
        editors = self._editors.get(ticket, {})
        if not editors:
            self._editors.pop(ticket, None)
        return {"type": "editing", "ticket": ticket, "people": sorted(editors)}
