"""What service staff set: which rules count how much, which words they look for, and what people check by hand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.wording import Forbidden


@dataclass(frozen=True)
class Rule:
    """A rule of quality.

    Attributes:
        name: as people call it.
        requirement: which requirement of the service standard it guards, such as `A9`.
        weight: how much it counts, from 1.
        applies_when: in words, when it is looked at.
        cap: what the score may reach at most where it failed; None where it only counts.
    """

    id: str
    name: str
    requirement: str
    weight: int
    applies_when: str
    cap: int | None = None


@dataclass(frozen=True)
class Words:
    """Words and phrases that the rules look for; any of a list is enough.

    Attributes:
        upset: words of the angry.
        times: what names a time, such as 「2 小时内」.
        no_promise: words that make a sentence no promise, such as 「没能及时」.
        no_vow: phrases that hold an absolute word and promise nothing, such as 「不能保证」.
        confirming: words that make a question about something known a check of it.
    """

    greeting: tuple[str, ...]
    upset: tuple[str, ...]
    apology: tuple[str, ...]
    question: tuple[str, ...]
    restatement: tuple[str, ...]
    promise: tuple[str, ...]
    no_promise: tuple[str, ...]
    times: re.Pattern[str]
    vow: tuple[str, ...]
    no_vow: tuple[str, ...]
    confirming: tuple[str, ...]
    goodbye: tuple[str, ...]
    safety: tuple[str, ...]


@dataclass(frozen=True)
class Ask:
    """Something customers are asked for.

    Attributes:
        words: how it is called in a question.
        said: what it looks like where a customer has said it; None where that cannot be told.
    """

    name: str
    words: tuple[str, ...]
    said: re.Pattern[str] | None = None


@dataclass(frozen=True)
class Limits:
    """Seconds within which to answer, and how long a summary is at least."""

    first_reply_seconds: int
    median_reply_seconds: int
    slow_reply_seconds: int
    safety_reply_seconds: int
    summary_chars: int


@dataclass(frozen=True)
class Sampling:
    """What people check by hand.

    Attributes:
        share: of all, 0-1.
        weekly: at least so many of each person in each week.
        score_below, rating_up_to: all with a score below, all that the customer rated up to.
        excused: all in which a 忌语 was said with a reason.
    """

    share: float
    weekly: int
    score_below: int
    rating_up_to: int
    excused: bool


@dataclass(frozen=True)
class QualityBook:
    """All of it.

    Attributes:
        version: of the rules; each review names the one that it was made with.
        rules: by id.
        asks: by the name of the fact.
        forbidden: the 忌语 (A4).
        appeal_days: how long a person may appeal.
    """

    version: int
    rules: Mapping[str, Rule]
    words: Words
    asks: Mapping[str, Ask]
    limits: Limits
    sampling: Sampling
    appeal_days: int
    forbidden: tuple[Forbidden, ...]
