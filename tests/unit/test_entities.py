"""Facts in a message, in normal form (B2, B3, B7). The tokenizer brings Rasa with it, so it is loaded once, here."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.dates import local_day

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

Facts = list[tuple[str, str]]
TODAY = local_day(datetime.now(UTC))


@pytest.fixture(scope="module")
def find() -> Callable[[str], list[tuple[str, int, int, str]]]:
    from bot.nlu.entities import find_facts
    from bot.nlu.tokenizer import chinese

    nlp = chinese()
    return lambda text: find_facts(text, nlp(text))


TABLE: list[tuple[str, Facts]] = [
    # phone
    ("电话13812345678", [("phone", "13812345678")]),
    ("138 1234 5678", [("phone", "13812345678")]),
    ("138-1234-5678", [("phone", "13812345678")]),
    ("手机13912345678,找我就行", [("phone", "13912345678")]),
    ("我手机号:15012345678谢谢", [("phone", "15012345678")]),
    ("86区号13812345678", [("phone", "13812345678")]),
    ("打0571-88886666找我", [("phone", "0571-88886666")]),
    ("座机010-12345678", [("phone", "010-12345678")]),
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
    ("2月30号买的", [("time", "30号")]),
    ("前年买的电视", [("date", str(TODAY.year - 2)), ("product", "电视")]),
    ("明天下午3点", [("time", "明天下午3点")]),
    ("12号上午来", [("time", "12号上午")]),
    ("周六上午", [("time", "周六上午")]),
    ("星期三晚上", [("time", "星期三晚上")]),
    ("晚上7点以后", [("time", "晚上7点以后")]),
    ("下周二", [("time", "下周二")]),
    ("周末都在家", [("time", "周末")]),
    # product, brand, model
    ("买了2个空气炸锅", [("product", "空气炸锅")]),
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
    # demand and amount
    ("退款并道歉", [("demand", "退款"), ("demand", "道歉")]),
    ("赔偿我的损失", [("demand", "赔偿")]),
    ("给个说法", [("demand", "给个说法")]),
    ("花了2999元", [("amount", "2999元")]),
    ("退我50块", [("amount", "50块")]),
    ("¥199", [("amount", "¥199")]),
    ("199.5元的运费", [("amount", "199.5元")]),
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
def test_the_facts_of_a_message(find: Callable, text: str, facts: Facts) -> None:
    assert [(kind, value) for kind, _, _, value in find(text)] == facts


@pytest.mark.parametrize("text", ["空调显示e6", "洗衣机报错e4"])
def test_a_fault_code_is_no_model(find: Callable, text: str) -> None:
    """A9, A11."""
    assert "model" not in {kind for kind, *_ in find(text)}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="冰箱空调坏了电话地址路号13812345678- 年月日元bx", max_size=80))
def test_any_text_can_be_searched_and_each_fact_stands_where_it_is_said(find: Callable, text: str) -> None:
    facts = find(text)
    assert all(0 <= start < end <= len(text) and value for _, start, end, value in facts)
    assert [start for _, start, _, _ in facts] == sorted(start for _, start, _, _ in facts)
    for one in facts:
        same = [o for o in facts if o is not one and o[0] == one[0]]
        assert not any(one[1] < other[2] and other[1] < one[2] for other in same)
