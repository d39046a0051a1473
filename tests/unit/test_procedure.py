"""How one message fills a form: facts, answers, corrections, skips, digressions, confirmation (A1, A9, B2-B4)."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.facts import WISHES
from bot.domain.heard import Heard, Mention, Understood
from bot.domain.listening import Taken, listen
from bot.domain.procedure import MATTER_FACTS, OPENED_BY, PROCEDURES, SKIPPED

REPAIR, RETURN, COMPLAINT = "repair_form", "return_exchange_form", "complaint_form"
CALLBACK, STOCK, IDEA = "callback_form", "out_of_stock_form", "suggestion_form"
PHONE = "13812345678"


def heard(text: str, intent: str = "inform", **facts: str | tuple[str, ...]) -> Heard:
    told = {name: value if isinstance(value, tuple) else (value,) for name, value in facts.items()}
    mentions = (
        Mention(kind, value, start := max(text.find(value), 0), start + len(value))
        for kind, values in told.items()
        for value in values
    )
    return Heard(text, (Understood(intent, 0.9, text),), told, mentions=tuple(mentions))


def said(
    text: str, intent: str, form: str | None = None, asked: str | None = None, **facts: str | tuple[str, ...]
) -> Taken:
    return listen(heard(text, intent, **facts), {}, form, asked)


FIRST_MESSAGES: list[tuple[str, str, dict, Mapping[str, str]]] = [
    (
        "洗衣机不脱水",
        "repair_fault",
        {"product": "洗衣机", "symptom": "不脱水"},
        {"product": "洗衣机", "symptom": "不脱水"},
    ),
    (
        "空调漏水还有异响",
        "repair_fault",
        {"product": "空调", "symptom": ("漏水", "异响")},
        {"product": "空调", "symptom": "漏水、异响"},
    ),
    (
        "电视漏水漏水",
        "repair_fault",
        {"product": "电视", "symptom": ("漏水", "漏水")},
        {"product": "电视", "symptom": "漏水"},
    ),
    ("机器开上几分钟就自己停", "repair_fault", {}, {"symptom": "机器开上几分钟就自己停"}),
    ("坏了啊", "repair_fault", {}, {}),
    ("上次修过的地方又不行了", "repair_repeat", {}, {"symptom": "上次修过的地方又不行了"}),
    ("空调到了来装一下", "repair_install", {"product": "空调"}, {"product": "空调", "symptom": "需要上门安装"}),
    (
        "去年5月买的冰箱不制冷",
        "repair_fault",
        {"product": "冰箱", "symptom": "不制冷", "date": "2025-05"},
        {"product": "冰箱", "symptom": "不制冷", "purchased_on": "2025 年 5 月"},
    ),
    (
        "冰箱昨天开始不制冷",
        "repair_fault",
        {"product": "冰箱", "symptom": "不制冷", "date": "2026-11-17"},
        {"product": "冰箱", "symptom": "不制冷"},
    ),
    (
        "明天上午来修空调",
        "repair_booking",
        {"product": "空调", "time": "明天上午"},
        {"product": "空调", "preferred_time": "明天上午"},
    ),
    (f"报修电话{PHONE}", "repair_booking", {"phone": PHONE}, {"phone": PHONE}),
    ("我要退货", "return_exchange_return", {}, {"wish": "退货退款"}),
    ("换一个吧尺码大了", "return_exchange_exchange", {}, {"wish": "换货", "reason": "换一个吧尺码大了"}),
    (
        "订单202601030001取消",
        "return_exchange_cancel",
        {"order_number": "202601030001"},
        {"wish": "取消订单", "order_number": "202601030001"},
    ),
    ("买错了退钱", "return_exchange_refund", {"demand": "退钱"}, {"wish": "退款", "reason": "买错了退钱"}),
    ("我要投诉", "complaint_general", {}, {}),
    ("我要投诉,师傅迟到两小时还骂人", "complaint_staff", {}, {"grievance": "我要投诉,师傅迟到两小时还骂人"}),
    (
        "送来就是坏的,给我道歉赔偿",
        "complaint_product",
        {"demand": ("道歉", "赔偿")},
        {"grievance": "送来就是坏的,给我道歉赔偿", "demand": "道歉、赔偿"},
    ),
    ("建议你们出一个儿童锁功能", "suggestion", {}, {"idea": "建议你们出一个儿童锁功能"}),
    ("给个建议", "suggestion", {}, {}),
    (f"给我{PHONE}回个电话", "callback", {"phone": PHONE}, {"phone": PHONE}),
    ("这款电饭煲到货告诉我", "out_of_stock_notice", {"product": "电饭煲"}, {"product": "电饭煲"}),
    (
        "不是冰箱是空调,不制冷",
        "repair_fault",
        {"product": ("冰箱", "空调"), "symptom": "不制冷"},
        {"product": "空调", "symptom": "不制冷"},
    ),
]


@pytest.mark.parametrize(("text", "intent", "facts", "taken"), FIRST_MESSAGES)
def test_what_the_first_message_tells_is_never_asked_again(
    text: str, intent: str, facts: dict, taken: Mapping[str, str]
) -> None:
    """A1, B2-B4: facts in the very first message count."""
    assert said(text, intent, **facts) == Taken(taken)


ANSWERS: list[tuple[str, str, str, str, dict, Mapping[str, str | None]]] = [
    (REPAIR, "product", "洗衣机", "inform", {"product": "洗衣机"}, {"product": "洗衣机"}),
    (REPAIR, "product", "你们那个会转的小家伙", "nlu_fallback", {}, {"product": "你们那个会转的小家伙"}),
    (REPAIR, "symptom", "一插电就跳闸", "repair_fault", {"symptom": "跳闸"}, {"symptom": "一插电就跳闸"}),
    (REPAIR, "symptom", "里头像有石头在滚", "chat", {}, {"symptom": "里头像有石头在滚"}),
    (REPAIR, "purchased_on", "去年双十一", "inform", {"date": "2025-11-11"}, {"purchased_on": "2025 年 11 月 11 日"}),
    (REPAIR, "purchased_on", "一年内", "inform", {}, {"purchased_on": "一年内"}),
    (REPAIR, "purchased_on", "大概两三年了吧", "inform", {}, {"purchased_on": "大概两三年了吧"}),
    (
        REPAIR,
        "address",
        "建国路88号2单元301",
        "inform",
        {"address": "建国路88号2单元301"},
        {"address": "建国路88号2单元301"},
    ),
    (REPAIR, "address", "老钢厂宿舍三栋", "inform", {}, {"address": "老钢厂宿舍三栋"}),
    (REPAIR, "phone", PHONE, "inform", {"phone": PHONE}, {"phone": PHONE}),
    (REPAIR, "preferred_time", "周六上午", "inform", {"time": "周六上午"}, {"preferred_time": "周六上午"}),
    (REPAIR, "preferred_time", "都可以", "affirm", {}, {"preferred_time": "都可以"}),
    (REPAIR, "preferred_time", "下班以后", "inform", {}, {"preferred_time": "下班以后"}),
    (RETURN, "wish", "换一台", "return_exchange_exchange", {}, {"wish": "换货"}),
    (RETURN, "wish", "退货", "inform", {}, {"wish": "退货退款"}),
    (RETURN, "wish", "退款就行", "inform", {}, {"wish": "退款"}),
    (RETURN, "wish", "取消", "inform", {}, {"wish": "取消订单"}),
    (RETURN, "wish", "退了吧", "inform", {}, {"wish": "退货退款"}),
    (
        RETURN,
        "order_number",
        "202601030001",
        "inform",
        {"order_number": "202601030001"},
        {"order_number": "202601030001"},
    ),
    (RETURN, "order_number", "12345678", "inform", {}, {"order_number": "12345678"}),
    (RETURN, "order_number", "2026-0103-0001", "inform", {}, {"order_number": "202601030001"}),
    (RETURN, "reason", "颜色跟图上不一样", "inform", {}, {"reason": "颜色跟图上不一样"}),
    (RETURN, "condition", "没用过，包装齐全", "inform", {}, {"condition": "没用过，包装齐全"}),
    (RETURN, "condition", "拆开看了一眼", "inform", {}, {"condition": "拆开看了一眼"}),
    (COMPLAINT, "grievance", "来的人把地板刮花了", "complaint_staff", {}, {"grievance": "来的人把地板刮花了"}),
    (COMPLAINT, "demand", "道歉并说明", "inform", {"demand": "道歉"}, {"demand": "道歉并说明"}),
    (COMPLAINT, "demand", "把地板修好", "inform", {}, {"demand": "把地板修好"}),
    (CALLBACK, "topic", "聊聊以旧换新", "inform", {}, {"topic": "聊聊以旧换新"}),
    (STOCK, "product", "空气炸锅", "inform", {"product": "空气炸锅"}, {"product": "空气炸锅"}),
    (IDEA, "idea", "说明书字再大些", "inform", {}, {"idea": "说明书字再大些"}),
]


@pytest.mark.parametrize(("form", "asked", "text", "intent", "facts", "taken"), ANSWERS)
def test_an_answer_is_taken(
    form: str, asked: str, text: str, intent: str, facts: dict, taken: Mapping[str, str | None]
) -> None:
    """A1: the customer's own words are good enough."""
    assert said(text, intent, form, asked, **facts) == Taken(taken)


