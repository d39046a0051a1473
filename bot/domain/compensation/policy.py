"""The compensation policy, as `content/compensation.yml` states it (A5, D4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.actor import LEVEL_NAMES, LEVELS, Role
from bot.domain.order import yuan

MORAL_WAY = "moral"
"""Id of the way that costs nothing and stands in every proposal."""
AMOUNT, DEMAND = "{amount}", "{demand}"
"""Where a sum of money stands in a text of the policy."""
ANSWERS = frozenset({"above_policy", "company_decides", "force_majeure", "no_fault", "no_loss", "human"})
"""What the policy can answer to a demand above it: five reasons for a no, and the right to a human (A12)."""


class ItemKind(StrEnum):
    """What an item gives."""

    MATERIAL = "material"
    MORAL = "moral"


@dataclass(frozen=True)
class Item:
    """Something that can be offered; its text holds `{amount}` where it carries money."""

    id: str
    name: str
    kind: ItemKind
    text: str

    @property
    def carries_money(self) -> bool:
        """Whether a sum belongs to it."""
        return AMOUNT in self.text


@dataclass(frozen=True)
class Way:
    """One way to make up for a fault (A7).

    Attributes:
        owed: the item that carries what is owed: proven loss and delay.
        goodwill: the item that carries the goodwill; None where this way has none.
        also: items without a sum that come with it.
    """

    id: str
    owed: str
    goodwill: str | None
    also: tuple[str, ...]


@dataclass(frozen=True)
class Delay:
    """What a day of delay is worth (D4): a fixed sum and a share of the price, up to a most for all days."""

    per_day_fen: int
    per_day_permille: int
    most_fen: int


@dataclass(frozen=True)
class Cause:
    """A kind of fault.

    Attributes:
        clause: what the offer rests on.
        goodwill_fen: for light, middle and grave cases.
        budget_fen: what it may cost in a month.
        delay: only where days of delay count.
    """

    id: str
    name: str
    clause: str
    goodwill_fen: tuple[int, int, int]
    budget_fen: int
    ways: tuple[Way, ...]
    delay: Delay | None = None


@dataclass(frozen=True)
class Policy:
    """The compensation policy.

    Attributes:
        source: the policy's name and edition, for people.
        cap_fen: the most that one case may get.
        goodwill_least_share: goodwill is proportional to our share of fault, but counted with at least this share in
            per cent; 0 means that nobody gets goodwill for what is not our fault.
        limits: up to which sum in fen each level may decide, inclusive; rising.
        tiers: customer tier → per cent by which goodwill is multiplied; the lowest tier first.
        moral: the items that every customer may have.
        answers: what is said to a demand above the policy, by the keys of `ANSWERS`.
    """

    version: int
    source: str
    cap_fen: int
    goodwill_least_share: int
    limits: Mapping[Role, int]
    tiers: Mapping[str, int]
    items: Mapping[str, Item]
    moral: tuple[str, ...]
    answers: Mapping[str, str]
    causes: Mapping[str, Cause]

    @property
    def lines(self) -> dict[str, str]:
        """Every text that may reach a customer, by its policy line id (A11)."""
        items = {f"items.{item.id}": item.text for item in self.items.values()}
        return items | {f"answers.{name}": text for name, text in self.answers.items()}

    def level_for(self, amount_fen: int) -> Role | None:
        """The lowest level that may decide on a sum; None where it is beyond the manager."""
        return next((level for level in LEVELS if amount_fen <= self.limits[level]), None)

    @property
    def beyond_all(self) -> str:
        """Why a sum that nobody here may decide on goes elsewhere."""
        return f"超过{LEVEL_NAMES[LEVELS[-1]]}的权限 {yuan(self.limits[LEVELS[-1]])}，需要公司另行决定"
