"""A claim, and what the policy allows for it: values without arithmetic (A5, A7, A11, A12)."""

from dataclasses import dataclass

from bot.domain.actor import Role
from bot.domain.errors import InvalidInput


@dataclass(frozen=True)
class Claim:
    """What happened to the customer, as somebody of the company found it.

    Attributes:
        cause: id of a cause of the policy.
        severity: 1 light, 2 middle, 3 grave.
        loss_fen: the loss that is proven.
        share: our share of fault in per cent.
        tier: name of a customer tier of the policy.
        price_fen: what the goods cost, where a share of it counts.
        days_late: days of delay beyond two days after payment (D4).
        force_majeure: whether it happened by force majeure, so that nobody is at fault.

    Raises:
        InvalidInput: a number is negative or out of its range.
    """

    cause: str
    severity: int
    loss_fen: int
    share: int
    tier: str
    price_fen: int = 0
    days_late: int = 0
    force_majeure: bool = False

    def __post_init__(self) -> None:
        """Numbers lie within their ranges."""
        if min(self.loss_fen, self.price_fen, self.days_late) < 0:
            raise InvalidInput("损失、价格和延迟天数不能是负数，没有就填 0")
        if not 0 <= self.share <= 100:
            raise InvalidInput("我方责任应是 0 到 100 的百分数")
        if self.severity not in (1, 2, 3):
            raise InvalidInput("严重程度应是 1（轻）、2（中）或 3（重）")

    @property
    def fault(self) -> int:
        """Our share of fault that counts, in per cent."""
        return 0 if self.force_majeure else self.share


@dataclass(frozen=True)
class Line:
    """A sentence for the customer, and the policy line that it is (A11)."""

    text: str
    policy_line: str


@dataclass(frozen=True)
class Alternative:
    """One way that the policy allows.

    Attributes:
        id: the way's; `MORAL_WAY` for the one that costs nothing.
        amount_fen: what it costs in money.
        needs: the level whose approval it needs; None where the requester may grant it.
        reasons: how the sum and the approval come about, a step each, for staff.
    """

    id: str
    lines: tuple[Line, ...]
    amount_fen: int
    needs: Role | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """A way that nobody here may grant; the last reason says why."""

    id: str
    amount_fen: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What the policy allows for a claim; nothing of it is promised before somebody grants it.

    Attributes:
        alternatives: what may be granted or applied for; the one without money stands last.
        refused: ways that are beyond every level.
        source, version: of the policy that it was counted by.
    """

    alternatives: tuple[Alternative, ...]
    refused: tuple[Refused, ...]
    source: str
    version: int

    @property
    def most_fen(self) -> int:
        """The most that can be applied for."""
        return max(alternative.amount_fen for alternative in self.alternatives)


@dataclass(frozen=True)
class DemandAnswer:
    """The answer to a demand above the policy: a no with its reason, what there is instead, and a human (A12)."""

    no: Line
    alternatives: tuple[Alternative, ...]
    human: Line
