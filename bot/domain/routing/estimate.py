"""How long a customer will probably wait (F5): an honest estimate, never a promise."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.domain.person import Person
from bot.domain.routing.policy import Estimating


def pace(takes: int, agents: int, rules: Estimating) -> timedelta:
    """How long one person needs, on the average, until the next conversation can be taken.

    Args:
        takes: how many conversations were taken within `rules.look_back`.
        agents: by how many people; where too few were taken to tell, the typical time holds.
    """
    if takes < rules.min_takes or agents < 1:
        return rules.typical
    return min(rules.look_back * agents / takes, rules.longest)


def estimated_wait(
    position: int, free_places: int, agents: int, each: timedelta, rules: Estimating
) -> timedelta | None:
    """How long the customer at a place will wait; None where nobody is there to tell by.

    Args:
        position: from 1.
        free_places: how many conversations the people that are ready could take at once.
        agents: how many people are at work for this line.
        each: see `pace`.
    """
    if agents < 1:
        return None
    behind = max(position - free_places, 0)
    wait = rules.shortest if not behind else each * math.ceil(behind / agents)
    return min(max(wait, rules.shortest), rules.longest)


def free_places(people: Iterable[Person], now: datetime) -> int:
    """How many conversations the people who are ready could take at once."""
    return sum(max(person.capacity - person.load, 0) for person in people if person.takes_new(now))


def wait_in_words(wait: timedelta) -> str:
    """A wait as people say it: 「1 分钟以内」, 「3 分钟」, 「1 小时以上」."""
    minutes = math.ceil(wait.total_seconds() / 60)
    if minutes <= 1:
        return "1 分钟以内"
    return f"{minutes} 分钟" if minutes < 60 else "1 小时以上"
