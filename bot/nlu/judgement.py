"""From probabilities to what the customer wants: parts of a message, words and facts that leave no doubt (A2, B6, F1).

An intent here is a mapping with `name`, `confidence` (0-1) and `text`, the part of the normal form that it stands in.
"""

import re
from collections.abc import Iterable
from typing import Any

from bot.domain.heard import main_intent
from bot.nlu.gaps import without_facts

_DANGER = re.compile(
    r"冒烟|(?<!不)着火|起火|火花|漏电|触电|电到|电了一下|麻手|煤气味|燃气味|漏煤气|漏燃气|天然气漏|燃气漏|煤气漏|爆炸"
    r"|炸了|烧焦|焦糊味|糊味|受伤|流血|烫伤|割伤|中毒|晕倒"
)
_DISTRESS = re.compile(r"自杀|不想活|活不下去|轻生|跳楼")
_CHOSEN = re.compile(r"^我想了解:")
_SUPPOSED = re.compile(r"会不会|是否会|怕|担心|容易|可能会|有没有|防|安全吗|会漏电吗|会爆炸吗|避免")
_HUMAN = re.compile(
    r"^(?:请|帮我|麻烦|我要|快)?(?:转|找|要|换|接|叫)?一?(?:人工|真人|活人|客服人员)(?:客服|服务|座席"
    r"|坐席)?[吧啊呢!。 ]*$|转人工|转接人工|找人工|要人工|叫人工|接人工|^0$"
)
_ALARMING = re.compile(r"冒|(?<!不)着火|烟(?!机|灶|道)|触电|麻|漏|炸|爆|焦|烧|糊|伤|烫|血|中毒|晕|危险|救命|火花")
_GIVEN_UP = re.compile(
    r"(?:那?还是)?算了(?:吧|啊)?[,， ]*(?:不[一-龥]{1,4}了?)?|不(?:报修|修|退|换|投诉|登记|办|弄|填|报)了(?:吧|啊"
    r"|谢谢)?(?:[,。 ](?!.*(?:退|换|修|投诉|举报)).{0,12})?"
)
_COMPLAINS = re.compile(
    r"(?:我要|我想|要|想|必须|只能)(?:投诉|举报|反映)(?!.{0,3}(?:电话|渠道|怎么|多久|进度|编号|单))"
)
_NAMED_REQUESTS = {
    "repair_repeat": re.compile(
        r"修(?:过|了|好).{0,6}(?:还是|又|再次|依然|照样|没好).{0,4}(?:坏|不|漏|响|这样|一样|老样子)?(?!.*[?？吗])"
    ),
    "out_of_stock_notice": re.compile(r"缺货登记|到货(?:了|后)?.{0,4}(?:通知|告诉|提醒|叫)(?:我|一声)"),
    "suggestion": re.compile(
        r"^(?:你好|您好)?[,， ]*(?:我)?(?:想)?(?:有|提|给你们提)?(?:一?个|点|一下)?小?建议(?!.*[?？吗])"
    ),
}
"""Requests that customers name outright."""
_KIND = frozenset({"thanks", "praise"})
_REFERENCES = frozenset({"phone", "address", "ticket_number"})
_BARE = frozenset(
    {
        "phone",
        "order_number",
        "ticket_number",
        "address",
        "date",
        "duration",
        "money",
        "quantity",
        "person",
        "channel",
        "time",
        "product",
        "model",
        "brand",
    }
)
_FACT = "\x00"
_LABELLED_FACT = re.compile(rf"(?:我的|联系|住|家)?(?:电话|手机号?码?|地址|订单号|单号|号码)?(?:是|为|:|在)? ?{_FACT}")
_TAG = re.compile(r"<[^<>]{0,80}>")
_FILLERS = re.compile(
    r"那个|这个|那台|这台|一台|我的|我是|是|的|我|在|电话|手机号?码?|地址|订单号?|单号|工单号?|号码"
    r"|[啊呢哦嗯吧了]|[\W_]"
)
_CHINESE = re.compile(r"[一-龥\d]")
HINTED = 0.1
"""Probability in the whole message from which a part's own main intent is believed."""
UNCLEAR = 0.45
"""Probability of the likeliest main intent under which a fault that is named decides."""
DOUBTFUL = 0.6
"""The same for a complaint in a calm voice."""
UNDOUBTED = 0.85
"""Certainty from which a part counts whatever the whole message looks like."""
_GRAVITY = {"emergency": 0, "human": 1, "complaint": 2, "return_exchange": 3, "repair": 3, "consult": 5}
_SERVED = frozenset({"urge", "ticket_progress", "callback", "suggestion", "out_of_stock_notice"})


def with_clauses(
    whole: list[dict[str, Any]], parts: list[dict[str, Any]], mains: dict[str, float], certain: float
) -> list[dict[str, Any]]:
    """The whole message's intent and what certain parts ask besides; the gravest leads (A2).

    A part counts where it is certain by itself and the whole message does not speak against it (`mains`).
    """
    lead = _named_by_part(whole[0], parts)
    requests: list[dict[str, Any]] = []
    for part in parts:
        is_request = main_intent(part["name"]) != "other" or part["name"] in _SERVED
        known = any(part["name"] == r["name"] or _same_matter(part["name"], r["name"]) for r in (lead, *requests))
        supported = mains[main_intent(part["name"])] >= HINTED or part["confidence"] >= UNDOUBTED
        if is_request and not known and supported and part["confidence"] >= certain:
            requests.append(part)
    if not requests:
        return [lead]
    if main_intent(lead["name"]) == "other" and lead["name"] not in _GRAVITY:
        found = requests  # mere talk ("你好") gives way to the request beside it
    else:
        found = [{**lead, "text": _own_part(lead, parts, requests)}, *requests]
    return sorted(found, key=lambda intent: (_gravity(intent), lead["text"].find(intent["text"])))


