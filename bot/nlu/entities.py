"""Facts in a message: numbers, days, products, faults, places, wishes."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spacy.tokens import Doc

from bot.domain.dates import DATE_EXPRESSION, spoken_date
from bot.nlu.clock import today
from bot.nlu.normaliser import normal_text
from bot.nlu.tokenizer import read_doc

Found = tuple[str, int, int, str]
"""Type, start, end, value."""

_PHONE_LABEL = re.compile(r"(?:手机|电话|座机)(?:号码?)?(?:是|为|:|,|\s)*\d{3}|(?:手机|电话)号")
_DIGITS_ONLY = re.compile(r"\D")
_TICKET = re.compile(r"(?<![a-z0-9])(bx|th|ts|hd|jy|qh)[\s-]?(\d{8})[\s-]?(\d{4})(?!\d)")
_PHONE = re.compile(
    r"(?<!\d)1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)|(?<!\d)09\d{2}-?\d{3}-?\d{3}(?!\d)|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)"
)
_ORDER = re.compile(r"(?<![\da-z])\d{12,20}(?!\d)|(?<=单号)[:： ]?\d{6,20}(?!\d)")
_AMOUNT = re.compile(r"(?<!\d)\d+(?:\.\d{1,2})?\s?(?:元|块钱?|rmb)|[¥￥]\s?\d+(?:\.\d{1,2})?")
_MODEL = re.compile(
    r"(?<![a-z0-9])(?!e\d{1,2}(?![a-z0-9]))(?=[a-z0-9-]*\d)[a-z]{1,5}-?\d{1,5}[a-z]{0,3}(?![a-z0-9]|栋|座|幢|单元|楼|区|室)"
)
_ADMIN = r"(?:省|自治区|市|区|县|镇|乡|街道|州)"
_STREET = r"(?:路|街|大道|巷|弄|胡同|村|小区|花园|花苑|大厦|公寓|苑|城|广场|里)"
_ADDRESS = re.compile(
    rf"(?:[一-龥]{{2,7}}?{_ADMIN}){{2,5}}[一-龥\da-z#\-]*"
    rf"|(?:[一-龥]{{2,7}}?{_ADMIN}){{0,4}}[一-龥]{{2,8}}?{_STREET}\s?\d+[\da-z号栋幢座单元室楼层\-]*"
)
_ADDRESS_LEAD = re.compile(
    r"^.*?(?:地址(?:改成|改为|在|是)?|家?住在?|我?家就?在|我们?在|就在|这里是|人在|位于|送到|寄到|上门到)"
)
_PART = r"(?:早上|上午|中午|下午|晚上|傍晚)"
_HOUR = r"(?:[一二三四五六七八九十两\d]{1,3}点半?(?:左右|以?后|之?前)?|\d{1,2}[:：]\d{2})"
_TIME = re.compile(
    rf"(?:(?:今天|明天|后天|大后天|下下?周末|这?周[一二三四五六日末天]|下?个?(?:周|星期|礼拜)[一二三四五六日天]|下周[一二三四五六日天]|星期[一二三四五六日天]|周末|\d{{1,2}}[号日])(?:的)?{_PART}?{_HOUR}?)"
    rf"|{_PART}{_HOUR}"
)
_DEMAND = re.compile(
    r"退货退款|退货|换货|退一赔[一-龥]|(?:三倍)?赔偿|退款|退钱|道歉|赔偿|赔钱|补偿|换新|换一台新的?|补发|给个?说法|解释|处理(?:那个|这个|他)|退差价|尽快送|重新安装"
)
_SYMPTOM = re.compile(
    r"不(?:制冷|制热|脱水|排水|进水|出水|加热|转|通电|启动|工作|亮|响|显示|充电|吸尘|灵|好使|运行)(?:了)?"
    r"|(?:漏|渗|滴)(?:水|油|氟|风)|打不开|关不上|开不了机?|充不进电|充不上电|没(?:有)?(?:声音|反应|信号|图像|风)"
    r"|(?:黑|花|白|蓝|闪)屏|死机|卡顿|(?:噪音|声音|动静)(?:很|特别|太|好)?大|异响|异味|跳闸|报错?[a-z]?\d+|显示e\d+|坏(?:了|掉)|断电|结霜|结冰|发烫"
)


def _shop_words(text: str, doc: Doc) -> Iterator[Found]:
    for span in doc.ents:
        if _PHONE_LABEL.match(text, span.start_char):
            continue  # 「手机13800138000」 tells a number, no product
        yield span.label_, span.start_char, span.end_char, span.id_ or span.text


def _numbers(text: str, doc: Doc) -> Iterator[Found]:
    for match in _TICKET.finditer(text):
        yield "ticket_number", *match.span(), f"{match[1].upper()}{match[2]}-{match[3]}"
    for match in _PHONE.finditer(text):
        yield "phone", *match.span(), match[0] if match[0].startswith("0") else _DIGITS_ONLY.sub("", match[0])
    for match in _ORDER.finditer(text):
        yield "order_number", *match.span(), _DIGITS_ONLY.sub("", match[0])
    for match in _AMOUNT.finditer(text):
        yield "amount", *match.span(), match[0].strip()
    for match in _MODEL.finditer(text):
        yield "model", *match.span(), match[0].upper()


def _days(text: str, doc: Doc) -> Iterator[Found]:
    day_said = today()
    for match in DATE_EXPRESSION.finditer(text):
        if day := spoken_date(match[0], day_said):
            yield "date", *match.span(), day
    for match in _TIME.finditer(text):
        yield "time", *match.span(), match[0]


def _places(text: str, doc: Doc) -> Iterator[Found]:
    for match in _ADDRESS.finditer(text):
        address = _ADDRESS_LEAD.sub("", match[0])
        if len(address) >= 5 and not address.endswith(("小区", "市区")):
            yield "address", match.end() - len(address), match.end(), address


def _faults_and_wishes(text: str, doc: Doc) -> Iterator[Found]:
    for match in _SYMPTOM.finditer(text):
        yield "symptom", *match.span(), match[0]
    for match in _DEMAND.finditer(text):
        yield "demand", *match.span(), match[0]


_RIVALS = (
    {"phone", "order_number", "ticket_number", "model", "amount"},
    {"address", "product", "date", "time"},
)
"""Types that would read the same characters differently: 「科技路12号」 holds no day."""

_FINDERS: tuple[Callable[[str, Doc], Iterator[Found]], ...] = (
    _numbers,
    _shop_words,
    _places,
    _days,
    _faults_and_wishes,
)


def find_facts(text: str, doc: Doc) -> list[Found]:
    """All facts of a text in the order said; of two that overlap within a type, the longer one.

    Args:
        text: a message in normal form.
        doc: the same text, cut into words.
    """
    found: list[Found] = []
    for finder in _FINDERS:
        for fact in finder(text, doc):
            rivals = [f for f in found if fact[1] < f[2] and f[1] < fact[2] and _compete(f[0], fact[0])]
            if all(f[2] - f[1] < fact[2] - fact[1] for f in rivals):
                found = [f for f in found if f not in rivals]
                found.append(fact)
    return sorted(found, key=lambda fact: fact[1])


def _compete(one: str, other: str) -> bool:
    return one == other or any({one, other} <= rivals for rivals in _RIVALS)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class FactExtractor(GraphComponent, EntityExtractorMixin):
    """Adds the facts of a message as Rasa entities."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "FactExtractor":
        """Build the component."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the entities of each message."""
        for message in messages:
            text = normal_text(message)
            entities: list[dict[str, Any]] = [
                {"entity": kind, "value": value, "start": start, "end": end}
                for kind, start, end, value in find_facts(text, read_doc(message))
            ]
            message.set(ENTITIES, message.get(ENTITIES, []) + self.add_extractor_name(entities), add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training needs no facts: they come from rules and the dictionary."""
        return training_data
