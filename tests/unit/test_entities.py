"""Facts in a message, in normal form (B2, B3, B7). The tokenizer brings Rasa with it, so it is loaded once, here."""

import os
import statistics
import time
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from bot.nlu.entities import as_entity, find_facts
from bot.nlu.finders.found import Found
from bot.nlu.normaliser import normal_form
from bot.nlu.tokenizer import chinese

Facts = list[tuple[str, str | int]]
TODAY = date(2026, 11, 18)


def find(text: str) -> list[Found]:
    return [fact for fact in find_facts(text, chinese()(text), TODAY) if fact.kind != "since"]


TABLE: list[tuple[str, Facts]] = [
    # phone
    ("电话13812345678", [("phone", "13812345678")]),
    ("138 1234 5678", [("phone", "13812345678")]),
    ("138-1234-5678", [("phone", "13812345678")]),
    ("手机13912345678,找我就行", [("phone", "13912345678")]),
    ("我手机号:15012345678谢谢", [("phone", "15012345678")]),
    ("86区号13812345678", [("phone", "13812345678")]),
    ("打0571-88886666找我", [("phone", "057188886666")]),
    ("座机010-12345678", [("phone", "01012345678")]),
    ("13812345678不对,是13912345678", [("phone", "13812345678"), ("phone", "13912345678")]),
    ("手机1381234567少一位", []),
    ("12812345678", []),
    ("138123456789", [("order_number", "138123456789")]),
    # order and ticket numbers
    ("订单202601030001", [("order_number", "202601030001")]),
    ("202601030001到哪了", [("order_number", "202601030001")]),
    ("订单号:123456", [("order_number", "123456")]),
    ("单号12345678901", [("order_number", "12345678901")]),
    ("20260103000112345678901", []),
    ("快递单号sf1234567890123", []),
    ("bx20261118-0007", [("ticket_number", "BX20261118-0007")]),
    ("bx 20261118 0007", [("ticket_number", "BX20261118-0007")]),
    ("bx202611180007怎么样了", [("ticket_number", "BX20261118-0007")]),
    ("单号ts20261118-0001", [("ticket_number", "TS20261118-0001")]),
    ("th20261118-0003和hd20261118-0004", [("ticket_number", "TH20261118-0003"), ("ticket_number", "HD20261118-0004")]),
    ("zz20261118-0003", []),
    # address
    ("地址建国路88号2单元301", [("address", "建国路88号2单元301")]),
    ("地址改成人民路6号", [("address", "人民路6号")]),
    ("我家住在杭州市西湖区文三路100号3幢201室", [("address", "杭州市西湖区文三路100号3幢201室")]),
    ("浙江省宁波市鄞州区中河街道", [("address", "浙江省宁波市鄞州区中河街道")]),
    ("寄到北京市朝阳区望京街道阜通东大街6号院", [("address", "北京市朝阳区望京街道阜通东大街6号院")]),
    ("科技路12号", [("address", "科技路12号")]),
    ("我在小区", []),
    # day and time
    ("昨天买的冰箱", [("date", (TODAY - timedelta(days=1)).isoformat()), ("product", "冰箱")]),
    ("去年双十一买的空调", [("date", f"{TODAY.year - 1}-11-11"), ("product", "空调")]),
    ("2025年3月5日买的", [("date", "2025-03-05")]),
    ("2025-03-05", [("date", "2025-03-05")]),
    ("2月30号买的", []),
    ("前年买的电视", [("date", str(TODAY.year - 2)), ("product", "电视")]),
    ("明天下午3点", [("time", "明天下午3点")]),
    ("12号上午来", [("time", "12号上午")]),
    ("周六上午", [("time", "周六上午")]),
    ("星期三晚上", [("time", "星期三晚上")]),
    ("晚上7点以后", [("time", "晚上7点以后")]),
    ("下周二", [("time", "下周二")]),
    ("周末都在家", [("time", "周末")]),
    # product, brand, model
    ("买了2个空气炸锅", [("quantity", 2), ("product", "空气炸锅")]),
    ("海尔冰箱", [("brand", "海尔"), ("product", "冰箱")]),
    ("安居的电饭煲", [("brand", "安居"), ("product", "电饭煲")]),
    ("不是冰箱是空调", [("product", "冰箱"), ("product", "空调")]),
    ("雪柜不制冷", [("product", "冰箱"), ("symptom", "不制冷")]),
    ("冰厢坏了", [("product", "冰箱"), ("symptom", "坏了")]),
    ("型号kfr-35", [("model", "KFR-35")]),
    ("xqg100坏了", [("model", "XQG100"), ("symptom", "坏了")]),
    ("我住a3栋", []),
    ("手机13800138000", [("phone", "13800138000")]),
    # symptom
    ("洗衣机不脱水", [("product", "洗衣机"), ("symptom", "不脱水")]),
    ("空调不制冷了", [("product", "空调"), ("symptom", "不制冷")]),
    ("空调不志冷", [("product", "空调"), ("symptom", "不制冷")]),
    ("冰箱漏水有异响", [("product", "冰箱"), ("symptom", "漏水"), ("symptom", "异响")]),
    ("电视黑屏", [("product", "电视"), ("symptom", "黑屏")]),
    ("开不了机", [("symptom", "开不了机")]),
    ("一开就跳闸", [("symptom", "跳闸")]),
    # demand and money
    ("退款并道歉", [("demand", "退款"), ("demand", "道歉")]),
    ("赔偿我的损失", [("demand", "赔偿")]),
    ("给个说法", [("demand", "给个说法")]),
    ("上次维修过", []),
    ("不要退货", []),
    ("花了2999元", [("money", 299900)]),
    ("退我50块", [("money", 5000)]),
    ("¥199", [("money", 19900)]),
    ("199.5元的运费", [("money", 19950)]),
    ("花了一千二", [("money", 120000)]),
    ("三百多块", [("money", 30000)]),
    ("三块五", [("money", 350)]),
    ("两块八毛钱", [("money", 280)]),
    ("五毛钱", [("money", 50)]),
    ("五六百块", [("money", 50000)]),
    ("赔我500", [("money", 50000)]),
    ("补差价80", [("demand", "补差价"), ("money", 8000)]),
    ("1.2万块", [("money", 1200000)]),
    ("价格1,299", []),
    ("一块手表", [("quantity", 1), ("product", "手表")]),
    # quantity
    ("两台冰箱", [("quantity", 2), ("product", "冰箱")]),
    ("仨", [("quantity", 3)]),
    ("一对耳环", [("quantity", 2), ("product", "耳环")]),
    ("按三包规定办", []),
    ("打五颗星", []),
    ("我一个人住", []),
    ("第一次买", []),
    ("一下", []),
    # duration
    ("等了三天了", [("duration", "P3D")]),
    ("用了不到仨月", [("duration", "P3M")]),
    ("一年多", [("duration", "P1Y")]),
    ("48小时内", [("duration", "PT48H")]),
    ("国庆节那天买的", [("date", "2026-10-01")]),
    ("周五收到的", []),
    ("早上七点起床", []),
    ("这周六上午十点到十二点上门", [("time", "这周六上午十点到十二点"), ("demand", "上门")]),
    ("今天下午来修", [("time", "今天下午")]),
    ("今天买的", [("date", "2026-11-18")]),
    # person
    ("我叫王建国", [("person", "王建国")]),
    ("收货人李娜,电话13812345678", [("person", "李娜"), ("phone", "13812345678")]),
    ("张师傅没来", [("person", "张师傅")]),
    ("林女士", [("person", "林女士")]),
    ("我是陈静,想退货", [("person", "陈静"), ("demand", "退货")]),
    ("找马上能来的师傅", []),
    # words whose sense depends on where they stand
    ("格力空调用了三年", [("brand", "格力"), ("product", "空调"), ("duration", "P3Y")]),
    ("在抖音上买的两箱苹果", [("channel", "抖音"), ("quantity", 2), ("product", "苹果")]),
    ("苹果手机", [("brand", "苹果"), ("product", "手机")]),
    ("老板抽油烟机", [("brand", "老板"), ("product", "油烟机")]),
    ("老板你好", []),
    ("电饭煲内胆", [("product", "电饭煲内胆")]),
    ("红木椅子", [("product", "红木椅子")]),
    ("冰箱空调都坏了", [("product", "冰箱"), ("product", "空调"), ("symptom", "坏了")]),
    ("redmik70", [("brand", "redmi"), ("model", "K70")]),
    ("mb-fb40的内胆", [("model", "MB-FB40"), ("product", "内胆")]),
    ("iPad Air", [("model", "IPAD AIR")]),
    ("手表示意", [("product", "手表")]),
    ("对手表示不满", []),
    ("不动产证", []),
    # faults
    ("烦死了", []),
    ("累坏了", []),
    ("鱼死了", [("symptom", "死了")]),
    ("有异味", [("symptom", "异味")]),
    ("声音大点", []),
    ("登录不上", [("symptom", "登录不上")]),
    ("受不了", []),
    # all at once, and nothing
    (
        "手机号是13812345678,订单202601030001,地址建国路88号",
        [("phone", "13812345678"), ("order_number", "202601030001"), ("address", "建国路88号")],
    ),
    ("你好", []),
    ("1.5匹", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "facts"), TABLE, ids=[text for text, _ in TABLE])
