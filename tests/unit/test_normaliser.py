"""The form of a message that understanding works on (B7)."""

import os
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from bot.nlu.normaliser import LONGEST, normal_form

FROM_ELSEWHERE = """
我要客訴你們 > 我要投诉你们
冷氣不冷了 > 空调不冷了
電鍋壞掉了 > 电饭煲坏掉了
筆電開不了機 > 笔记本电脑开不了机
行動電源充不進電 > 充电宝充不进电
請問保固多久 > 请问保修多久
黑貓宅急便寄到哪了 > 快递寄到哪了
想問一下包裹追蹤 > 想问一下物流查询
滑鼠沒反應 > 鼠标没反应
螢幕有刮痕 > 屏幕有刮痕
當機了 > 死机了
家裡跳電 > 家里跳闸
洗衣機漏水，想預約到府維修 > 洗衣机漏水,想预约上门维修
請打給我 > 请打电话给我
我要退費 > 我要退费
折價券不能用 > 优惠券不能用
統編打錯了 > 税号打错了
影片放不出來 > 视频放不出来
品質太差 > 质量太差
網路連不上 > 网络连不上
印表機卡紙 > 打印机卡纸
充電線斷了 > 充电线断了
手機殼破了 > 手机壳破了
這個多少錢 > 这个多少钱
幾時送到？ > 什么时候送到?
點解仲未出貨 > 为什么还未发货
點樣退貨呀 > 怎么退货呀
唔該幫我查下訂單 > 谢谢帮我查下订单
部雪櫃壞咗 > 部冰箱坏了
冇反應 > 没反应
佢哋話今日會嚟 > 他们说今天会来
我而家想換貨 > 我现在想换货
咁耐都未收到 > 这么久都未收到
俾返錢我 > 退还钱我
呢個幾多錢 > 这个多少钱
搵真人客服 > 找人工客服
聽日上門得唔得 > 明天上门行不行
尋日收到嘅電飯鍋 > 昨天收到的电饭煲
師傅搞唔掂 > 师傅解决不了
侬好，阿拉想退货 > 你好,我们想退货
咋弄啊 > 怎么弄啊
俺不想要了 > 我不想要了
甭来了 > 不用来了
木有收到 > 没有收到
""".strip().splitlines()


@pytest.mark.parametrize("line", FROM_ELSEWHERE)
def test_words_of_hong_kong_taiwan_and_the_provinces_become_those_of_all(line: str) -> None:
    said, meant = line.split(" > ")
    assert normal_form(said).text == meant


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("ＫＦＲ－３５ 不志冷！！！！！", "kfr-35 不制冷!!!"),
        ("退退退退货", "退货"),
        ("退货退货退货", "退货"),
        ("哈哈哈哈哈", "哈哈"),
        ("花了一千二😡", "花了1200 生气"),
        ("电话一三八零零一三八零零零", "电话13800138000"),
        ("👨‍👩‍👧全家都不满意👎🏽", "全家都不满意 差"),
        ("\ud800退货", "退货"),
        ("微信", "微信"),
        ("", ""),
        ("🦄", ""),
    ],
)
def test_the_normal_form_of_what_people_type(typed: str, normal: str) -> None:
    assert normal_form(typed).text == normal


def test_each_character_knows_how_it_was_typed() -> None:
    form = normal_form("我嗰部雪櫃唔志冷😡花咗一千二")
    for meant, typed in (("冰箱", "雪櫃"), ("生气", "😡"), ("1200", "一千二")):
        start = form.text.index(meant)
        assert form.words(start, start + len(meant)) == typed


def test_what_goes_beyond_all_measure_is_cut() -> None:
    assert len(normal_form("冰箱不制冷,洗衣机也坏了。" * 1000).text) <= LONGEST
    assert len(normal_form("ﷺ" * 5000).text) <= LONGEST


HARD = (
    "0123456789 -个市区县路号一二三十百千万",
    "\u200b\u200d\u202e\u202c\u2066\ufeff退货",
    "e\u0301\u0323\u20ddてがか\u3099a",
    "\u1100\u1161\u11a8가각힣ᄀ가",
    "👨‍👩‍👧👍🏽🇨🇳❤️😡☎️1️⃣",
    "\ud800\udfff𠮷\U000e0001\x00退",
    "ﷺ㍿½①ＡİßΣ唔佢哋雪櫃冷氣訂",
    "退货款退换坏掉的了吗!?。[微笑]t_t(^_^)>_<",
)
TYPED = st.one_of(
    st.text(max_size=300),
    *(st.text(alphabet=characters, max_size=200) for characters in HARD),
    st.builds(lambda piece, times: (piece * times)[:10_000], st.text(min_size=1, max_size=12), st.integers(1, 3000)),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(TYPED)
@example("市" * 10_000)
@example("1个" * 5_000)
@example("\ud800" * 10_000)
@example("ﷺ" * 10_000)
def test_any_text_has_a_normal_form_whose_places_hold(typed: str) -> None:
    form = normal_form(typed)
    assert form.original == typed[:LONGEST]
    assert len(form.places) == len(form.text)
    assert all(0 <= start <= end <= len(typed) for start, end in form.places)
    pairs = list(zip(form.places, form.places[1:], strict=False))
    assert all(one[0] <= other[0] and one[1] <= other[1] for one, other in pairs)
    form.text.encode()


NASTY = {
    "one character": "市" * 4000,
    "digits and measures": "1个" * 2000,
    "digits": "0123456789" * 400,
    "numerals": "一百二千三万" * 700,
    "grouped digits": "12 345-" * 600,
    "places": "省市区县镇乡街道州路" * 400,
    "faces": "(^_^)t_t[微笑]" * 300,
    "emoji": "😡👍🏽" * 1300,
    "ligatures": "ﷺ" * 4000,
    "combining": "e\u0301" * 2000,
    "Hangul": "\u1100\u1161\u11a8" * 1300,
    "Cantonese": "佢哋唔係嘅咗" * 600,
    "misspelt": "腿货不志冷" * 800,
    "dictionary": "冰箱空调洗衣机" * 500,
}


@pytest.mark.timed
@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_the_normal_form_of_a_thousand_characters_takes_no_tenth_of_a_second(text: str) -> None:
    def read() -> float:
        started = time.process_time()
        normal_form(text)
        return time.process_time() - started

    assert min(read() for _ in range(3)) <= 0.1 * max(1, len(text) / 1000)
