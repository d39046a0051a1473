"""What Rasa does anew at each call and need not, when actions and model live in one process.

`python -m bench` times the turns that come of it, not each of these by itself.
"""

from functools import cache
from graphlib import TopologicalSorter
from typing import Any

from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event

Inputs = list[tuple[str, str]]
"""Names of a node's arguments, each with the node that gives it."""


class StraightRunner:
    """Runs the loaded prediction graph node after node; Dask plans the same dozen nodes anew at every call."""

    def __init__(self, loaded: DaskGraphRunner) -> None:
        self._schema = loaded._graph_schema
        self._nodes = loaded._instantiated_nodes
        self._plans: dict[tuple[str, ...], list[tuple[str, Inputs]]] = {}

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """The outputs of the target nodes; the shape of `GraphRunner.run`."""
        wanted = tuple(targets or self._schema.target_names)
        done = dict(inputs or {})
        for name, needs in self._plan(wanted):
            done[name] = self.call(name, {argument: done[node] for argument, node in needs})
        return {name: done[name] for name in wanted}

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """A node's component, without the hooks and logs around it, which serve training."""
        node = self._nodes[name]
        return node._fn(node._component, **arguments)

    def _plan(self, wanted: tuple[str, ...]) -> list[tuple[str, Inputs]]:
        """Nodes in an order in which each comes after what it needs."""
        if wanted not in self._plans:
            needs = {
                name: list(node.needs.items())
                for name, node in self._schema.minimal_graph_schema(list(wanted)).nodes.items()
            }
            order = TopologicalSorter({name: [node for _, node in given] for name, given in needs.items()})
            self._plans[wanted] = [(name, needs[name]) for name in order.static_order() if name in needs]
        return self._plans[wanted]


def remember_event_types() -> None:
    """Rasa walks all event classes for each event that an action returns; the answer never changes."""
    Event.resolve_by_type = staticmethod(cache(Event.resolve_by_type))
