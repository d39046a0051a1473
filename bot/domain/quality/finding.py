"""What a rule found, with the words that show it."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.message import Message


class Result(StrEnum):
    """What came of a rule."""

    OK = "ok"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Quote:
    """A message's number, and the words in it that matter."""

    seq: int
    words: str


@dataclass(frozen=True)
class Judgement:
    """A rule's result, why in Chinese, and the evidence."""

    result: Result
    reason: str
    evidence: tuple[Quote, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The judgement of one rule."""

    rule: str
    result: Result
    reason: str
    evidence: tuple[Quote, ...] = ()


LONGEST_QUOTE = 80


def ok(reason: str, *evidence: Quote) -> Judgement:
    """It was done well."""
    return Judgement(Result.OK, reason, evidence)


def failed(reason: str, *evidence: Quote) -> Judgement:
    """It was not."""
    return Judgement(Result.FAILED, reason, evidence)


def not_applicable(reason: str) -> Judgement:
    """There was nothing to judge."""
    return Judgement(Result.NOT_APPLICABLE, reason)


def quote(message: Message, words: str | None = None) -> Quote:
    """Words of a message as evidence; the whole of it, cut, where none are given."""
    return Quote(message.seq, (words or message.text)[:LONGEST_QUOTE])
