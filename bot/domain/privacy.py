"""What we hold of a person, and forgetting it (E10)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ERASED = "（已按客户要求删除）"
"""Stands where something was."""
KEPT_FACTS = ("product", "order_number", "date")
"""Of a ticket's facts: what was bought and when, which the law on 三包 asks to be kept, and which names nobody."""


@dataclass(frozen=True)
class Scope:
    """Everything that belongs to one person, by ids; they tell nothing of who it is.

    Attributes:
        orders: numbers of orders.
    """

    customers: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.customers or self.conversations or self.tickets or self.orders)

    @property
    def key(self) -> str:
        """One id that stands for the person on the audit trail and at the command line."""
        return (*self.customers, *self.conversations, *self.tickets, *self.orders)[0]

    def as_json(self) -> dict[str, list[str]]:
        """The form in which it is stored."""
        return {name: list(ids) for name, ids in vars(self).items()}


def read_scope(stored: Mapping[str, Sequence[str]]) -> Scope:
    """A scope out of its stored form."""
    return Scope(**{name: tuple(stored.get(name, ())) for name in ("customers", "conversations", "tickets", "orders")})


@dataclass(frozen=True)
class Erasure:
    """That a person was forgotten: kept for good, so that a restored backup forgets them again."""

    id: str
    at: datetime
    actor: str
    scope: Scope


def redacted(value: Any, known: Sequence[str]) -> Any:
    """A value in which nothing of what is known of a person stands any more; keys stay."""
    if isinstance(value, str):
        pattern = "|".join(re.escape(one) for one in sorted(known, key=len, reverse=True) if one)
        return re.sub(pattern, "＊＊", value) if pattern else value
    if isinstance(value, Mapping):
        return {name: redacted(inner, known) for name, inner in value.items()}
    return [redacted(inner, known) for inner in value] if isinstance(value, list | tuple) else value
