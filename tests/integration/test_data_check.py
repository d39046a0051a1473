"""`anfu data check`: whether the training sentences are fit to learn from."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.adapters.example_files import read_examples
from bot.domain.errors import ContentError
from bot.domain.examples import Example, describe, examine

ROOT = Path(__file__).parents[2]


def check(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bot", "data", "check", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT
    )


def test_our_own_sentences_pass() -> None:
    done = check()
    assert done.returncode == 0, done.stdout
    assert "0 处问题" in done.stdout


def test_a_message_to_be_measured_on_is_found_among_the_training_sentences(tmp_path: Path) -> None:
    taken = read_examples(ROOT / "data" / "nlu")[0].text
    measured = tmp_path / "measured.jsonl"
    measured.write_text(f'{{"text": "{taken}！"}}\n', encoding="utf-8")
    done = check("--against", measured)
    assert done.returncode == 1
    assert "评测语料" in done.stdout


def test_a_file_that_holds_no_messages_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text("nonsense\n", encoding="utf-8")
    done = check("--against", broken)
    assert done.returncode == 1
    assert "broken.jsonl" in done.stderr


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (("我想退货可以吗", "return"), ("我想退货可以吗？", "return"), "duplicate"),
        (("我想退货可以吗", "return"), ("我想退货，可以吗", "how"), "contradiction"),
        (("请帮我查一下昨天买的洗衣机到哪里了", "a"), ("请帮我查一下昨天买的洗衣机到哪里了呀", "a"), "duplicate"),
    ],
)
def test_sentences_that_are_too_alike_are_named(one: tuple[str, str], other: tuple[str, str], kind: str) -> None:
    examples = [Example(text, intent, f"nlu.yml:{number}") for number, (text, intent) in enumerate((one, other))]
    findings = examine(examples)
    assert [finding.kind for finding in findings] == [kind]
    assert "nlu.yml:1" in next(iter(describe(findings)))


def test_near_misses_of_two_intents_are_what_we_want() -> None:
    pair = [Example("退款到账了吗亲", "ask", "nlu.yml:1"), Example("退款没到账呢亲", "complain", "nlu.yml:2")]
    assert examine(pair) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("nlu:\n- intent: greet\n  examples: |\n    - 你好\n    在吗\n", "nlu.yml 第 5 行"),
        ("nlu:\n- examples: |\n    - 你好\n", "nlu.yml 第 2 行"),
        ("nlu:\n- intent: greet\n", "nlu.yml 第 2 行"),
        ("nlu: [\n", "nlu.yml"),
        ("", "nlu.yml"),
        ("version: '3.1'\n", "nlu.yml"),
    ],
)
def test_a_broken_training_file_is_refused_with_file_line_and_cure(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "nlu.yml").write_text(content, encoding="utf-8")
    with pytest.raises(ContentError) as refused:
        read_examples(tmp_path)
    assert told in str(refused.value)
    assert "应" in str(refused.value) or "请" in str(refused.value)
