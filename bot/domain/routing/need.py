"""Who is needed for a conversation that goes to a person, and how urgently."""

from dataclasses import dataclass

from bot.domain.conversation import FIRST_TEAM, Need
from bot.domain.routing.policy import Policy
from bot.domain.routing.trigger import Trigger


@dataclass(frozen=True)
class Situation:
    """What is known of a customer at the handover.

    Attributes:
        emotion: 0-3, as heard. signals: as heard (A13).
        matter: the main intent, such as `repair`; None where it is not known.
        script: `hans` or `hant`.
        visits: how often the customer has come within the policy's time, this visit included (F3).
        is_late: a promise on one of the customer's tickets is broken (D8).
        needs_care: the customer's file asks for special care (A13).
    """

    emotion: int = 0
    signals: tuple[str, ...] = ()
    matter: str | None = None
    script: str = "hans"
    visits: int = 1
    is_late: bool = False
    needs_care: bool = False

    @property
    def heard(self) -> frozenset[str]:
        """The signals, with what the file knows."""
        return frozenset({*self.signals, *(("special_care",) if self.needs_care else ())})


def need_of(trigger: Trigger, situation: Situation, policy: Policy, team: str = FIRST_TEAM) -> Need:
    """The need of a conversation: the gravest of what fired, what was heard, and what the company owes."""
    priorities = [
        trigger.priority,
        policy.emotions.get(situation.emotion, 0),
        *(policy.signals.get(signal, 0) for signal in situation.heard),
        policy.late_promise if situation.is_late else 0,
        policy.visits_priority if situation.visits >= policy.visits and situation.emotion else 0,
    ]
    by_matter = policy.skills.get(situation.matter or "")
    by_script = policy.script_skills.get(situation.script)
    skills = dict.fromkeys(skill for skill in (*trigger.skills, by_matter, by_script) if skill)
    return Need(priority=max(priorities), team=team, level=trigger.level, skills=tuple(skills))
