"""Numbers that name something (phone, order, ticket) and numbers that count goods."""

import re
from collections.abc import Iterator

from bot.domain.numbers import chinese_number
from bot.nlu.finders.found import Found

_DIGITS_ONLY = re.compile(r"\D")
_TICKET = re.compile(r"(?<![a-z0-9])(bx|th|ts|hd|jy|qh)[\s-]?(\d{8})[\s-]?(\d{4})(?!\d)")
_PHONE = re.compile(
    r"(?<!\d)1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)|(?<!\d)09\d{2}-?\d{3}-?\d{3}(?!\d)|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"
)
_ORDER = re.compile(
    r"(?<![\da-z])\d{12,20}(?!\d)"
    r"|(?:订单|单)(?:编?号)?(?:码)?(?:是|为)?[:： ]?(?P<told>\d{6,20}(?!\d)|[零一幺二三四五六七八九]{6})"
)
_MEASURES = "台件个箱双套盒瓶包袋条只支把张块片本辆部桶罐副组份对盆颗枚根卷提斤束顶朵扇床"
_COUNT = r"\d{1,4}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九]"
_QUANTITY = re.compile(
    rf"(?<![第每\d.一二三四五六七八九十百千万几这那哪某同另上下])(?P<count>{_COUNT})\s?(?P<measure>[{_MEASURES}])"
    rf"(?![{_MEASURES}月]|星期|礼拜|小时|钟头|季度|多月|半月|样|人|面|地|钱|点|劲|会|事|身|心|下子|头|家)"
    r"|(?P<pair>[仨俩])(?![月年天小钟星礼])"
)
_ORDINARY = re.compile(
    r"(?:按|国家|新|符合|执行|依据|根据|享受)三包|三包(?=规定|政策|法|责任|期|服务|凭证|卡|范围|条例)|[一二三四五\d][颗个]星(?!期)"
    r"|[大小]一[个件双套]|一个(?:问题|事|人|劲|电话|说法|样|月|星期|礼拜|小时|多|半|建议|解释|交代|道理|答复)"
)


def numbers(text: str) -> Iterator[Found]:
    """Ticket, phone and order numbers."""
    for match in _TICKET.finditer(text):
        yield Found("ticket_number", *match.span(), f"{match[1].upper()}{match[2]}-{match[3]}")
    for match in _PHONE.finditer(text):
        yield Found("phone", *match.span(), _DIGITS_ONLY.sub("", match[0]))
    for match in _ORDER.finditer(text):
        told = match["told"] or match[0]
        digits = "".join(str(chinese_number(digit) or 0) for digit in told)
        yield Found("order_number", match.end() - len(told), match.end(), digits)


def quantities(text: str) -> Iterator[Found]:
    """How many of something: 「两台」 → 2, 「仨」 → 3."""
    ordinary = [match.span() for match in _ORDINARY.finditer(text)]
    for match in _QUANTITY.finditer(text):
        if any(start <= match.start() < end for start, end in ordinary):
            continue
        count = chinese_number(match["count"] or match["pair"])
        if count:
            pairs = 2 if match["measure"] == "对" else 1
            yield Found("quantity", *match.span(), count * pairs)
