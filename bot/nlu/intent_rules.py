"""Rasa's rules, found by intent instead of by trying each of them."""

from typing import Any

from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.constants import ACTIVE_LOOP, PREVIOUS_ACTION, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.trackers import DialogueStateTracker

from bot.domain.errors import ContentError

Situation = tuple[str | None, str | None]
"""Intent and previous action of a state; None in a rule that does not ask for one."""
_ASKED_FOR = {USER: {"intent"}, PREVIOUS_ACTION: {"action_name"}, ACTIVE_LOOP: {"name"}}
"""What our rules look at; predictions are remembered by it (`bot/adapters/dialogue.py`)."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class IntentRules(RulePolicy):
    """Decides as `RulePolicy` does.

    It leaves out what cannot match: rules on the literal text of a message, which we do not write, and rules for
    another intent or another previous action.
    """

    def __init__(self, *args: Any, lookup: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, lookup=lookup, **kwargs)
        # Only a trained policy has a lookup that no longer changes; in training every rule is tried, as Rasa does.
        parts = [part for part in (lookup or {}).values() if isinstance(part, dict)]
        self._by_situation = {id(part): _sorted_by_situation(part) for part in parts}

    def _find_action_from_rules(
        self, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
    ) -> tuple[str | None, str | None, bool]:
        if use_text_for_last_user_input:
            return None, None, False
        return super()._find_action_from_rules(tracker, domain, use_text_for_last_user_input)

    def _get_possible_keys(self, lookup: dict[str, str], states: list[State]) -> set[str]:
        table = self._by_situation.get(id(lookup))
        if table is None or not states or not states[-1].get(PREVIOUS_ACTION):
            return super()._get_possible_keys(lookup, states)
        intent, action = _situation(states[-1])
        candidates: dict[str, str] = {}
        for situation in {(intent, action), (intent, None), (None, action), (None, None)}:
            candidates.update(table.get(situation, {}))
        return super()._get_possible_keys(candidates, states)


def _sorted_by_situation(lookup: dict[str, str]) -> dict[Situation, dict[str, str]]:
    table: dict[Situation, dict[str, str]] = {}
    for key, predicted in lookup.items():
        states: list[State] = RulePolicy._rule_key_to_state(key)
        for part, asked in ((part, asked) for state in states for part, asked in state.items()):
            if set(asked) - _ASKED_FOR.get(part, set()):
                raise ContentError(f"data/rules 里的规则只能看意图、上一个动作和正在填的表单，这一条还看了别的：{key}")
        table.setdefault(_situation(states[-1]), {})[key] = predicted
    return table


def _situation(state: State) -> Situation:
    return state.get(USER, {}).get("intent"), state.get(PREVIOUS_ACTION, {}).get("action_name")
