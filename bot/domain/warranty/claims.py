"""What each kind of rule opens for a case: one function for each kind, the standard's sentence beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.domain.order import yuan
from bot.domain.warranty.case import Cause, Channel, FaultKind, Repair, Wish
from bot.domain.warranty.law import (
    DefectRule,
    Delay,
    DepreciationRule,
    EarlyFaultRule,
    ExclusionRule,
    FreeRepairRule,
    LaterDefectRule,
    NoReasonRule,
    Option,
    RepeatedRepairRule,
    ReplacementRule,
    Rule,
    Side,
    SlowRepairRule,
    SubstandardRule,
)
from bot.domain.warranty.sentences import Said
from bot.domain.warranty.situation import Situation


@dataclass(frozen=True)
class Claim:
    """One option that a rule opens.

    Attributes:
        rules: the rule and those that it leans on.
        said: why, with its days and its money.
        deadline: the last day to ask for it; None where it is not known.
        has_no_end: whether it can be asked for at any time.
        refund_fen: what a return brings back, where it is settled.
        is_depreciated: whether the refund is less the days of use.
        is_settled: whether the amount can be said without a human.
        needs_judgement: whether the facts leave it to a human.
    """

    option: Option
    rules: tuple[Rule, ...]
    said: tuple[Said, ...]
    deadline: date | None = None
    has_no_end: bool = False
    freight: Side | None = Side.SELLER
    cost_bearer: Side = Side.SELLER
    refund_fen: int | None = None
    is_depreciated: bool = False
    is_settled: bool = True
    needs_judgement: bool = False

    @property
    def is_in_doubt(self) -> bool:
        """Whether only a human can say that it is open; an unverified rate leaves but its amount open."""
        doubtful = (rule for rule in self.rules if not rule.verified and not isinstance(rule, DepreciationRule))
        return self.needs_judgement or any(doubtful)


def claims_on(situation: Situation) -> Iterator[Claim]:
    """Everything that any rule opens."""
    yield from _substandard(situation)
    if situation.is_misuse:
        yield from _excluded(situation)
    elif situation.fault_kind is not FaultKind.NONE:
        yield from _defect(situation)
        yield from _later_defect(situation)
        if situation.fault_kind is FaultKind.PERFORMANCE and situation.period_rule:
            yield from _three_guarantees(situation)
    yield from _no_reason(situation)


def _substandard(situation: Situation) -> Iterator[Claim]:
    """E8: certified substandard by the authority and the customer wants return → return."""
    rule = situation.rules.one(SubstandardRule)
    if rule and situation.case.is_certified_substandard and situation.case.wish in (None, Wish.RETURN):
        yield Claim(
            Option.RETURN, (rule,), (Said("substandard"),),
            has_no_end=True, freight=rule.freight, refund_fen=situation.case.price_fen,
        )  # fmt: skip


def _no_reason(situation: Situation) -> Iterator[Claim]:
    """E2: distance sale → 7 days from receipt without reason."""
    rule = situation.rules.one(NoReasonRule)
    if rule is None or why_no_reason_is_closed(situation):
        return
    received = situation.case.received_on
    term = situation.law.days(received or situation.case.bought_on, rule.days)
    said: tuple[Said, ...] = (Said("no_reason" if received else "no_reason_unsigned", {"term": term}),)
    if situation.fault_kind is FaultKind.NONE:
        said += (Said("no_reason_freight"),)
    yield Claim(
        Option.RETURN, (rule,), said,
        deadline=term.last if received else None, freight=rule.freight, refund_fen=situation.case.price_fen,
    )  # fmt: skip


def why_no_reason_is_closed(situation: Situation) -> Said | None:
    """Why nothing goes back without a reason (E2, A12); None where it does."""
    case, rule = situation.case, situation.rules.one(NoReasonRule)
    if rule is None:
        return Said("no_reason_not_yet_law")
    if case.channel is Channel.STORE:
        return Said("no_reason_store")
    if case.channel is None:
        return Said("no_reason_channel_unknown")
    if case.is_custom_made:
        return Said("no_reason_custom_made")
    if ground := situation.goods.kept_from_return:
        return Said(
            "no_reason_if_agreed" if ground.needs_consent else "no_reason_kept", {"goods": situation.goods.name}
        )
    if case.is_opened_for_good:
        return Said("no_reason_opened")
    if not case.is_intact or situation.is_misuse:
        return Said("no_reason_not_intact")
    term = situation.law.days(case.received_on or case.bought_on, rule.days)
    if not term.holds(case.today):
        return Said("no_reason_over" if case.received_on else "no_reason_receipt_unknown", {"term": term})
    return None


def _excluded(situation: Situation) -> Iterator[Claim]:
    """E6: misuse or unauthorised disassembly → paid repair offered."""
    if rule := situation.rules.one(ExclusionRule):
        yield Claim(Option.PAID_REPAIR, (rule,), (Said("misuse"),), freight=rule.freight, cost_bearer=Side.BUYER)


def _defect(situation: Situation) -> Iterator[Claim]:
    """E1: quality defect → return within 7 days of receipt, or exchange or repair; the seller pays freight."""
    rule = situation.rules.one(DefectRule)
    if rule is None:
        return
    term = situation.days_from_receipt(rule.days)
    if not term.holds(situation.today):
        return
    received = situation.received_on
    said = Said(
        "defect" if received else "defect_unsigned", {"term": term, "days": rule.days, "today": situation.today}
    )
    for option in rule.options:
        if option is not Option.EXCHANGE or situation.case.is_in_stock:
            yield Claim(
                option, (rule, *situation.burden), (said, *situation.burden_said),
                deadline=term.last if received else None, freight=rule.freight,
                refund_fen=situation.case.price_fen if option is Option.RETURN else None,
            )  # fmt: skip


def _later_defect(situation: Situation) -> Iterator[Claim]:
    """E1: later, otherwise exchange or repair; within the 6 months in which the seller proves the cause (E3)."""
    for rule in situation.rules.every(LaterDefectRule):
        if situation.fault_kind not in rule.faults or why_later_defect_is_closed(situation, rule):
            continue
        term = situation.months_from_receipt(rule.months)
        rules, end = (rule, *situation.burden), term.last if situation.received_on else None
        key = "later_defect" if situation.received_on else "later_defect_unsigned"
        values = {"term": term, "months": rule.months, "today": situation.today}
        said = (Said(key, values), *situation.burden_said)
        for option in rule.options:
            if option is not Option.EXCHANGE or situation.case.is_in_stock:
                yield Claim(option, rules, said, deadline=end, freight=rule.freight)
        if not situation.case.is_in_stock:
            yield Claim(Option.RETURN, rules, (Said("later_defect_no_stock"),), needs_judgement=True)


def why_later_defect_is_closed(situation: Situation, rule: LaterDefectRule) -> Said | None:
    """Why a defect opens nothing any more (A12); None where it does."""
    term = situation.months_from_receipt(rule.months)
    if not term.holds(situation.today):
        return Said("later_defect_over", {"term": term, "months": rule.months})
    if situation.case.fault.cause is Cause.UNKNOWN and not situation.burden:
        return Said("burden_on_customer")
    return None


def _three_guarantees(situation: Situation) -> Iterator[Claim]:
    """E6: what a performance fault opens under 三包."""
    doubt = bool(situation.period_rule and not situation.period_rule.verified)
    yield from _early_fault(situation)
    if doubt or situation.cover.holds(situation.today):
        yield from _repeated_repair(situation)
        yield from _slow_repair(situation)
        yield from _free_repair(situation)
    else:
        yield from _period_over(situation)


def _early_fault(situation: Situation) -> Iterator[Claim]:
    """E6: fault ≤7 days from sale: return, exchange or repair; ≤15 days: exchange or repair."""
    for rule in situation.rules.every(EarlyFaultRule):
        window, end = situation.days_from_sale(rule.days), situation.early_rights_end
        if situation.found_on > window.last or situation.today > max(window.last, end.last):
            continue
        in_window = situation.today <= window.last
        leaning = (rule, *situation.burden) if in_window else (rule, _period_rule(situation), *situation.burden)
        values = {"term": window, "found": situation.found_on, "days": rule.days, "end": end}
        basis = _Basis(
            rules=leaning,
            said=(Said("early_fault" if in_window else "early_fault_kept", values), *situation.burden_said),
            deadline=window.last if in_window else end.last,
            freight=rule.freight,
        )
        if Option.RETURN in rule.options:
            yield basis.opens(Option.RETURN, refund_fen=situation.case.price_fen)
            if Option.EXCHANGE in rule.options and situation.case.is_in_stock:
                yield basis.opens(Option.EXCHANGE)
        elif Option.EXCHANGE in rule.options:
            yield from _exchange(situation, basis)
        if Option.REPAIR in rule.options and not situation.is_repaired_in_vain:
            yield basis.opens(Option.REPAIR)


def _free_repair(situation: Situation) -> Iterator[Claim]:
    """E6, E7: within the period, repair; after two in vain no third is offered."""
    rule, period = situation.rules.one(FreeRepairRule), _period_rule(situation)
    if rule is None or situation.is_repaired_in_vain:
        return
    if not period.verified:
        key = "period_unverified"
    elif situation.is_accessory:
        key = "accessory_period"
    elif situation.cover.last > situation.unit_period.last:
        key = "main_part_period"
    else:
        key = "unit_period"
    values = {"term": situation.cover, "part": situation.part.name if situation.part else "", "today": situation.today}
    yield Claim(
        Option.REPAIR, (rule, period, *situation.burden),
        (Said(key, values), *situation.burden_said),
        deadline=situation.cover.last, freight=rule.freight,
    )  # fmt: skip


def _repeated_repair(situation: Situation) -> Iterator[Claim]:
    """E6: within the period two repairs and still faulty: exchange, or return."""
    rule = situation.rules.one(RepeatedRepairRule)
    if rule and situation.is_repaired_in_vain:
        said = [Said("repeated_repair", {"count": len(situation.finished_repairs), "term": situation.cover})]
        if situation.today > situation.unit_period.last:
            said.append(Said("main_part_read_kindly"))
        yield from _exchange(situation, _basis_in_period(situation, rule, rule.freight, said), offers_return=True)


def _slow_repair(situation: Situation) -> Iterator[Claim]:
    """E6: parts lacking and >90 days in repair: exchange; repairer's own cause >30 days: exchange at his cost."""
    for rule in situation.rules.every(SlowRepairRule):
        slow = [days for repair in situation.repairs if (days := _days_lost(situation, repair, rule)) > rule.days]
        if slow:
            said = [Said(f"slow_{rule.cause}", {"count": max(slow), "days": rule.days, "term": situation.cover})]
            basis = _basis_in_period(situation, rule, rule.freight, said, rule.cost_bearer)
            yield from _exchange(situation, basis)


