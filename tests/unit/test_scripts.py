"""话术: choosing and rendering, the script book itself, and the check that guards it (A1-A4, A11)."""

from pathlib import Path
from typing import Any

import pytest

from bot.adapters.content_files import load_scripts
from bot.commands.content import check_scripts, check_use
from bot.domain.emotion import Level
from bot.domain.errors import ContentError
from bot.domain.message import Button
from bot.domain.scripts import Script, ScriptBook, read_script, variables_of
from bot.domain.wording import Forbidden, forbidden_in

ROOT = Path(__file__).parents[2]
BOOK = load_scripts()
RUDE = Forbidden("不归我管", "推诿", "我帮您转过去")


def script(*cases: dict[str, Any], name: str = "repair.open", **more: Any) -> Script:
    return read_script({"id": name, "principles": ["A1"], "cases": list(cases), **more}, 3, "test.yml")


MOODS = script(
    {"when": {"emotion": "extreme"}, "say": ["极"]},
    {"when": {"emotion": "angry", "repetition": 1}, "say": ["怒又"]},
    {"when": {"emotion": "angry"}, "say": ["怒"]},
    {"when": {"repetition": 2}, "say": ["三", "四"]},
    {"say": ["一", "二"]},
)


@pytest.mark.parametrize(
    ("emotion", "told", "text", "variant"),
    [
        (Level.CALM, 0, "一", "5.1"),
        (Level.UNHAPPY, 1, "二", "5.2"),
        (Level.CALM, 2, "三", "4.1"),
        (Level.CALM, 3, "四", "4.2"),
        (Level.CALM, 4, "三", "4.1"),
        (Level.ANGRY, 0, "怒", "3.1"),
        (Level.ANGRY, 1, "怒又", "2.1"),
        (Level.EXTREME, 7, "极", "1.1"),
    ],
)
def test_the_first_case_that_holds_is_said(emotion: Level, told: int, text: str, variant: str) -> None:
    """A1, A2, A11: the sentence carries its source."""
    reply = ScriptBook([MOODS]).render("repair.open", emotion=emotion, told=told)
    assert reply.text == text
    assert reply.source == {"kind": "script", "id": "repair.open", "version": 3, "variant": variant}


def test_the_variants_rotate_and_the_seed_only_shifts_the_beginning() -> None:
    """A1: never the same sentence twice in a row."""
    book = ScriptBook([script({"say": ["甲", "乙", "丙"]})])
    for seed in range(4):
        heard = [book.render("repair.open", told=told, seed=seed).text for told in range(6)]
        assert heard[:3] == heard[3:] and set(heard) == {"甲", "乙", "丙"}
        assert heard[0] == "甲乙丙"[seed % 3]


def test_a_missing_variable_is_named() -> None:
    book = ScriptBook([script({"say": ["{promise} 前答复，单号 {number}"]})])
    with pytest.raises(ContentError, match="promise"):
        book.render("repair.open", number="BX1")
    assert book.render("repair.open", number="BX1", promise="明天 10:00").text == "明天 10:00 前答复，单号 BX1"


def test_what_the_customer_said_is_never_read_as_a_template() -> None:
    book = ScriptBook([script({"say": ["记下：{summary}"]})])
    assert book.render("repair.open", summary="{number} %s {0.__class__}").text == "记下：{number} %s {0.__class__}"


def test_a_forbidden_phrase_is_refused_when_it_is_about_to_be_said() -> None:
    """A4."""
    with pytest.raises(ContentError, match="我帮您转过去"):
        ScriptBook([script({"say": ["这不归我管"]})], [RUDE]).render("repair.open")


def test_the_customers_own_words_may_hold_what_we_would_not_say() -> None:
    book = ScriptBook([script({"say": ["您说：{summary}"]})], [RUDE])
    assert "不归我管" in book.render("repair.open", summary="客服说不归我管").text


def test_an_unknown_script_names_the_folder_to_write_it_in() -> None:
    with pytest.raises(ContentError, match="bot/content/scripts"):
        BOOK.render("repair.nowhere")


def test_buttons_given_replace_the_scripts_own() -> None:
    book = ScriptBook([script({"say": ["好"]}, buttons=[{"title": "跳过"}, {"title": "是", "payload": "对，没错"}])])
    assert book.render("repair.open").buttons == (Button("跳过", "跳过"), Button("是", "对，没错"))
    assert book.render("repair.open", buttons=[Button("甲", "乙")]).buttons == (Button("甲", "乙"),)


