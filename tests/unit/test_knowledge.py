"""When a match is good enough to be said as the answer (A11)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.knowledge import NO_ARTICLE, SURE, WORTH_OFFERING, Article, Finding, Hit, judge, probabilities


def article(name: str, *intents: str, products: tuple[str, ...] = ()) -> Article:
    return Article(name, name, (name,), "answer", "手册", intents, products)


A, B, C, D = article("a", "consult_invoice"), article("b", "consult_price"), article("c"), article("d")
FRIDGE = article("fridge", products=("AJ-BCD-520",))


@pytest.mark.parametrize(
    ("hits", "intent", "finding"),
    [
        ([], None, Finding()),
        ([(A, 0.9)], None, Finding(answer=A)),
        ([(A, 0.6), (B, 0.4)], None, Finding(answer=A)),
        ([(A, 0.9), (B, 0.89)], None, Finding(choices=(A, B))),
        ([(A, 0.51), (B, 0.3)], None, Finding(choices=(A,))),
        ([(A, 0.51)], "consult_invoice", Finding(answer=A)),
        ([(B, 0.60), (A, 0.58)], "consult_invoice", Finding(choices=(A, B))),
        ([(B, 0.60), (A, 0.58)], None, Finding(choices=(B, A))),
        ([(A, 0.4)], None, Finding()),
        ([(A, 0.44)], "consult_invoice", Finding(choices=(A,))),
        ([(A, 0.6), (B, 0.58), (C, 0.57), (D, 0.56)], None, Finding(choices=(A, B, C))),
        ([(A, 0.45), (B, 0.45), (C, 0.45)], None, Finding(choices=(A, B, C))),
    ],
)
def test_only_a_sure_match_without_a_rival_is_said(
    hits: list[tuple[Article, float]], intent: str | None, finding: Finding
) -> None:
    """A11: else the customer chooses, or a person answers."""
    assert judge([Hit(*hit) for hit in hits], intent) == finding


def test_an_article_about_another_product_needs_more() -> None:
    hits = [Hit(FRIDGE, 0.56)]
    assert judge(hits, product="AJ-BCD-520").answer is FRIDGE
    assert judge(hits, product="AJ-65Q7") == Finding(choices=(FRIDGE,))


def test_at_the_similarity_of_no_article_it_is_even_odds() -> None:
    assert probabilities([NO_ARTICLE]) == [0.5]


@given(st.lists(st.floats(0, 1), max_size=10))
def test_probabilities_keep_the_order_and_leave_room_for_none(similarities: list[float]) -> None:
    ranked = sorted(similarities, reverse=True)
    chances = probabilities(ranked)
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= chance < 1 for chance in chances) and sum(chances) < 1


@given(st.lists(st.floats(0, 1), max_size=4), st.sampled_from([None, "consult_invoice", "consult_price"]))
def test_what_is_said_is_sure_and_what_is_offered_is_likely(scores: list[float], intent: str | None) -> None:
    """A11."""
    hits = [Hit(found, score) for found, score in zip((A, B, C, D), sorted(scores, reverse=True), strict=False)]
    finding = judge(hits, intent)
    assert len(finding.choices) <= 3 and not (finding.answer and finding.choices)
    if intent is None and hits:
        chances = dict(zip((hit.article.id for hit in hits), probabilities([h.similarity for h in hits]), strict=True))
        assert finding.answer is None or chances[finding.answer.id] >= SURE
        assert all(chances[choice.id] >= WORTH_OFFERING for choice in finding.choices)


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (None, True), (date(2026, 10, 31), False), (date(2026, 11, 1), True), (date(2026, 11, 11), True),
        (date(2026, 11, 12), False),
    ],
)  # fmt: skip
def test_an_article_holds_from_its_first_day_to_its_last(day: date | None, holds: bool) -> None:
    sale = Article("sale", "双十一", (), "…", "活动规则", (), (), date(2026, 11, 1), date(2026, 11, 11))
    assert sale.holds_on(day) is holds
    assert A.holds_on(day)