def _days_lost(situation: Situation, repair: Repair, rule: SlowRepairRule) -> int:
    """Days in repair for the rule's cause; parts that came in the end and mended it no longer count."""
    if rule.cause is Delay.WAITING_PARTS:
        mended = repair.is_fixed and repair.is_over(situation.today)
        return repair.days(situation.today) if repair.waited_for_parts and not mended else 0
    return repair.days(situation.today) if repair.is_repairers_fault else 0


def _period_over(situation: Situation) -> Iterator[Claim]:
    """E6: after the period a paid repair; a human looks where the fault may still fall in one."""
    rule, period = situation.rules.one(FreeRepairRule), _period_rule(situation)
    if rule is None:
        return
    key = "accessory_over" if situation.is_accessory else "part_over" if situation.part else "unit_over"
    values = {"term": situation.cover, "part": situation.part.name if situation.part else "", "today": situation.today}
    yield Claim(Option.PAID_REPAIR, (rule, period), (Said(key, values),), freight=Side.BUYER, cost_bearer=Side.BUYER)
    main = situation.main_part_period
    if situation.case.part and situation.part is None and main and main.holds(situation.today):
        doubt = Said("part_unknown", {"part": situation.case.part, "term": main})
        yield Claim(Option.REPAIR, (rule, period), (doubt,), needs_judgement=True)
    if situation.case.fault.found_on and situation.cover.holds(situation.found_on):
        doubt = Said("found_in_period", {"found": situation.found_on, "term": situation.cover})
        yield Claim(Option.REPAIR, (rule, period), (doubt,), needs_judgement=True)