def test_the_facts_of_a_message(text: str, facts: Facts) -> None:
    assert [(fact.kind, fact.value) for fact in find(normal_form(text).text)] == facts


@pytest.mark.parametrize("text", ["空调显示e6", "洗衣机报错e4"])
def test_a_fault_code_is_no_model(text: str) -> None:
    """A9, A11."""
    assert "model" not in {fact.kind for fact in find(text)}


def test_a_fault_is_told_in_full_and_stands_where_it_happens() -> None:
    fault = find("平板触屏失灵")[-1]
    assert (fact_words("平板触屏失灵", fault), fault.value) == ("失灵", "触屏失灵")


def fact_words(text: str, fact: Found) -> str:
    return text[fact.start : fact.end]


def test_what_people_read_stands_as_it_was_typed() -> None:
    """B7: the value of an address, a name and a time is no rewriting; the place of a fact is that in the message."""
    typed = "收貨人張美玲，台北市信義區松仁路１００號，雪櫃壞咗"
    normal = normal_form(typed)
    entities = {e["entity"]: e for fact in find(normal.text) for e in [as_entity(fact, normal)]}
    assert entities["person"]["value"] == "張美玲"
    assert entities["address"]["value"] == "台北市信義區松仁路１００號"
    assert entities["product"]["value"] == "冰箱"
    product = entities["product"]
    assert typed[product["start"] : product["end"]] == "雪櫃"
    assert normal.text[slice(*product["normal"])] == "冰箱"


