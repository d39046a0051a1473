"""`anfu evaluate`: how well labelled messages are understood, beside stock Rasa where asked."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bot.commands.model import ensure_model, start_engine
from bot.domain.dates import local_day
from bot.domain.errors import InvalidInput
from bot.settings import ROOT, Settings

if TYPE_CHECKING:
    import numpy as np

    from bot.adapters.engine import RasaEngine
    from bot.evaluation.files import Pair
    from bot.evaluation.measures import Case, Prediction
    from bot.evaluation.page import Error
    from bot.evaluation.stock import Trained

NLU = ROOT / "data" / "nlu"
PAUSE = 5.0
"""Seconds between two words on the progress of long work."""

Item = TypeVar("Item")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("evaluate", parents=[common], help="用标好的消息测量听懂了多少，可与原装 Rasa 对比")
    parser.add_argument(
        "file",
        type=Path,
        help='JSON 行：{"text": …, "label": …}，或问法对 {"question": …, "paraphrase": …, "group": …}',
    )
    parser.add_argument("--against", choices=("stock",), help="stock：与同样句子训练出的原装 Rasa 并排")
    parser.add_argument("--stock-epochs", type=_positive, default=100, metavar="N", help="原装 Rasa 训练几轮，默认 100")
    parser.add_argument("--quick", action="store_true", help="不测繁体字和同音错字")
    parser.add_argument("--html", type=Path, help="网页写到哪里，默认数据目录下的 evaluation.html")
    parser.set_defaults(run=run_evaluate)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def run_evaluate(options: argparse.Namespace, settings: Settings) -> None:
    """Measure what the file holds and print the table; for messages also write the page.

    Raises:
        InvalidInput: a line of the file is wrong, or the page cannot be written where it is asked for.
    """
    from bot.evaluation.files import are_pairs, messages, pairs, read_lines

    lines = read_lines(options.file)
    if not are_pairs(lines):
        _evaluate_messages(messages(lines), options, settings)
    elif options.against or options.html or options.quick:
        raise InvalidInput(f"{options.file.name} 里是问法对，只测检索；请去掉 --against、--html、--quick")
    else:
        _evaluate_search(pairs(lines), options.file.name)


def _evaluate_messages(cases: "Sequence[Case]", options: argparse.Namespace, settings: Settings) -> None:
    from bot.evaluation.noise import variants
    from bot.evaluation.page import render
    from bot.evaluation.stock import understand
    from bot.evaluation.table import WRITTEN, as_text, rows, side
    from bot.nlu.chinese import traditional

    page = _writable(options.html or settings.data_dir / "evaluation.html")
    versions = {WRITTEN: cases} | ({} if options.quick else variants(cases, traditional))
    texts = [case.text for version in versions.values() for case in version]
    stock = _trained_stock(options.stock_epochs, settings) if options.against else None
    sides = [side("安服", versions, _ours(texts, settings))]
    if stock:
        predictions = _counted(understand(stock.model, texts), len(texts), "原装 Rasa")
        sides.append(side(f"原装 Rasa（{options.stock_epochs} 轮）", versions, predictions, stock.seconds))
    print(f"{options.file.name}：{len(cases)} 条消息\n")
    print(as_text([side.name for side in sides], rows(sides)))
    day = f"{local_day(datetime.now(UTC)):%Y-%m-%d}"
    page.write_text(render(options.file.name, day, sides, _errors(cases, sides[0].predictions)), encoding="utf-8")
    print(f"\n网页：{page}")


def _writable(page: Path) -> Path:
    """The path, once it is certain that the page can be written there: a long measurement shall not be lost."""
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.open("a").close()
    except OSError as error:
        raise InvalidInput(f"网页写不到 {page}：{error.strerror}，请用 --html 换一个位置") from error
    return page


def _ours(texts: Sequence[str], settings: Settings) -> "list[Prediction]":
    engine = start_engine(ensure_model(settings))
    try:
        return asyncio.run(_understand(engine, texts))
    finally:
        engine.stop()


async def _understand(engine: "RasaEngine", texts: Sequence[str]) -> "list[Prediction]":
    """What `anfu parse` tells of each text, one after the other."""
    from bot.evaluation.measures import WARM_UP, Prediction

    for text in WARM_UP:
        await engine.understand(text)
    predictions = []
    for text in _counted(texts, len(texts), "安服"):
        started = time.perf_counter()
        parse = await engine.understand(text)
        milliseconds = (time.perf_counter() - started) * 1000
        view = parse["understanding"]
        predictions.append(Prediction(view["main_intent"], view["main_confidence"], milliseconds))
    return predictions


def _trained_stock(epochs: int, settings: Settings) -> "Trained":
    from bot.evaluation.stock import train

    def report(done: int) -> None:
        if done % max(1, epochs // 20) == 0:
            _say(f"原装 Rasa 训练：{done} / {epochs} 轮")

    _say(f"原装 Rasa 的模型：{epochs} 轮，句子没有变化时只训练一次；100 轮要一小时以上")
    return train(NLU, epochs, settings.cache_dir, report)


def _errors(cases: "Sequence[Case]", predictions: "Sequence[Prediction]") -> "list[Error]":
    """The surest errors, each with the training sentences nearest in meaning."""
    from bot.evaluation.measures import worst
    from bot.evaluation.neighbours import nearest, read_training
    from bot.evaluation.page import Error
    from bot.nlu.encoder import encode_all
    from bot.nlu.normaliser import normal_form

    def encode(texts: list[str]) -> "np.ndarray":
        return encode_all([normal_form(text).text for text in texts])

    if not (wrong := worst(cases, predictions)):
        return []
    _say("错误附近的训练句子")
    neighbours = nearest([case.text for case, _ in wrong], read_training(NLU), encode)
    return [Error(case, said, near) for (case, said), near in zip(wrong, neighbours, strict=True)]


def _evaluate_search(pairs: "Sequence[Pair]", name: str) -> None:
    from bot.evaluation.measures import retrieval
    from bot.evaluation.table import as_text, retrieval_rows

    places = _places(pairs)
    stored = {pair.stored for pair in pairs}
    reworded = [place for pair, place in zip(pairs, places, strict=True) if pair.asked not in stored]
    print(f"{name}：在 {len(stored)} 个问题里检索\n")
    print(as_text(["全部问法", "没有原样收录的问法"], retrieval_rows(retrieval(places), retrieval(reworded))))


def _places(pairs: "Sequence[Pair]") -> list[int | None]:
    """Where the knowledge search puts the first question of the right group, for each question asked."""
    from bot.adapters.knowledge import MeaningIndex
    from bot.domain.knowledge import Article
    from bot.nlu.encoder import encode, encode_all
    from bot.nlu.normaliser import normal_form

    groups: dict[str, set[str]] = {}
    for pair in pairs:
        groups.setdefault(pair.stored, set()).add(pair.group)
    _say("候选问题")
    index = MeaningIndex.build([Article(text, text, (), "", "") for text in groups], encode, encode_all)
    places: list[int | None] = []
    for pair in _counted(pairs, len(pairs), "检索"):
        hits = index.search(normal_form(pair.asked).text, len(groups))
        ranked = (place for place, hit in enumerate(hits, start=1) if pair.group in groups[hit.article.title])
        places.append(next(ranked, None))
    return places


def _counted(items: Iterable[Item], count: int, what: str) -> Iterator[Item]:
    """The items as they come, with a word on the progress every few seconds."""
    _say(f"{what}：{count} 条")
    told = time.monotonic()
    for number, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - told >= PAUSE:
            told = time.monotonic()
            _say(f"{what}：{number} / {count}")


def _say(progress: str) -> None:
    print(f"  … {progress}", file=sys.stderr, flush=True)