@dataclass(frozen=True)
class _Basis:
    """What several claims of one rule share."""

    rules: tuple[Rule, ...]
    said: tuple[Said, ...]
    deadline: date
    freight: Side
    cost_bearer: Side = Side.SELLER

    def opens(self, option: Option, *more: Said, rules: tuple[Rule, ...] = (), **money: Any) -> Claim:
        return Claim(
            option, (*self.rules, *rules), (*self.said, *more), deadline=self.deadline, freight=self.freight,
            cost_bearer=self.cost_bearer, **money,
        )  # fmt: skip


def _basis_in_period(
    situation: Situation, rule: Rule, freight: Side, said: list[Said], cost_bearer: Side = Side.SELLER
) -> _Basis:
    rules = (rule, _period_rule(situation), *situation.burden)
    return _Basis(rules, (*said, *situation.burden_said), situation.cover.last, freight, cost_bearer)


def _exchange(situation: Situation, basis: _Basis, offers_return: bool = False) -> Iterator[Claim]:
    """E6: no same model in stock → return without depreciation; in stock but return preferred → less depreciation."""
    replacement = situation.rules.one(ReplacementRule)
    if situation.case.is_in_stock:
        yield basis.opens(Option.EXCHANGE)
        if replacement and (offers_return or situation.wants_return):
            yield _depreciated_return(situation, basis, replacement)
    elif replacement:
        accessory = situation.is_accessory
        yield basis.opens(
            Option.RETURN, Said("accessory_amount" if accessory else "no_stock"), rules=(replacement,),
            refund_fen=None if accessory else situation.case.price_fen, is_settled=not accessory,
        )  # fmt: skip


