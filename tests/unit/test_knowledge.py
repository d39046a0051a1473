"""When a match is good enough to be said as the answer (A11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.knowledge import CLOSE, SURE, Article, Finding, Hit, judge


def article(name: str, *intents: str) -> Article:
    return Article(name, name, (name,), "answer", "手册", intents)


A, B, C, D = article("a", "consult_invoice"), article("b", "consult_price"), article("c"), article("d")


@pytest.mark.parametrize(
    ("hits", "intent", "finding"),
    [
        ([], None, Finding()),
        ([(A, SURE)], None, Finding(answer=A)),
        ([(A, 0.9), (B, 0.89)], None, Finding(answer=A)),
        ([(A, SURE - 0.01)], None, Finding(choices=(A,))),
        ([(A, 0.55)], "consult_invoice", Finding(answer=A)),
        ([(B, 0.60), (A, 0.58)], "consult_invoice", Finding(answer=A)),
        ([(B, 0.60), (A, 0.58)], None, Finding(choices=(B, A))),
        ([(A, CLOSE - 0.01)], None, Finding()),
        ([(A, 0.35)], "consult_invoice", Finding(choices=(A,))),
        ([(A, 0.6), (B, 0.5), (C, 0.45), (D, 0.44)], None, Finding(choices=(A, B, C))),
        ([(A, 0.6), (B, 0.3)], "consult_stock", Finding(choices=(A,))),
    ],
)
def test_only_a_sure_match_is_said(hits: list[tuple[Article, float]], intent: str | None, finding: Finding) -> None:
    """A11: else the customer chooses, or a person answers."""
    assert judge([Hit(*hit) for hit in hits], intent) == finding


@given(st.lists(st.floats(-1, 1), max_size=8), st.sampled_from([None, "consult_invoice", "consult_price"]))
def test_an_answer_is_never_below_what_is_sure_even_when_lifted(scores: list[float], intent: str | None) -> None:
    """A11."""
    hits = [Hit([A, B, C, D][i % 4], score) for i, score in enumerate(sorted(scores, reverse=True))]
    finding = judge(hits, intent)
    assert len(finding.choices) <= 3 and not (finding.answer and finding.choices)
    if finding.answer:
        assert max(hit.similarity for hit in hits if hit.article is finding.answer) >= SURE - 0.1 - 1e-9
