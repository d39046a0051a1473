"""Money: fen inside, yuan for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.order import yuan


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (299900, "2999 元"),
        (299950, "2999.50 元"),
        (5, "0.05 元"),
        (0, "0 元"),
        (100, "1 元"),
        (101, "1.01 元"),
        (10, "0.10 元"),
    ],
)
def test_a_price_is_written_as_people_read_it(fen: int, words: str) -> None:
    assert yuan(fen) == words


@given(st.integers(0, 10**12))
def test_no_fen_is_lost(fen: int) -> None:
    whole, _, rest = yuan(fen).removesuffix(" 元").partition(".")
    assert int(whole) * 100 + int(rest or 0) == fen
