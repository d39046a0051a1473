"""The intent model by itself, on a tiny vocabulary and without Rasa."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.features import Scorer, Vocabulary, grams
from bot.nlu.intent_model import IntentModel

SENTENCES = {
    "repair_fault": ["空调坏了", "空调不制冷", "洗衣机坏了", "冰箱坏了不制冷"],
    "repair_booking": ["预约维修", "上门维修", "预约上门修", "派人上门"],
    "consult_price": ["多少钱", "什么价格", "价格多少", "卖多少钱"],
    "greet": ["你好", "您好", "你好啊", "您好呀"],
}


def vector(text: str) -> np.ndarray:
    made = np.random.default_rng(sum(map(ord, text))).normal(size=512).astype(np.float32)
    return made / np.linalg.norm(made)


@pytest.fixture(scope="module")
def model() -> IntentModel:
    pairs = [(text, intent) for intent, texts in SENTENCES.items() for text in texts]
    counts = [grams(text, list(text)) for text, _ in pairs]
    return IntentModel.fit(counts, np.array([vector(text) for text, _ in pairs]), [intent for _, intent in pairs])


def named(model: IntentModel, text: str) -> str:
    return model.intents[int(np.argmax(model.probabilities(grams(text, list(text)), vector(text))))]


def test_the_model_knows_what_it_was_taught(model: IntentModel) -> None:
    assert {text: named(model, text) for texts in SENTENCES.values() for text in texts} == {
        text: intent for intent, texts in SENTENCES.items() for text in texts
    }


@given(st.text(max_size=50))
def test_the_probabilities_of_any_text_sum_to_one(text: str) -> None:
    scorer = Scorer(Vocabulary(["c:好"], np.ones(1)), np.zeros((4, 513)), np.zeros(4))
    model = IntentModel(["greet", "repair_fault"], scorer)
    probabilities = model.probabilities(grams(text, list(text)), vector(text))
    assert probabilities.sum() == pytest.approx(1) and (probabilities >= 0).all()


@given(st.text(max_size=50))
def test_a_main_intent_is_as_likely_as_its_sub_intents_together(text: str) -> None:
    scorer = Scorer(Vocabulary(["c:好"], np.ones(1)), np.ones((5, 513)), np.arange(5.0))
    model = IntentModel(["greet", "repair_booking", "repair_fault"], scorer)
    greet, booking, fault = model.probabilities(grams(text, list(text)), vector(text))
    assert model.by_main(np.array([greet, booking, fault])) == pytest.approx(
        {"other": greet, "repair": booking + fault}
    )


def test_a_saved_model_says_exactly_the_same_and_holds_nothing_that_runs(model: IntentModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    loaded = IntentModel.load(tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".npz"]
    assert loaded.intents == model.intents
    for text in ("空调不制冷", "多少钱", "从没听过的话", ""):
        one, other = (m.probabilities(grams(text, list(text)), vector(text)) for m in (model, loaded))
        np.testing.assert_array_equal(one, other)


def test_grams_keep_characters_and_words_apart_and_ignore_spaces() -> None:
    assert grams("空 调", ["空调"]) == grams("空调", ["空调"])
    assert grams("空调", ["空调"])[0]["c:空调"] == 1 and grams("空调", ["空调"])[0]["w:空调"] == 1
    assert grams("", [])[0]["c:^$"] == 1
