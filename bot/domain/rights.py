"""What customers tell of and ask about their rights, read from their words alone (A10, A12, E6, E11).

The decision itself is the statute calculator's (`bot.domain.warranty`); this knows how people talk about it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.facts import day_bought
from bot.domain.heard import Heard
from bot.domain.numbers import chinese_number
from bot.domain.warranty.case import FaultKind, Wish
from bot.domain.warranty.law import Goods


class Topic(StrEnum):
    """What a question about rights wants to know."""

    WAYS = "ways"
    PERIOD = "period"
    COST = "cost"
    NO_REASON = "no_reason"


@dataclass(frozen=True)
class Account:
    """What a customer has told of one matter, as far as rights depend on it.

    Attributes:
        fault: what is wrong; None where nothing was told, or it may be taste as well as fault (「噪音大」).
        repairs: how many repairs have not helped.
        part: the faulty part, in the customer's words.
        is_misuse: whether the customer says that it was dropped, drowned or taken apart.
        is_damaged: whether it is no longer whole.
        wish: what the customer would like best.
    """

    fault: FaultKind | None = None
    repairs: int = 0
    part: str | None = None
    is_misuse: bool = False
    is_damaged: bool = False
    wish: Wish | None = None

    def with_news(self, later: "Account") -> "Account":
        """The same with what was told later: what is new counts, what was told before stays."""
        return Account(
            fault=later.fault if later.fault is not None else self.fault,
            repairs=max(self.repairs, later.repairs),
            part=later.part or self.part,
            is_misuse=self.is_misuse or later.is_misuse,
            is_damaged=self.is_damaged or later.is_damaged,
            wish=later.wish or self.wish,
        )

    @property
    def has_fault(self) -> bool:
        """Whether a fault was told."""
        return self.fault not in (None, FaultKind.NONE)

    def as_json(self) -> dict[str, Any]:
        """As the dialogue keeps it."""
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Account":
        """What `as_json` gave."""
        fault, wish = raw.get("fault"), raw.get("wish")
        return cls(
            fault=FaultKind(fault) if fault else None,
            repairs=int(raw.get("repairs", 0)),
            part=raw.get("part"),
            is_misuse=bool(raw.get("is_misuse")),
            is_damaged=bool(raw.get("is_damaged")),
            wish=Wish(wish) if wish else None,
        )


_COVER = r"(?:保修|质保|三包|包修|保固)"
_COST = re.compile(
    r"(?:修|上门|检测|过保|出保|保外).{0,8}(?:多少钱|要钱|收费|收钱|花钱|费用|免费|什么价|怎么收)|(?:多少钱|要钱|免费).{0,4}修"
    r"|免费(?:换|更换)"
)
_PERIOD = re.compile(
    rf"{_COVER}(?:期|时间)?.{{0,8}}(?:多久|多长|几年|几个?月|到什么时候|什么时候到|到几时|何时|到哪天|到期|过了?没|还有|吗|么|不$|没$|[?？])"
    rf"|(?:还在|在不在|过了?|还有|算不算|属于|是不是|有没有|还能).{{0,4}}{_COVER}|[在过出]保(?:修期)?(?:了|没|吗|么|[?？]|$)"
    r"|还?保不保|还保(?:吗|么|不|修)|能保吗"
)
_NO_REASON = re.compile(r"无理由")
_MAY = r"(?:能不能|可不可以|可否|能否|能|可以|还能|让|给|包|支持|允许|应该|该|可)"
_GOES_BACK = re.compile(
    rf"{_MAY}.{{0,6}}(?:退(?!出|款进度|烧|差)|换)|(?:退得了|换得了|退不退|换不换|包退|包换)|(?:退|换)(?:货|新|掉)?(?:吗|么|不$|行不|可以)"
    r"|怎么(?:办|处理|赔|弄)|有什么(?:说法|办法|规定)"
)
_ASKS = re.compile(
    r"[?？]|吗|么|不$|没$|没有$|咩|呢|多久|多少|多长|几年|几个?月|什么时候|哪天|到期|怎么|能不能|可不可以|可否|能否|有没有|是不是"
    r"|保不保|退不退|换不换|算不算|要不要|什么"
)
_OTHER_BUSINESS = re.compile(
    r"运费|邮费|地址|颜色|抬头|发票|号码|绑定|滤[芯网]|退款(?:进度|多久|什么时候|几天)|多久到账|到账|退货单|怎么退|如何退|怎么换"
    r"|积分|优惠券|差价|押金|定金|订金|以旧换新"
)
"""Questions that articles answer, whoever asks them of whatever day."""

_COUNT = r"(\d{1,2}|[一两俩二三仨四五六七八九十]|好几|好多|几|多|无数)"
_REPAIRED = re.compile(
    rf"(?:修|检修|维修|返修)(?:过|了|好)?(?:都|有|已经)?(?:过|了)?{_COUNT}(?:次|回|遍|趟)"
    rf"|{_COUNT}(?:次|回|遍|趟)(?:上门)?(?:维|返|检|送)?修"
)
_AGAIN = re.compile(r"第([二三四五六\d])(?:次|回)(?:坏|出问题|出毛病|报修|修)")
_REPAIRED_ONCE = re.compile(r"修(?:过|好|完)了?.{0,6}(?:又|还|再)|刚修.{0,6}(?:又|还)")
_REPAIRED_OFTEN = re.compile(r"反复修|老修|一直修不好|修来修去|总修不好")
_HYPOTHETIC = re.compile(r"修(?:一|1)次(?:多少|要|得|大概|花)")

_NO_FAULT = re.compile(r"没(?:有)?(?:任何)?(?:坏|质量问题|问题|毛病|故障|瑕疵)|不是(?:坏|质量)|无质量问题")
_BROKEN = re.compile(
    r"坏|故障|毛病|质量(?:有|出|太差|问题)|出(?:了)?问题|有问题|[开关]不了|打不[开着]|用不了|没反应|[黑花白蓝绿]屏|死机|失灵|漏[水电气氟油]"
    r"|不(?:转|亮|响|通电|工作|启动|制冷|制热|加热|脱水|排水|出水|充电|灵|好使|运行)|充不[进上]|罢工|异响|跳闸|自动关机|修不好"
)
_LOOKS = re.compile(r"划痕|划伤|刮花|刮痕|掉漆|磕[碰伤]?|凹|瑕疵|破损|破了|开线|开裂|裂|变形|色差|污渍")
_TASTE = re.compile(r"噪音|声音大|声大|吵|味|音质|信号|卡顿|[很太]慢|吸力|不好用|效果|不满意")
"""It may be a fault, or not to one's liking."""
_UNSUITED = re.compile(
    r"不(?:太)?(?:喜欢|合适|合身|合脚|想要|想用|需要|要了)|尺[码寸]|(?<!噪音)(?<!声音)(?<!声)(?<!味道)太[大小宽窄长短厚薄重轻]|[大小细]了|[买拍下][错多重]|后悔|用不[上着]"
    r"|没用上|降价|闲置|无理由|颜色|大一码|小一码|款式"
)
_DROPPED = re.compile(r"(?<!快递)(?<!运输)(?:摔[坏碎了]|摔过|泡水|掉水里|掉进水|自己拆|拆坏|撞坏|压坏)")
_NOT_BY_CUSTOMER = re.compile(r"快递|物流|运输|收到就|到货就|送来就|发来就")
_DAMAGED = re.compile(r"损坏|弄坏|缺件|少了?配件|配件.{0,2}(?:丢|没了)|剪了?吊牌|洗过")
_NOT_THE_GOODS = re.compile(r"换.{0,2}(?:颜色|地址|电话|滤|配件|电池|主板|屏|码|尺码|时间|人|客服|师傅)")
_WANTS_BACK = re.compile(r"退(?!出|烧|差|押)|原路返")
_WANTS_OTHER = re.compile(r"换")
_WANTS_REPAIR = re.compile(r"修(?!了|过)")


