"""Procedures (报修, 退换, 投诉 …): which facts a matter needs, and how one message fills them (B2-B4, A1, A9).

A procedure is a form: it asks only for what is not yet known, one question at a time. `listen` decides what a message
means for it: facts taken, a correction, a skip, a digression, or nothing understood.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.dates import spoken_in_words
from bot.domain.heard import Heard, main_intent
from bot.domain.ticket import Kind

SKIPPED = "（未提供）"
"""Stands in a fact that the customer could not or would not give."""


@dataclass(frozen=True)
class Procedure:
    """A matter from its first question to its ticket.

    `facts` are asked in this order; `optional` ones may be skipped; the last one is always `confirmed` (A9).
    """

    form: str
    kind: Kind
    facts: tuple[str, ...]
    optional: frozenset[str]


PROCEDURES: Mapping[str, Procedure] = {
    p.form: p
    for p in (
        Procedure(
            "repair_form",
            Kind.REPAIR,
            ("product", "symptom", "purchased_on", "address", "phone", "preferred_time", "confirmed"),
            frozenset({"purchased_on", "preferred_time"}),
        ),
        Procedure(
            "return_exchange_form",
            Kind.RETURN_EXCHANGE,
            ("wish", "order_number", "product", "reason", "condition", "phone", "confirmed"),
            frozenset({"order_number", "condition"}),
        ),
        Procedure(
            "complaint_form",
            Kind.COMPLAINT,
            ("grievance", "demand", "order_number", "phone", "confirmed"),
            frozenset({"order_number", "demand"}),
        ),
        Procedure("callback_form", Kind.CALLBACK, ("phone", "topic", "confirmed"), frozenset({"topic"})),
        Procedure("out_of_stock_form", Kind.OUT_OF_STOCK, ("product", "phone", "confirmed"), frozenset()),
        Procedure("suggestion_form", Kind.SUGGESTION, ("idea", "phone", "confirmed"), frozenset({"phone"})),
    )
}

MATTER_FACTS = ("symptom", "wish", "reason", "condition", "grievance", "demand", "topic", "idea", "preferred_time", "confirmed")  # fmt: skip
"""Facts that belong to one matter and are forgotten with it; product, order, phone and address stay."""

FREE_TEXT = frozenset({"symptom", "reason", "condition", "grievance", "demand", "topic", "idea", "address", "product", "preferred_time"})  # fmt: skip
"""Facts that customers tell in their own words."""

OPENED_BY = {
    "repair_fault": "repair_form",
    "repair_booking": "repair_form",
    "repair_install": "repair_form",
    "repair_repeat": "repair_form",
    "return_exchange_return": "return_exchange_form",
    "return_exchange_exchange": "return_exchange_form",
    "return_exchange_refund": "return_exchange_form",
    "return_exchange_cancel": "return_exchange_form",
    "complaint_product": "complaint_form",
    "complaint_delivery": "complaint_form",
    "complaint_installation": "complaint_form",
    "complaint_repair": "complaint_form",
    "complaint_fee": "complaint_form",
    "complaint_promotion": "complaint_form",
    "complaint_staff": "complaint_form",
    "complaint_no_reply": "complaint_form",
    "complaint_general": "complaint_form",
    "callback": "callback_form",
    "out_of_stock_notice": "out_of_stock_form",
    "suggestion": "suggestion_form",
}
"""Which intent opens which procedure; `data/rules/` says the same to Rasa, and a test holds the two together."""

WISHES = {
    "return_exchange_return": "退货退款",
    "return_exchange_exchange": "换货",
    "return_exchange_refund": "退款",
    "return_exchange_cancel": "取消订单",
}

_EXPLICIT = {
    "repair_form": re.compile(r"报修|维修|修一下|来修|返修|送修"),
    "return_exchange_form": re.compile(r"退货|换货|退款|退掉|退了|取消订单|要退|要换|不想要"),
    "complaint_form": re.compile(r"投诉|举报|12315|消协|曝光"),
}
_QUESTION = re.compile(r"[?？]|吗|呢|多少|怎么|咋|什么时候|哪|几|能不能|可以不|是不是|有没有")
_SKIP = re.compile(
    r"跳过|忘了|忘记|不记得|记不清|记不得|不清楚|不知道|没有|找不到|不想说|不方便|随便|都行|都可以|无所谓|不用填|没了"
)
_WRONG = re.compile(r"错了|写错|填错|说错|不对|不是|有误|改一下|改成|改为|换成|应该是|更正|搞错|弄错|要改")
_NAMED_FACTS = {
    "phone": re.compile(r"电话|手机号|号码|联系方式"),
    "address": re.compile(r"地址|地点|住址"),
    "preferred_time": re.compile(r"上门时间|预约时间|时间"),
    "product": re.compile(r"产品|商品|型号|机器|品名"),
    "order_number": re.compile(r"订单"),
    "purchased_on": re.compile(r"购买日期|购买时间|买的时间"),
    "symptom": re.compile(r"故障|毛病|现象"),
    "reason": re.compile(r"原因|理由"),
    "wish": re.compile(r"诉求|办理|换货|退货"),
    "demand": re.compile(r"要求|诉求|希望"),
    "grievance": re.compile(r"经过|内容|问题"),
}
_TIME = re.compile(
    r"今天|明天|后天|上午|中午|下午|晚上|早上|周[一二三四五六日末天]|星期|礼拜|\d{1,2}[点:：号日]|[一二三四五六七八九十两]点|随时|尽快|越快越好|现在|马上|都行|都可以|白天|下班"
)
_YES = re.compile(
    r"^(嗯+|恩+|对+|是的?|好的?|行|可以|没错|没问题|正确|确认|提交|ok|对的|是这样|没有问题|无误|就这样|嗯嗯|好嘞|好滴|对，没错|对,没错)+[啊呀哦呢的了吧。.!~，, ]*"
)
_DIGITS = re.compile(r"\d{3,}")
_LONG_DIGITS = re.compile(r"\d{6,}")
_GO_ON = frozenset({"先登记投诉", "继续", "继续登记"})
"""Clicks that mean: go on with the form."""
_DIGRESSIONS = frozenset(
    {
        "human", "emergency", "ticket_progress", "urge", "cancel", "bot_challenge", "wait", "repeat", "greet", "thanks",
        "goodbye", "chitchat", "praise", "out_of_scope", "abuse", "repair_progress", "repair_reschedule",
        "return_exchange_progress", "return_exchange_how",
    }
)  # fmt: skip
_STRONG = frozenset({"human", "emergency", "cancel"})


@dataclass(frozen=True)
class Taken:
    """What a message means for the running procedure.

    Attributes:
        facts: values to set; None empties a fact that the customer called wrong.
        digression: the message is about something else; answer that, then come back.
        problem: why the answer cannot be used: `phone`, `which` (something is wrong, but what?), `unclear`.
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
    said = _facts_said(heard, form or OPENED_BY.get(heard.intent), asked)
    if form is None:
        return Taken(said)
    if heard.text in _GO_ON:
        return Taken()
    if asked and (answer := _answer(asked, heard, said, known)) is not None:
        return answer
    if asked == "confirmed":
        return _at_confirmation(heard, said, form)
    if heard.intent in _STRONG:
        return Taken(digression=True)
    if _corrects(heard, said, known):
        return _correction(heard, said, form)
    if _is_digression(heard, form, asked):
        return Taken(digression=True)
    if asked in PROCEDURES[form].optional and _SKIP.search(heard.text):
        return Taken({**said, asked: SKIPPED})
    if asked in FREE_TEXT and _tells_something(heard):
        return Taken({**said, asked: heard.text[:300]})
    new = {name: value for name, value in said.items() if name in PROCEDURES[form].facts and value != known.get(name)}
    return Taken(said) if new else Taken(said, problem="unclear")


