"""The gateway's numbers for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The gateway's numbers, in a registry of their own, so that several applications live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        by_route = ("method", "route")
        self.requests = Counter(
            "anfu_http_requests", "Answered HTTP requests", (*by_route, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "anfu_http_request_seconds", "Time to the answer, less asked-for waiting", by_route, registry=self.registry
        )
        self.messages = Counter("anfu_messages_accepted", "Messages stored from customers", registry=self.registry)
        self.callbacks = Counter(
            "anfu_callbacks", "What platforms brought, and what became of it", ("channel", "result"),
            registry=self.registry,
        )  # fmt: skip
        self.sockets = Gauge("anfu_open_sockets", "Open WebSockets", registry=self.registry)
        self.queue = Gauge(
            "anfu_queue_length", "Conversations that wait for a person; NaN without database", registry=self.registry
        )
