"""Revisions: who may publish what, and what differs between two of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.actor import Actor, Role
from bot.domain.differing import Mark, compare, compare_line, lines_of
from bot.domain.errors import Conflict, NotAllowed, NotFound
from bot.domain.knowledge import Article, article_body, read_article
from bot.domain.proofreading import faults_against, faults_in_article
from bot.domain.revision import Entry, Kind, Revision, Stage, digest, label_of
from bot.domain.scripts import read_script, script_body
from bot.domain.wording import Forbidden

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
AGENT, LEADER = Actor("小李", Role.AGENT), Actor("王主管", Role.SUPERVISOR)
MANAGER, ADMIN = Actor("陈经理", Role.MANAGER), Actor("管理员", Role.ADMIN)
BODY = {
    "id": "repair.open", "principles": ["A2"],
    "cases": [{"when": {"emotion": "angry", "repetition": 1}, "say": ["对不起，{number}"]}, {"say": ["好", "行"]}],
    "buttons": [{"title": "跳过", "payload": "先跳过"}],
}  # fmt: skip
ARTICLE = Article("a", "家电保修多久", ("保修几年",), "整机 1 年。", "保修规则第 3 条", ("consult_policy",))
RUDE = Forbidden("不归我管", "推诿", "我帮您转过去")
DRAFT = Revision("1", Kind.SCRIPT, "repair.open", BODY, "小李", NOW, "file:abc", "abc")


def test_a_leader_publishes_what_another_wrote() -> None:
    published = DRAFT.publish(LEADER, 1, "file:abc", "更短", NOW)
    assert (published.label, published.state, published.published_by) == ("r1", Stage.PUBLISHED, "王主管")


def test_a_manager_may_publish_the_own_draft() -> None:
    assert replace(DRAFT, author="陈经理").publish(MANAGER, 1, "file:abc", "", NOW).number == 1


@pytest.mark.parametrize(("by", "author"), [(AGENT, "小张"), (ADMIN, "小张"), (LEADER, "王主管")])
def test_others_may_not_publish(by: Actor, author: str) -> None:
    with pytest.raises(NotAllowed):
        replace(DRAFT, author=author).publish(by, 1, "file:abc", "", NOW)


def test_a_draft_that_rests_on_something_older_waits_until_its_author_has_seen_the_newer() -> None:
    with pytest.raises(Conflict, match="差别"):
        DRAFT.publish(LEADER, 2, "r1", "", NOW)
    assert DRAFT.rest_on("r1", "abc").publish(LEADER, 2, "r1", "", NOW).number == 2


@pytest.mark.parametrize(
    "act",
    [
        lambda r: r.write({}, NOW), lambda r: r.rest_on("r1", ""), lambda r: r.withdraw(AGENT),
        lambda r: r.publish(LEADER, 2, "file:abc", "", NOW),
    ],
)  # fmt: skip
@pytest.mark.parametrize("state", [Stage.PUBLISHED, Stage.REPLACED, Stage.WITHDRAWN])
def test_what_is_no_draft_any_more_stays_as_it_is(act: Callable[[Revision], Any], state: Stage) -> None:
    with pytest.raises(Conflict):
        act(replace(DRAFT, state=state))


def test_a_draft_is_thrown_away_by_its_author_or_a_leader() -> None:
    assert DRAFT.withdraw(AGENT).state is DRAFT.withdraw(LEADER).state is Stage.WITHDRAWN
    with pytest.raises(NotAllowed):
        DRAFT.withdraw(Actor("小张", Role.AGENT))


def test_an_entry_tells_what_is_said_and_whether_we_ship_something_newer() -> None:
    shipped, first = {**BODY, "principles": ["A3"]}, replace(DRAFT, state=Stage.PUBLISHED, number=1)
    entry = Entry("repair.open", "", "", "", shipped, first, (DRAFT,), (first,))
    assert (entry.body, entry.label, entry.next_number) == (BODY, "r1", 2)
    assert entry.file_has_changed and entry.is_behind(DRAFT)
    assert entry.form("file", "") == shipped and entry.form("r1", "") == entry.form("draft", "小李") == BODY
    for name in ("r2", "draft", "x"):
        with pytest.raises(NotFound):
            entry.form(name, "小张")
    broken = replace(entry, broken="花括号")
    assert broken.body == shipped
    with pytest.raises(NotFound):
        broken.form("r1", "")
    assert label_of(None, digest(shipped)) == f"file:{entry.digest}"


def test_bodies_come_back_as_what_they_were() -> None:
    script = read_script(BODY, 1, "")
    assert script_body(script) == BODY
    dated = read_article({**article_body(ARTICLE), "valid_from": "2026-11-01"}, "", "r2")
    assert read_article(article_body(dated), "", "r2") == dated


def test_the_code_counts_on_what_a_revision_may_not_change() -> None:
    shipped = read_script(BODY, 1, "")
    changed = {
        **BODY, "principles": ["A9"], "buttons": [{"title": "跳过", "payload": "别的"}],
        "cases": [{"when": {"emotion": "angry"}, "say": ["好", "好"]}],
    }  # fmt: skip
    found = {finding.place: finding for finding in faults_against(read_script(changed, "", ""), shipped)}
    assert {place for place, finding in found.items() if finding.blocks} == {
        "cases.0", "buttons", "principles", "cases.0.say.1",
    }  # fmt: skip
    assert "number" in found[""].text and not found[""].blocks
    assert list(faults_against(shipped, shipped)) == [
        finding for finding in faults_against(shipped, shipped) if not finding.blocks
    ]  # fmt: skip


def test_an_article_may_not_share_its_title_and_should_not_share_its_questions() -> None:
    rival = replace(ARTICLE, id="b", answer="这不归我管" * 40, intents=("consult_polcy",), questions=("保修几年",) * 2)
    found = [(finding.place, finding.blocks) for finding in faults_in_article(rival, [ARTICLE], [RUDE])]
    assert found == [
        ("answer", True), ("title", True), ("answer", False), ("questions.0", False), ("questions.0", False),
        ("questions.1", False), ("questions.1", False), ("intents", False),
    ]  # fmt: skip
    assert list(faults_in_article(ARTICLE, [], [RUDE])) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("您好", "您好", "您好"),
        ("您好，我是小安", "您好呀，我是小安", "您好+呀+，我是小安"),
        ("三天内办好", "两天内办好", "-三-+两+天内办好"),
        ("", "新的", "+新的+"),
        ("甲乙丙丁戊", "子乙丑丁寅", "-甲乙丙丁戊-+子乙丑丁寅+"),
    ],
)
def test_a_line_shows_which_characters_went_and_which_came(old: str, new: str, told: str) -> None:
    sign = {Mark.SAME: "", Mark.ADDED: "+", Mark.REMOVED: "-"}
    runs = compare_line(old, new)
    assert "".join(f"{sign[run.mark]}{run.text}{sign[run.mark]}" for run in runs) == told
    assert "".join(run.text for run in runs if run.mark is not Mark.ADDED) == old
    assert "".join(run.text for run in runs if run.mark is not Mark.REMOVED) == new


def test_lines_that_came_and_went_are_whole() -> None:
    lines = compare(["甲", "乙"], ["甲", "乙", "丙"])
    assert [[run.mark for run in line] for line in lines] == [[Mark.SAME], [Mark.SAME], [Mark.ADDED]]
    assert compare([], []) == []


def test_a_body_reads_as_people_say_it() -> None:
    assert lines_of(BODY) == ["【客户生气时，第 2 次起】", "对不起，{number}", "【平常】", "好", "行", "按钮：跳过"]
    assert lines_of(article_body(ARTICLE))[:2] == ["标题：家电保修多久", "意图：consult_policy"]
