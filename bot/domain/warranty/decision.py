"""A decision: what is open, on which clause, until when, who pays, how much, and what would change it (E11, A7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.domain.warranty.law import Option, Side


@dataclass(frozen=True)
class Remedy:
    """One way that is open.

    Attributes:
        clauses: what it rests on.
        rules: the same as rule versions (invariant 7).
        deadline: the last day to ask for it, till midnight in Shanghai; None where there is none, or none is known.
        freight: who pays the way there and back.
        cost_bearer: who pays for the remedy itself.
        refund_fen: what comes back with a return; None where there is no return, or a human settles the amount.
        is_depreciated: whether the refund is less the days of use.
        arithmetic: sentences that count its days and its money.
        evidence: what the customer brings.
    """

    option: Option
    clauses: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    deadline: date | None = None
    freight: Side | None = None
    cost_bearer: Side | None = None
    refund_fen: int | None = None
    is_depreciated: bool = False
    arithmetic: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """The answer: at least one remedy, best first.

    Attributes:
        notes: sentences beside the remedies' own: why something is closed, what is not known.
        handle_by: by when a return asked for today must be handled, so that it does not count as refused (E4).
        needs_confirmation: whether a human confirms before it is carried out (F9): money comes back, or the law does
            not settle it.
        changes: gives what would change the answer; each is a decision of its own, made when somebody asks.
    """

    remedies: tuple[Remedy, ...]
    notes: tuple[str, ...] = ()
    handle_by: date | None = None
    needs_confirmation: bool = False
    changes: Callable[[], tuple[str, ...]] = field(default=tuple, compare=False, repr=False)

    @property
    def would_change(self) -> tuple[str, ...]:
        """What would change the answer, and to what (A7)."""
        return self.changes()

    @property
    def options(self) -> tuple[Option, ...]:
        """What is open, best first."""
        return tuple(remedy.option for remedy in self.remedies)

    @property
    def best(self) -> Remedy:
        """The first remedy."""
        return self.remedies[0]

    @property
    def clauses(self) -> tuple[str, ...]:
        """Every clause, those of the best remedy first."""
        return _each_once(clause for remedy in self.remedies for clause in remedy.clauses)

    @property
    def rules(self) -> tuple[str, ...]:
        """Every rule version (invariant 7)."""
        return _each_once(rule for remedy in self.remedies for rule in remedy.rules)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The arithmetic of every remedy, and the notes."""
        lines = (line for remedy in self.remedies for line in remedy.arithmetic)
        return _each_once((*lines, *self.notes))

    @property
    def refund_fen(self) -> int | None:
        """What comes back where a return is open and its amount is settled."""
        return next((remedy.refund_fen for remedy in self.remedies if remedy.option is Option.RETURN), None)

    def remedy(self, option: Option) -> Remedy | None:
        """The remedy with that option, where it is open."""
        return next((remedy for remedy in self.remedies if remedy.option is option), None)

    def as_json(self) -> dict[str, Any]:
        """One line of `anfu warranty decide`."""
        return {
            "options": list(self.options),
            "clauses": list(self.clauses),
            "deadline": self.best.deadline.isoformat() if self.best.deadline else None,
            "refund_fen": self.refund_fen,
            "freight": self.best.freight,
            "reasons": list(self.reasons),
        }


def refused(message: str) -> Mapping[str, Any]:
    """The line of `anfu warranty decide` for input that cannot be read: a human looks at it."""
    return {**Decision((Remedy(Option.HUMAN),), (message,)).as_json(), "error": message}


def _each_once(texts: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
