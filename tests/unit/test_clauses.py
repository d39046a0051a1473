"""Several requests in one message (B7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.clauses import MOST, SHORTEST, clauses


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("洗衣机不转了,另外发票怎么开", ["洗衣机不转了", "另外发票怎么开"]),
        ("空调不制冷。发票也没给我", ["空调不制冷", "发票也没给我"]),
        ("空调不制冷 发票也没给我", ["空调不制冷", "发票也没给我"]),
        ("我要退货!钱什么时候到", ["我要退货", "钱什么时候到"]),
        ("洗衣机不转了\n订单到哪了", ["洗衣机不转了", "订单到哪了"]),
        ("冰箱要修还有洗衣机也要修", ["冰箱要修", "还有洗衣机也要修"]),
        ("空调不制冷", []),
        ("你好。空调不制冷", []),
        ("好 的 吧", []),
        ("", []),
    ],
)
def test_a_message_is_split_into_its_requests(text: str, parts: list[str]) -> None:
    assert clauses(text) == parts


@given(st.text(alphabet="空调坏了 ,。!?\n另外还有顺便对了,", max_size=200) | st.text(max_size=200))
def test_the_parts_stand_in_the_text_in_order_and_are_few(text: str) -> None:
    parts = clauses(text)
    assert len(parts) <= MOST and len(parts) != 1
    place = 0
    for part in parts:
        assert len(part) >= SHORTEST
        place = text.index(part, place) + len(part)
