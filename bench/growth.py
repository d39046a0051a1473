"""`python -m bench.growth`: what each thing costs when the past is long, the articles many, or the room full of people.

Conversations and tickets on SQLite and on PostgreSQL, through the services; sockets and agents through the gateway.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.growth_fill import Past, People, live, staff
from bench.growth_report import picture, report
from bench.load_systems import Missing, empty_schema
from bench.quiet_server import OneSentence
from bot.adapters.compensation_files import load_compensation
from bot.bootstrap import Anfu, build, use
from bot.commands.report import build_reports
from bot.domain.customer import Customer
from bot.domain.desk import View
from bot.domain.ticket import Kind, Status
from bot.domain.ticket_view import Filter, Sort
from bot.services.turns import Turns
from bot.services.wall import WallView
from bot.settings import ROOT, Settings

RESULTS = ROOT / "bench/results/growth.json"
TABLE = ROOT / "bench/GROWTH.md"
PICTURE = ROOT / "bench/growth.svg"
CONVERSATIONS = (1_000, 10_000, 100_000, 1_000_000)
TICKETS = (1_000, 10_000, 100_000)
ARTICLES = (100, 1_000, 10_000)
SOCKETS = (100, 1_000, 10_000)
AGENTS = (1, 20, 100, 500)
AXES = ("conversations", "tickets", "articles", "sockets", "agents")
DATABASES = ("sqlite", "postgresql")
TIMES, ENOUGH_SECONDS = 7, 3.0
STORED = "disk, kB a {}"
RARE, NAME = "门封条", "欧阳修远"

Costs = dict[str, float]
"""Milliseconds by what was done."""
Things = Mapping[str, Callable[[], Any]]


def main() -> int:
    """Measure what was asked for, keep the figures, print the table."""
    options = _options()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    if not options.report:
        known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() and options.only else {}
        measured = {
            name: known.get(name, {}) | part if isinstance(part, dict) else part
            for name, part in measure(options).items()
        }  # fmt: skip
        RESULTS.write_text(json.dumps(known | measured, ensure_ascii=False, indent=1) + "\n", "utf-8")
    found = json.loads(RESULTS.read_text("utf-8"))
    text = report(found)
    print(text)
    if options.write:
        TABLE.write_text(text, "utf-8")
        picture(found, PICTURE)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=AXES, help="grow these alone; the other figures stay as they are")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--most", type=int, help="grow no further than to so many")
    parser.add_argument("--report", action="store_true", help="the table of the last results, without measuring")
    parser.add_argument("--write", action="store_true", help="also write bench/GROWTH.md and bench/growth.svg")
    return parser.parse_args()


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures asked for: axis → database → size → what → milliseconds, or other figures by name."""
    from bench import growth_live

    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
    }
    axes = options.only or AXES
    for axis, sizes, grow in (
        ("conversations", CONVERSATIONS, _grow_conversations), ("tickets", TICKETS, _grow_tickets),
    ):  # fmt: skip
        if axis in axes:
            found[axis] = {name: dict(_on(name, axis, _upto(sizes, options.most), grow)) for name in options.databases}
    if "articles" in axes:
        found["articles"] = {"memory": {str(n): growth_live.articles(n) for n in _upto(ARTICLES, options.most)}}
    if "sockets" in axes:
        found["sockets"] = {"gateway": {str(n): growth_live.sockets(n) for n in _upto(SOCKETS, options.most)}}
    if "agents" in axes:
        found["agents"] = {"gateway": {str(n): growth_live.agents(n) for n in _upto(AGENTS, options.most)}}
    return found


def _upto(sizes: tuple[int, ...], most: int | None) -> list[int]:
    return [size for size in sizes if most is None or size <= most]


Grow = Callable[[Anfu, People, Past, int], Things]


def _on(database: str, axis: str, sizes: list[int], grow: Grow) -> Iterator[tuple[str, Costs]]:
    """One company on one database, whose past grows; each size with what things cost then."""
    try:
        with _company(database) as anfu:
            people = staff(anfu)
            past = Past(anfu, people)
            live(anfu, people)
            for size in sizes:
                _say(f"{database}: {size:,} {axis}")
                things = grow(anfu, people, past, size)
                each = round(past.bytes() / size / 1024, 2)
                yield str(size), {**{name: _cost(do) for name, do in things.items()}, STORED.format(axis[:-1]): each}
    except Missing as error:
        _say(f"{database}: not measured, {error}")


