"""A real server that can be stopped at any point of a message's way: `serve`'s own wiring with a bot that is quick.

It is forked from a process that has everything imported, so that it is up again a second after it was killed.
"""

import asyncio
import ctypes
import logging
import os
import signal
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bot.adapters.database_clock import DatabaseClock
from bot.adapters.uow import open_database
from bot.bootstrap import Anfu, build, use, utc_now
from bot.commands.node import bind
from bot.commands.serve import interrupted, running
from bot.domain.message import Reply
from bot.domain.milestones import POINTS, passing, watch
from bot.domain.ticket import Kind
from bot.services.ports import Answer, Clock, Turn
from bot.settings import Settings, from_environment
from tests.faults.history import MARK, WANTS_TICKET

WANTS_PERSON = "请转人工"
"""What a customer writes who wants a person; the bot of these tests asks for one."""
PEOPLE = {"小赵": "agent", "小钱": "agent", "吴经理": "manager"}
ORDER = tuple(POINTS)
_PRELOADED = [
    __name__, "tests.faults.loaded", "bot.adapters.channels.web", "bot.adapters.couriers.email",
    "bot.adapters.couriers.subscriber", "bot.adapters.wakeups", "bot.commands.platforms", "bot.gateway.app",
    "bot.services.delivery", "bot.services.notices", "bot.services.turns", "bot.workers.clockwork",
    "bot.workers.draining", "bot.workers.turn_runner", "alembic.command", "psycopg2",
]  # fmt: skip
_CLONE_NEWNET = 0x40000000

forks = get_context("forkserver")
forks.set_forkserver_preload(_PRELOADED)


class SharedTime:
    """The time of an installation, which can be let pass: every lease and claim ends, and nobody waits for it."""

    def __init__(self) -> None:
        self._passed = forks.Value("d", 0.0, lock=False)

    def pass_(self, by: timedelta) -> None:
        """Let it pass."""
        self._passed.value += by.total_seconds()

    @property
    def passed(self) -> timedelta:
        """How much was let pass."""
        return timedelta(seconds=self._passed.value)

    def now(self) -> datetime:
        """What time it is."""
        return utc_now() + self.passed


class Dials:
    """What the harness turns while a server runs."""

    def __init__(self, time_: SharedTime) -> None:
        self._time = time_
        self._point = forks.Value("i", -1, lock=False)
        self._signal = forks.Value("i", int(signal.SIGKILL), lock=False)
        self._times = forks.Value("i", 0, lock=False)
        self._ahead = forks.Value("d", 0.0, lock=False)
        self._slow = forks.Value("d", 0.0, lock=False)

    def arm(self, point: str, times: int = 1, signal_: signal.Signals = signal.SIGKILL) -> None:
        """End the process the next time that it passes the point, or the `times`th one."""
        self._times.value, self._signal.value = times, int(signal_)
        self._point.value = ORDER.index(point)

    def disarm(self) -> None:
        """Let it live."""
        self._point.value = -1

    @property
    def is_armed(self) -> bool:
        """Whether the point was not reached yet."""
        return self._point.value >= 0

    def set_clock(self, ahead: timedelta) -> None:
        """Let the clock of the server's machine go wrong."""
        self._ahead.value = ahead.total_seconds()

    def slow_down(self, seconds: float) -> None:
        """Let the bot take so long for each answer."""
        self._slow.value = seconds

    @property
    def slow_seconds(self) -> float:
        """How long the bot takes."""
        return float(self._slow.value)

    @property
    def ahead(self) -> timedelta:
        """How much the machine's clock is wrong."""
        return timedelta(seconds=self._ahead.value)

    @property
    def passed(self) -> timedelta:
        """How much time was let pass."""
        return self._time.passed

    def pass_(self, point: str) -> None:
        """Watches the milestones."""
        if self._point.value < 0 or ORDER[self._point.value] != point:
            return
        self._times.value -= 1
        if self._times.value <= 0:
            self._point.value = -1
            os.kill(os.getpid(), self._signal.value)
            time.sleep(0.05)  # a stopped process goes on from here


@dataclass(frozen=True)
class Order:
    """How a server is to be started.

    Attributes:
        settings: ANFU_… variables.
        namespace: the name of the network namespace in which it runs; empty for the machine's own.
        engine_deadline: seconds after which a turn has failed.
    """

    settings: dict[str, str]
    log: Path
    namespace: str = ""
    engine_deadline: float = 20.0


class QuickBot:
    """Implements `ports.BotEngine` as the actions do: it names what it answers, opens tickets and calls people."""

    ready = True

    def __init__(self, anfu: Anfu, dials: Dials, deadline: float) -> None:
        self._anfu = anfu
        self._dials = dials
        self._deadline = deadline

    async def answer(self, turn: Turn) -> Answer:
        """Name every mark; a ticket is opened for the last one that wants it."""
        async with asyncio.timeout(self._deadline):
            await asyncio.sleep(self._dials.slow_seconds)
        passing("turn understood")
        marks = MARK.findall(turn.text)
        replies = []
        for line in turn.text.split("\n"):
            if WANTS_TICKET in line and (mark := MARK.search(line)):
                ticket = await asyncio.to_thread(
                    self._anfu.ticketing.open, Kind.REPAIR, {"problem": mark.group()},
                    key=f"{turn.id}:{mark.group()}", conversation_id=turn.conversation_id,
                )  # fmt: skip
                replies.append(f"工单 {ticket.number}")
        words = "，".join((f"收到 {' '.join(marks)}", *replies)) if marks else "您请说"
        handover = "asked" if WANTS_PERSON in turn.text else None
        return Answer((Reply(words, {"kind": "test"}),), turn.state or b"{}", handover)


def start(order: Order, dials: Dials) -> Any:
    """A server's process, which is listening soon."""
    process = forks.Process(target=_live, args=(order, dials), daemon=True)
    process.start()
    return process


def _live(order: Order, dials: Dials) -> None:
    output = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if order.namespace:
        _enter(order.namespace)
    for name in [name for name in os.environ if name.startswith("ANFU_")]:
        del os.environ[name]
    os.environ.update(order.settings)
    watch(dials.pass_)
    asyncio.run(_serve(order, dials))


def _enter(namespace: str) -> None:
    """Live in a network of one's own from here on."""
    handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(handle, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"no way into {namespace}")
    os.close(handle)


async def _serve(order: Order, dials: Dials) -> None:
    from tests.faults.loaded import CONTENT

    settings = from_environment()
    logging.basicConfig(level=settings.log_level)
    anfu = build(settings, _clock(settings, dials), CONTENT)
    use(anfu)
    _hire(anfu)
    engine = QuickBot(anfu, dials, order.engine_deadline)
    async with running(anfu, engine, bind(settings.host, settings.port)):
        print("ready", flush=True)
        await interrupted()


def _clock(settings: Settings, dials: Dials) -> Clock:
    """The clock of `serve`, on a machine whose own goes wrong, in an installation whose time is let pass."""
    own_time = time.time
    time.time = lambda: own_time() + dials.ahead.total_seconds()
    if settings.database_url.startswith("sqlite"):
        return lambda: utc_now() + dials.passed + dials.ahead
    clock = DatabaseClock(open_database(settings.database_url))
    return lambda: clock() + dials.passed


def _hire(anfu: Anfu) -> None:
    with anfu.uow() as work:
        for name, role in PEOPLE.items():
            if work.users.get(name) is None:
                work.users.add(name, role, anfu.clock())
        work.commit()