def test_an_answer_may_bring_more_than_was_asked() -> None:
    """A1: everything told at once is taken at once."""
    taken = said(f"洗衣机,电话{PHONE}", "inform", REPAIR, "product", product="洗衣机", phone=PHONE)
    assert taken == Taken({"product": "洗衣机", "phone": PHONE})


def test_another_fact_than_the_one_asked_is_taken_without_complaint() -> None:
    taken = said(PHONE, "inform", RETURN, "wish", phone=PHONE)
    assert taken.facts == {"phone": PHONE} and taken.problem is None


@pytest.mark.parametrize(
    ("text", "intent"),
    [("跳过", "skip"), ("忘了", "deny"), ("不记得了", "deny"), ("不清楚", "skip"), ("找不到了", "deny")],
)
@pytest.mark.parametrize(
    ("form", "asked"),
    [(name, fact) for name, p in PROCEDURES.items() for fact in sorted(p.optional)],
)
def test_an_optional_question_may_be_left_open(form: str, asked: str, text: str, intent: str) -> None:
    """A1: nobody is pressed for what may be missing."""
    assert said(text, intent, form, asked) == Taken({asked: SKIPPED})


@pytest.mark.parametrize(("form", "asked"), [(REPAIR, "phone"), (RETURN, "wish"), (CALLBACK, "phone")])
def test_a_needed_fact_cannot_be_skipped(form: str, asked: str) -> None:
    taken = said("跳过", "skip", form, asked)
    assert taken.facts.get(asked) is None
    assert taken.problem == "unclear"