@contextmanager
def _company(database: str) -> Iterator[Anfu]:
    """Everything that `serve` wires, on an empty database; it was started an hour ago."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        address = stack.enter_context(empty_schema())[0] if database == "postgresql" else ""
        ago = timedelta(hours=1)
        anfu = build(Settings(data_dir=Path(folder), database=address), lambda: datetime.now(UTC) - ago)
        ago = timedelta()  # chores that give desks time to come back after a start do their work at once
        use(anfu)
        try:
            yield anfu
        finally:
            anfu.database.dispose()


def _cost(do: Callable[[], Any]) -> float:
    """The median of a few runs in milliseconds, after one that counts only where it took long."""
    began = time.perf_counter()
    do()
    first = 1000 * (time.perf_counter() - began)
    times: list[float] = [first] if first > 1000 * ENOUGH_SECONDS else []
    while len(times) < TIMES and sum(times) < 1000 * ENOUGH_SECONDS:
        began = time.perf_counter()
        do()
        times.append(1000 * (time.perf_counter() - began))
    return round(median(times), 3)


def _grow_conversations(anfu: Anfu, people: People, past: Past, size: int) -> Things:
    past.have_conversations(size)
    loop = asyncio.new_event_loop()
    bot = OneSentence(0, echoes=False)
    turns = Turns(anfu.uow, bot, anfu.handoff, anfu.scripts, anfu.clock, anfu.choices.hear, anfu.queueing)
    talk = anfu.intake.open_conversation("web").id
    known = talk[:8]
    with anfu.uow() as work:
        if not work.customers.get(NAME):
            work.customers.add(Customer(NAME, NAME, anfu.clock()), NAME, "", anfu.clock())
        work.desk.link_customer(talk, NAME, anfu.clock())
        work.commit()

    def turn() -> None:
        anfu.intake.accept(talk, str(uuid.uuid4()), "洗衣机还是响")
        loop.run_until_complete(turns.run(talk))

    def read() -> Any:
        with anfu.reading() as work:
            return work.conversations.get(talk), work.messages.after(talk, 0)

    def touched() -> Any:
        with anfu.reading() as work:
            return work.desk.touched_since(anfu.clock() - timedelta(seconds=30))

    def unanswered() -> Any:
        with anfu.uow() as work:
            return list(work.conversations.unanswered())

    def wall() -> Any:
        return WallView(anfu.reading, anfu.content.desk, anfu.content.routing.estimating, anfu.clock).look()

    def listed(view: View, words: str = "", leader: bool = True) -> Callable[[], Any]:
        person = people.leader if leader else people.agent
        return lambda: anfu.desk.page(view, person, words, None, 50)

    return {
        "open a conversation": lambda: anfu.intake.open_conversation("web"),
        "a message and its turn": turn,
        "read a conversation": read,
        "what was touched of late": touched,
        "sweep of unanswered": unanswered,
        "desk: queue": listed(View.QUEUE),
        "desk: queue, agent": listed(View.QUEUE, leader=False),
        "desk: mine": listed(View.MINE, leader=False),
        "desk: with the bot": listed(View.BOT),
        "desk: closed": listed(View.CLOSED),
        "desk: closed, agent": listed(View.CLOSED, leader=False),
        "desk: all": listed(View.ALL),
        "desk: search, beginning of an id": listed(View.ALL, known),
        "desk: search, an agent": listed(View.ALL, people.agent.name),
        "desk: search, a phone": listed(View.ALL, "13800000007"),
        "desk: search, a name": listed(View.ALL, NAME),
        "desk: search, nothing found": listed(View.ALL, "没有这个人"),
        "the wall": wall,
        "places in the queue": anfu.standing.refresh,
        **_chores(anfu),
    }  # fmt: skip


def _chores(anfu: Anfu) -> Things:
    """What the clock does every five seconds, each once with nothing left to do."""
    chores = {
        "set_back.look": anfu.set_back.look,
        "watch.look": anfu.watch.look, "resolutions.expire": anfu.resolutions.expire,
        "followups.say_due": anfu.followups.say_due, "farewells.end_silent": anfu.farewells.end_silent,
        "inspection.look": anfu.inspection.look, "intake.forget_events": anfu.intake.forget_events,
        "queue_watch.rescue": anfu.queue_watch.rescue, "queue_watch.hand_on": anfu.queue_watch.hand_on,
        "queue_watch.assign": anfu.queue_watch.assign, "queue_watch.tell": anfu.queue_watch.tell,
    }  # fmt: skip
    return {f"chore: {name}": chore for name, chore in chores.items()}


def _grow_tickets(anfu: Anfu, people: People, past: Past, size: int) -> Things:
    past.have_tickets(size)
    reports = build_reports(anfu, load_compensation())
    talk = anfu.intake.open_conversation("web").id

    def file(symptom: str = "不制冷") -> Any:
        fields = {"product": "冰箱", "symptom": symptom, "phone": "13900000000"}
        return anfu.ticketing.open(Kind.REPAIR, fields, key=str(uuid.uuid4()), conversation_id=talk)

    def listed(wanted: Filter, sort: Sort = Sort.OPENED, words: str = "") -> Callable[[], Any]:
        return lambda: anfu.ticket_desk.page(people.leader, wanted, sort, 50, None, words)

    file(f"{RARE}坏了")
    return {
        "file a ticket": file,
        "tickets of a conversation": lambda: anfu.ticketing.all_of(talk, 50),
        "list: all": listed(Filter()),
        "list: running, by what is due": listed(Filter(running=True), Sort.DUE),
        "list: nobody's": listed(Filter(assignee="@nobody", running=True)),
        "list: kind and state": listed(Filter(kind=Kind.REPAIR, status=Status.OPEN)),
        "list: a team's, by change": listed(Filter(team="service"), Sort.CHANGED),
        "list: a customer's": listed(Filter(phone="13900000000")),
        "counts of all lists": lambda: anfu.ticket_desk.counts(people.leader, []),
        "search: common words": listed(Filter(), words="洗衣机"),
        "search: rare words": listed(Filter(), words=RARE),
        "search: nothing found": listed(Filter(), words="没有这样的话"),
        "report of the last month": lambda: reports.of(reports.last_whole_month()),
        **_chores(anfu),
    }


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
