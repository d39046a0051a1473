"""To a person: because it is asked for, or because there is danger (F1-F4, B6)."""

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.speaking import Speaker

_HAZARDS = (
    ("safety.distress", re.compile(r"自杀|不想活|活不下去|轻生|跳楼")),
    ("safety.injury", re.compile(r"受伤|流血|烫伤|割伤|中毒|晕倒|骨折|划伤|砸到")),
    ("safety.gas", re.compile(r"煤气|燃气|天然气|漏气")),
    ("safety.electric", re.compile(r"漏电|触电|电到|电了|麻手|带电")),
    ("safety.fire", re.compile(r"冒烟|着火|起火|火|烧|焦|糊味|炸|鼓包")),
)


class Handover(Action):
    """The customer wants a person."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_handover"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """Ask for the handover; the place in the queue is told when it is made (F5)."""
        speaker = Speaker(dispatcher, tracker)
        refused = speaker.anfu.triggers.book.get("refuses_bot").is_heard_in(speaker.heard.text)
        speaker.say("handover.accepted", handover="refuses_bot" if refused else "asked_for_human")
        return speaker.events()


class Safety(Action):
    """Danger: what to do at once, and a person now."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_safety"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """The script for the hazard that was named."""
        speaker = Speaker(dispatcher, tracker)
        script = next((key for key, words in _HAZARDS if words.search(speaker.heard.text)), "safety.general")
        speaker.say(script, handover="safety_emergency")
        return speaker.events()
