"""Intents, sentences, rules, forms and procedures say the same everywhere (invariant 12)."""

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.domain.facts import WISHES
from bot.domain.heard import MAIN_INTENTS, main_intent
from bot.domain.procedure import OPENED_BY, PROCEDURES

ROOT = Path(__file__).parents[2]
DEV = ROOT.parent / "shared" / "eval" / "dev.jsonl"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


DOMAIN = read(ROOT / "domain.yml")
RULES = [rule for path in sorted((ROOT / "data" / "rules").glob("*.yml")) for rule in read(path)["rules"]]
UNTAUGHT = {"nlu_fallback"}


def sentences() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for entry in read(path)["nlu"]:
            for line in entry["examples"].splitlines():
                yield entry["intent"], line.removeprefix("- ").strip()


def squeezed(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


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


def test_no_sentence_stands_in_two_intents_or_twice_in_one() -> None:
    places = defaultdict(list)
    for intent, text in sentences():
        places[text].append(intent)
    assert {text: intents for text, intents in places.items() if len(intents) > 1} == {}


def test_no_two_intents_share_a_sentence_but_for_its_punctuation() -> None:
    places = defaultdict(set)
    for intent, text in sentences():
        places[squeezed(text) or text].add(intent)
    assert {text: intents for text, intents in places.items() if len(intents) > 1} == {}


def test_no_sentence_holds_what_rasa_reads_as_markup() -> None:
    assert [text for _, text in sentences() if set(text) & set("[]{}\t") or text.startswith("-") or not text] == []


@pytest.mark.skipif(not DEV.exists(), reason="the evaluation set is not part of the project")
def test_no_training_sentence_is_an_evaluation_sentence() -> None:
    """Measure only: what is measured on was never learnt from, whatever its punctuation."""
    texts = [json.loads(line)["text"].strip() for line in DEV.read_text(encoding="utf-8").splitlines() if line]
    measured = {squeezed(text) or text for text in texts}
    assert [text for _, text in sentences() if (squeezed(text) or text) in measured] == []
