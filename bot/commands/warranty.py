"""`anfu warranty decide` and `anfu warranty explain`: what the law gives, for programs and for people (E11)."""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

from bot.domain.dates import local_day
from bot.domain.errors import InvalidInput
from bot.domain.warranty.case import Case
from bot.domain.warranty.decide import decide
from bot.domain.warranty.decision import refused
from bot.domain.warranty.explain import explain
from bot.domain.warranty.law import Law
from bot.settings import Settings

_FAULTS = {"性能": "performance", "外观": "appearance", "无": "none"}
_CAUSES = {"产品": "product", "人为": "misuse", "不清楚": "unknown"}
_WISHES = {"退货": "return", "换货": "exchange", "修理": "repair"}
_CHANNELS = {"网上": "online", "门店": "store"}
_REPAIR_MARKS = {"parts": "waiting_parts", "repairer": "repairer_caused", "fixed": "fixed"}
_REPAIR_SHAPE = (
    "起:止，如 2026-10-10:2026-10-15；还没修好就不写止；"
    "后面可加 ,parts（等配件）,repairer（维修方原因）,fixed（修好了）"
)


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    warranty = commands.add_parser("warranty", help="按法律和三包算能退、能换还是能修")
    actions = warranty.add_subparsers(required=True, metavar="动作")
    deciding = actions.add_parser("decide", parents=[common], help="读 JSON 行，每行写一个结论（JSON）")
    deciding.add_argument("file", nargs="?", type=argparse.FileType("rb"), help="默认读标准输入")
    deciding.set_defaults(run=run_decide)
    explaining = actions.add_parser("explain", parents=[common], help="把一个结论连同算法讲清楚")
    _add_facts(explaining)
    explaining.set_defaults(run=run_explain)


def _add_facts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--category", required=True, metavar="类别", help="如 washing_machine 或 洗衣机")
    parser.add_argument("--bought", required=True, metavar="日期", help="购买日期，如 2026-10-01")
    parser.add_argument("--received", metavar="日期", help="签收日期")
    parser.add_argument("--channel", metavar="渠道", help="online（网上）或 store（门店）")
    parser.add_argument("--price", metavar="元", help="发票价格，如 2999 或 2999.50")
    parser.add_argument("--today", metavar="日期", help="哪一天判断，默认今天")
    parser.add_argument("--fault", metavar="故障", help="performance（性能）、appearance（外观）或 none（无）")
    parser.add_argument("--found", metavar="日期", help="发现故障的日期，默认判断当天")
    parser.add_argument("--cause", metavar="原因", help="product（产品）、misuse（人为）或 unknown（不清楚）")
    parser.add_argument("--part", metavar="部件", help="如 motor 或 电机")
    parser.add_argument("--repair", action="append", default=[], metavar="起:止", help=f"可重复。{_REPAIR_SHAPE}")
    parser.add_argument("--exchanged", metavar="日期", help="换过货的日期")
    parser.add_argument("--wish", metavar="诉求", help="return（退货）、exchange（换货）或 repair（修理）")
    parser.add_argument("--no-stock", action="store_true", help="没有同型号现货")
    parser.add_argument("--not-intact", action="store_true", help="商品不完好")
    parser.add_argument("--opened", action="store_true", help="拆封、激活或试用到不能再当新品卖")
    parser.add_argument("--custom-made", action="store_true", help="定做的")
    parser.add_argument("--certified-substandard", action="store_true", help="有关行政部门认定不合格")


def run_decide(options: argparse.Namespace, settings: Settings) -> int:
    """Write one decision a line; 1 when any line could not be read."""
    from bot.adapters.warranty_files import load_law

    has_failed = False
    for answer in answers(options.file or sys.stdin.buffer, load_law(), _today()):
        has_failed |= "error" in answer
        line = json.dumps(answer, ensure_ascii=False)
        print(line.encode("utf-8", "backslashreplace").decode(), flush=True)  # half a character stays readable
    return int(has_failed)


def answers(lines: BinaryIO | Iterable[bytes], law: Law, today: date) -> Iterator[Mapping[str, Any]]:
    """The answer to each line that is not blank; a line that cannot be read gets a human and an error."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = law.resolve(Case.from_json(_read(line), today))
        except InvalidInput as error:
            yield refused(f"第 {number} 行：{error}")
        else:
            yield decide(case, law).as_json()


def _read(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidInput("不是 UTF-8 编码，请另存为 UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput('不是正确的 JSON：一行写一个对象，如 {"category": "washing_machine", …}') from error


def run_explain(options: argparse.Namespace, settings: Settings) -> None:
    """Print the decision with its arithmetic."""
    from bot.adapters.warranty_files import load_law

    law = load_law()
    case = law.resolve(Case.from_json(_facts(options), _today()))
    print(explain(decide(case, law)))


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    """The options as the JSON object that `decide` reads."""
    fault = {"kind": _meant(options.fault, _FAULTS), "found_on": options.found, "cause": _meant(options.cause, _CAUSES)}
    if fault["kind"] is None and (options.found or options.cause):
        raise InvalidInput("写了 --found 或 --cause，还要写 --fault：performance（性能）或 appearance（外观）")
    return {
        "category": options.category,
        "bought_on": options.bought,
        "received_on": options.received,
        "channel": _meant(options.channel, _CHANNELS),
        "price_fen": _fen(options.price),
        "today": options.today,
        "part": options.part,
        "fault": fault if fault["kind"] else None,
        "repairs": [_repair(text) for text in options.repair],
        "exchanged_on": options.exchanged,
        "certified_substandard": options.certified_substandard,
        "custom_made": options.custom_made,
        "opened_irreversibly": options.opened,
        "intact": not options.not_intact,
        "same_model_in_stock": not options.no_stock,
        "wish": _meant(options.wish, _WISHES),
    }


def _meant(word: str | None, names: Mapping[str, str]) -> str | None:
    return names.get(word, word) if word else None


def _fen(price: str | None) -> int | None:
    if price is None:
        return None
    try:
        fen = Decimal(price) * 100
    except InvalidOperation:
        fen = Decimal("NaN")
    if not fen.is_finite() or fen != fen.to_integral_value():
        raise InvalidInput(f"--price 应是以元为单位的价格，如 2999 或 2999.50，现在是 {price}")
    return int(fen)


def _repair(text: str) -> dict[str, Any]:
    shape = re.fullmatch(r"([\d-]+):([\d-]*)((?:,[a-z]+)*)", text)
    marks = shape[3].split(",")[1:] if shape else []
    if not shape or not set(marks) <= set(_REPAIR_MARKS):
        raise InvalidInput(f"--repair 应写成 {_REPAIR_SHAPE}；现在是 {text}")
    return {"from": shape[1], "to": shape[2] or None, **{_REPAIR_MARKS[mark]: True for mark in marks}}


def _today() -> date:
    return local_day(datetime.now(UTC))
