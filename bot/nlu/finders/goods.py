"""What the talk is about: products, brands, models, places of purchase, and the faults that the dictionary knows."""

import re
from collections.abc import Iterator
from functools import cache

from spacy.tokens import Doc, Span

from bot.nlu.finders.found import Found
from bot.nlu.finders.wishes import bare_fault
from bot.nlu.words import read_dictionary

_NO_GOODS = re.compile(
    r"(?:手机|电话|座机)(?:号码?)?(?:是|为|:|,|\s)*\d{3}|(?:手机|电话)(?:号|尾号)|[一-龥]{1,3}[大小](?:一?[点些])"
)
"""「手机13800138000」 tells a number, 「声音大点」 a wish."""
_ALSO_FOOD = frozenset({"苹果", "小米"})
_OF_FOOD = re.compile(r"[箱斤袋筐颗吨碗吃喝买种](?:的|了|点|到)?$")
_ALSO_PERSON = re.compile(r"老板(?=牌?的?(?:抽?油烟机|烟机|燃气灶|灶具|消毒柜|蒸箱|烤箱|洗碗机|热水器))")
"""A brand of kitchen ware; anywhere else the man who runs the shop."""
_PART_OF_GOODS = re.compile(
    r"内胆|滤[芯网]|遥控器?|充电[器线座宝仓]|数据线|电源线|适配器|支架|表带|灯[泡管]|刷头|[滚边主]刷|门封条?|主板|压缩机"
    r"|.*[膜壳罩套垫盖]"
)
_MADE_OF = re.compile(
    r"(?:红木|实木|木质|布艺|真皮|牛皮|羊皮|纯棉|羊绒|羊毛|真丝|亚麻|不锈钢|铸铁|陶瓷|玻璃|塑料|硅胶|竹制|藤编|儿童|婴儿|宠物"
    r"|电动|智能|无线|蓝牙|便携|折叠|家用|车载|嵌入式|壁挂|台式|立式|落地|迷你|变频|全自动|半自动)$"
)
_KIND_OF_DEVICE = frozenset("炉机器锅杯椅笔壶仪")
_MODEL = (
    r"(?:(?=[a-z0-9/-]*\d)(?:[a-z]{1,6}-)?[a-z]{1,6}-?\d{1,5}[a-z0-9]{0,6}(?:[-/][a-z0-9]{1,10}){0,4}"
    r"(?: ?(?:pro|max|plus|ultra|air|mini|se)\b){0,3}"
    r"|(?:iphone|ipad|macbook|airpods|watch) ?(?:\d{1,2}|air|pro|mini|max|plus|se|xr?s?)"
    r"(?: ?(?:pro|max|plus|mini|air)){0,3}"
    r"|\d{1,3}(?:pro|max|plus|ultra)(?: ?(?:max|plus))?)"
    r"(?![a-z0-9]|栋|座|幢|单元|楼|区|室|号楼)"
)
_NO_MODEL = (
    r"(?!e\d{1,2}(?![a-z0-9])|\d+gb?(?![a-z0-9])|(?:err|win|ddr)\d|pm2|wifi|usb|pcie|[a-z0-9.]+@|[a-z]{2}-?\d{8})"
)
"""Fault codes, sizes, e-mail addresses, numbers of tickets."""
_SERIES = frozenset({"iphone", "ipad"})
"""Names that belong to the model as people say it."""


def goods(text: str, doc: Doc) -> Iterator[Found]:
    """The shop's own words, in the sense that they have where they stand.

    Args:
        text: a message in normal form.
        doc: the same text with the shop's words marked.
    """
    spans = iter(doc.ents)
    span = next(spans, None)
    while span is not None:
        follower = next(spans, None)
        if follower is not None and _is_part(span, follower):
            yield Found("product", _begin(text, span), follower.end_char, span.id_ + follower.id_)
            follower = next(spans, None)
        elif not _NO_GOODS.match(text, span.start_char):
            yield _in_context(text, span)
        span = follower
    for match in _ALSO_PERSON.finditer(text):
        yield Found("brand", *match.span(), match[0])


def models(text: str) -> Iterator[Found]:
    """Names of models: `KFR-35GW`, `iPad Air`; a brand that is written together with one stands for itself."""
    for match in _models().finditer(text):
        if match["brand"]:
            yield Found("brand", *match.span("brand"), match["brand"])
        yield Found("model", *match.span("model"), match["model"].upper())


@cache
def _models() -> re.Pattern[str]:
    latin = (word for word, (kind, _) in read_dictionary().items() if kind == "brand" and word.isascii())
    brands = "|".join(sorted((word for word in latin if word.isalpha() and word not in _SERIES), key=len, reverse=True))
    return re.compile(
        rf"(?<![a-z0-9@.])(?<!单号)(?<!编号){_NO_MODEL}(?:(?P<brand>{brands})(?=[a-z]?\d))?(?P<model>{_MODEL})"
    )


def _is_part(span: Span, follower: Span) -> bool:
    """Whether two products are one: 「电饭煲内胆」."""
    together = span.label_ == follower.label_ == "product" and span.end_char == follower.start_char
    return together and bool(_PART_OF_GOODS.fullmatch(follower.text))


def _in_context(text: str, span: Span) -> Found:
    kind, start, end, value = span.label_, span.start_char, span.end_char, span.id_ or span.text
    if kind == "product":
        start, longer = _begin(text, span), _end(text, span)
        return Found(kind, start, longer, text[start : span.start_char] + value + text[end:longer])
    if kind == "symptom":
        return Found(kind, *bare_fault(text, start, end), value)
    if span.text in _ALSO_FOOD and _OF_FOOD.search(text[max(0, start - 3) : start]):
        return Found("product", start, end, span.text)
    return Found(kind, start, end, value)


def _begin(text: str, span: Span) -> int:
    """Where a product's name begins, with what it is made of or made for: 「红木椅子」."""
    before = _MADE_OF.search(text[max(0, span.start_char - 4) : span.start_char])
    return span.start_char - (len(before[0]) if before else 0)


def _end(text: str, span: Span) -> int:
    """Where a product's name ends, with the device that it names: 「披萨炉」."""
    after = span.doc[span.end : span.end + 1].text
    return span.end_char + (1 if after in _KIND_OF_DEVICE and len(after) == 1 else 0)
