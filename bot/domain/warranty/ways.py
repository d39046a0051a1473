"""The ways that are open in a case: claims on the same option put together, best first, a human last (A7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.domain.warranty.case import FaultKind, Wish
from bot.domain.warranty.claims import (
    Claim,
    claims_on,
    why_later_defect_is_closed,
    why_no_reason_is_closed,
)
from bot.domain.warranty.law import LaterDefectRule, NoReasonRule, Option, Rule, Side
from bot.domain.warranty.sentences import Said
from bot.domain.warranty.situation import Situation


@dataclass(frozen=True)
class Way:
    """An option with the claims that open it; for a human, the claims in doubt or why nothing is open."""

    option: Option
    claims: tuple[Claim, ...] = ()
    said: tuple[Said, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def is_depreciated(self) -> bool:
        """Whether days of use are charged."""
        return any(claim.is_depreciated for claim in self.claims)

    @property
    def is_settled(self) -> bool:
        """Whether its amount can be said."""
        return not self.claims or any(claim.is_settled for claim in self.claims)

    @property
    def refund_fen(self) -> int | None:
        """The better refund."""
        return max((claim.refund_fen for claim in self.claims if claim.refund_fen is not None), default=None)

    @property
    def deadline(self) -> date | None:
        """The later deadline; None too where one claim has no end."""
        if any(claim.has_no_end for claim in self.claims):
            return None
        return max((claim.deadline for claim in self.claims if claim.deadline), default=None)

    @property
    def freight(self) -> Side | None:
        """Who pays freight: the seller, where any claim says so."""
        payers = {claim.freight for claim in self.claims}
        return next((side for side in (Side.SELLER, Side.BUYER) if side in payers), None)

    @property
    def cost_bearer(self) -> Side | None:
        """Who pays for it: a repairer at fault before the seller, the customer only where nobody else does."""
        payers = {claim.cost_bearer for claim in self.claims}
        return next((side for side in (Side.REPAIRER, Side.SELLER, Side.BUYER) if side in payers), None)


def ways_open(situation: Situation) -> list[Way]:
    """The options that are open, best first; a human last, where one is needed. Never empty."""
    claims = list(claims_on(situation))
    sure = [claim for claim in claims if not claim.is_in_doubt]
    ways = [_way(option, sure) for option in dict.fromkeys(claim.option for claim in sure)]
    ways.sort(key=lambda way: _rank(way, situation.case.wish))
    options = {way.option for way in ways}
    doubts = [claim for claim in claims if claim.is_in_doubt and claim.option not in options]
    if doubts:
        ways.append(_doubtful(doubts))
    elif not ways:
        ways.append(_nothing_open(situation))
    elif not all(way.is_settled for way in ways):
        ways.append(Way(Option.HUMAN))
    return ways


def _way(option: Option, sure: Sequence[Claim]) -> Way:
    """The claims on an option; one less depreciation does not stand beside one without."""
    claims = [claim for claim in sure if claim.option is option]
    full = tuple(claim for claim in claims if not claim.is_depreciated) or tuple(claims)
    return Way(
        option,
        full,
        said=tuple(said for claim in full for said in claim.said),
        rules=tuple(rule for claim in full for rule in claim.rules),
    )


def _rank(way: Way, wish: Wish | None) -> int:
    """The wish, return without depreciation, exchange, return less depreciation, repair, paid repair."""
    if way.option == wish:
        return 0
    if way.option is Option.RETURN:
        return 3 if way.is_depreciated else 1
    return {Option.EXCHANGE: 2, Option.REPAIR: 4, Option.PAID_REPAIR: 5}[way.option]


def _doubtful(doubts: Sequence[Claim]) -> Way:
    """What only a human can say; where a rule is unverified, that comes first, so that nobody takes it as given."""
    rules = tuple(rule for claim in doubts for rule in claim.rules)
    unverified = {rule.id: Said("unverified", {"clause": rule.clause}) for rule in rules if not rule.verified}
    return Way(
        Option.HUMAN,
        said=(*unverified.values(), *(said for claim in doubts for said in claim.said)),
        rules=rules,
    )


def _nothing_open(situation: Situation) -> Way:
    """A polite no with its reason and what else there is (A12)."""
    if situation.fault_kind is FaultKind.NONE:
        closed, rule = why_no_reason_is_closed(situation), situation.rules.one(NoReasonRule)
        said = (*((closed,) if closed else ()), Said("what_else"))
        return Way(Option.HUMAN, said=said, rules=(rule,) if rule else ())
    for later in situation.rules.every(LaterDefectRule):
        if situation.fault_kind in later.faults and (closed := why_later_defect_is_closed(situation, later)):
            return Way(Option.HUMAN, said=(closed,), rules=(later,))
    return Way(Option.HUMAN, said=(Said("nothing_open"),))
