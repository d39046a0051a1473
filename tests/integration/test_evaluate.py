"""`anfu evaluate` as people run it: a table in the terminal, a page to look at, and clear words about a bad file."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.evaluation import stock
from tests.integration.fixtures_database import ROOT

MESSAGES = [
    {"text": "家里那台洗衣机昨晚开始不脱水了", "label": "repair"},
    {"text": "这款冰箱现在买要多少钱呀", "label": "consult"},
    {"text": "衣服我不想要了，帮我退掉吧", "label": "return_exchange", "alt": None},
    {"text": "你们这服务也太差劲了，我要投诉！", "label": "complaint", "alt": "other"},
    {"text": "<b>谢谢</b>，麻烦你啦", "label": "repair"},
]
PAIRS = [
    {"question": "怎么开发票", "paraphrase": "发票要在哪里申请", "group": 1},
    {"question": "发票如何开具", "paraphrase": "想要一张发票", "group": 1},
    {"question": "洗衣机怎么清洁", "paraphrase": "洗衣机怎么清洁", "group": 2},
]

Evaluate = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def evaluate(tmp_path: Path) -> Evaluate:
    """Runs `anfu evaluate` on a file of these lines, with a data directory of its own."""
    environment = os.environ | {"ANFU_DATA_DIR": str(tmp_path / "data"), "PYTHONUTF8": "1"}

    def run(content: str | bytes | list[dict[str, Any]], *options: str) -> subprocess.CompletedProcess[str]:
        if isinstance(content, list):
            content = "\n".join(json.dumps(row, ensure_ascii=False) for row in content)
        file = tmp_path / "messages.jsonl"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        command = [sys.executable, "-m", "bot", "evaluate", str(file), *options]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)

    return run


def figures(output: str) -> dict[str, list[str]]:
    """The printed table: title → what stands beside it."""
    lines = (line.split("   ") for line in output.splitlines() if "   " in line)
    return {title: [cell.strip() for cell in cells if cell.strip()] for title, *cells in lines}


def test_the_figures_are_printed_and_the_page_shows_them(evaluate: Evaluate, tmp_path: Path) -> None:
    done = evaluate("\ufeff" + "\n\n".join(json.dumps(row) for row in MESSAGES))
    assert done.returncode == 0, done.stderr
    printed = figures(done.stdout)
    assert printed["准确率（宽松）"][0] == "80.0 %"
    assert {"准确率（严格）", "宏平均 F1", "把握 ≥ 90 % 却答错", "每条毫秒，第 99 百分位"} <= set(printed)
    assert {"繁体字，准确率（宽松）", "同音错字，准确率（宽松）"} <= set(printed)
    place = tmp_path / "data" / "evaluation.html"
    assert done.stdout.splitlines()[-1] == f"网页：{place}"
    page = place.read_text(encoding="utf-8")
    assert "80.0 %" in page and "宏平均 F1" in page and "<svg" in page
    assert "&lt;b&gt;谢谢&lt;/b&gt;" in page and "<b>谢谢" not in page, "a message is shown, never run"
    assert "src=" not in page and "href=" not in page, "one file that needs no other"


def test_the_quick_way_leaves_out_the_harder_versions(evaluate: Evaluate, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "quick.html"
    done = evaluate(MESSAGES[:2], "--quick", "--html", str(page))
    assert done.returncode == 0, done.stderr
    assert "繁体字" not in done.stdout
    assert "没有答错的消息" in page.read_text(encoding="utf-8")


def test_pairs_of_questions_measure_the_search(evaluate: Evaluate) -> None:
    done = evaluate(PAIRS)
    assert done.returncode == 0, done.stderr
    printed = figures(done.stdout)
    assert printed["问法数"] == ["3", "2"]
    assert printed["Recall@5"][:2] == ["100.0 %", "100.0 %"]
    assert set(printed) >= {"Recall@1", "MRR"}


BAD = {
    "no label": ('{"text": "退货"}', ("第 1 行", "label")),
    "unknown label": ('{"text": "退货", "label": "refund"}', ("第 1 行", "refund", "return_exchange")),
    "unknown second label": ('{"text": "退货", "label": "other", "alt": "x"}', ("第 1 行", "alt", "complaint")),
    "no text": ('{"text": "好", "label": "other"}\n{"label": "other"}', ("第 2 行", "text")),
    "blank text": ('{"text": " ", "label": "other"}', ("第 1 行", "text")),
    "no JSON": ('{"text": "好", "label": "other"}\n\nnonsense', ("第 3 行", "JSON")),
    "no object": ('["好", "other"]', ("第 1 行",)),
    "empty": ("\n\n", ("空",)),
    "no UTF-8": ('{"text": "好", "label": "other"}'.encode("gbk"), ("UTF-8",)),
    "no group": ('{"question": "怎么退", "paraphrase": "如何退"}', ("第 1 行", "group")),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_its_name_and_line(evaluate: Evaluate, case: str) -> None:
    content, words = BAD[case]
    refused(evaluate(content), "messages.jsonl", *words)


def test_options_for_messages_are_refused_with_pairs(evaluate: Evaluate) -> None:
    refused(evaluate(PAIRS, "--against", "stock"), "--against")


def test_a_page_that_cannot_be_written_is_refused_before_the_work(evaluate: Evaluate, tmp_path: Path) -> None:
    done = evaluate(MESSAGES, "--html", str(tmp_path))
    refused(done, str(tmp_path), "--html")


@pytest.mark.parametrize("epochs", ["0", "many"])
def test_epochs_are_a_positive_number(evaluate: Evaluate, epochs: str) -> None:
    done = evaluate(MESSAGES, "--stock-epochs", epochs)
    assert done.returncode == 2 and "--stock-epochs" in done.stderr


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stdout + done.stderr
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("anfu: ")
    for word in words:
        assert word in line


TINY = """\
version: "3.1"
nlu:
- intent: repair_fault
  examples: |
    - 洗衣机不脱水
    - 空调不制冷
- intent: consult_price
  examples: |
    - 这个多少钱
    - 有没有优惠
"""


@pytest.mark.slow
def test_stock_rasa_is_trained_once_and_then_answers(tmp_path: Path) -> None:
    nlu, cache = tmp_path / "nlu", tmp_path / "cache"
    nlu.mkdir()
    (nlu / "tiny.yml").write_text(TINY, encoding="utf-8")
    told: list[int] = []
    trained = stock.train(nlu, 1, cache, told.append)
    assert trained.seconds > 0 and told == [1]
    assert stock.train(nlu, 1, cache, told.append) == trained and told == [1], "the second call trains nothing"
    answers = list(stock.understand(trained.model, ["空调坏了", "价格"]))
    assert [answer.label in ("repair", "consult") for answer in answers] == [True, True]
    assert all(0 < answer.confidence <= 1 and answer.milliseconds > 0 for answer in answers)


@pytest.mark.slow
def test_stock_rasa_that_cannot_train_names_its_log(tmp_path: Path) -> None:
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu" / "broken.yml").write_text("nlu: [", encoding="utf-8")
    with pytest.raises(stock.EngineFailure, match=r"train\.log"):
        stock.train(tmp_path / "nlu", 1, tmp_path / "cache", lambda done: None)
