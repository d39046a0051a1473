"""What would change an answer, and to what: the same case decided again with one fact the other way (A7)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.warranty.case import Case, Cause, Fault, FaultKind, Wish
from bot.domain.warranty.law import DefectRule, NoReasonRule, Option
from bot.domain.warranty.sentences import Said
from bot.domain.warranty.situation import Situation
from bot.domain.warranty.ways import Way, ways_open

DEPRECIATED = "（收折旧）"


def what_would_change(situation: Situation, ways: Sequence[Way]) -> Iterator[Said]:
    """Sentences on the facts that matter most, each with the answer that it would lead to."""
    for key, case, values in _otherwise(situation, ways):
        other = ways_open(Situation(case, situation.law, situation.goods))
        if _outcome(other) != _outcome(ways):
            yield Said(key, {**values, "then": _in_words(other)})


def _otherwise(situation: Situation, ways: Sequence[Way]) -> Iterator[tuple[str, Case, dict[str, Any]]]:
    case, fault = situation.case, situation.case.fault
    options, best = {way.option for way in ways}, ways[0]
    if fault.kind is not FaultKind.NONE:
        if situation.is_misuse:
            yield "if_product", replace(case, fault=replace(fault, cause=Cause.PRODUCT)), {}
        else:
            yield "if_misuse", replace(case, fault=replace(fault, cause=Cause.MISUSE)), {}
    elif best.option is Option.RETURN:
        yield "if_not_intact", replace(case, is_intact=False), {}
    elif best.option is Option.HUMAN:
        yield "if_faulty", replace(case, fault=Fault(FaultKind.PERFORMANCE)), {}
    if Option.EXCHANGE in options:
        yield "if_no_stock", replace(case, is_in_stock=False), {}
        if case.wish is None and Option.RETURN not in options:
            yield "if_return_wanted", replace(case, wish=Wish.RETURN), {}
    if best.option is Option.PAID_REPAIR and case.part is None and situation.goods.main_parts:
        parts = situation.goods.main_parts
        yield "if_main_part", replace(case, part=parts[0].id), {"parts": "、".join(part.name for part in parts)}
    if case.received_on is None and situation.received_on is None:
        yield from _if_received_late(situation)
    if not case.is_certified_substandard and case.wish in (None, Wish.RETURN) and not _is_full_return(ways):
        yield "if_substandard", replace(case, is_certified_substandard=True), {}


def _if_received_late(situation: Situation) -> Iterator[tuple[str, Case, dict[str, Any]]]:
    """The day of receipt from which on the 7 days of E1 and E2 would still run."""
    rule = situation.rules.one(DefectRule) or situation.rules.one(NoReasonRule)
    if rule:
        since = max(situation.case.bought_on, situation.today - timedelta(days=rule.days))
        yield "if_received_late", replace(situation.case, received_on=since), {"since": since}


def _is_full_return(ways: Sequence[Way]) -> bool:
    return any(way.option is Option.RETURN and not way.is_depreciated for way in ways)


def _outcome(ways: Sequence[Way]) -> list[tuple[Any, ...]]:
    return [(way.option, way.is_depreciated, way.freight) for way in ways]


def _in_words(ways: Sequence[Way]) -> str:
    return "、".join(way.option.label + (DEPRECIATED if way.is_depreciated else "") for way in ways)
