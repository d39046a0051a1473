"""The gateway's numbers for Prometheus."""

import math
import os
from importlib import metadata

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from bot.domain.channel import WEBSITE
from bot.domain.pulse import Pulse, Waiting

_TURN_SECONDS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0)


class Metrics:
    """The gateway's numbers, in a registry of their own, so that several applications live in one process.

    Where several processes serve behind one port, each keeps its numbers in a folder that they share, and each tells
    those of all (`PROMETHEUS_MULTIPROC_DIR`, which has to be set before the process starts).
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._channels = {WEBSITE}
        by_route = ("method", "route")
        self.requests = Counter(
            "anfu_http_requests", "Answered HTTP requests", (*by_route, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "anfu_http_request_seconds", "Time to the answer, less asked-for waiting", by_route, registry=self.registry
        )
        self.messages = Counter("anfu_messages_accepted", "Messages stored from customers", registry=self.registry)
        self.refused = Counter(
            "anfu_refused", "Turned away for want of room, before anything was stored", ("what",),
            registry=self.registry,
        )  # fmt: skip
        self.turn_seconds = Histogram(
            "anfu_turn_seconds", "From a customer's message to the stored answer, quiet time included",
            buckets=_TURN_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.turns_waiting = Gauge(
            "anfu_turns_waiting", "Conversations that wait for their turn", registry=self.registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self.callbacks = Counter(
            "anfu_callbacks", "What platforms brought, and what became of it", ("channel", "result"),
            registry=self.registry,
        )  # fmt: skip
        self.sockets = Gauge(
            "anfu_open_sockets", "Open WebSockets", registry=self.registry, multiprocess_mode="livesum"
        )  # fmt: skip
        self.loop_lag = Gauge(
            "anfu_event_loop_lag_seconds", "How long what is due waits for the event loop", registry=self.registry,
            multiprocess_mode="livemax",
        )  # fmt: skip
        build = Gauge(
            "anfu_build_info", "Which version runs", ("version",), registry=self.registry,
            multiprocess_mode="mostrecent",
        )  # fmt: skip
        build.labels(metadata.version("anfu")).set(1)
        # What follows is asked of the database, so every node tells the same; NaN where it does not answer.
        self.queue = self._shared("anfu_queue_length", "Conversations that wait for a person")
        self.queue_oldest = self._shared("anfu_queue_oldest_seconds", "How long the first of them has waited")
        self.unanswered = self._shared("anfu_unanswered", "Conversations whose customer waits for the bot")
        self.unanswered_oldest = self._shared("anfu_unanswered_oldest_seconds", "How long the first of them has waited")
        self.outbox = self._shared("anfu_outbox_due", "Messages that should have gone out", "channel")
        self.outbox_oldest = self._shared("anfu_outbox_oldest_seconds", "How late the first of them is", "channel")
        self.outbox_all = self._shared("anfu_outbox_length", "Messages that wait to go out, held ones included")
        self.notices = self._shared("anfu_notices_due", "Notices that should have gone out")
        self.notices_oldest = self._shared("anfu_notices_oldest_seconds", "How late the first of them is")
        self.notices_dead = self._shared("anfu_notices_dead", "Notices that were given up")
        self.tickets_open = self._shared("anfu_tickets_open", "Tickets that are not over")
        self.tickets_breached = self._shared("anfu_tickets_breached", "Tickets whose promised time is past")
        self.token_seconds = self._shared(
            "anfu_channel_token_seconds", "How long a platform's access token still lasts", "account"
        )  # fmt: skip

    def _shared(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry, multiprocess_mode="mostrecent")

    def show(self, pulse: Pulse | None) -> None:
        """What the database has just told; None where it did not answer."""
        if pulse is None:
            nobody_knows = Waiting(math.nan, math.nan)
            channels = dict.fromkeys(self._channels, nobody_knows)
            pulse = Pulse(
                nobody_knows, nobody_knows, channels, math.nan, nobody_knows, math.nan, math.nan, math.nan
            )  # fmt: skip
        for waiting, number, oldest in (
            (pulse.queue, self.queue, self.queue_oldest),
            (pulse.unanswered, self.unanswered, self.unanswered_oldest),
            (pulse.notices, self.notices, self.notices_oldest),
        ):
            number.set(waiting.number)
            oldest.set(waiting.seconds)
        self.outbox_all.set(pulse.held)
        self.notices_dead.set(pulse.notices_dead)
        self.tickets_open.set(pulse.tickets_open)
        self.tickets_breached.set(pulse.tickets_breached)
        self._channels |= pulse.outbox.keys()
        for channel in self._channels:  # one that has nothing due any more says so
            waiting = pulse.outbox.get(channel, Waiting())
            self.outbox.labels(channel).set(waiting.number)
            self.outbox_oldest.labels(channel).set(waiting.seconds)
        for account, seconds in pulse.token_seconds.items():
            self.token_seconds.labels(account).set(seconds)

    def tell(self) -> bytes:
        """All numbers in Prometheus' text form."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        of_all = CollectorRegistry()
        MultiProcessCollector(of_all)
        return generate_latest(of_all)