@pytest.mark.parametrize("text", ["1381234567", "138123456789", "12345", "138 1234 567"])
def test_a_number_that_is_no_phone_is_asked_again_with_the_reason(text: str) -> None:
    """A8."""
    assert said(text, "inform", REPAIR, "phone").problem == "phone"


def test_an_order_number_given_for_a_phone_is_kept() -> None:
    assert said("202601030001", "inform", REPAIR, "phone") == Taken({"order_number": "202601030001"}, problem="phone")


@pytest.mark.parametrize(
    ("form", "asked", "text", "intent"),
    [
        (REPAIR, "product", "转人工", "human"),
        (REPAIR, "symptom", "冒烟了", "emergency"),
        (REPAIR, "address", "算了不修了", "cancel"),
        (REPAIR, "address", "你是机器人吗", "bot_challenge"),
        (REPAIR, "phone", "等一下", "wait"),
        (REPAIR, "product", "上门要收多少钱", "consult_price"),
        (REPAIR, "address", "周末你们上班吗", "consult_service"),
        (REPAIR, "phone", "我上次的单子怎么样了", "ticket_progress"),
        (REPAIR, "symptom", "师傅什么时候到", "repair_progress"),
        (REPAIR, "symptom", "我要投诉你们", "complaint_general"),
        (RETURN, "reason", "退货运费多少", "return_exchange_how"),
        (RETURN, "reason", "给我回电话", "callback"),
        (COMPLAINT, "grievance", "谢谢", "thanks"),
        (COMPLAINT, "grievance", "发票怎么开", "consult_invoice"),
        (CALLBACK, "phone", "催一下我的工单", "urge"),
        (IDEA, "idea", "转人工", "human"),
        (REPAIR, "confirmed", "转人工", "human"),
        (REPAIR, "confirmed", "算了", "cancel"),
        (REPAIR, "confirmed", "上门要收费吗", "consult_price"),
    ],
)
def test_a_digression_is_answered_and_fills_nothing(form: str, asked: str, text: str, intent: str) -> None:
    """B6, B7: the form waits."""
    taken = said(text, intent, form, asked)
    assert taken.digression
    assert dict(taken.facts) == {}


@pytest.mark.parametrize(
    ("form", "asked", "text", "intent"),
    [
        (REPAIR, "symptom", "装的时候就没装好,一直漏", "complaint_installation"),
        (RETURN, "reason", "洗两次就坏了", "repair_fault"),
        (COMPLAINT, "grievance", "买来三天就坏", "repair_fault"),
        (COMPLAINT, "demand", "给我退货", "return_exchange_return"),
    ],
)
def test_an_answer_that_sounds_like_another_matter_stays_an_answer(
    form: str, asked: str, text: str, intent: str
) -> None:
    """Only clear words of another matter leave the form."""
    assert said(text, intent, form, asked) == Taken({asked: text})


