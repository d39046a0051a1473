"""Rules look at intent, action and form alone: predictions are remembered by these."""

import json
from typing import Any

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema

from bot.domain.errors import ContentError
from bot.nlu.intent_rules import IntentRules

HEARD = {"user": {"intent": "greet"}, "prev_action": {"action_name": "action_listen"}}


def trained(*states: dict[str, Any]) -> IntentRules:
    lookup = {"rules": {json.dumps(states): "action_small_talk"}, "rules_for_loop_unhappy_path": {}}
    storage: Any = None
    return IntentRules(
        IntentRules.get_default_config(), storage, storage, ExecutionContext(GraphSchema({})), lookup=lookup
    )


def test_a_rule_for_an_intent_in_a_form_is_taken() -> None:
    trained({**HEARD, "active_loop": {"name": "repair_form"}})


@pytest.mark.parametrize(
    "state",
    [{"user": {"intent": "greet", "entities": ["product"]}}, {**HEARD, "slots": {"phone": [1.0]}}],
    ids=["an entity", "a slot"],
)
def test_a_rule_that_looks_at_more_is_refused_with_the_rule(state: dict[str, Any]) -> None:
    with pytest.raises(ContentError, match="data/rules"):
        trained(state)
