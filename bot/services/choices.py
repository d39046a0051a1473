"""What needs no understanding: clicks that answer a question of ours, the words of binding (A7, C7, E10, F7, H1)."""

import re

from bot.domain.ticket import Ticket
from bot.services.bindings import Bindings
from bot.services.consent import Consent
from bot.services.farewells import Farewells
from bot.services.followups import SATISFIED, UNSATISFIED, FollowUps
from bot.services.ports import UnitOfWork
from bot.services.statutes import CHOICES, Statutes

_OPTIONS = {words: option for option, words in CHOICES.items()}
_CLICK = re.compile(rf"({'|'.join((SATISFIED, UNSATISFIED, *_OPTIONS))}) ([A-Z]{{2}}\d{{8}}-\d{{4,6}})")


class Choices:
    """Hears the clicks and those words; anything else is for the bot."""

    def __init__(
        self, bindings: Bindings, followups: FollowUps, statutes: Statutes, farewells: Farewells, consent: Consent
    ) -> None:  # fmt: skip
        self._bindings = bindings
        self._followups = followups
        self._statutes = statutes
        self._farewells = farewells
        self._consent = consent

    def hear(self, uow: UnitOfWork, conversation_id: str, text: str) -> bool:
        """Do what it says, in the caller's commit; False where it is none of these, or nothing of the kind is open."""
        ears = (self._bindings.hear, self._consent.hear, self._farewells.hear)
        if any(hear(uow, conversation_id, text) for hear in ears):
            return True
        click = _CLICK.fullmatch(text.strip())
        ticket = uow.tickets.lock(click[2]) if click else None
        if click is None or ticket is None or ticket.conversation_id != conversation_id:
            return False
        return self._do(uow, ticket, click[1])

    def _do(self, uow: UnitOfWork, ticket: Ticket, words: str) -> bool:
        if words in _OPTIONS:
            return self._statutes.choose(uow, ticket, _OPTIONS[words])
        return self._followups.hear(uow, ticket, satisfied=words == SATISFIED)
