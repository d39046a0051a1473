"""`anfu learn` as staff use it: what was asked in vain, grouped, and one command to teach the answer (A11)."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.article_files import LEARNED
from bot.adapters.content_files import load_articles
from bot.adapters.repositories import QuestionRows
from bot.adapters.uow import migrate
from tests.integration.fixtures_database import NOON, ROOT, database_in

Learn = Callable[..., subprocess.CompletedProcess[str]]

ASKED = ("你家蜂蜜是几度波美的", "帐篷能住几个人", "你家的蜂蜜是几度波美的呀", "蜂蜜几度波美的")


@pytest.fixture
def questions(tmp_path: Path) -> QuestionRows:
    """Four open questions, numbered from 1, in the database that the command reads."""
    database = database_in(tmp_path)
    migrate(database)
    rows = QuestionRows(database.begin)
    for number, text in enumerate(ASKED):
        rows.add(f"c{number}", text, "consult_product", [], NOON)
    return rows


@pytest.fixture
def learn(tmp_path: Path, questions: QuestionRows) -> Learn:
    """Runs `anfu learn …` on the test's data directory."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANFU_")}
    environment |= {"ANFU_DATA_DIR": str(tmp_path), "PYTHONUTF8": "1"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot", "learn", *arguments],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return run


def refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """It failed with one line that says what to do, and no traceback."""
    assert result.returncode == 1, result.stdout + result.stderr
    [line] = result.stderr.strip().splitlines()
    assert line.startswith("anfu: ")
    for word in words:
        assert word in line


def open_ids(questions: QuestionRows) -> list[int]:
    return [question.id for question in questions.open()]


def test_the_list_groups_by_meaning_and_a_whole_group_is_taught_at_once(learn: Learn, questions: QuestionRows) -> None:
    listed = learn("list")
    assert listed.returncode == 0, listed.stderr
    head, honey, tent, *_ = listed.stdout.split("\n\n")
    assert head == "4 个问题没答上来，共 2 类"
    assert honey.startswith("[3 次] ") and all(text in honey for text in (ASKED[0], ASKED[2], ASKED[3], "最近的文章"))
    assert tent.startswith(f"[1 次] {ASKED[1]}") and tent.splitlines()[-1].split("：")[1].split()[0] == "2"

    attached = learn("attach", "3", "invoice-general", "--cluster")
    assert "3 个问题" in attached.stdout, attached.stderr
    assert open_ids(questions) == [2]


def test_an_article_is_added(learn: Learn, questions: QuestionRows, tmp_path: Path) -> None:
    optional = ("--source", "瓶身标签", "--intent", "consult_usage")
    added = learn("add", "1", "--title", "蜂蜜度数", "--answer", "42 度波美。", *optional)
    assert "learned-1" in added.stdout, added.stderr
    article = load_articles(learned=tmp_path / LEARNED)[-1]
    assert (article.title, article.answer, article.source) == ("蜂蜜度数", "42 度波美。", "瓶身标签")
    assert (article.questions, article.intents) == ((ASKED[0],), ("consult_usage",))
    assert open_ids(questions) == [2, 3, 4]


def test_when_all_is_dealt_with_the_list_says_so(learn: Learn, questions: QuestionRows) -> None:
    assert learn("dismiss", "1", "2", "3", "4").returncode == 0
    assert learn("list").stdout.strip() == "没有等着回答的问题"


def test_mistakes_are_one_line_and_nothing_changes(learn: Learn, questions: QuestionRows, tmp_path: Path) -> None:
    refused(learn("attach", "99", "invoice-general"), "没有问题 99", "anfu learn list")
    refused(learn("attach", "1", "nowhere"), "没有文章 nowhere")
    refused(learn("add", "1", "--title", "标题", "--answer", ""), "--answer")
    refused(learn("add", "1", "--title", "营业时间", "--answer", "九点"), "营业时间", "anfu learn attach 1")
    refused(learn("add", "1", "--title", "甲", "--answer", "乙", "--intent", "consult_honey"), "consult_honey")
    assert open_ids(questions) == [1, 2, 3, 4]
    assert not (tmp_path / LEARNED).exists()


def test_nothing_starts_with_a_broken_learned_file(learn: Learn, tmp_path: Path) -> None:
    (tmp_path / LEARNED).parent.mkdir()
    (tmp_path / LEARNED).write_text("articles:\n  - id: honey\n    title: 蜂蜜\n    questions: []\n", encoding="utf-8")
    refused(learn("list"), "learned.yml 第 2 行", "honey", "answer")


@pytest.mark.parametrize("action", ["", "list", "attach", "add", "dismiss"])
def test_every_action_explains_itself(learn: Learn, action: str) -> None:
    result = learn(*action.split(), "--help")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"usage: anfu learn {action}".rstrip())
