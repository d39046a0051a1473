"""What the company promises when it takes a matter in hand, and by when (D1-D3, D8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import ContentError
from bot.domain.ticket import Kind


@dataclass(frozen=True)
class Promise:
    """The promise of one kind of ticket: a person answers within `within`; `clause` is the requirement it rests on."""

    kind: Kind
    within: timedelta
    clause: str

    def due_at(self, opened_at: datetime) -> datetime:
        """The moment by which a person answers; service hours are 24 hours (D1)."""
        return opened_at + self.within


def read_promises(raw: Mapping[str, Mapping[str, object]]) -> dict[Kind, Promise]:
    """Promises from content: `{kind: {answer_within_hours, clause}}`.

    Raises:
        ContentError: a kind is unknown or missing, or its hours are no positive number.
    """
    promises: dict[Kind, Promise] = {}
    for name, entry in raw.items():
        hours = entry.get("answer_within_hours")
        if name not in set(Kind) or not isinstance(hours, int | float) or hours <= 0:
            raise ContentError(
                f"promises.yml：{name} 需要是工单类型之一，并写明 answer_within_hours（大于 0 的小时数）"
            )
        promises[Kind(name)] = Promise(Kind(name), timedelta(hours=hours), str(entry.get("clause", "")))
    if missing := set(Kind) - set(promises):
        raise ContentError(f"promises.yml：缺少 {'、'.join(sorted(missing))} 的承诺时限")
    return promises
