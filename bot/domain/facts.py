"""The facts that a message carries in its own words, whatever was asked (A1: never ask what was said)."""

import re

from bot.domain.dates import spoken_in_words
from bot.domain.heard import Heard, main_intent
from bot.domain.phrases import after_correction, gives_reason, has_substance, is_question, says_wrong

WISHES = {
    "return_exchange_return": "退货退款",
    "return_exchange_exchange": "换货",
    "return_exchange_refund": "退款",
    "return_exchange_cancel": "取消订单",
}
INSTALLATION = "需要上门安装"
"""Stands for the fault where there is none."""
PERSONAL = frozenset(
    {"phone", "order_number", "ticket_number", "address", "model", "money", "date", "duration", "time", "person"}
)
"""Facts that stand for themselves, and are no story."""

LONGEST = 300
"""Characters of a story that are kept in a ticket; the conversation holds the rest."""

_WISH_WORDS = (
    ("换", "换货"),
    ("取消", "取消订单"),
    ("退货", "退货退款"),
    ("退款", "退款"),
    ("退钱", "退款"),
    ("退", "退货退款"),
)
_WORK = frozenset({"维修", "返修", "检修", "上门"})
"""What a complaint may be about; it is no wish of the complaint's own."""
_VAGUE_FAULTS = frozenset({"坏了", "坏掉", "坏"})
_VAGUE_WORDS = re.compile(
    r"我们?|俺|家里?|的|那个|这个|你好|您好|好像|又|坏[了掉]?|了|啊|呀|吧|哦|呢|出?(?:问题|毛病|故障)|报修|维修|有点?|[\W_]"
)
_SLOT = re.compile(r"\d:\d{2} ?- ?\d{1,2}:\d{2}")
"""A span of hours, as the buttons of the timetable write it."""
_BOUGHT = re.compile(r"买|购|下单|入手|拍的")
_SOON_AFTER = re.compile(r"(?:左右|不到|时间|的时间)?就")
_LABELS = re.compile(
    r"(?:我的)?(?:联系)?(?:电话|手机号?码?|地址|订单号?|单号|住址)[是为:：]?|(?:前?后?)(?:购?买|入手|下单)(?:的|了)?|左右|大概|[,，。:：\s-]+"
)


def own_words(heard: Heard) -> str:
    """What the customer tells beside phone, order number and address."""
    return heard.rest({"phone", "order_number", "address"}).strip(" ,，。")[:LONGEST] or heard.text[:LONGEST]


def only_facts(heard: Heard) -> bool:
    """Whether nothing is said beside numbers, days and places."""
    return bool(heard.mentions) and len(_LABELS.sub("", heard.rest(PERSONAL))) < 2


def facts_said(heard: Heard, form: str | None, asked: str | None) -> dict[str, str]:
    """The facts in a message.

    Args:
        heard: the message, or one request of it.
        form: the procedure that runs or opens with it.
        asked: the fact that was asked last.
    """
    said: dict[str, str] = {}
    for name in ("phone", "order_number", "product", "model", "address"):
        if value := heard.last(name):
            said[name] = value
    if day := day_bought(heard, is_answer=asked == "purchased_on"):
        said["purchased_on"] = spoken_in_words(day)
    said |= _FORM_FACTS[form](heard, asked) if form in _FORM_FACTS else {}
    return said


def day_bought(heard: Heard, is_answer: bool = False) -> str | None:
    """The day of purchase as the message tells it: of several days the one that stands nearest to 「买」.

    Args:
        heard: the message.
        is_answer: whether just that was asked, so that a bare day tells it.
    """
    bought = _BOUGHT.search(heard.text)
    kind = "date" if heard.facts.get("date") else "since"
    days = heard.facts.get(kind, ())
    if kind == "since" and any(_SOON_AFTER.match(heard.text, m.end) for m in heard.mentions if m.kind == kind):
        return None  # 「买的电视三天就花屏」 tells how long it lasted
    if not days or not (is_answer or bought):
        return None
    if says_wrong(heard.text):
        return days[-1]
    placed = [mention for mention in heard.mentions if mention.kind == kind]
    if not bought or len(days) == 1 or not placed:
        return days[0]
    return min(placed, key=lambda m: min(abs(m.end - bought.start()), abs(m.start - bought.end()))).value


def wish_in(text: str) -> str | None:
    """Which of return, exchange, refund and cancellation the words name."""
    text = after_correction(text).replace("退换货", "").replace("退换", "")
    return next((wish for word, wish in _WISH_WORDS if word in text), None)


def faults_in(heard: Heard) -> list[str]:
    """The faults named; 「坏了」 alone tells a repairer nothing."""
    return [fault for fault in dict.fromkeys(heard.facts.get("symptom", ())) if fault not in _VAGUE_FAULTS]


def _tells_fault(heard: Heard) -> bool:
    """Whether more is said than that something is broken."""
    return len(_VAGUE_WORDS.sub("", heard.rest({"product", "brand", "model", *PERSONAL}))) >= 3


def _repair_facts(heard: Heard, asked: str | None) -> dict[str, str]:
    said: dict[str, str] = {}
    if faults := faults_in(heard):
        said["symptom"] = "、".join(faults)
    elif heard.intent == "repair_install" and asked is None:
        said["symptom"] = INSTALLATION
    elif heard.intent in ("repair_fault", "repair_repeat") and asked is None and _tells_fault(heard):
        said["symptom"] = own_words(heard)
    if asked == "preferred_time" and _SLOT.search(heard.text):
        said["preferred_time"] = own_words(heard)
    elif (time := heard.last("time")) and not (asked == "preferred_time" and is_question(heard.text)):
        said["preferred_time"] = time
    return said


def _return_facts(heard: Heard, asked: str | None) -> dict[str, str]:
    said: dict[str, str] = {}
    named = wish_in(heard.text) if asked in (None, "wish") or says_wrong(heard.text) else None
    if wish := WISHES.get(heard.intent):
        if named or "退换" not in heard.text:
            said["wish"] = named or wish
    elif named and asked is not None:
        said["wish"] = named
    tells_fault = asked is None and bool(faults_in(heard))
    if tells_fault or (asked not in ("condition", "confirmed") and gives_reason(heard.text)):
        said["reason"] = own_words(heard)
    return said


def _complaint_facts(heard: Heard, asked: str | None) -> dict[str, str]:
    said: dict[str, str] = {}
    if asked is None:
        story = re.sub(r"我?要?(投诉|举报)你?们?|差评", "", own_words(heard)).strip(" ,，。!！")
        if len(story) >= 5 and (heard.intent != "complaint_general" or has_substance(story)):
            said["grievance"] = own_words(heard)
    if demands := [demand for demand in heard.facts.get("demand", ()) if demand not in _WORK]:
        said["demand"] = "、".join(dict.fromkeys(demands))
    elif asked is not None and main_intent(heard.intent) == "return_exchange" and (wish := WISHES.get(heard.intent)):
        said["demand"] = wish
    return said


def _suggestion_facts(heard: Heard, asked: str | None) -> dict[str, str]:
    return {"idea": own_words(heard)} if asked is None and len(heard.text) >= 10 else {}


_FORM_FACTS = {
    "repair_form": _repair_facts,
    "return_exchange_form": _return_facts,
    "complaint_form": _complaint_facts,
    "suggestion_form": _suggestion_facts,
}