@pytest.mark.parametrize(
    ("form", "asked", "text", "intent", "facts"),
    [
        (REPAIR, "symptom", "不修了我要退货", "return_exchange_return", {"wish": "退货退款"}),
        (REPAIR, "address", "不修了,我要换货", "return_exchange_exchange", {"wish": "换货"}),
        (RETURN, "order_number", "帮我报修吧,不退了", "repair_booking", {}),
    ],
)
def test_turning_to_another_matter_leaves_the_question_and_keeps_what_is_said_of_it(
    form: str, asked: str, text: str, intent: str, facts: dict
) -> None:
    """A1, B7."""
    assert said(text, intent, form, asked) == Taken(facts, digression=True)


@pytest.mark.parametrize("text", ["为什么要电话", "要手机号干嘛", "地址会不会泄露"])
def test_who_asks_what_a_detail_is_for_is_told(text: str) -> None:
    """E10: purpose is told; nothing is taken."""
    assert said(text, "consult_policy", REPAIR, "phone") == Taken(problem="why")


@pytest.mark.parametrize("form", [REPAIR, RETURN])
def test_a_passing_mention_does_not_rename_the_product(form: str) -> None:
    told = heard("旁边的空调没事", "inform", product="空调")
    assert "product" not in listen(told, KNOWN, form, "phone").facts


def test_who_pays_the_freight_is_a_question_and_no_reason() -> None:
    assert said("退货运费谁出", "return_exchange_how", RETURN, "reason").digression


def test_a_demand_named_as_such_stays_in_the_complaint() -> None:
    assert said("退款", "return_exchange_refund", COMPLAINT, "demand", demand="退款") == Taken({"demand": "退款"})


KNOWN = {
    "product": "冰箱",
    "symptom": "不制冷",
    "address": "建国路88号",
    "phone": "13800000000",
    "purchased_on": SKIPPED,
}


@pytest.mark.parametrize(
    ("asked", "text", "intent", "facts", "taken"),
    [
        ("address", f"电话错了,是{PHONE}", "correct", {"phone": PHONE}, {"phone": PHONE}),
        ("preferred_time", f"刚才号码写错了,应该是{PHONE}", "inform", {"phone": PHONE}, {"phone": PHONE}),
        ("address", "不是冰箱是空调", "correct", {"product": ("冰箱", "空调")}, {"product": "空调"}),
        ("address", "说错了,是空调", "inform", {"product": "空调"}, {"product": "空调"}),
        ("phone", "地址错了", "correct", {}, {"address": None}),
        ("confirmed", f"电话错了,是{PHONE}", "correct", {"phone": PHONE}, {"phone": PHONE}),
        ("confirmed", "不是冰箱是空调", "correct", {"product": ("冰箱", "空调")}, {"product": "空调"}),
        ("confirmed", "对,但是地址改成人民路6号", "affirm", {"address": "人民路6号"}, {"address": "人民路6号"}),
        ("confirmed", "联系电话不对", "correct", {}, {"phone": None}),
        ("confirmed", "地址不对", "deny", {}, {"address": None}),
        ("confirmed", "期望时间不对", "correct", {}, {"preferred_time": None}),
        ("confirmed", "产品不对", "correct", {}, {"product": None}),
        ("confirmed", "故障写错了", "correct", {}, {"symptom": None}),
    ],
)
def test_a_correction_changes_just_what_it_names(
    asked: str, text: str, intent: str, facts: dict, taken: Mapping[str, str | None]
) -> None:
    """A9, B6: 更正."""
    assert listen(heard(text, intent, **facts), KNOWN, REPAIR, asked) == Taken(taken)


@pytest.mark.parametrize(
    "text",
    [
        "对",
        "对的",
        "是的",
        "嗯嗯",
        "好的",
        "没错",
        "对，没错",
        "确认",
        "提交吧",
        "可以",
        "没问题",
        "ok",
        "无误",
        "对对对",
    ],
)
def test_a_yes_confirms(text: str) -> None:
    """A9."""
    assert listen(heard(text, "affirm"), KNOWN, REPAIR, "confirmed") == Taken({"confirmed": "yes"})


def test_a_yes_confirms_even_where_it_was_not_understood() -> None:
    assert said("嗯嗯", "nlu_fallback", REPAIR, "confirmed") == Taken({"confirmed": "yes"})


