"""What working out the deadlines of many tickets costs, in one thread: `python -m bench.deadlines [TICKETS]`."""

import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.adapters.sla_files import load_sla
from bot.domain.sla import deadlines
from bot.domain.ticket import STATUS_FLOW, Kind, Status, Ticket

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
ROUNDS = 5
SAID = (("reply", "李敏"), ("reply", "bot"), ("customer_said", "customer"), ("urged", "customer"))
KINDS: tuple[Kind, ...] = tuple(Kind)


def main(count: int) -> None:
    """Print the processor time, the best of some rounds, for `count` open tickets and for questions to a calendar."""
    rng = random.Random(7)
    tickets = [_ticket(rng, number) for number in range(count)]
    policy = load_sla()
    best = min(_seconds(lambda: [deadlines(ticket, policy, NOW) for ticket in tickets]) for _ in range(ROUNDS))
    found = [deadline for ticket in tickets for deadline in deadlines(ticket, policy, NOW)]
    entries = sum(len(ticket.history) for ticket in tickets)
    print(f"{count} open tickets, {entries} history entries, {len(found)} deadlines: {best:.3f} s of processor time")
    office = policy.calendars.named["office"]
    starts = [ticket.opened_at for ticket in tickets]
    add = min(_seconds(lambda: [office.add(start, timedelta(hours=40)) for start in starts]) for _ in range(ROUNDS))
    between = min(_seconds(lambda: [office.between(start, NOW) for start in starts]) for _ in range(ROUNDS))
    print(f"calendar: add {add / count * 1e6:.1f} µs, between {between / count * 1e6:.1f} µs")


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _ticket(rng: random.Random, number: int) -> Ticket:
    """An open ticket of the last 20 days with up to 12 entries: replies, what the customer said, moves and waits."""
    at = NOW - timedelta(minutes=rng.randint(1, 20 * 24 * 60))
    ticket = Ticket(
        f"BX20261123-{number:05d}", rng.choice(KINDS), Status.OPEN, None, {}, None, 0, at, at,
        priority=rng.choice((0, 0, 0, 1, 2)), team=rng.choice(("service", "repair")),
    )  # fmt: skip
    ticket = ticket.note("opened", "customer", "", at)
    for _ in range(rng.randint(0, 11)):
        at += timedelta(minutes=rng.randint(1, 2 * 24 * 60))
        if at > NOW:
            break
        ways = sorted(STATUS_FLOW[ticket.status] - {Status.CANCELLED, Status.CLOSED, Status.RESOLVED})
        if ways and rng.random() < 0.5:
            ticket = ticket.move(rng.choice(ways), "李敏", "", at)
        else:
            ticket = ticket.note(*rng.choice(SAID), "", at)
    return ticket


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
