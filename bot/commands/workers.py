"""Several serving processes behind one port: started, watched over, started again, stopped together.

Each is a node of its own, as on several machines. The listening sockets are bound here and shared: who connects while
one process starts again waits in their queue, and is lost by nobody. Each process loads its own model: a fork of a
loaded one would share the memory, but also take along threads' locks of libraries that do not promise to bear it.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence

from bot.domain.errors import InvalidInput
from bot.settings import Settings

log = logging.getLogger(__name__)

STEADY_SECONDS = 60.0
"""Who has served for so long before it died is started again at once."""
LONGEST_PAUSE = 30.0
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def require_shared_state(settings: Settings) -> None:
    """See that several processes can work together.

    Raises:
        InvalidInput: they have no database or no Redis in common.
    """
    missing = [] if settings.database.startswith("postgresql") else ["PostgreSQL（--database postgresql://…）"]
    missing += [] if settings.redis else ["Redis（--redis redis://…）"]
    if missing:
        raise InvalidInput(
            f"{settings.workers} 个进程一起服务，还需要 {' 和 '.join(missing)}。请设置好再启动；"
            "只要一个进程就去掉 --workers 和 ANFU_WORKERS"
        )


def watch_over(command: Sequence[str], workers: int, places: Sequence[socket.socket], stop_within: float) -> int:
    """Keep so many processes serving until SIGTERM or SIGINT.

    Args:
        command: starts one; it is given the sockets, the line to this process and which of them it is as `--places`,
            `--parent` and `--number`.
        places: sockets that are bound.
        stop_within: seconds after which a process that does not stop is killed.

    Returns:
        The exit status: the worst of the processes', 0 where all stopped as they should.
    """
    with _shared_metrics():
        return asyncio.run(_Watch(command, places, stop_within).over(workers))


class _Watch:
    """One for all processes."""

    def __init__(self, command: Sequence[str], places: Sequence[socket.socket], stop_within: float) -> None:
        self._command = command
        self._stop_within = stop_within
        self._places = places
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()

    async def over(self, workers: int) -> int:
        """Start them, and see them through."""
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, self._stop)
        # Its other end is closed when this process is gone, however it went: then they stop too.
        line, end = os.pipe()
        try:
            codes = await asyncio.gather(*(self._keep(number, line) for number in range(1, workers + 1)))
        finally:
            os.close(line)
            os.close(end)
        return max(map(_status, codes))

    def _stop(self) -> None:
        self._stopping.set()
        for place in self._places:
            place.close()  # the processes have them still, and close them when they let nobody in any more
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    async def _keep(self, number: int, line: int) -> int:
        """Have one process running until all stop; returns how the last one ended."""
        loop, failures, code = asyncio.get_running_loop(), 0, 0
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._run(number, line)
            if self._stopping.is_set():
                break
            failures = 0 if loop.time() - began >= STEADY_SECONDS else failures + 1
            pause = min(2.0**failures - 1, LONGEST_PAUSE)
            log.error("serving process %d ended (%s); started again in %.0f s", number, _how(code), pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
        return code

    async def _run(self, number: int, line: int) -> int:
        fds = [place.fileno() for place in self._places]
        process = await asyncio.create_subprocess_exec(
            *self._command,
            "--places",
            ",".join(map(str, fds)),
            "--parent",
            str(line),
            "--number",
            str(number),
            pass_fds=(*fds, line),
        )
        self._processes[number] = process
        if self._stopping.is_set():  # it was being started when the signal came
            process.terminate()
        try:
            return await self._ended(process)
        finally:
            del self._processes[number]
            _forget_metrics(process.pid)

    async def _ended(self, process: asyncio.subprocess.Process) -> int:
        """How it ended; one that does not stop when it should is killed."""
        ending = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        await asyncio.wait({ending}, timeout=self._stop_within)
        if not ending.done():
            log.error("serving process %d does not stop: it is killed", process.pid)
            process.kill()
        return await ending


def _how(code: int) -> str:
    return f"status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _status(code: int) -> int:
    """As a shell tells it: who was killed by a signal has failed."""
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def _shared_metrics() -> Iterator[None]:
    """A new folder in which the processes keep their numbers, so that each can tell the sum of all."""
    folder = tempfile.mkdtemp(prefix="anfu-metrics-")
    os.environ[METRICS_FOLDER] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_metrics(pid: int) -> None:
    """What the process had open is open no longer; what it has counted stays counted."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(pid, os.environ[METRICS_FOLDER])


def own_command() -> list[str]:
    """How this process was started, for others like it."""
    return [sys.executable, "-m", "bot", *sys.argv[1:]]
