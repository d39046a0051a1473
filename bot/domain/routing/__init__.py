"""From the bot to a person: which rule asks for one, who is needed, in which order, how long it takes (F2-F5)."""

from bot.domain.routing.assign import assign, choose, has_left, is_at_work
from bot.domain.routing.estimate import estimated_wait, free_places, pace, wait_in_words
from bot.domain.routing.need import Situation, need_of
from bot.domain.routing.order import Told, Waiting, due_at, in_order, lifts, positions, urgency, urgency_since
from bot.domain.routing.place import Place, place_at, places
from bot.domain.routing.policy import SAFETY_FIRST, Estimating, Mode, Policy, Rank
from bot.domain.routing.trigger import Does, Firing, Trigger, TriggerBook

__all__ = [
    "SAFETY_FIRST", "Does", "Estimating", "Firing", "Mode", "Place", "Policy", "Rank", "Situation", "Told", "Trigger",
    "TriggerBook", "Waiting", "assign", "choose", "due_at", "estimated_wait", "free_places", "has_left", "in_order",
    "is_at_work", "lifts", "need_of", "pace", "place_at", "places", "positions", "urgency", "urgency_since",
    "wait_in_words",
]  # fmt: skip