def topic_of(text: str) -> Topic | None:
    """What a message asks about rights; None where it asks nothing of the kind.

    Args:
        text: normal form, simplified characters.
    """
    if not _ASKS.search(text) or _OTHER_BUSINESS.search(text) or _NOT_THE_GOODS.search(text):
        return None
    if _NO_REASON.search(text):
        return Topic.NO_REASON
    if _COST.search(text):
        return Topic.COST
    if _PERIOD.search(text):
        return Topic.PERIOD
    return Topic.WAYS if _GOES_BACK.search(text) else None


def account_in(heard: Heard, parts: Collection[str] = (), besides: Iterable[str] = ()) -> Account:
    """What one message tells that rights depend on.

    Args:
        heard: the message.
        parts: names of parts that have a period of their own.
        besides: words in it that are about other matters.
    """
    text = heard.text
    for words in besides:
        text = text.replace(words, " ")
    repairs = repairs_told(text)
    fault = fault_in(text, heard.facts.get("symptom", ()))
    return Account(
        fault=FaultKind.PERFORMANCE if repairs and fault is not FaultKind.APPEARANCE else fault,
        repairs=repairs,
        part=next((name for name in sorted(parts, key=len, reverse=True) if len(name) > 1 and name in text), None),
        is_misuse=bool(_DROPPED.search(text)) and not _NOT_BY_CUSTOMER.search(text),
        is_damaged=bool(_DAMAGED.search(text)),
        wish=_wish_in(text),
    )


