"""From a case to a decision: the ways that are open, in words, with what they rest on (E11, A7, A12)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from bot.domain.warranty.case import Case
from bot.domain.warranty.changes import what_would_change
from bot.domain.warranty.counting import term_of_days
from bot.domain.warranty.decision import Decision, Remedy
from bot.domain.warranty.law import DelayRule, Law, Option
from bot.domain.warranty.sentences import Said
from bot.domain.warranty.situation import Situation
from bot.domain.warranty.ways import Way, ways_open


def decide(case: Case, law: Law) -> Decision:
    """What the law in force on the day of purchase gives for a case; what it leaves open goes to a human.

    Args:
        case: as `Law.resolve` returns it; a category that the shop does not sell is for a human.
        law: every rule, with the goods, the words and the working calendar.
    """
    goods = law.goods.get(case.category)
    if goods is None:
        unknown = law.say("category_unknown", category=case.category[:40])
        return Decision((Remedy(Option.HUMAN),), (unknown,), needs_confirmation=True)
    situation = Situation(case, law, goods)
    ways = ways_open(situation)
    words = _Words(law)
    return Decision(
        remedies=tuple(_remedy(way, words, law) for way in ways),
        notes=words.of(_notes(situation, ways)),
        handle_by=_handle_by(situation, ways),
        needs_confirmation=any(way.option in (Option.RETURN, Option.HUMAN) for way in ways),
        changes=lambda: words.of(what_would_change(situation, ways)),
    )


class _Words:
    """Puts sentences into words, each once, however many remedies share it."""

    def __init__(self, law: Law) -> None:
        self._law = law
        self._spoken: dict[int, tuple[Said, str]] = {}

    def of(self, sentences: Iterable[Said]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._one(said) for said in sentences))

    def _one(self, said: Said) -> str:
        if id(said) not in self._spoken:
            self._spoken[id(said)] = said, self._law.say(said.key, **said.values)
        return self._spoken[id(said)][1]


def _remedy(way: Way, words: _Words, law: Law) -> Remedy:
    rules = {rule.id: rule for rule in way.rules}.values()
    return Remedy(
        option=way.option,
        clauses=tuple(dict.fromkeys(rule.citation for rule in rules)),
        rules=tuple(rule.version for rule in rules),
        deadline=way.deadline,
        freight=way.freight,
        cost_bearer=way.cost_bearer,
        refund_fen=way.refund_fen,
        is_depreciated=way.is_depreciated,
        arithmetic=words.of(way.said),
        evidence=law.evidence[way.option],
    )


def _notes(situation: Situation, ways: Sequence[Way]) -> Iterator[Said]:
    case, options = situation.case, [way.option for way in ways]
    if case.wish and case.wish not in options and options[0] is not Option.HUMAN:
        yield Said("wish_closed", {
            "wish": Option(case.wish).label, "open": "、".join(option.label for option in options),
        })  # fmt: skip
    if booked := [repair for repair in case.repairs if repair.brought_on > case.today]:
        yield Said("repair_booked", {"day": min(repair.brought_on for repair in booked)})
    if case.unused:
        yield Said("unused_fields", {"names": "、".join(case.unused)})


def _handle_by(situation: Situation, ways: Sequence[Way]) -> date | None:
    """E4: over 15 days without handling a return counts as deliberate delay; rest days do not put it off."""
    rule = situation.rules.one(DelayRule)
    if rule is None or not any(way.option is Option.RETURN for way in ways):
        return None
    return term_of_days(situation.today, rule.days, situation.law.is_rest_day).due
