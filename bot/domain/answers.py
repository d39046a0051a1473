"""A decision of the statute calculator in a few words, as it is told in a conversation (A7, E11)."""

import re
from collections.abc import Iterator
from datetime import date

from bot.domain.dates import day_in_words
from bot.domain.order import yuan
from bot.domain.warranty.decision import Decision, Remedy
from bot.domain.warranty.law import Option, Side


def ways_in_lines(decision: Decision, today: date) -> tuple[str, ...]:
    """Each way that is open, until when, who pays the freight, how much comes back (E11)."""
    settled = Option.HUMAN not in decision.options
    return tuple(
        "：".join(filter(None, (_name(remedy), "，".join(_terms(remedy, today, settled)))))
        for remedy in decision.remedies
        if remedy.option is not Option.HUMAN
    )


def _name(remedy: Remedy) -> str:
    return "免费修" if remedy.option is Option.REPAIR else remedy.option.label


def _terms(remedy: Remedy, today: date, settled: bool) -> Iterator[str]:
    if remedy.option is Option.PAID_REPAIR:
        yield "师傅先报价，您同意了再修"
        return
    if remedy.deadline:
        yield f"最晚 {short_day(remedy.deadline, today)}提出"
    if remedy.option is Option.RETURN:
        if remedy.is_depreciated:
            yield "按使用天数收折旧" if remedy.refund_fen is not None else "可能按使用天数收折旧"
        yield _refund(remedy, settled)
    if remedy.freight:
        yield "寄回的运费您出" if remedy.freight is Side.BUYER else "运费我们出"


def _refund(remedy: Remedy, settled: bool) -> str:
    if remedy.refund_fen is not None:
        return f"退 {yuan(remedy.refund_fen)}"
    return "按发票价退" if settled and not remedy.is_depreciated else "金额由同事核定"


def ways_in_brief(decision: Decision, today: date) -> str:
    """The same in a few words: 「退货（最晚 11 月 25 日）、免费修」; one day for all is said once."""
    ways = [remedy for remedy in decision.remedies if remedy.option is not Option.HUMAN]
    ends = {remedy.deadline for remedy in ways}
    if len(ways) > 1 and len(ends) == 1 and (end := ends.pop()):
        return f"{'、'.join(_name(remedy) for remedy in ways)}都可以，最晚 {short_day(end, today)}提出"
    return "、".join(
        f"{_name(remedy)}（最晚 {short_day(remedy.deadline, today)}）" if remedy.deadline else _name(remedy)
        for remedy in ways
    )


def short_day(day: date, today: date) -> str:
    """A day as people say it: without the year where that is this one."""
    return f"{day.month} 月 {day.day} 日" if day.year == today.year else day_in_words(day)


_LAW = re.compile(r"(《[^》]+》)(第[^条（]+条)?")
_BURDEN = "E3 "
"""Who proves the cause is cited only where nothing else is: it opens no way of its own."""


def cited(decision: Decision) -> str:
    """The clauses in short, each law once: 「《消费者权益保护法》第二十四条、第二十五条」."""
    articles: dict[str, list[str]] = {}
    for clause in [c for c in decision.clauses if not c.startswith(_BURDEN)] or decision.clauses:
        match = _LAW.search(clause)
        known = articles.setdefault(match[1] if match else clause.split(" ", 1)[-1].split("（")[0], [])
        if match and match[2] and match[2] not in known:
            known.append(match[2])
    return "；".join(f"{law}{'、'.join(numbers)}" for law, numbers in articles.items())


def same_ways(one: Decision, other: Decision) -> bool:
    """Whether two decisions open the same ways, whenever they end."""
    return [(r.option, r.is_depreciated) for r in one.remedies] == [
        (r.option, r.is_depreciated) for r in other.remedies
    ]