def names_of_parts(goods: Iterable[Goods]) -> list[str]:
    """What customers call the parts that have a period of their own."""
    return [name for kind in goods for part in kind.parts.values() for name in (part.name, *part.aliases)]


def repairs_told(text: str) -> int:
    """How many repairs have not helped; 「好几次」 is at least two.

    >>> repairs_told("修了两次还是坏")
    2
    """
    if match := _AGAIN.search(text):
        return max(0, (chinese_number(match[1]) or 1) - 1)
    if (match := _REPAIRED.search(text)) and not _HYPOTHETIC.search(text):
        return chinese_number(match[1] or match[2]) or 2
    return 2 if _REPAIRED_OFTEN.search(text) else int(bool(_REPAIRED_ONCE.search(text)))


def fault_in(text: str, symptoms: Collection[str] = ()) -> FaultKind | None:
    """What is wrong with the goods; `NONE` where they are only not to one's liking, None where that is not told."""
    without = _NO_FAULT.sub("", text)
    told = [symptom for symptom in symptoms if not _LOOKS.search(symptom) and not _TASTE.search(symptom)]
    if _BROKEN.search(without) or (told and without == text):
        return FaultKind.PERFORMANCE
    if _LOOKS.search(without):
        return FaultKind.APPEARANCE
    return FaultKind.NONE if _UNSUITED.search(text) or without != text else None


def _wish_in(text: str) -> Wish | None:
    text = re.sub(r"不(?:想|要|用|给|能)?(?:再)?(?:退|换|修)", "", text.replace("无理由", ""))
    if _NOT_THE_GOODS.search(text):
        return None
    named = {wish for wish, words in ((Wish.RETURN, _WANTS_BACK), (Wish.EXCHANGE, _WANTS_OTHER)) if words.search(text)}
    if not named and re.search(r"(?:要|想|帮|来|给).{0,4}修", text) and _WANTS_REPAIR.search(text):
        return Wish.REPAIR
    return named.pop() if len(named) == 1 else None


@dataclass(frozen=True)
class Days:
    """The day of a purchase, as exactly as it was told: 「上个月」 is any day of that month."""

    first: date
    last: date

    @property
    def is_exact(self) -> bool:
        """Whether the very day is known."""
        return self.first == self.last


_SPOKEN = re.compile(r"(\d{4})(?: 年|-)?(?: ?(\d{1,2})(?: 月|-)?)?(?: ?(\d{1,2})(?: 日)?)?")


def days_of(words: str | None, today: date) -> Days | None:
    """The days that 「2026 年 8 月」 or `2026-08` stand for; None where no year is told.

    Args:
        words: as `dates.spoken_date` and `dates.spoken_in_words` give it.
        today: nothing is bought later.
    """
    match = _SPOKEN.fullmatch((words or "").strip())
    if not match:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    if day:
        last = first
    elif month:
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    else:
        last = first.replace(month=12, day=31)
    return Days(first, min(last, today)) if first <= today else None


_IN_USE = re.compile(r"(?<!修)(?<!等)(?:用了?|使用了?)(?:才|不到|快|都|有|已经)?")


def days_told(heard: Heard, today: date, is_answer: bool = False) -> Days | None:
    """When the goods were bought, as a message tells it: 「十天前买的」, 「用了八个月」.

    Args:
        heard: the message.
        today: the day in Shanghai.
        is_answer: whether just that was asked, so that a bare day tells it.
    """
    if is_answer or _IN_USE.search(heard.text):
        found = next(iter(heard.facts.get("date") or heard.facts.get("since") or ()), None)
    else:
        found = day_bought(heard)
    return days_of(found, today)


def as_wish(words: str | None) -> Wish | None:
    """The wish of a return form, such as 「退货退款」; a cancellation is none of the law's."""
    if not words or "取消" in words:
        return None
    return Wish.EXCHANGE if "换" in words else Wish.RETURN if "退" in words else None