def _depreciated_return(situation: Situation, basis: _Basis, replacement: ReplacementRule) -> Claim:
    """E6, E7: depreciation per day of use, repair time excluded; an unverified rate is for a human."""
    price, rule = situation.case.price_fen, situation.rules.one(DepreciationRule)
    rules = (replacement, rule) if rule else (replacement,)
    if situation.is_accessory or rule is None:
        said = Said("accessory_amount" if situation.is_accessory else "no_rate")
        return basis.opens(Option.RETURN, said, rules=(replacement,), is_depreciated=True, is_settled=False)
    days = situation.days_of_use
    values: dict[str, Any] = {"rate": f"{float(rule.per_mille_per_day) / 10:g}%", "days": days}
    values |= {"start": situation.started, "repair_days": situation.days_in_repair, "today": situation.today}
    if price is None:
        said = Said("depreciation_without_price", values)
        return basis.opens(Option.RETURN, said, rules=rules, is_depreciated=True, is_settled=rule.verified)
    fee = min(price, int(price * rule.per_mille_per_day * days / 1000))
    values |= {"price": yuan(price), "fee": yuan(fee), "refund": yuan(price - fee)}
    return basis.opens(
        Option.RETURN, Said("depreciation" if rule.verified else "depreciation_unverified", values), rules=rules,
        refund_fen=price - fee if rule.verified else None, is_depreciated=True, is_settled=rule.verified,
    )  # fmt: skip


def _period_rule(situation: Situation) -> Rule:
    assert situation.period_rule
    return situation.period_rule
