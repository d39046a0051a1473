"""Which person gets which conversation, and when it has to get another one (F5)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.actor import LEVELS
from bot.domain.conversation import Conversation
from bot.domain.person import Person, Presence
from bot.domain.routing.order import Waiting


def assign(ordered: Sequence[Waiting], people: Iterable[Person], now: datetime) -> list[tuple[Waiting, Person]]:
    """Give the waiting, in their order, to people who are ready; nobody gets more than fits.

    Args:
        ordered: as `in_order` gives them.
        people: with their load as it is now.
    """
    staff = {person.name: person for person in people}
    given: list[tuple[Waiting, Person]] = []
    for one in ordered:
        chosen = choose(one, staff.values(), now)
        if chosen:
            given.append((one, chosen))
            staff[chosen.name] = replace(chosen, load=chosen.load + 1)
    return given


def choose(waiting: Waiting, people: Iterable[Person], now: datetime) -> Person | None:
    """Who should serve a conversation: who is wanted, who knows the customer, who knows the matter, who has time.

    While the person asked for by name is there, nobody else is given the conversation; others may still take it.
    """
    staff = list(people)
    wanted = next((p for p in staff if p.name == waiting.need.wanted), None)
    if wanted and wanted.fits(waiting.need) and is_at_work(wanted, now):
        return wanted if wanted.takes_new(now) else None
    able = [person for person in staff if person.takes_new(now) and person.fits(waiting.need)]
    return min(able, key=lambda person: _distance(person, waiting)) if able else None


def is_at_work(person: Person, now: datetime) -> bool:
    """Whether somebody is there and works, ready for more or busy."""
    return person.is_there(now) and person.presence in (Presence.READY, Presence.BUSY) and not person.is_disabled


def _distance(person: Person, waiting: Waiting) -> tuple[bool, int, int, float, str]:
    """How far a person is from being the right one; leaders come after those whose work this is."""
    return (
        person.name != waiting.last_agent,
        -person.knows(waiting.need),
        LEVELS.index(person.role),
        person.load / person.capacity,
        person.name,
    )


def has_left(person: Person | None, conversation: Conversation, now: datetime, gone_after: timedelta) -> bool:
    """Whether who holds a conversation will not answer: gone off since, disabled, or silent while a customer waits.

    Somebody who was never at a desk, and works through the API, cannot be missed.
    """
    if person is None:
        return False
    if person.is_disabled:
        return True
    taken_at = conversation.taken_at or conversation.opened_at
    if person.presence is Presence.OFF and person.since is not None and person.since >= taken_at:
        return True
    silent = person.seen_at is not None and now - person.seen_at >= gone_after
    return silent and conversation.waiting_since is not None