def test_a_duration_tells_since_when() -> None:
    facts = find_facts("用了三个月", chinese()("用了三个月"), TODAY)
    assert [(fact.kind, fact.value) for fact in facts] == [("duration", "P3M"), ("since", "2026-08")]


TYPED = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="冰箱空调坏了电话地址路号13812345678- 年月日元bx", max_size=80),
    st.text(alphabet="市区县路1号一二十百千万块元个台三包星期点半上午前到k7-/ ", max_size=80),
    st.text(alphabet="😡\u200b\u0301\ud800가ﷺ唔佢雪櫃冷氣壞咗訂單", max_size=80),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TYPED)
def test_any_text_can_be_searched_and_each_fact_stands_where_it_is_said(typed: str) -> None:
    normal = normal_form(typed)
    facts = find_facts(normal.text, chinese()(normal.text), TODAY)
    assert all(0 <= fact.start < fact.end <= len(normal.text) for fact in facts)
    assert [fact.start for fact in facts] == sorted(fact.start for fact in facts)
    for one in facts:
        same = [other for other in facts if other is not one and other.kind == one.kind]
        assert not any(one.start < other.end and other.start < one.end for other in same)
        entity = as_entity(one, normal)
        assert 0 <= entity["start"] < entity["end"] <= len(typed)


NASTY = {
    "one character": "市" * 4000,
    "digits and measures": "1个" * 2000,
    "digits": "0123456789" * 400,
    "places": "省市区县镇乡街道州路" * 400,
    "places and numbers": "市区路1号" * 800,
    "dashes": "a-b/1-" * 660,
    "amounts": "1,234.5元6" * 440,
    "numerals": "十百千万一二" * 660,
    "demands": "退钱换货道歉" * 660,
    "faults": "坏断不了漏水没电" * 500,
    "days": "上周六11月3号前天" * 400,
    "names": "王李张13812345678" * 280,
    "goods": "冰箱空调洗衣机" * 570,
}


@pytest.mark.timed
@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_searching_a_thousand_characters_takes_no_tenth_of_a_second(text: str) -> None:
    doc = chinese()(text)

    def search() -> float:
        started = time.process_time()
        find_facts(text, doc, TODAY)
        return time.process_time() - started

    assert min(search() for _ in range(3)) <= 0.1 * len(text) / 1000


@pytest.mark.timed
def test_a_message_is_read_in_less_than_a_millisecond() -> None:
    def read() -> float:
        started = time.process_time()
        normal = normal_form("我上周六在京东买的美的空调不制冷了怎么办")
        find_facts(normal.text, chinese()(normal.text), TODAY)
        return time.process_time() - started

    read()
    median = statistics.median(read() for _ in range(200))
    print(f"normal form, words and facts: {median * 1000:.2f} ms")
    assert median < 0.001
