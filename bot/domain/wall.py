"""What a supervisor sees at a glance: who waits, who serves, what has gone wrong, how today goes (F5, H8)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.actor import LEVELS
from bot.domain.conversation import Need, Owner
from bot.domain.desk import DeskRules, Row
from bot.domain.person import Person
from bot.domain.routing import Estimating, estimated_wait, free_places, is_at_work, pace


@dataclass(frozen=True)
class Line:
    """A team's queue.

    Attributes:
        priorities: how many wait in each priority, the most urgent first.
        oldest: since when the customer has waited who came first; None where nobody waits.
        estimated: how long somebody who came now would wait, leaders of all teams counted; None where nobody is there.
        at_work, places: how many of the team are there, and how many conversations they could take at once.
    """

    team: str
    priorities: Mapping[int, int]
    oldest: datetime | None
    estimated: timedelta | None
    at_work: int
    places: int

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(self.priorities.values())


@dataclass(frozen=True)
class Today:
    """Since midnight in Shanghai.

    Attributes:
        conversations: in which something happened; `by_bot`: those of them that no person was needed for.
        handovers: why people were asked for (reason → how often).
        transferred: how often a conversation was handed on from person to person.
        first_reply: how long customers waited for a person's first word, on the average; None where nobody did.
        rating: the customers' average, 1-5; None where nobody rated.
    """

    conversations: int
    by_bot: int
    closed: int
    handovers: Mapping[str, int]
    transferred: int
    first_reply: timedelta | None
    rating: float | None
    ratings: int


@dataclass(frozen=True)
class Wall:
    """One look.

    Attributes:
        people: of all teams, each with presence and load.
        held: the conversations that people hold, by name of the person, those who wait for an answer first.
        overdue: conversations in which a person's answer is overdue.
        tickets_late: tickets on which a promise is broken.
        approvals: how many wait for a decision.
        channels: how many conversations wait for people or are held by them, by channel, most first.
    """

    at: datetime
    lines: tuple[Line, ...]
    people: tuple[Person, ...]
    held: Mapping[str, tuple[Row, ...]]
    overdue: int
    tickets_late: int
    approvals: int
    today: Today
    channels: Mapping[str, int]


def lines(
    teams: Iterable[str], live: Sequence[Row], people: Sequence[Person], takes: Mapping[str, tuple[int, int]],
    now: datetime, rules: Estimating,
) -> tuple[Line, ...]:  # fmt: skip
    """The queue of each team: those that are named, and any other in which somebody waits.

    Args:
        takes: how many conversations were taken of late, and by how many people, by team.
    """
    waiting = [row for row in live if row.conversation.owner is Owner.QUEUED]
    names = dict.fromkeys([*teams, *sorted({row.conversation.need.team for row in waiting})])
    return tuple(_line(team, waiting, people, takes.get(team, (0, 0)), now, rules) for team in names)


def _line(
    team: str, waiting: Sequence[Row], people: Sequence[Person], takes: tuple[int, int], now: datetime,
    rules: Estimating,
) -> Line:  # fmt: skip
    own = [row.conversation for row in waiting if row.conversation.need.team == team]
    able = [person for person in people if person.fits(Need(team=team)) and is_at_work(person, now)]
    own_people = [person for person in able if person.team == team]
    counts = Counter(conversation.need.priority for conversation in own)
    return Line(
        team=team,
        priorities=dict(sorted(counts.items(), reverse=True)),
        oldest=min((c.queued_at for c in own if c.queued_at), default=None),
        estimated=estimated_wait(len(own) + 1, free_places(able, now), len(able), pace(*takes, rules), rules),
        at_work=len(own_people),
        places=free_places(own_people, now),
    )


def held_by(live: Iterable[Row]) -> dict[str, tuple[Row, ...]]:
    """Conversations by the person who holds them, the one whose customer has waited longest first."""
    found: dict[str, list[Row]] = {}
    for row in live:
        if row.conversation.owner is Owner.HUMAN and row.conversation.agent:
            found.setdefault(row.conversation.agent, []).append(row)
    return {agent: tuple(sorted(rows, key=_patience)) for agent, rows in found.items()}


def _patience(row: Row) -> tuple[bool, datetime]:
    c = row.conversation
    return c.waiting_since is None, c.waiting_since or c.taken_at or c.opened_at


def by_channel(live: Iterable[Row]) -> dict[str, int]:
    """How many conversations each channel has, most first."""
    return dict(Counter(row.conversation.channel for row in live).most_common())


def overdue(live: Iterable[Row], now: datetime, rules: DeskRules) -> int:
    """In how many conversations a person should have answered by now."""
    due = (rules.due_at(row.conversation) for row in live)
    return sum(at is not None and at < now for at in due)


def who_serves(people: Iterable[Person], now: datetime) -> tuple[Person, ...]:
    """Those who serve customers: first who is there or holds something, by team; of a team first who holds most."""
    serving = [person for person in people if person.role in LEVELS]
    return tuple(sorted(serving, key=lambda p: (not is_at_work(p, now) and not p.load, p.team, -p.load, p.name)))
