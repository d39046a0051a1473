"""What a message means for the procedure that runs (A1, A9).

Only what is not yet known is asked, one question at a time; `listen` decides whether an answer holds facts, a
correction, a skip, a digression, or nothing that was understood.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.facts import INSTALLATION, LONGEST, facts_said, only_facts, own_words, wish_in
from bot.domain.heard import Heard, main_intent
from bot.domain.phrases import (
    asks_why,
    is_question,
    names_place,
    names_time,
    nothing_to_change,
    says_wrong,
    says_yes,
    skips,
    tells_condition,
    wants,
)
from bot.domain.procedure import FREE_TEXT, OPENED_BY, PROCEDURES, SKIPPED

_EXPLICIT = {
    "repair_form": re.compile(r"报修|维修|修一下|来修|返修|送修|修理|帮.*修"),
    "return_exchange_form": re.compile(r"退货|换货|退款|退掉|退了|取消订单|要退|要换|想退|想换|不想要"),
    "complaint_form": re.compile(r"投诉|举报|12315|消协|曝光"),
    "callback_form": re.compile(r"^给我回电话$"),
}
"""Words with which a customer turns to another matter in the middle of one. Every ticket is answered by a call, so
only the button asks for a callback instead."""
_IN_A_WORD = re.compile(r"(?:退货|换货|退款|退货退款|报修|维修)[吧了啊呀。.!~ ]*")
"""The choice of another way: no fault, no reason is told in these words alone."""
_NAMED_FACTS = {
    "phone": re.compile(r"电话|手机号|号码|联系方式"),
    "address": re.compile(r"地址|地点|住址"),
    "purchased_on": re.compile(r"购买日期|购买时间|买的时间"),
    "preferred_time": re.compile(r"上门时间|预约时间|时间"),
    "product": re.compile(r"产品|商品(?!状态)|型号|机器|品名"),
    "order_number": re.compile(r"订单"),
    "symptom": re.compile(r"故障|毛病|现象"),
    "reason": re.compile(r"原因|理由"),
    "wish": re.compile(r"诉求|办理|换货|退货"),
    "demand": re.compile(r"要求|诉求|希望"),
    "grievance": re.compile(r"经过|内容|问题"),
    "condition": re.compile(r"状态|包装"),
    "topic": re.compile(r"事项|事由"),
    "idea": re.compile(r"建议|内容"),
}
_NEW_VALUE = re.compile(r"(?:改成|改为|改到|换成|应该是|更正为|是)[:：]?\s*(.{2,})$")
_DIGITS = re.compile(r"\d{5,}")
_LONG_DIGITS = re.compile(r"\d{6,}")
_BOUGHT_THEN = re.compile(r"\d|年|月|天|周|刚|半年|前段")
_GO_ON = frozenset({"先登记投诉", "继续", "继续登记", "继续报修"})
"""Clicks that mean: go on with the form."""
_TALK = frozenset(
    {
        "bot_challenge", "wait", "repeat", "greet", "thanks", "goodbye", "chitchat", "praise", "out_of_scope", "abuse",
    }
)  # fmt: skip
_SERVED = frozenset(
    {
        "ticket_progress",
        "urge",
        "repair_progress",
        "repair_reschedule",
        "return_exchange_progress",
        "return_exchange_how",
    }
)
_STRONG = frozenset({"human", "emergency", "cancel"})
_STORIES = frozenset({"grievance", "topic", "idea"})
"""Facts that may be told as a question: 「为什么没人来？」 is a grievance."""
_OPEN_ENDED = _STORIES | {"symptom", "reason", "condition", "demand"}
_SAME_STORY = {
    ("repair_form", "return_exchange_form"): ("symptom", "reason"),
    ("return_exchange_form", "repair_form"): ("reason", "symptom"),
}
"""A fault is the reason of a return, and the other way round."""
TALK_FROM = 0.5
"""Certainty from which small talk in the middle of a form is heard as such."""


@dataclass(frozen=True)
class Taken:
    """What a message means for the running procedure.

    Attributes:
        facts: values to set; None empties a fact that the customer called wrong.
        digression: the message is about something else; answer that, then come back.
        problem: why the answer cannot be used: `phone`, `which` (something is wrong, but what?),
            `why` (the customer asks what it is wanted for), `unclear`.
    """

    facts: Mapping[str, str | None] = field(default_factory=dict)
    digression: bool = False
    problem: str | None = None


def listen(heard: Heard, known: Mapping[str, str | None], form: str | None = None, asked: str | None = None) -> Taken:
    """What to take from a message.

    Args:
        heard: the message as understood.
        known: every fact so far.
        form: the running procedure, or None outside of one.
        asked: the fact that was asked last.
    """
    if form is None:
        opens = OPENED_BY.get(heard.intent)
        return Taken(facts_said(heard.request(0, other_matters(heard, opens)), opens, None))
    if heard.text in _GO_ON:
        return Taken()
    if heard.intent in ("human", "emergency"):
        return Taken(digression=True)
    said = _worth_taking(facts_said(heard, form, asked), heard, known, asked)
    if asked and (answer := _answer(asked, heard, said, known)) is not None:
        return answer
    if asked == "confirmed":
        return _at_confirmation(heard, said, form, known)
    if heard.intent in _STRONG:
        return Taken(digression=True)
    if _corrects(heard, said, known):
        return _correction(heard, said, form, known)
    if turns_to(heard, form, asked):
        return _turn(heard, form, known)
    if asks_why(heard.text) and asked not in _OPEN_ENDED:
        return Taken(said, problem="why")
    if _is_digression(heard, form, asked):
        return Taken(said, digression=True)
    if asked == "symptom" and heard.is_reproach and "symptom" not in heard.facts:
        return Taken(said)  # 「等了三天没人理」 is no fault of the machine: comfort, and ask again
    return _in_own_words(heard, said, known, form, asked)


def other_matters(heard: Heard, form: str | None) -> list[int]:
    """Which requests of a message open another procedure than `form` (B7)."""
    return [n for n, wanted in enumerate(heard.intents) if OPENED_BY.get(wanted.name, form) != form]


def turns_to(heard: Heard, form: str, asked: str | None) -> str | None:
    """The procedure that the customer turns to in the middle of `form`, if any."""
    opens = OPENED_BY.get(heard.intent)
    if not opens or opens == form or opens not in _EXPLICIT or not heard.sure:
        return None
    if form == "complaint_form" and opens != "callback_form":
        return None  # what the customer wants done about a complaint is its demand (A10)
    if _IN_A_WORD.fullmatch(heard.text):
        return opens
    if asked in _OPEN_ENDED and opens != "callback_form" and not wants(heard.text):
        return None
    return opens if _EXPLICIT[opens].search(heard.text) else None


def _turn(heard: Heard, form: str, known: Mapping[str, str | None]) -> Taken:
    """To another matter: what was told of the same goods is not asked again, only called otherwise there (A1)."""
    opens = OPENED_BY[heard.intent]
    said = facts_said(heard, opens, None)
    before, after = _SAME_STORY.get((form, opens), ("", ""))
    story = known.get(before)
    if story and story != SKIPPED and story != INSTALLATION and not said.get("product"):
        said.setdefault(after, story)
    return Taken(said, digression=True)


def _worth_taking(
    said: Mapping[str, str], heard: Heard, known: Mapping[str, str | None], asked: str | None
) -> dict[str, str | None]:
    """A passing mention neither renames the product nor drops what was told before; a correction does."""
    taken: dict[str, str | None] = dict(said)
    if asked == "confirmed" or says_wrong(heard.text) or heard.intent == "correct":
        return taken
    for name in ("product", "wish", "reason", "purchased_on"):
        if name in taken and name != asked and known.get(name) not in (None, SKIPPED):
            del taken[name]
    for name in ("symptom", "demand"):
        before, more = known.get(name), taken.get(name)
        if before and before != SKIPPED and more and name != asked:
            taken[name] = before if more in before else f"{before}、{more}"[:LONGEST]
    return taken


def _answer(asked: str, heard: Heard, said: dict[str, str | None], known: Mapping[str, str | None]) -> Taken | None:
    """A direct answer to the question asked; None where the message is none."""
    if asked == "confirmed":
        return None
    if said.get(asked):
        if asked in ("demand", "symptom", "reason"):
            if is_question(heard.text):
                return None
            return Taken({**said, asked: own_words(heard)})  # the customer's own words say more than the keyword
        return Taken({name: value for name, value in said.items() if name == asked or value != known.get(name)})
    reader = _READERS.get(asked)
    return reader(heard, said) if reader else None


def _read_phone(heard: Heard, said: dict[str, str | None]) -> Taken | None:
    squeezed = re.sub(r"[\s-]", "", heard.text)
    digits = _DIGITS.search(squeezed)
    if not digits or (len(digits[0]) < 7 and len(digits[0]) * 2 < len(squeezed)):
        return None
    return Taken({**said, "order_number": digits[0]} if len(digits[0]) >= 12 else said, problem="phone")


def _read_order_number(heard: Heard, said: dict[str, str | None]) -> Taken | None:
    digits = _LONG_DIGITS.search(re.sub(r"[\s-]", "", heard.text))
    return Taken({**said, "order_number": digits[0]}) if digits and "phone" not in said else None


def _read_wish(heard: Heard, said: dict[str, str | None]) -> Taken | None:
    wish = wish_in(heard.text)
    return Taken({**said, "wish": wish}) if wish and not is_question(heard.text) else None


def _read_time(heard: Heard, said: dict[str, str | None]) -> Taken | None:
    if not names_time(heard.text) or is_question(heard.text):
        return None
    return Taken({**said, "preferred_time": own_words(heard)[:60]})


def _read_purchase(heard: Heard, said: dict[str, str | None]) -> Taken | None:
    told = only_facts(heard) and "duration" not in heard.facts  # 「一年内」 is a duration, and an answer
    if told or is_question(heard.text) or not _BOUGHT_THEN.search(heard.text):
        return None
    return Taken({**said, "purchased_on": heard.words[:30]})


def _read_condition(heard: Heard, said: dict[str, str | None]) -> Taken | None:
    if not tells_condition(heard.text) or is_question(heard.text):
        return None
    return Taken({**said, "condition": own_words(heard)})


_READERS = {
    "phone": _read_phone,
    "order_number": _read_order_number,
    "wish": _read_wish,
    "preferred_time": _read_time,
    "purchased_on": _read_purchase,
    "condition": _read_condition,
}


def _at_confirmation(heard: Heard, said: dict[str, str | None], form: str, known: Mapping[str, str | None]) -> Taken:
    """The customer sees the summary: yes files it, a correction changes it, a no asks what is wrong (A9)."""
    if heard.intent in _STRONG:
        return Taken(digression=True)
    if nothing_to_change(heard.text):
        return Taken({"confirmed": "yes"})
    if says_wrong(heard.text) or heard.intent in ("correct", "deny"):
        return _correction(heard, said, form, known)
    told = {
        name: value for name, value in said.items() if name not in ("symptom", "wish", "grievance", "reason", "demand")
    }
    if says_yes(heard.text) or (heard.intent == "affirm" and not told):
        return Taken({"confirmed": "yes"})
    if told:
        return Taken(told)
    if turns_to(heard, form, "confirmed"):
        return _turn(heard, form, known)
    if heard.intent in _TALK | _SERVED or main_intent(heard.intent) != "other" or is_question(heard.text):
        return Taken(digression=True)
    return Taken(problem="unclear")


def _corrects(heard: Heard, said: dict[str, str | None], known: Mapping[str, str | None]) -> bool:
    if not says_wrong(heard.text):
        return False
    overrides = any(known.get(name) not in (None, SKIPPED, value) for name, value in said.items())
    names_one = any(known.get(name) and pattern.search(heard.text) for name, pattern in _NAMED_FACTS.items())
    return overrides or heard.intent == "correct" or (names_one and not is_question(heard.text))


def _correction(heard: Heard, said: dict[str, str | None], form: str, known: Mapping[str, str | None]) -> Taken:
    """What a correction sets; where it only names the fact, that is asked again."""
    facts = PROCEDURES[form].facts
    corrected = {name: value for name, value in said.items() if name in (*facts, "order_number", "model")}
    places = {n: match.start() for n in facts if n in _NAMED_FACTS and (match := _NAMED_FACTS[n].search(heard.text))}
    named = min(places, key=lambda name: places[name]) if places else None  # 「内容改成：…要求…」 is about the content
    value = _NEW_VALUE.search(heard.text)
    if named in FREE_TEXT and named not in corrected and value and not is_question(heard.text):
        words = re.split(r"[,，。 ]*不是", heard.said(*value.span(1)))[0]
        if named == "address" and known.get("address") and not re.search(r"\d", words):
            words = f"{known['address']}（更正：{words}）"  # a part of it: people read what is meant
        if _plausible(named, words):
            return Taken({**corrected, named: words[:LONGEST]})
    if corrected:
        return Taken(corrected)
    return Taken({named: None}) if named else Taken(problem="which")


def _is_digression(heard: Heard, form: str, asked: str | None) -> bool:
    """Whether the message is about something else, to be answered before the form goes on."""
    intent = heard.intents[0]
    if form == "repair_form" and intent.name == "repair_reschedule":
        return False  # another time before there is a visit: it is the time wished for
    if heard.sure and intent.name in _SERVED:
        return asked not in _OPEN_ENDED or is_question(heard.text)
    if heard.sure and intent.name in _TALK:
        return intent.confidence >= TALK_FROM
    if asked == "idea":
        return False  # 「能不能小一点？」 is an idea
    if asked in _STORIES:
        return heard.sure and main_intent(intent.name) == "consult" and is_question(heard.text)
    asks = heard.sure and main_intent(intent.name) == "consult" and intent.confidence >= TALK_FROM
    return is_question(heard.text) or (asks and asked not in _OPEN_ENDED)


def _in_own_words(
    heard: Heard, said: dict[str, str | None], known: Mapping[str, str | None], form: str, asked: str | None
) -> Taken:
    """An answer told freely, a skipped one, or facts that were not asked for; else it was not understood."""
    if asked in PROCEDURES[form].optional and skips(heard.text):
        return Taken({**said, asked: SKIPPED})
    if asked == "demand" and _goes_on_telling(heard, said):
        return Taken({**said, "grievance": f"{known.get('grievance') or ''} {own_words(heard)}".strip()[:LONGEST]})
    if asked in FREE_TEXT and not only_facts(heard) and _tells_something(heard):
        words = own_words(heard)
        if _plausible(asked, words) and not (asked == "product" and heard.facts.get("symptom")):
            return Taken({**said, asked: words})
    new = {name: value for name, value in said.items() if name in PROCEDURES[form].facts and value != known.get(name)}
    return Taken(said) if new else Taken(said, problem="unclear")


def _plausible(fact: str, words: str) -> bool:
    if fact == "address":
        return names_place(words)
    return fact != "product" or bool(re.fullmatch(r"[^,，。.!！;；]{2,12}(?<![了吗呢么])", words))


def _goes_on_telling(heard: Heard, said: Mapping[str, str | None]) -> bool:
    """Asked what they want, customers often tell more of what happened."""
    tells = main_intent(heard.intent) == "complaint" or heard.intent in ("repair_fault", "repair_repeat")
    return tells and "demand" not in said and len(heard.text) >= 8 and not wants(heard.text)


def _tells_something(heard: Heard) -> bool:
    plain = heard.intent in ("affirm", "deny", "skip", "correct", "human") and len(heard.text) < 6
    return len(heard.text) >= 2 and not plain


def adds_matter(heard: Heard) -> bool:
    """Whether another matter is named besides, to be dealt with afterwards: 「另外我还想退耳机」."""
    return bool(re.search(r"另外|还有|顺便|对了|也要|也想|同时|再帮", heard.text))


def replaces(heard: Heard) -> bool:
    """Whether turning to another matter gives up the present one: 「不修了，直接退货」."""
    return bool(re.search(r"不(?:想|要|用)?(?:报?修|退|换|投诉|登记)了|算了|直接|还是.{0,4}吧", heard.text))
