"""The form in which understanding reaches the dialogue."""

import pytest

from bot.domain.heard import Heard, main_intent


@pytest.mark.parametrize(
    ("intent", "main"),
    [
        ("consult_price", "consult"),
        ("repair_fault", "repair"),
        ("return_exchange_how", "return_exchange"),
        ("complaint_staff", "complaint"),
        ("greet", "other"),
        ("repair", "other"),
        ("nlu_fallback", "other"),
        ("", "other"),
    ],
)
def test_each_sub_intent_has_its_main_intent(intent: str, main: str) -> None:
    """B."""
    assert main_intent(intent) == main


def test_all_that_was_understood_is_heard() -> None:
    heard = Heard.from_parse(
        {
            "text": "原文",
            "intent": {"name": "nlu_fallback"},
            "entities": [
                {"entity": "product", "value": "冰箱"},
                {"entity": "amount", "value": 5},
                {"entity": "product", "value": "空调"},
            ],
            "understanding": {
                "text": "不是冰箱是空调",
                "intents": [
                    {"name": "correct", "confidence": 0.8},
                    {"name": "repair_fault", "confidence": 0.7, "text": "空调"},
                ],
                "emotion": {"level": 2, "signals": ["threat"]},
                "sure": False,
            },
        }
    )
    assert (heard.text, heard.intent, heard.sure) == ("不是冰箱是空调", "correct", False)
    assert [(i.name, i.text) for i in heard.intents] == [("correct", "不是冰箱是空调"), ("repair_fault", "空调")]
    assert heard.facts == {"product": ("冰箱", "空调"), "amount": ("5",)}
    assert (heard.last("product"), heard.last("phone")) == ("空调", None)
    assert (heard.emotion, heard.signals) == (2, ("threat",))


@pytest.mark.parametrize(
    "parse", [{}, {"text": None}, {"intent": None, "entities": []}, {"understanding": {"intents": []}}]
)
def test_a_message_without_understanding_is_heard_as_not_understood(parse: dict) -> None:
    heard = Heard.from_parse(parse)
    assert (heard.intent, heard.emotion, heard.text) == ("nlu_fallback", 0, "")


def test_the_plain_intent_counts_where_there_is_no_view() -> None:
    assert Heard.from_parse({"text": "你好", "intent": {"name": "greet"}}).intent == "greet"