@pytest.mark.parametrize("text", ["不对", "不是", "有误", "有一项要改", "错了", "写错了", "不对吧"])
def test_a_no_asks_which_item_is_wrong(text: str) -> None:
    """A9."""
    assert listen(heard(text, "deny"), KNOWN, REPAIR, "confirmed") == Taken(problem="which")


@pytest.mark.parametrize("text", ["对吗", "好的吗?", "可以吗", "是不是明天来"])
def test_a_question_confirms_nothing(text: str) -> None:
    """A9, A11: nothing is filed on a doubt."""
    assert "confirmed" not in listen(heard(text, "inform"), KNOWN, REPAIR, "confirmed").facts


@pytest.mark.parametrize(
    "text",
    [
        "好的,地址不对",
        "行不行啊",
        "没错吗",
        "好的吗?",
        "对了,我还想问个事",
        "是谁说的",
    ],
)
def test_a_sentence_that_only_begins_like_a_yes_confirms_nothing(text: str) -> None:
    """A9: 对了 begins another topic; 好的 may be followed by a correction."""
    assert "confirmed" not in listen(heard(text, "inform"), KNOWN, REPAIR, "confirmed").facts


def test_a_new_fact_at_the_confirmation_is_taken_and_confirmed_anew() -> None:
    """A9."""
    taken = listen(heard(PHONE, "inform", phone=PHONE), KNOWN, REPAIR, "confirmed")
    assert taken == Taken({"phone": PHONE})


def test_at_the_confirmation_the_story_is_not_rewritten_by_a_keyword() -> None:
    taken = listen(heard("对,就是不制冷", "repair_fault", symptom="不制冷"), KNOWN, REPAIR, "confirmed")
    assert taken == Taken({"confirmed": "yes"})


def test_noise_at_the_confirmation_is_unclear() -> None:
    assert said("啊咧", "nlu_fallback", REPAIR, "confirmed") == Taken(problem="unclear")


@pytest.mark.parametrize("text", ["先登记投诉", "继续", "继续登记"])
def test_the_click_to_go_on_fills_nothing_and_is_no_digression(text: str) -> None:
    """F4."""
    assert said(text, "complaint_general", COMPLAINT, "grievance") == Taken()


@pytest.mark.parametrize(("form", "asked"), [(REPAIR, "phone"), (RETURN, "wish"), (RETURN, "order_number")])
def test_what_answers_nothing_is_unclear(form: str, asked: str) -> None:
    """A8."""
    assert said("呵呵哒", "nlu_fallback", form, asked).problem == "unclear"


@pytest.mark.parametrize("form", PROCEDURES)
def test_every_procedure_ends_with_a_confirmation_that_cannot_be_skipped(form: str) -> None:
    """A9."""
    procedure = PROCEDURES[form]
    assert procedure.facts[-1] == "confirmed"
    assert procedure.optional < set(procedure.facts[:-1])
    assert len(set(procedure.facts)) == len(procedure.facts)


def test_the_customer_stays_known_when_a_matter_ends() -> None:
    """F6: phone, address, product and order are not asked twice."""
    facts = {fact for procedure in PROCEDURES.values() for fact in procedure.facts}
    assert facts - set(MATTER_FACTS) == {"product", "order_number", "address", "phone", "purchased_on"}
    assert set(OPENED_BY.values()) == set(PROCEDURES)
    assert {intent for intent, form in OPENED_BY.items() if form == RETURN} == set(WISHES)


@given(
    text=st.text(alphabet="对不错了是吗电话地址138 -?,。改成退换修没有跳过空调", max_size=40),
    intent=st.sampled_from(["inform", "affirm", "deny", "correct", "skip", "nlu_fallback", "human", *OPENED_BY]),
    place=st.sampled_from([(None, None), *((p.form, fact) for p in PROCEDURES.values() for fact in p.facts)]),
    phone=st.sampled_from([{}, {"phone": PHONE}]),
)
def test_any_message_in_any_place_is_heard_without_harm(
    text: str, intent: str, place: tuple[str | None, str | None], phone: dict[str, str]
) -> None:
    """A1, A9: nothing raises, nothing is passed over, and only the confirmation confirms."""
    form, asked = place
    taken = listen(heard(text, intent, **phone), KNOWN, form, asked)
    assert taken.problem in (None, "phone", "which", "why", "unclear")
    if asked != "confirmed":
        assert "confirmed" not in taken.facts
    if form and not taken.digression and text not in ("继续",):
        assert taken.facts or taken.problem