def _facts_said(heard: Heard, form: str | None, asked: str | None) -> dict[str, str | None]:
    """Facts that the words themselves carry, whatever was asked."""
    said: dict[str, str | None] = {}
    for name in ("phone", "order_number", "product", "model", "address"):
        if value := heard.last(name):
            said[name] = value
    if (day := heard.last("date")) and (asked == "purchased_on" or re.search(r"买|购|下单|入手|拍的", heard.text)):
        said["purchased_on"] = spoken_in_words(day)
    if form == "repair_form":
        if symptoms := heard.facts.get("symptom"):
            said["symptom"] = "、".join(dict.fromkeys(symptoms))
        elif heard.intent in ("repair_fault", "repair_repeat") and asked is None and len(heard.text) >= 6:
            said["symptom"] = heard.text[:300]
        elif heard.intent == "repair_install" and asked is None:
            said["symptom"] = "需要上门安装"
        if time := heard.last("time"):
            said["preferred_time"] = time
    if form == "return_exchange_form":
        if wish := WISHES.get(heard.intent):
            said["wish"] = wish
        if asked is None and (reason := _reason(heard)):
            said["reason"] = reason
    if form == "complaint_form" and asked is None:
        story = re.sub(r"我?要?(投诉|举报)你?们?|差评", "", heard.text).strip(" ,，。!！")
        if len(story) >= 5:
            said["grievance"] = heard.text[:300]
    if form == "complaint_form" and (demands := heard.facts.get("demand")):
        said["demand"] = "、".join(dict.fromkeys(demands))
    if form == "suggestion_form" and asked is None and len(heard.text) >= 10:
        said["idea"] = heard.text[:300]
    return said


