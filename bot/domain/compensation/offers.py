"""What the company may offer to make up for a fault: counted from policy, never improvised, never yet a promise.

A5 the policy with its limits, A7 more than one way, A11 every line traces to the policy, A12 a demand above it, D4 late
delivery, F9 whoever may not grant it asks for approval. The policy itself is data: `content/compensation.yml`.
"""

from dataclasses import dataclass

from bot.domain.actor import LEVEL_NAMES, LEVELS, Actor, Role, next_level
from bot.domain.compensation.policy import (
    AMOUNT,
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
from bot.domain.errors import InvalidInput
from bot.domain.order import yuan

_SEVERITIES = ("轻", "中", "重")
_FRAUD_TIMES, _FRAUD_LEAST_FEN = 3, 50_000


@dataclass(frozen=True)
class _Sum:
    """Money in fen, and the arithmetic that led to it."""

    fen: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Draft:
    """A way with what it gives and how much of it, before anybody has looked at who may grant it."""

    id: str
    gives: tuple[tuple[Item, int], ...]
    reasons: tuple[str, ...]

    @property
    def amount_fen(self) -> int:
        return sum(fen for _, fen in self.gives)


def offers(claim: Claim, policy: Policy, requester: Role, spent_fen: int) -> Proposal:
    """What may be offered for a claim, and who may grant it (A5, A7, F9).

    Args:
        requester: the role of whoever wants to offer it.
        spent_fen: what this month's compensations for the same cause have cost so far.

    Raises:
        InvalidInput: the policy does not know the cause or the tier, the sum is negative, or days of delay are given
            where they do not count, or without the price where that counts.
    """
    cause = _known_cause(claim, policy)
    if spent_fen < 0:
        raise InvalidInput("已用预算不能是负数")
    owed, goodwill = _owed(claim, cause), _goodwill(claim, cause, policy)
    drafts = [_draft(way, claim, cause, policy, owed, goodwill) for way in cause.ways]
    drafts = [*filter(_gives_something, drafts), _moral(policy, cause)]
    decided = [_decided(draft, cause, policy, requester, spent_fen) for draft in drafts]
    return Proposal(
        tuple(way for way in decided if isinstance(way, Alternative)),
        tuple(way for way in decided if isinstance(way, Refused)),
        policy.source,
        policy.version,
    )


def demand_answer(
    demand_fen: int, claim: Claim, policy: Policy, requester: Role, spent_fen: int
) -> DemandAnswer | None:
    """What to say to a customer who wants more than the policy allows; None where the policy allows it (A12).

    Args:
        demand_fen: what the customer wants.
        claim, policy, requester, spent_fen: as for `offers`.

    Raises:
        InvalidInput: as for `offers`, or the demand is negative.
    """
    if demand_fen < 0:
        raise InvalidInput("客户要求的金额不能是负数，没有金额就填 0")
    proposal = offers(claim, policy, requester, spent_fen)
    if demand_fen <= proposal.most_fen:
        return None
    no = _answer(policy, _why_not(claim, proposal), demand_fen, proposal.most_fen)
    return DemandAnswer(no, proposal.alternatives, _answer(policy, "human", demand_fen, proposal.most_fen))


def fraud_claim(price_fen: int) -> int:
    """What the law gives a customer who was deceived, in fen: three times the price, at least 500 yuan (E5).

    Information for the person who decides whether it was fraud; never part of an offer.

    Raises:
        InvalidInput: the price is negative.
    """
    if price_fen < 0:
        raise InvalidInput("价格不能是负数，请以分为单位填整数")
    return max(_FRAUD_TIMES * price_fen, _FRAUD_LEAST_FEN)


def _known_cause(claim: Claim, policy: Policy) -> Cause:
    if claim.cause not in policy.causes:
        raise InvalidInput(f"补偿政策里没有原因 {claim.cause}，可用：{'、'.join(policy.causes)}")
    if claim.tier not in policy.tiers:
        raise InvalidInput(f"没有客户等级 {claim.tier}，可用：{'、'.join(policy.tiers)}")
    cause = policy.causes[claim.cause]
    if claim.days_late and cause.delay is None:
        raise InvalidInput(f"“{cause.name}”不按延迟天数补偿，请把天数改为 0，或把原因改为延迟发货")
    if claim.fault and claim.days_late and cause.delay and cause.delay.per_day_permille and not claim.price_fen:
        raise InvalidInput(f"“{cause.name}”按价格的千分之 {cause.delay.per_day_permille} 计，请填写商品价格")
    return cause


def _owed(claim: Claim, cause: Cause) -> _Sum:
    """What the customer has lost through us: in proportion to our fault, the same for every tier."""
    if claim.force_majeure:
        return _Sum(0, ("属于不可抗力，不计我方责任",))
    if not claim.fault:
        return _Sum(0, ("我方责任 0%，没有应补的损失；退、换、修仍按三包规则办理",))
    loss, delay = _loss(claim), _delay(claim, cause.delay)
    return _Sum(loss.fen + delay.fen, (*loss.reasons, *delay.reasons))


def _loss(claim: Claim) -> _Sum:
    if not claim.loss_fen:
        return _Sum(0)
    fen = _up(claim.loss_fen * claim.fault, 100)
    return _Sum(fen, (f"已核实的损失 {yuan(claim.loss_fen)} × 我方责任 {claim.fault}% = {yuan(fen)}",))


def _delay(claim: Claim, delay: Delay | None) -> _Sum:
    """D4: for each day beyond two days after payment."""
    if delay is None or not claim.days_late:
        return _Sum(0)
    per_day = delay.per_day_fen + _up(claim.price_fen * delay.per_day_permille, 1000)
    days = min(per_day * claim.days_late, delay.most_fen)
    fen = _up(days * claim.fault, 100)
    counted = f"延迟 {claim.days_late} 天 × 每天 {yuan(per_day)}（最多 {yuan(delay.most_fen)}）= {yuan(days)}"
    return _Sum(fen, (f"{counted}，× 我方责任 {claim.fault}% = {yuan(fen)}",))


def _goodwill(claim: Claim, cause: Cause, policy: Policy) -> _Sum:
    """A gesture beyond what is owed: by cause and severity, in proportion to our fault, more for a higher tier."""
    base, percent = cause.goodwill_fen[claim.severity - 1], policy.tiers[claim.tier]
    share = max(claim.fault, policy.goodwill_least_share)
    fen = _up(base * share * percent, 100 * 100)
    if not fen:
        return _Sum(0)
    least = f"（不足 {share}% 按 {share}% 计）" if share > claim.fault else ""
    grade = _SEVERITIES[claim.severity - 1]
    return _Sum(
        fen,
        (f"心意补偿（{grade}）{yuan(base)} × 责任 {share}%{least} × {claim.tier}会员 {percent}% = {yuan(fen)}",),
    )


def _draft(way: Way, claim: Claim, cause: Cause, policy: Policy, owed: _Sum, goodwill: _Sum) -> _Draft:
    """A way within the cap; what is cut is cut from the goodwill first."""
    wanted = owed.fen + (goodwill.fen if way.goodwill else 0)
    paid = min(owed.fen, policy.cap_fen)
    sums: dict[str, int] = {}
    for item, fen in ((way.owed, paid), (way.goodwill, min(wanted, policy.cap_fen) - paid)):
        if item and fen:
            sums[item] = sums.get(item, 0) + fen
    also = {item: 0 for item in way.also if claim.fault or policy.items[item].kind is ItemKind.MORAL}
    reasons = [_basis(policy, cause), *owed.reasons, *(goodwill.reasons if way.goodwill else ())]
    if wanted > policy.cap_fen:
        reasons.append(f"每件最多 {yuan(policy.cap_fen)}，超出的 {yuan(wanted - policy.cap_fen)} 需要公司另行决定")
    reasons.append(f"合计 {yuan(min(wanted, policy.cap_fen))}")
    return _Draft(way.id, tuple((policy.items[i], fen) for i, fen in (sums | also).items()), tuple(reasons))


def _moral(policy: Policy, cause: Cause) -> _Draft:
    gives = tuple((policy.items[item], 0) for item in policy.moral)
    return _Draft(MORAL_WAY, gives, (_basis(policy, cause), "不涉及金额"))


def _gives_something(draft: _Draft) -> bool:
    """Whether it is more than what every customer may have."""
    return any(item.kind is ItemKind.MATERIAL for item, _ in draft.gives)


def _decided(draft: _Draft, cause: Cause, policy: Policy, requester: Role, spent_fen: int) -> Alternative | Refused:
    """The way with the level that may grant it: one higher where it would exceed the month's budget."""
    amount, reasons = draft.amount_fen, list(draft.reasons)
    level = policy.level_for(amount)
    if level is None:
        return Refused(draft.id, amount, (*reasons, policy.beyond_all))
    if requester in LEVELS and amount > policy.limits[requester]:
        reasons.append(f"超过{LEVEL_NAMES[requester]}的权限 {yuan(policy.limits[requester])}")
    if amount and spent_fen + amount > cause.budget_fen:
        reasons.append(
            f"“{cause.name}”本月预算 {yuan(cause.budget_fen)}，已用 {yuan(spent_fen)}，加上这笔会超出，要高一级审批"
        )
        if level is LEVELS[-1]:
            return Refused(draft.id, amount, (*reasons, f"{LEVEL_NAMES[level]}之上没有更高一级，需要公司另行决定"))
        level = next_level(level)
    needs = None if Actor("", requester).reaches(level) else level
    if needs:
        reasons.append(f"需要{LEVEL_NAMES[needs]}审批")
    return Alternative(draft.id, tuple(_line(*given) for given in draft.gives), amount, needs, tuple(reasons))


def _why_not(claim: Claim, proposal: Proposal) -> str:
    if proposal.refused:
        return "company_decides"
    if claim.force_majeure:
        return "force_majeure"
    if not claim.fault:
        return "no_fault"
    return "above_policy" if proposal.most_fen else "no_loss"


def _answer(policy: Policy, name: str, demand_fen: int, most_fen: int) -> Line:
    text = policy.answers[name].replace(DEMAND, yuan(demand_fen)).replace(AMOUNT, yuan(most_fen))
    return Line(text, f"answers.{name}")


def _line(item: Item, fen: int) -> Line:
    return Line(item.text.replace(AMOUNT, yuan(fen)), f"items.{item.id}")


def _basis(policy: Policy, cause: Cause) -> str:
    return f"依据{policy.source}：{cause.name}（{cause.clause}）"


def _up(value: int, parts: int) -> int:
    """A part of a sum in whole fen, rounded in the customer's favour."""
    return -(-value // parts)