@pytest.mark.parametrize(
    "raw",
    [
        {"principles": ["A1"], "cases": [{"say": ["好"]}]},
        {"id": "x.y", "cases": [{"say": ["好"]}]},
        {"id": "x.y", "principles": ["A1"]},
        {"id": "x.y", "principles": ["A1"], "cases": []},
        {"id": "x.y", "principles": ["A1"], "cases": [{"say": []}]},
        {"id": "x.y", "principles": ["A1"], "cases": [{"when": {"emotion": "furious"}, "say": ["好"]}]},
        {"id": "x.y", "principles": ["A1"], "cases": [{"when": {"repetition": "often"}, "say": ["好"]}]},
        {"id": "x.y", "principles": ["A1"], "cases": [{"say": ["{坏"]}]},
        {"id": "x.y", "principles": ["A1"], "cases": [{"say": ["好"]}], "buttons": [{"payload": "x"}]},
    ],
)
def test_a_broken_script_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ContentError):
        read_script(raw, 1, "test.yml")


def test_a_script_without_a_general_case_says_so() -> None:
    with pytest.raises(ContentError, match="when"):
        ScriptBook([script({"when": {"emotion": "angry"}, "say": ["怒"]})]).render("repair.open")


def test_variables_are_found() -> None:
    assert variables_of("单号 {number}，{promise} 前；{number}") == {"number", "promise"}


@pytest.mark.parametrize("entry", list(BOOK), ids=lambda entry: entry.id)
def test_every_script_can_be_said_in_every_mood_and_at_every_telling(entry: Script) -> None:
    """A1, A2, A4, A11: no telling fails, none repeats the one before it where the book has another."""
    values: dict[str, Any] = {name: "某" for name in entry.variables}
    for emotion in Level:
        before = ""
        for told in range(9):
            reply = BOOK.render(entry.id, emotion=emotion, told=told, **values)
            assert reply.text.strip() and "{" not in reply.text and "\n\n" not in reply.text
            assert not forbidden_in(reply.text, BOOK.forbidden)
            case = entry.cases[int(reply.source["variant"].split(".")[0]) - 1]
            if len(case.variants) > 1:
                assert reply.text != before, f"{entry.id} repeats itself at telling {told}"
            before = reply.text


@pytest.mark.parametrize("entry", list(BOOK), ids=lambda entry: entry.id)
def test_every_script_names_principles_of_the_standard_and_ends_in_a_general_case(entry: Script) -> None:
    """A1-A15, invariant 12."""
    assert entry.principles and all(p[0] in "ABCDEFGHW" and p[1:].isdigit() for p in entry.principles)
    assert (entry.cases[-1].emotion, entry.cases[-1].repetition) == (Level.CALM, 0)


def test_the_book_passes_its_own_check() -> None:
    """A4, A11."""
    assert list(check_scripts(BOOK)) == []
    assert list(check_use(BOOK, ROOT)) == []


@pytest.mark.parametrize(
    ("sentence", "finding"),
    [
        ("这不归我管", "忌语"),
        ("24小时内联系您", "24小时"),
        ("30 分钟到", "30 分钟"),
        ("我们保证修好", "保证"),
        ("一定给您办好", "一定"),
        ("{fee} 元", "fee"),
        ("长" * 161, "161"),
        ("上\n\n下", "空行"),
    ],
)
def test_each_planted_fault_is_found(sentence: str, finding: str) -> None:
    """A4, A11."""
    findings = list(check_scripts(ScriptBook([script({"say": [sentence]})], [RUDE])))
    assert len(findings) == 1 and finding in findings[0] and "repair.open" in findings[0]


def test_a_script_that_nothing_uses_and_a_use_without_a_script_are_found(tmp_path: Path) -> None:
    """Invariant 12."""
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "speak.py").write_text('say("repair.open")\nsay("repair.missing")\n', encoding="utf-8")
    book = ScriptBook([script({"say": ["好"]}), script({"say": ["好"]}, name="repair.lonely")])
    findings = list(check_use(book, tmp_path))
    assert len(findings) == 2
    assert any("repair.lonely" in finding for finding in findings)
    assert any("missing" in finding for finding in findings)
