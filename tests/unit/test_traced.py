"""A rewritten text still knows where each of its characters came from (B7)."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.traced import Traced

TEXTS = st.text(alphabet="ab啊退货 12", max_size=40)


def assert_places_hold(text: Traced) -> None:
    """One span for each character, none beyond the original, never going back."""
    assert len(text.places) == len(text.text)
    assert all(0 <= start <= end <= len(text.original) for start, end in text.places)
    pairs = list(zip(text.places, text.places[1:], strict=False))
    assert all(one[0] <= other[0] and one[1] <= other[1] for one, other in pairs)


def test_a_new_text_stands_in_its_own_place() -> None:
    text = Traced.of("退货")
    assert text.in_step and text.span(0, 2) == (0, 2) and text.words(1, 2) == "货"


def test_a_word_of_another_length_stands_for_the_whole_word() -> None:
    text = Traced.of("我要雪柜呀").splice([(2, 4, "电冰箱")])
    assert text.text == "我要电冰箱呀"
    assert text.words(2, 5) == "雪柜" and text.words(3, 4) == "雪柜" and text.words(5, 6) == "呀"
    assert not text.in_step


def test_a_word_of_the_same_length_stands_character_by_character() -> None:
    text = Traced.of("不志冷").splice([(0, 3, "不制冷")])
    assert text.text == "不制冷" and text.words(1, 2) == "志" and text.in_step


def test_what_vanished_leaves_its_neighbours_in_place() -> None:
    text = Traced.of("退\u200b货").each(lambda c: "" if c == "\u200b" else c)
    assert text.text == "退货" and text.span(1, 2) == (2, 3) and text.words(0, 2) == "退\u200b货"


def test_a_part_still_knows_its_place() -> None:
    part = Traced.of("冰箱,我要退货").part(3, 7)
    assert part.text == "我要退货" and part.span(2, 4) == (5, 7) and part.words(2, 4) == "退货"


def test_an_empty_place_is_the_beginning() -> None:
    assert Traced.of("").span(0, 0) == Traced.of("退货").span(1, 1) == (0, 0)


@given(TEXTS, TEXTS)
def test_places_hold_through_any_rewriting(original: str, other: str) -> None:
    text = Traced.of(original)
    for step in (
        lambda t: t.sub(re.compile("退货?"), lambda _: other[:3]),
        lambda t: t.each(lambda c: {"a": "", "啊": "呀呀"}.get(c, c)),
        lambda t: t.sub(re.compile(r"\d+"), lambda match: match[0][::-1]),
        lambda t: t.strip(),
        lambda t: t.part(1, len(t.text) - 1),
    ):
        text = step(text)
        assert text.original == original
        assert_places_hold(text)


@given(TEXTS)
def test_what_was_left_alone_stands_where_it_stood(original: str) -> None:
    text = Traced.of(original).sub(re.compile("退货"), lambda _: "退")
    for place, character in enumerate(text.text):
        if character not in "退货":
            assert text.words(place, place + 1) == character
