"""The customers' messages: about 200, no two alike, so that no cache helps.

They were written before either side had heard them, and are not adapted to what one of them misunderstands.
"""

import csv
from dataclasses import dataclass
from itertools import chain

from bot.settings import ROOT

ORDERS = ROOT / "bot/content/demo/orders.csv"


@dataclass(frozen=True)
class Dialogue:
    """One conversation. `kind` groups it in the table; `files_ticket` says that it ought to end in a ticket."""

    kind: str
    texts: tuple[str, ...]
    files_ticket: bool = False


def _texts(block: str) -> list[str]:
    return block.split()


WARM_UP = Dialogue("warm-up", ("您好，在不在", "我家冰箱不制冷了，想报修", "算了先不修了"))

_FAULTS = _texts("""
    我家洗衣机不脱水了 空调开了半天不制冷 冰箱最近漏水了 电视黑屏了怎么弄都不亮 热水器打不着火了
    油烟机噪音很大像拖拉机 微波炉不加热了 你们的吸尘器充不进电 电饭煲煮饭不加热 燃气灶打不着火了师傅能来看看吗
    净化器有异响，帮我报修 洗衣机一直报错E3 客厅的空调滴水了 冰箱冷藏室结冰了要修 洗衣机漏水漏了一地
    电视没声音了，找人来修
""")
_BOUGHT = _texts("""
    去年三月买的 2025年6月18日买的 上个月15号买的 前年双十一买的 今年5月买的 2024年10月1日买的 今年8月20日
    2026年3月5日买的 去年年底，12月20日买的 2025年11月11日 2025年9月3号买的 今年元旦，1月1日买的
    2026年7月1日在你们店买的 2024年8月8日 去年10月2日买的 2025年2月14号下单的
""")
_ADDRESSES = _texts("""
    杭州市西湖区文三路{}号 上海市浦东新区世纪大道{}号 北京市海淀区中关村大街{}号 广州市天河区体育西路{}号
    南京市鼓楼区中山路{}号 成都市武侯区科华北路{}号 武汉市洪山区珞喻路{}号 西安市雁塔区科技路{}号
""")
_VISITS = _texts("""
    明天上午 明天下午三点 后天上午10点 周六下午 周日上午9点 下周一上午 下周二下午2点 后天晚上 明天中午12点
    周五下午四点 下周三上午 下周四晚上七点 大后天上午 周末上午 明天晚上6点 下周五中午
""")
_RETURNS = _texts("""
    我想退货，这个噪音太大了 不合适，我要退货 我要退货，收到就有划痕 买错了，帮我退货 想退货，颜色不喜欢
    质量太差了我要退货 尺寸买大了，申请退货 帮我办退货，家里用不上 你好，我想退货，不好用 外壳裂了，我要退货
    太重了拿不动，退货吧
""")
_CONDITIONS = _texts("""
    没拆封 拆开用过一次 包装还在，没用过 拆了但没用 全新的没有拆 用了两天，配件都在 外箱扔了，机器完好
    只试了一下 打开看过，没通电 用过三次，附件齐全 没用，吊牌还在
""")
_YES = _texts("""
    对的 没错 确认 确认提交 好的，没问题 是的 对 可以 行 嗯嗯 好的 正确 没问题 对，没错 提交吧 无误 是的，没错
    好的，提交 对的，确认 可以，提交吧 行，就这样 嗯，对的 没错，提交 确认无误 好，没问题 对对对 没问题，提交吧
""")
_PRICES = _texts("""
    洗衣机多少钱 变频空调什么价格 请问对开门冰箱多少钱一台 空气净化器卖多少钱 电饭煲价格是多少 吸尘器现在什么价
    65寸的电视多少钱 燃气热水器报个价 油烟机要多少钱啊 你家燃气灶怎么卖的 微波炉价位多少 想问下滚筒洗衣机的售价
    空调挂机要花多少钱 双开门冰箱现在多少钱 净化器的价格是多少呢 电饭锅贵不贵，多少钱 手持吸尘器什么价格呀
    智能电视卖多少 抽油烟机多少钱一台呢 亲，热水器多少钱
""")
_WHERE = _texts("""
    我的快递到哪了 帮我查一下订单 东西怎么还没到 订单到哪里了 查下物流 我买的东西发货了吗 我的包裹现在在哪
    想查订单的状态 什么时候能送到 快递几天能到，都等好久了
""")
_GREETINGS = _texts("""
    你好 在吗 您好呀 哈喽 早上好 晚上好 有人在吗 嗨 客服在不在 下午好啊
""")


def dialogues() -> list[Dialogue]:
    """All conversations, of mixed kinds one after the other."""
    with ORDERS.open(encoding="utf-8") as file:
        orders = [row["order_number"] for row in csv.DictReader(file)]
    yes = iter(_YES)
    phones = (f"1391000{n:04d}" for n in range(100, 200))
    repairs = [
        Dialogue(
            "repair form",
            (fault, _BOUGHT[n], _ADDRESSES[n % 8].format(100 + n), f"电话{next(phones)}", _VISITS[n], next(yes)),
            files_ticket=True,
        )
        for n, fault in enumerate(_FAULTS)
    ]
    returns = [
        Dialogue(
            "return form",
            (wish, f"订单号{orders[n]}", _CONDITIONS[n], f"手机号{next(phones)}", next(yes)),
            files_ticket=True,
        )
        for n, wish in enumerate(_RETURNS)
    ]
    statuses = [Dialogue("order status", (text, f"单号是{orders[20 + n]}")) for n, text in enumerate(_WHERE)]
    prices = [Dialogue("price question", (text,)) for text in _PRICES]
    greetings = [Dialogue("greeting", (text,)) for text in _GREETINGS]
    mixed = sorted(
        chain.from_iterable(
            ((place / len(group), dialogue) for place, dialogue in enumerate(group))
            for group in (repairs, returns, statuses, prices, greetings)
        ),
        key=lambda pair: pair[0],
    )
    found = [dialogue for _, dialogue in mixed]
    texts = [text for dialogue in found for text in dialogue.texts]
    if len(set(texts)) < len(texts):
        raise ValueError(f"said twice: {[text for text in set(texts) if texts.count(text) > 1]}")
    return found
