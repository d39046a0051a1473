"""Questions that mean the same are put before colleagues as one (A11)."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.questions import ALIKE, Question, cluster

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def questions(*texts: str) -> list[Question]:
    return [Question(n, f"c{n}", text, "consult_product", (), NOON) for n, text in enumerate(texts, start=1)]


def ids(clusters: list) -> list[list[int]]:
    return [[question.id for question in group.questions] for group in clusters]


def test_the_question_that_most_others_are_like_stands_for_its_group_and_the_biggest_group_is_first() -> None:
    asked = questions("帐篷住几人", "蜂蜜几度", "蜂蜜多少度", "蜂蜜浓度")
    likeness = [
        [1.0, 0.1, 0.1, 0.1],
        [0.1, 1.0, 0.8, 0.5],
        [0.1, 0.8, 1.0, 0.9],
        [0.1, 0.5, 0.9, 1.0],
    ]
    assert ids(cluster(asked, likeness)) == [[3, 4, 2], [1]]


def test_exactly_alike_enough_is_alike_and_a_little_less_is_not() -> None:
    pair = questions("甲", "乙")
    assert ids(cluster(pair, [[1, ALIKE], [ALIKE, 1]])) == [[1, 2]]
    assert ids(cluster(pair, [[1, ALIKE - 0.01], [ALIKE - 0.01, 1]])) == [[1], [2]]


def test_of_equals_the_earlier_question_comes_first() -> None:
    assert ids(cluster(questions("甲", "乙"), [[1, 0], [0, 1]])) == [[1], [2]]


def test_the_same_words_of_several_customers_are_one_wording() -> None:
    [group] = cluster(questions("蜂蜜几度", "蜂蜜几度", "蜂蜜多少度"), [[1, 1, 0.9], [1, 1, 0.9], [0.9, 0.9, 1]])
    assert len(group.questions) == 3
    assert group.wordings == ("蜂蜜几度", "蜂蜜多少度")


def test_no_questions_no_groups() -> None:
    assert cluster([], []) == []


@given(st.integers(1, 12).flatmap(lambda n: st.lists(st.floats(-1, 1), min_size=n * n, max_size=n * n)))
def test_every_question_is_in_exactly_one_group_and_groups_only_get_smaller(cosines: list[float]) -> None:
    n = int(len(cosines) ** 0.5)
    likeness = [[cosines[min(i, j) * n + max(i, j)] for j in range(n)] for i in range(n)]
    clusters = cluster(questions(*"一二三四五六七八九十百千"[:n]), likeness)
    assert sorted(n for group in ids(clusters) for n in group) == list(range(1, n + 1))
    sizes = [len(group.questions) for group in clusters]
    assert sizes == sorted(sizes, reverse=True)
