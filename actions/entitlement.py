"""What the customer is entitled to, told at once and unasked, and kept on file (A7, A12, A14, E11)."""

from typing import Any

from rasa_sdk import Tracker

from actions.rights import Rights
from actions.speaking import Speaker
from bot.domain.answers import cited, short_day
from bot.domain.facts import INSTALLATION
from bot.domain.message import Button
from bot.domain.rights import Account
from bot.domain.warranty.case import FaultKind, Wish
from bot.domain.warranty.law import Option
from bot.services.statutes import Told

REPAIRS_IN_VAIN = 2
"""E6: repairs after which 「又坏了」 is about exchange and return."""
FREE = frozenset({Option.RETURN, Option.EXCHANGE, Option.REPAIR})
"""Ways that cost the customer nothing."""
TO_HUMAN = Button("转人工", "转人工")
ASK_FOR = {
    Option.RETURN: Button("退货", "我要退货"),
    Option.EXCHANGE: Button("换货", "我要换货"),
    Option.REPAIR: Button("报修", "我要报修"),
    Option.PAID_REPAIR: Button("报修", "我要报修"),
}
"""What a click on a way asks for, where no form runs."""
_INSTEAD = {
    "repair_form": {Option.RETURN: Button("退货", "直接退货"), Option.EXCHANGE: Button("换货", "直接换货")},
    "return_exchange_form": {
        Option.RETURN: Button("退货", "改成退货"),
        Option.EXCHANGE: Button("换货", "改成换货"),
        Option.REPAIR: Button("报修", "我要报修"),
        Option.PAID_REPAIR: Button("报修", "我要报修"),
    },
}
"""What a click on a way means in the middle of a form."""
_GO_ON = {"repair_form": Button("继续报修", "继续报修"), "return_exchange_form": Button("照原样登记", "继续登记")}


def tell_in_form(speaker: Speaker, tracker: Tracker, form: str) -> dict[str, str]:
    """Tell what the matter of a form is entitled to, once for each order; a wish that is closed, once it is known.

    Returns:
        What the account of the matter keeps of it; nothing where nothing could be decided.
    """
    rights = Rights(speaker, tracker, form)
    if rights.about is None:
        return {}
    marks = tracker.get_slot("account") or {}
    if marks.get("told") != rights.about:
        refused = _tell(rights, form)
        if refused is None:
            return {}
        return {"told": rights.about, **({"refused": _refusal(rights)} if refused else {})}
    if form == "return_exchange_form" and marks.get("refused") != _refusal(rights) and _refuse(rights, form):
        return {"refused": _refusal(rights)}
    return {}


def tell_of_repairs(speaker: Speaker, tracker: Tracker) -> None:
    """What holds for goods repaired in vain, while nothing is known of their order (A14, E6)."""
    if Account.from_json(tracker.get_slot("account") or {}).repairs >= REPAIRS_IN_VAIN:
        speaker.say("statute.repaired_twice")


def entitlement_of(speaker: Speaker, tracker: Tracker, form: str) -> dict[str, Any] | None:
    """The decision at filing, as it is kept with the ticket (E11); None where nothing can be decided."""
    rights = Rights(speaker, tracker, form)
    if form == "return_exchange_form":
        return _filed_for_return(rights)
    fault = _fault_of(rights, form)
    told = rights.told(fault) if fault else None
    return told.as_json() if told else None


def _filed_for_return(rights: Rights) -> dict[str, Any] | None:
    wish, fault = rights.wish, rights.account.fault
    told = rights.told(fault, wish) if wish else None
    if told is None:
        return None
    faulty = rights.told(FaultKind.PERFORMANCE, wish) if fault is None else None
    return {**told.as_json(), "if_faulty": faulty.as_json()} if faulty else told.as_json()


def _refusal(rights: Rights) -> str:
    return f"{rights.about} {rights.wish}"


def _tell(rights: Rights, form: str) -> bool | None:
    """Whether a wish was refused; None where nothing could be said."""
    if form == "return_exchange_form":
        return _tell_for_return(rights, form)
    fault = _fault_of(rights, form)
    wish = rights.account.wish if form == "repair_form" else None
    told = rights.told(fault, wish) if fault else None
    if told is None or (form == "complaint_form" and not FREE & set(told.decision.options)):
        return None  # what a complaint brings beside the law's ways is for people to find (C3)
    if wish:
        return say_on_wish(rights, told, wish, form)
    say_ways(rights, told, chips_for(rights, told, form))
    return False


def _fault_of(rights: Rights, form: str) -> FaultKind | None:
    """The fault that a repair or complaint is about; None where it is about none."""
    if form == "repair_form":
        return None if rights.tracker.get_slot("symptom") == INSTALLATION else FaultKind.PERFORMANCE
    return rights.account.fault if form == "complaint_form" and rights.account.has_fault else None


def _tell_for_return(rights: Rights, form: str) -> bool | None:
    wish, fault = rights.wish, rights.account.fault
    if wish is None:
        return None
    if rights.account.has_fault or rights.account.is_misuse:
        told = rights.told(fault or FaultKind.PERFORMANCE, wish)
        return None if told is None else say_on_wish(rights, told, wish, form)
    if rights.basis is None or rights.basis.order is None:
        return None  # whether it came by post, and when, only the order tells
    unsuited, faulty = rights.told(None, wish), rights.told(FaultKind.PERFORMANCE, wish)
    if unsuited is None or faulty is None:
        return None
    if fault is FaultKind.NONE:
        return say_unsuited(rights, unsuited, wish, form)
    say_both_sides(rights, faulty, unsuited)
    return False


