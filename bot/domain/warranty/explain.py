"""A decision as people read it (E11): decision, clause, days counted, deadline, who pays, how much, what to bring."""

from collections.abc import Iterator, Sequence

from bot.domain.dates import day_in_words
from bot.domain.order import yuan
from bot.domain.warranty.decision import Decision, Remedy
from bot.domain.warranty.law import Option


def explain(decision: Decision) -> str:
    """Lines of Chinese for staff and customers."""
    return "\n".join(_lines(decision))


def _lines(decision: Decision) -> Iterator[str]:
    yield f"结论：{'、'.join(_name(remedy) for remedy in decision.remedies)}"
    for remedy in decision.remedies:
        if facts := list(_facts(remedy)):
            yield f"· {_name(remedy)}：{'；'.join(facts)}"
    yield from _listed("怎么算的", decision.reasons)
    yield from _listed("依据", decision.clauses)
    yield from _listed("会改变结论的情况", decision.would_change)
    yield from _listed(f"办理“{decision.best.option.label}”请准备", decision.best.evidence)
    if decision.handle_by:
        handled = day_in_words(decision.handle_by)
        yield f"办理时限：今天提出退货的，要在 {handled}前办完，超过会被视为故意拖延（E4）"
    if decision.needs_confirmation:
        yield "办理之前由同事最后核对（F9）"
    if decision.rules:
        yield f"规则版本：{'、'.join(decision.rules)}"


def _name(remedy: Remedy) -> str:
    return remedy.option.label + ("（收折旧）" if remedy.is_depreciated else "")


def _facts(remedy: Remedy) -> Iterator[str]:
    """Until when, how much, and who pays."""
    if remedy.deadline:
        yield f"最晚 {day_in_words(remedy.deadline)} 24 点前提出"
    if remedy.option is Option.RETURN:
        yield "退款金额由同事核定" if remedy.refund_fen is None else f"退款 {yuan(remedy.refund_fen)}"
    if remedy.freight:
        yield f"运费由{remedy.freight.label}承担"
    if remedy.cost_bearer and remedy.option is not Option.RETURN:
        yield f"办理的费用由{remedy.cost_bearer.label}承担"


def _listed(title: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield f"{title}："
        yield from (f"  {number}. {sentence}" for number, sentence in enumerate(sentences, start=1))