def _reason(heard: Heard) -> str | None:
    cue = re.search(
        r"太[大小宽窄长短薄厚重轻贵吵慢硬软]|不合适|不合脚|不喜欢|不想要|不满意|买错|拍错|买多|下错|坏|质量|破|裂|划痕|色差|不符|尺码|大了|小了|发错|漏|用不了|不好用|降价|不需要|用不上|没用",
        heard.text,
    )
    return heard.text[:300] if cue else None


def _answer(asked: str, heard: Heard, said: dict[str, str | None], known: Mapping[str, str | None]) -> Taken | None:
    """A direct answer to the question asked; None where the message is none."""
    if said.get(asked) and asked in ("demand", "symptom", "reason"):
        return Taken({**said, asked: heard.text[:300]})  # the customer's own words say more than the keyword
    if said.get(asked) and asked != "confirmed":
        corrected = {name: value for name, value in said.items() if name == asked or value != known.get(name)}
        return Taken(corrected)
    text = heard.text
    if asked == "phone" and (digits := _DIGITS.search(re.sub(r"[\s-]", "", text))):
        return Taken({"order_number": digits[0]} if len(digits[0]) >= 12 else {}, problem="phone")
    if asked == "order_number" and (digits := _LONG_DIGITS.search(re.sub(r"[\s-]", "", text))):
        return Taken({**said, "order_number": digits[0]})
    if asked == "wish":
        for word, wish in (
            ("换", "换货"),
            ("取消", "取消订单"),
            ("退货", "退货退款"),
            ("退款", "退款"),
            ("退", "退货退款"),
        ):
            if word in text:
                return Taken({**said, "wish": wish})
    if asked == "preferred_time" and _TIME.search(text) and not _QUESTION.search(text):
        return Taken({**said, "preferred_time": text[:60]})
    if asked == "purchased_on" and re.search(r"\d|年|月|天|周|刚", text) and not _QUESTION.search(text):
        return Taken({**said, "purchased_on": text[:30]})
    return None


def _at_confirmation(heard: Heard, said: dict[str, str | None], form: str) -> Taken:
    """The customer sees the summary: yes files it, a correction changes it, a no asks what is wrong (A9)."""
    if heard.intent in _STRONG:
        return Taken(digression=True)
    said = {name: value for name, value in said.items() if name not in ("symptom", "wish", "grievance")}
    wrong = _WRONG.search(heard.text) or heard.intent in ("correct", "deny")
    if wrong:
        return _correction(heard, said, form)
    if _YES.match(heard.text) and not _QUESTION.search(heard.text):
        return Taken({"confirmed": "yes"})
    if heard.intent == "affirm" and not said:
        return Taken({"confirmed": "yes"})
    if said:
        return Taken(said)
    if heard.intent in _DIGRESSIONS or main_intent(heard.intent) != "other":
        return Taken(digression=True)
    return Taken(problem="unclear")


def _corrects(heard: Heard, said: dict[str, str | None], known: Mapping[str, str | None]) -> bool:
    overrides = any(known.get(name) not in (None, SKIPPED, value) for name, value in said.items())
    return bool(_WRONG.search(heard.text)) and (overrides or heard.intent == "correct")


def _correction(heard: Heard, said: dict[str, str | None], form: str) -> Taken:
    if said:
        return Taken(said)
    for name, pattern in _NAMED_FACTS.items():
        if name in PROCEDURES[form].facts and pattern.search(heard.text):
            return Taken({name: None})
    return Taken(problem="which")


def _is_digression(heard: Heard, form: str, asked: str | None) -> bool:
    opens = OPENED_BY.get(heard.intent)
    if opens and opens != form:
        explicit = _EXPLICIT.get(opens)
        return bool(explicit and explicit.search(heard.text)) or opens in ("callback_form",)
    if opens == form or not heard.sure:
        return False
    if heard.intent in _DIGRESSIONS:
        return True
    return main_intent(heard.intent) == "consult" and bool(_QUESTION.search(heard.text))


def _tells_something(heard: Heard) -> bool:
    return len(heard.text) >= 2 and heard.intent not in ("affirm", "deny", "skip", "correct", "human")
