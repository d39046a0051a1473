"""`anfu train`, `anfu parse`, `anfu chat`."""

import argparse
import asyncio
import json
import sys
import uuid
from collections.abc import Iterator
from typing import Any

from bot.commands.model import ensure_model, start_engine
from bot.domain.errors import InvalidInput
from bot.domain.text import is_whole
from bot.settings import Settings


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    train = commands.add_parser("train", parents=[common], help="训练模型")
    train.add_argument("--force", action="store_true", help="内容没有变化也重新训练")
    train.set_defaults(run=run_train)
    parse = commands.add_parser("parse", parents=[common], help='理解 JSON 行：{"text": …} → 意图、实体、情绪')
    parse.add_argument(
        "file", nargs="?", type=argparse.FileType("r", encoding="utf-8"), default=sys.stdin, help="默认读标准输入"
    )
    parse.set_defaults(run=run_parse)
    chat = commands.add_parser("chat", parents=[common], help="在终端里对话")
    chat.set_defaults(run=run_chat)


def run_train(options: argparse.Namespace, settings: Settings) -> None:
    """Train the model and print where it is."""
    print(ensure_model(settings, force=options.force))


def run_parse(options: argparse.Namespace, settings: Settings) -> None:
    """Read JSON lines with `text`, write what was understood, a line each."""
    engine = start_engine(ensure_model(settings))
    for text in _texts(options.file):
        parse = asyncio.run(engine.understand(text))
        print(json.dumps(as_row(text, parse), ensure_ascii=False), flush=True)
    engine.stop()


def as_row(text: str, parse: dict[str, Any]) -> dict[str, Any]:
    """One line of `anfu parse`."""
    view = parse["understanding"]
    lead = len(text) - len(text.lstrip())  # Rasa reads a message without the white space around it
    places = [{"start": e["start"] + lead, "end": e["end"] + lead} for e in parse["entities"]]
    return {
        "text": text,
        "intent": view["intents"][0]["name"],
        "main_intent": view["main_intent"],
        "confidence": round(view["main_confidence"], 4),
        "intents": view["intents"],
        "entities": [
            {"entity": e["entity"], "value": e["value"], **at} for e, at in zip(parse["entities"], places, strict=True)
        ],
        "emotion": view["emotion"],
    }


def _texts(lines: Any) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
            if not isinstance(text, str):
                raise TypeError
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InvalidInput(f'第 {number} 行应为 {{"text": "…"}}，现在是：{line.strip()[:60]}') from error
        if not is_whole(text):
            raise InvalidInput(f"第 {number} 行有半个字符（孤立的代理项），请用 UTF-8 重新导出这个文件")
        yield text


def run_chat(options: argparse.Namespace, settings: Settings) -> None:
    """Talk in the terminal, through the same use cases as the website."""
    from bot.bootstrap import build, use
    from bot.services.turns import Turns

    anfu = build(settings)
    use(anfu)
    engine = start_engine(ensure_model(settings))
    turns = Turns(anfu.uow, engine, anfu.handoff, anfu.scripts, anfu.clock, queueing=anfu.queueing)
    conversation = anfu.intake.open_conversation("web")
    print("（输入 exit 结束）")
    seq = _print_news(anfu, conversation.id, 0)
    for line in iter(_read_line, None):
        if line.strip().lower() in ("exit", "quit", "退出"):
            break
        if line.strip():
            anfu.intake.accept(conversation.id, str(uuid.uuid4()), line)
            asyncio.run(turns.run(conversation.id))
            seq = _print_news(anfu, conversation.id, seq)
    engine.stop()


def _read_line() -> str | None:
    try:
        return input("您：")
    except EOFError:
        return None


def _print_news(anfu: Any, conversation_id: str, seq: int) -> int:
    with anfu.uow() as uow:
        news = uow.messages.after(conversation_id, seq)
    for message in news:
        if message.sender != "customer":
            print(f"小安：{message.text}")
            if message.buttons:
                print("      " + " ".join(f"[{button.title}]" for button in message.buttons))
    return int(news[-1].seq) if news else seq