def _named_by_part(lead: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    """A whole that is sure of its main intent alone takes the name of a part that is sure of the rest."""
    surer = [part for part in parts if main_intent(part["name"]) == main_intent(lead["name"]) == "consult"]
    best = max(surer, key=lambda part: part["confidence"], default=lead)
    return {**lead, "name": best["name"]} if lead["confidence"] < UNCLEAR <= best["confidence"] else lead


def complaint_by_words(text: str, intents: list[dict[str, Any]], ranking: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who says that they complain, complains (A2), whatever else the message is about."""
    if not _COMPLAINS.search(text) or main_intent(intents[0]["name"]) == "complaint":
        return intents
    return [{**_likeliest_complaint(ranking), "text": text}]


def complaint_by_tone(
    intents: list[dict[str, Any]], ranking: list[dict[str, Any]], signals: list[str]
) -> list[dict[str, Any]]:
    """Thanks and praise that mean their opposite are a reproach (A2)."""
    if intents[0]["name"] not in _KIND or "sarcasm" not in signals:
        return intents
    return [{**_likeliest_complaint(ranking), "text": intents[0]["text"]}]


def _likeliest_complaint(ranking: list[dict[str, Any]]) -> dict[str, Any]:
    name = next((r["name"] for r in ranking if main_intent(str(r["name"])) == "complaint"), "complaint_general")
    return {"name": name, "confidence": 1.0}


def _own_part(lead: dict[str, Any], parts: list[dict[str, Any]], requests: list[dict[str, Any]]) -> str:
    """The part that the leading intent stands in: of its name, of its kind, or the one that nothing else claims."""
    free = [part for part in parts if part not in requests]
    for fits in (
        lambda part: part["name"] == lead["name"],
        lambda part: main_intent(part["name"]) == main_intent(lead["name"]),
        lambda part: True,
    ):
        if found := next((str(part["text"]) for part in free if fits(part)), None):
            return found
    return str(lead["text"])


def what_is_said(text: str, entities: Iterable[dict[str, Any]]) -> str:
    """The text without tags, addresses, phone and ticket numbers, as long as a request stays."""
    spoken = without_facts(text, entities, _REFERENCES, _FACT)
    spoken = _LABELLED_FACT.sub(" ", _TAG.sub(" ", spoken)).strip(" ,，。\n")
    return spoken if len(re.sub(r"\W", "", spoken)) >= 3 else text


def without_false_alarm(text: str, best: dict[str, Any], ranking: list[dict[str, Any]]) -> dict[str, Any]:
    """Danger that no word names needs to be likely: a wrong alarm frightens."""
    if best["name"] != "emergency" or best["confidence"] >= 0.5 or _ALARMING.search(text):
        return best
    return next(r for r in ranking if r["name"] != "emergency")


def certain_by_facts(
    text: str, intents: list[dict[str, Any]], entities: Iterable[dict[str, Any]], mains: dict[str, float], *, calm: bool
) -> list[dict[str, Any]]:
    """A message of facts alone informs; a fault named in an unclear story, or calmly, is a fault reported."""
    kinds = {entity["entity"] for entity in entities}
    rest = without_facts(text, entities, _BARE)
    if kinds & _BARE and not _FILLERS.sub("", rest):
        return [{"name": "inform", "confidence": 1.0, "text": text}]
    told = "symptom" in kinds and not _SUPPOSED.search(text) and mains["repair"] >= HINTED
    unclear = max(mains.values()) < UNCLEAR or (calm and mains["complaint"] == max(mains.values()) < DOUBTFUL)
    if told and unclear and intents[0]["confidence"] < 1.0:
        return [{"name": "repair_fault", "confidence": 1.0, "text": text}]
    return intents


def is_language(text: str, best: dict[str, Any], entities: Iterable[dict[str, Any]]) -> bool:
    """Latin letters alone are hardly ever a request; they are acted on where they are well known (「ok」)."""
    if _CHINESE.search(text):
        return True
    return text[0] != "/" and (bool(list(entities)) or best["confidence"] >= 0.55)


def _same_matter(one: str, other: str) -> bool:
    return main_intent(one) == main_intent(other) and main_intent(one) in ("repair", "return_exchange", "complaint")


def _gravity(intent: dict[str, Any]) -> int:
    name = intent["name"]
    return _GRAVITY.get(name, _GRAVITY.get(main_intent(name), 6))


def certain_by_words(text: str, intents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Danger and the wish for a person need no model: they are heard always (B6, F1)."""
    if _DISTRESS.search(text) or (_DANGER.search(text) and not _SUPPOSED.search(text)):
        return [{"name": "emergency", "confidence": 1.0, "text": text}, *intents]
    if _HUMAN.search(text) and intents[0]["name"] not in ("bot_challenge",):
        return [{"name": "human", "confidence": 1.0, "text": text}, *(i for i in intents if i["name"] != "human")]
    if _GIVEN_UP.fullmatch(text.strip("。.!~, ")):
        return [{"name": "cancel", "confidence": 1.0, "text": text}]
    for name, words in _NAMED_REQUESTS.items():
        if words.search(text) and main_intent(intents[0]["name"]) != "complaint":
            return [{"name": name, "confidence": 1.0, "text": text}]
    if _CHOSEN.match(text):  # a clicked article
        return [{"name": "consult_service", "confidence": 1.0, "text": text}]
    return intents


def without_tags(text: str) -> str:
    """The text without HTML tags, which split no request."""
    return _TAG.sub(" ", text)