def _refuse(rights: Rights, form: str) -> bool:
    """A no where the reason, told by now, closes what is wished; False where it stays open (A12)."""
    wish, fault = rights.wish, rights.account.fault
    told = rights.told(fault, wish) if wish and fault else None
    if wish is None or told is None or wish in told.decision.options:
        return False
    if fault is not FaultKind.NONE:
        return bool(FREE & set(told.decision.options)) and say_on_wish(rights, told, wish, form)
    order = rights.basis.order if rights.basis else None
    return bool(order and order.received_on) and say_unsuited(rights, told, wish, form)


def say(rights: Rights, script: str, told: Told, **more: Any) -> None:
    """Say a script on a decision, with the versions of its rules as its source."""
    values = {
        "basis": rights.basis_in_words,
        "clause": cited(told.decision),
        "options": "\n".join(f"· {line}" for line in told.lines),
    }
    speaker = rights.speaker
    speaker.say(script, rules=told.decision.rules, emotion=speaker.emotion, **{**values, **more})


def say_ways(rights: Rights, told: Told, chips: list[Button]) -> None:
    """What a fault opens: several ways, the one that is free, a paid repair, or a colleague's answer."""
    options = [option for option in told.decision.options if option is not Option.HUMAN]
    needs_human = Option.HUMAN in told.decision.options
    until = told.decision.best.deadline
    if not options:
        say(rights, "statute.human", told)
    elif options == [Option.PAID_REPAIR]:
        _say_paid(rights, told, chips)
    elif options == [Option.REPAIR] and not needs_human and until:
        say(rights, "statute.free_repair", told, until=short_day(until, rights.today), buttons=chips)
    else:
        say(rights, "statute.ways_human" if needs_human else "statute.ways", told, buttons=chips)


def _say_paid(rights: Rights, told: Told, chips: list[Button]) -> None:
    """That the repair costs money, why, and what would make it free."""
    if rights.account.is_misuse:
        say(rights, "statute.misuse", told, buttons=chips)
        return
    reason = told.decision.best.arithmetic[0]
    if rights.is_vague:
        say(rights, "statute.paid_repair_vague", told, buttons=chips)
    elif rights.account.repairs:
        say(rights, "statute.paid_unless_recorded", told, reason=reason, buttons=chips)
    elif covered := rights.parts_still_covered():
        parts, until = covered
        say(rights, "statute.paid_repair_parts", told, reason=reason, parts=parts, until=until, buttons=chips)
    else:
        say(rights, "statute.paid_repair", told, reason=reason, buttons=chips)


def say_on_wish(rights: Rights, told: Told, wish: Wish, form: str | None) -> bool:
    """Yes or no to the wish first, then the ways (A12); True for a no."""
    chips = chips_for(rights, told, form)
    label = Option(wish).label
    options = [option for option in told.decision.options if option is not Option.HUMAN]
    if not options or options == [Option.PAID_REPAIR] or wish is Wish.REPAIR:
        say_ways(rights, told, chips)
    elif wish in options:
        script = "statute.can_human" if Option.HUMAN in told.decision.options else "statute.can"
        say(rights, script, told, wish=label, buttons=[] if form == "return_exchange_form" else chips)
        return False
    else:
        say(rights, "statute.cannot", told, wish=label, buttons=[*chips, TO_HUMAN])
    return wish is not Wish.REPAIR


def say_unsuited(rights: Rights, told: Told, wish: Wish, form: str | None) -> bool:
    """What holds without a fault: its terms, or a polite no with its reason (A12, E2); True for a no."""
    if wish is Wish.EXCHANGE:
        say(rights, "statute.exchange_unsuited", told, unsuited=rights.unsuited(told))
        return True
    if told.decision.remedy(Option.RETURN):
        say(rights, "statute.no_reason", told, buttons=[] if form else chips_for(rights, told, form))
        return False
    if rights.basis and rights.basis.order and rights.basis.order.received_on is None:
        say(rights, "statute.not_signed", told)
        return False
    faulty = rights.told(FaultKind.PERFORMANCE)
    assert faulty
    go_on = [_GO_ON[form]] if form in _GO_ON else []
    values = {"reason": rights.why_closed(told), "quality": rights.quality(faulty)}
    say(rights, "statute.no_reason_closed", told, buttons=[*go_on, TO_HUMAN], **values)
    return True


def say_both_sides(rights: Rights, faulty: Told, unsuited: Told) -> None:
    """What holds with a fault, and what without (E1, E2)."""
    rules = tuple(dict.fromkeys((*faulty.decision.rules, *unsuited.decision.rules)))
    rights.speaker.say(
        "statute.both_sides", rules=rules, emotion=rights.speaker.emotion, basis=rights.basis_in_words,
        quality=rights.quality(faulty), unsuited=rights.unsuited(unsuited),
        buttons=[] if rights.form else chips_for(rights, faulty, None),
    )  # fmt: skip


def chips_for(rights: Rights, told: Told, form: str | None) -> list[Button]:
    """The ways that differ from what is being filed, to click on; without a form, all."""
    options = told.decision.options
    if form is None:
        return [ASK_FOR[option] for option in options if option in ASK_FOR]
    chips = [_INSTEAD[form][o] for o in options if o != rights.wish and o in _INSTEAD.get(form, {})]
    return [*chips, _GO_ON[form]] if chips else []
