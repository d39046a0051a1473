"""A character that nobody writes there is read as one that sounds so (B7)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.example_files import read_examples
from bot.nlu.normaliser import normal_form
from bot.nlu.second_reading import SecondReading

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reading() -> SecondReading:
    return SecondReading.learn(normal_form(e.text).text for e in read_examples(ROOT / "data" / "nlu"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [("我想申情腿款", "我想申请退款"), ("什么石候发货", "什么时候发货")],
)
def test_homophones_are_read_as_what_people_write(reading: SecondReading, written: str, meant: str) -> None:
    assert reading.of(written) == meant


def test_training_sentences_are_read_as_they_stand(reading: SecondReading) -> None:
    texts = [normal_form(e.text).text for e in read_examples(ROOT / "data" / "nlu")]
    assert [text for text in texts if reading.of(text) != text] == []


@given(st.text(max_size=200))
def test_any_text_keeps_its_length(text: str) -> None:
    little = SecondReading.learn(["退货", "退款"])
    assert len(little.of(text)) == len(text)


def test_a_saved_reading_says_the_same(reading: SecondReading, tmp_path: Path) -> None:
    reading.save(tmp_path)
    assert SecondReading.load(tmp_path).of("什么石候发货") == reading.of("什么石候发货")
