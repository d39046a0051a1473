"""What the company may offer to make up for a fault (A5): the policy, a claim with its proposal, and the counting."""

from bot.domain.compensation.offers import demand_answer, fraud_claim, offers
from bot.domain.compensation.policy import (
    AMOUNT,
    ANSWERS,
    DEMAND,
    MORAL_WAY,
    Cause,
    Delay,
    Item,
    ItemKind,
    Policy,
    Way,
)
from bot.domain.compensation.proposal import Alternative, Claim, DemandAnswer, Line, Proposal, Refused

__all__ = [
    "AMOUNT", "ANSWERS", "DEMAND", "MORAL_WAY", "Alternative", "Cause", "Claim", "Delay", "DemandAnswer", "Item",
    "ItemKind", "Line", "Policy", "Proposal", "Refused", "Way", "demand_answer", "fraud_claim", "offers",
]  # fmt: skip
