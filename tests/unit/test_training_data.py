"""Intents, sentences, rules, forms and procedures say the same everywhere (invariant 12)."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.example_files import read_examples
from bot.domain.examples import Example, describe, examine
from bot.domain.facts import WISHES
from bot.domain.heard import MAIN_INTENTS, main_intent
from bot.domain.procedure import OPENED_BY, PROCEDURES
from bot.nlu.emotion_model import read_examples as emotion_examples

ROOT = Path(__file__).parents[2]
EVALUATION = ROOT.parent / "shared" / "eval"
EXAMPLES = read_examples(ROOT / "data" / "nlu")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


DOMAIN = read(ROOT / "domain.yml")
RULES = [rule for path in sorted((ROOT / "data" / "rules").glob("*.yml")) for rule in read(path)["rules"]]
UNTAUGHT = {"nlu_fallback"}


def sentences() -> Iterator[tuple[str, str]]:
    for example in EXAMPLES:
        yield example.intent, example.text


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def first_steps() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for rule in RULES:
        first, *rest = rule["steps"]
        for step in first.get("or", [first]):
            if "intent" in step:
                yield step["intent"], rest


def test_every_intent_has_training_sentences_and_no_sentence_an_unknown_intent() -> None:
    taught = defaultdict(set)
    for intent, text in sentences():
        taught[intent].add(text)
    assert set(taught) == set(DOMAIN["intents"]) - UNTAUGHT
    assert {intent: len(texts) for intent, texts in taught.items() if len(texts) < 15} == {}


def test_every_intent_is_answered_by_exactly_one_rule() -> None:
    """B1-B6: nothing that is understood stays without an answer."""
    answered = [intent for intent, _ in first_steps()]
    assert sorted(answered) == sorted(DOMAIN["intents"])


def test_the_rules_open_the_forms_that_the_procedures_name() -> None:
    opened = {}
    for intent, rest in first_steps():
        for step in rest:
            if step.get("active_loop"):
                opened[intent] = step["active_loop"]
    assert opened == OPENED_BY


def test_every_form_asks_what_its_procedure_needs() -> None:
    """A9, B2-B4."""
    forms = {name: tuple(form["required_slots"]) for name, form in DOMAIN["forms"].items()}
    assert forms == {name: procedure.facts for name, procedure in PROCEDURES.items()}


def test_every_form_ends_in_its_ticket() -> None:
    ended = {
        rule["condition"][0]["active_loop"]: rule["steps"][-1]["action"]
        for rule in RULES
        if any(step.get("active_loop", "") is None for step in rule["steps"])
    }
    assert ended == {name: f"action_open_{p.kind.value}_ticket" for name, p in PROCEDURES.items()}


def test_every_fact_has_a_slot_a_question_and_every_form_its_validation() -> None:
    facts = {fact for procedure in PROCEDURES.values() for fact in procedure.facts}
    assert facts <= set(DOMAIN["slots"])
    needed = {f"action_ask_{fact}" for fact in facts} | {f"validate_{form}" for form in PROCEDURES}
    assert needed <= set(DOMAIN["actions"])


def test_rules_name_only_actions_and_intents_of_the_domain() -> None:
    steps = [step for rule in RULES for step in rule["steps"]]
    actions = {step["action"] for step in steps if "action" in step}
    assert actions <= set(DOMAIN["actions"]) | set(DOMAIN["forms"])


def test_the_intents_of_wishes_and_main_intents_exist() -> None:
    assert set(OPENED_BY) | set(WISHES) <= set(DOMAIN["intents"])
    assert {main_intent(intent) for intent in DOMAIN["intents"]} == set(MAIN_INTENTS)


def test_no_two_training_sentences_are_nearly_the_same_and_none_has_two_intents() -> None:
    assert list(describe(examine(EXAMPLES))) == []


def test_there_are_enough_sentences_and_no_main_intent_is_neglected() -> None:
    counts = Counter(main_intent(intent) for intent, _ in sentences())
    assert sum(counts.values()) >= 6000
    assert min(counts.values()) * 2.5 > max(counts.values())


def test_no_sentence_holds_what_rasa_reads_as_markup() -> None:
    assert [text for _, text in sentences() if set(text) & set("[]{}\t") or text.startswith("-") or not text] == []


@pytest.mark.skipif(not EVALUATION.exists(), reason="the evaluation set is not part of the project")
def test_no_training_sentence_is_an_evaluation_sentence_nor_nearly_one() -> None:
    """Measure only: what is measured on was never learnt from, neither as intents nor as emotions."""
    measured = [line["text"] for line in json_lines(EVALUATION / "dev.jsonl")]
    pairs = json_lines(EVALUATION / "faq_pairs_dev.jsonl")
    measured += [line[key] for line in pairs for key in ("paraphrase", "question")]
    felt = [Example(e.text, e.level.label, "data/emotion") for e in emotion_examples(ROOT / "data" / "emotion")]
    leaks = [finding for finding in examine([*EXAMPLES, *felt], measured) if finding.kind == "leak"]
    assert list(describe(leaks)) == []


def test_no_emotion_sentence_is_one_that_emotions_are_measured_on() -> None:
    measured = [line["text"] for line in json_lines(ROOT / "tests" / "data" / "emotion.jsonl")]
    felt = [Example(e.text, e.level.label, "data/emotion") for e in emotion_examples(ROOT / "data" / "emotion")]
    leaks = [finding for finding in examine(felt, measured) if finding.kind == "leak"]
    assert list(describe(leaks)) == []
