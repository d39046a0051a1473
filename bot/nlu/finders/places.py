"""Addresses from province to door."""

import re
from collections.abc import Iterator

from bot.nlu.finders.found import Found

_ADMIN = r"(?:省|自治区|市|区|县|镇|乡|街道|自治州)"
_STREET = r"(?:路|街|大道|巷|弄|胡同|村|小区|花园|花苑|大厦|公寓|苑|城|广场|里|[一二三四五六七八九]区)"
_NUMBER = r"(?:\d|[一二三四五六七八九十百]{1,4}(?=号|栋|幢|座|单元|楼))"
_UNIT = rf"(?>[一-龥]{{2,7}}?{_ADMIN})"
"""Atomic: a name that was read is not read again in another way, or a long row of 市 would take minutes."""
_END = (
    r"[吗吧呢啊呀嘛的了我请不没派]|麻烦|谢|[后明今]天|今晚|周[一二三四五六日末]|星期|礼拜|[上下]午|晚上|订单|电话|手机|联系|[收取]件|安排|什么|怎么|多久"
    r"|可以|送到|送货|退[货款]|换货|维修|(?<=[号楼室\d座栋元层])(?:[来找收能可在有要寄送发])"
)
"""Where an address ends and talk goes on."""
_ADDRESS = re.compile(
    rf"{_UNIT}{{2,5}}(?:(?!{_END})[一-龥\da-z#\-])*"
    rf"|{_UNIT}{{0,4}}[一-龥]{{2,8}}?{_STREET}\s?{_NUMBER}(?:(?!{_END})[\da-z号栋幢座单元室楼层一二三四五六七八九十百\-])*"
)
_LEAD = re.compile(
    r"^.*?(?:地址(?:改成|改为|在|是|写)?|家?住在?|我?家就?在|我们?在|就在|这里是|人在|位于|送到?|寄到?|上门到|应该放|正确的是|放到?|发到?|收货到|来)"
)


def places(text: str) -> Iterator[Found]:
    """Addresses; what leads to them (「送到」) is left out."""
    for match in _ADDRESS.finditer(text):
        address = _LEAD.sub("", match[0])
        start = match.end() - len(address)
        if len(address) >= 5 and not address.endswith(("小区", "市区")):
            yield Found("address", start, start + len(address), address)
