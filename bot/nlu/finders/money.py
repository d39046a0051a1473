"""What something costs, was paid or is asked for."""

import re
from collections.abc import Iterator

from bot.domain.numbers import chinese_number, decimal_number
from bot.nlu.finders.found import Found

_HAN_DIGITS = "一二两三四五六七八九"
_DIGITS = r"\d+(?:,\d{3})*(?:\.\d{1,2})?"
_NUMBER = rf"(?<![\d.]){_DIGITS}|(?<![{_HAN_DIGITS}十])[{_HAN_DIGITS}十百][{_HAN_DIGITS}十百千万零]{{0,9}}"
_TIMES = {"百": 100, "千": 1000, "万": 10_000, "k": 1000, "w": 10_000, None: 1}
_AMOUNT = re.compile(
    rf"(?:[¥￥]|(?:hk|nt)?\$)\s?(?P<sign>{_DIGITS})"
    rf"|(?P<unit>{_NUMBER})(?P<scale>[百千万wk])?[多来几]?个?\s?"
    r"(?:(?:元|块|rmb|人民币|圆|蚊|台币|港币)(?:(?P<jiao>[一二三四五六七八九\d])(?![\d元块百千万个台件天年月])[毛角]?)?[钱整]?"
    r"|(?P<small>毛(?![衣巾病毯线绒刺笔坯豆孩尖发])|[毛角](?=钱))钱?)"
    r"(?![头砖煤糖肉布板屏玻表])"
)
_VAGUE = re.compile(r"(?:好几|[几数上])[十百千万][多来]?[块元]钱?")
_ABOUT = re.compile(rf"([{_HAN_DIGITS}])[{_HAN_DIGITS}]([十百千万])$")
"""「五六百」 counts as 500."""
_PIECE = re.compile(rf"[\d{_HAN_DIGITS}]块$")
_PAYS = re.compile(r"[运邮包快差多左/]")
"""「三块运费」 pays; 「一块手表」 counts, and so does 「少了四块」."""
_PAID = (
    r"(?:花|卖|才|便宜|[涨降]价?|贵|[多少]?[付收退扣交给]|[赔补充存返欠值省减差]|[定订押]金|尾款|价[格钱]?|[运邮]费|手续费|安装费"
    r"|维修费|上门费|优惠|券后|到手价?|现在|变成|[降涨]到|只要|一[把台件个套部]|一共|总共|实付|标价)"
    r"(?:了|给|我|是|为|要|掉|你们?|:|\s|大概|将近|差不多|整整|又|快){0,3}"
)
_JUST_PAID = re.compile(rf"(?:{_PAID}|加了?)$")
_SUM = rf"\d{{2,6}}(?:\.\d{{1,2}})?|[{_HAN_DIGITS}]?十[{_HAN_DIGITS}]?|\d(?:\.\d)?(?=[百千万wk])"
_OTHER_UNITS = (
    r"[-\d%一二三四五六七八九十多来年月日号点天周期度秒分小个次码位折台件双套只条层种瓶盒箱袋包张块片本支把人岁字"
    r"斤公千克kgcmpb毫米寸匹升瓦]"
)
_BARE_PRICE = re.compile(
    rf"{_PAID}(?P<bare>(?:{_SUM})[百千万wk]?)[多来]?(?!{_OTHER_UNITS})"
    r"|(?<!\d)(?P<bought>(?!618)(?!20\d\d的)\d{3,5})多?(?=买|入手|拍的|包邮|一[双台件条个套部])"
    r"|(?<![\da-z号码第-])(?P<over>\d{3,5})多(?=的)"
)
_LAST_WORDS = 12
"""How many characters before a number tell whether it was paid."""


def amounts(text: str) -> Iterator[Found]:
    """Money as whole fen: 「¥59.9」 → 5990, 「三百多块」 → 30000, 「赔我500」 → 50000; 「几百块」 as it was said."""
    for match in _VAGUE.finditer(text):
        yield Found("money", *match.span(), match[0])
    for match in _AMOUNT.finditer(text):
        number = decimal_number(_ABOUT.sub(r"\1\2", match["sign"] or match["unit"]).replace(",", ""))
        if number is not None and not _counts_pieces(text, match):
            fen = 10 if match["small"] else 100
            jiao = chinese_number(match["jiao"] or "零") or 0
            yield Found("money", *match.span(), int(number * _TIMES[match["scale"]] * fen) + jiao * 10)
    for match in _BARE_PRICE.finditer(text):
        told = match["bare"] or match["bought"] or match["over"]
        if number := decimal_number(told.rstrip("百千万wk")):
            times = _TIMES[told[-1] if told[-1] in "百千万wk" else None]
            start = match.start("bare") if match["bare"] else match.start()
            yield Found("money", start, match.end(), int(number * times * 100))


def _counts_pieces(text: str, match: re.Match[str]) -> bool:
    if not _PIECE.match(match[0]) or _PAYS.match(text, match.end()):
        return False
    return not _JUST_PAID.search(text, max(0, match.start() - _LAST_WORDS), match.start())
