"""Staff change what the bot says, without a restart (A4, A11)."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.bootstrap import build
from bot.domain.actor import Actor, Role
from bot.domain.errors import Conflict
from bot.domain.revision import Kind
from bot.settings import Settings
from tests.integration.gateway_world import SECRET, World, content_once, gateway, refusal

WELCOME = "/desk/content/scripts/greeting.welcome"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


async def read(world: World, path: str = WELCOME, by: str = "小李") -> Any:
    response = await world.ask("GET", path, by=by)
    assert response.status == 200, await response.text()
    return await response.json()


async def write(world: World, sentence: str, by: str = "小李", path: str = WELCOME, **more: Any) -> Any:
    """Put a sentence in the place of all others."""
    body = (await read(world, path, by))["body"]
    body["cases"] = [{"say": [sentence]}]
    response = await world.ask("PUT", f"{path}/draft", {"body": body, **more}, by=by)
    assert response.status == 200, await response.text()
    return await response.json()


async def publish(world: World, by: str = "王主管", path: str = WELCOME, **more: Any) -> Any:
    response = await world.ask("POST", f"{path}/publish", {"author": "小李", **more}, by=by)
    assert response.status == 200, await response.text()
    return await response.json()


async def greeting(world: World) -> Any:
    """What the next customer hears first."""
    conversation = await world.open()
    return (await conversation.read())["messages"][0]


async def test_a_published_sentence_is_said_at_once_and_its_source_names_the_revision(world: World) -> None:
    draft = await write(world, "您好呀，我是机器人小安，想办什么事？")
    assert "机器人小安，想办什么事" not in (await greeting(world))["text"]
    entry = await publish(world, version=draft["version"], note="更亲切")
    said = await greeting(world)
    assert said["text"] == "您好呀，我是机器人小安，想办什么事？"
    assert said["source"]["version"] == "r1"
    assert (entry["label"], entry["changed_by"], entry["open_drafts"]) == ("r1", "王主管", [])
    assert [(r["label"], r["author"], r["note"]) for r in entry["revisions"]] == [("r1", "小李", "更亲切")]


async def test_an_earlier_form_is_said_again_as_a_new_revision(world: World) -> None:
    before = (await greeting(world))["text"]
    for sentence in ("第一版：我是机器人小安。", "第二版：我是机器人小安。"):
        await write(world, sentence)
        await publish(world)
    response = await world.ask("POST", f"{WELCOME}/rollback", {"number": 1}, by="王主管")
    assert (await response.json())["label"] == "r3"
    assert (await greeting(world))["text"] == "第一版：我是机器人小安。"
    await world.ask("POST", f"{WELCOME}/rollback", {"number": 0, "note": "还是原来的好"}, by="王主管")
    assert (await greeting(world))["text"] == before
    states = [(r["label"], r["state"]) for r in (await read(world))["revisions"]]
    assert states == [("r4", "published"), ("r3", "replaced"), ("r2", "replaced"), ("r1", "replaced")]


async def test_agents_draft_and_leaders_publish_but_not_their_own(world: World) -> None:
    await write(world, "我是机器人小安，您请说。")
    await refusal(await world.ask("POST", f"{WELCOME}/publish", {}, by="小李"), 403, "not_allowed")
    await refusal(await world.ask("POST", f"{WELCOME}/rollback", {"number": 0}, by="小李"), 403, "not_allowed")
    await refusal(
        await world.ask("POST", f"{WELCOME}/publish", {"author": "小李"}, by="管理员"), 403, "not_allowed"
    )  # fmt: skip
    await write(world, "主管自己写的，我是机器人小安。", by="王主管")
    told = await refusal(
        await world.ask("POST", f"{WELCOME}/publish", {"author": "王主管"}, by="王主管"), 403, "not_allowed"
    )  # fmt: skip
    assert "另一位" in told
    await write(world, "经理写的，我是机器人小安。", by="陈经理")
    await publish(world, by="陈经理", author="陈经理")
    assert (await greeting(world))["text"].startswith("经理写的")


async def test_what_was_published_meanwhile_is_not_overwritten_unseen(world: World) -> None:
    await write(world, "小李写的，我是机器人小安。")
    await write(world, "小张写的，我是机器人小安。", by="小张")
    await publish(world)
    told = await refusal(
        await world.ask("POST", f"{WELCOME}/publish", {"author": "小张"}, by="王主管"), 409, "conflict"
    )  # fmt: skip
    assert "差别" in told
    entry = await read(world, by="小张")
    assert [draft["behind"] for draft in entry["open_drafts"]] == [True]
    assert (await greeting(world))["text"].startswith("小李写的")
    response = await world.ask(
        "PUT", f"{WELCOME}/draft", {"body": entry["open_drafts"][0]["body"], "version": 0, "seen": True}, by="小张"
    )  # fmt: skip
    assert response.status == 200
    await publish(world, author="小张")
    assert (await greeting(world))["text"].startswith("小张写的")


async def test_of_two_windows_the_later_is_told_and_so_is_who_publishes_what_was_changed_since(world: World) -> None:
    draft = await write(world, "我是机器人小安，您好。")
    body = draft["body"]
    for version, status in ((0, 200), (0, 409), (None, 409)):
        response = await world.ask("PUT", f"{WELCOME}/draft", {"body": body, "version": version}, by="小李")
        assert response.status == status
    response = await world.ask("POST", f"{WELCOME}/publish", {"author": "小李", "version": 0}, by="王主管")
    assert "刚刚又改了" in await refusal(response, 409, "conflict")


@pytest.mark.parametrize(
    ("sentence", "finding"),
    [
        ("这不归我管，我是机器人小安。", "忌语"),
        ("30 分钟内一定回您。", "承诺"),
        ("您的费用是 {fee}。", "fee"),
        ("您好 {promise.__class__}", "不认识的变量"),
        ("您好 {promise:>9999999}", "只写变量名"),
        ("您好 {", "花括号"),
        ("", "空的"),
    ],
)
async def test_a_fault_is_shown_and_not_published(world: World, sentence: str, finding: str) -> None:
    draft = await write(world, sentence)
    response = await world.ask("POST", f"{WELCOME}/lint", {"body": draft["body"]})
    findings = (await response.json())["findings"]
    assert any(finding in one["text"] and one["blocks"] for one in findings), findings
    response = await world.ask("POST", f"{WELCOME}/publish", {"author": "小李"}, by="王主管")
    await refusal(response, 422, "invalid")
    assert (await read(world))["label"] == "file"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"cases": "甲"}, {"cases": [1]}, {"cases": [{"say": "甲"}]}, {"cases": [{"say": [1]}]}, {"cases": []},
        {"cases": [{"when": [], "say": []}, {"when": {"emotion": "furious"}, "say": []}]},
        {"cases": [{"say": ["甲"]}], "buttons": [{"title": "多的"}] * 9},
        {"cases": [{"when": {"repetition": -1}, "say": ["甲"]}]}, {"cases": [{"say": ["长" * 2001]}]},
    ],
)  # fmt: skip
async def test_what_is_no_script_is_refused_and_nothing_is_kept(world: World, body: Any) -> None:
    for path in ("draft", "lint", "preview"):
        response = await world.ask("PUT" if path == "draft" else "POST", f"{WELCOME}/{path}", {"body": body})
        await refusal(response, 422, "invalid")
    assert (await read(world))["open_drafts"] == []


async def test_keys_that_the_code_does_not_know_cannot_be_written(world: World) -> None:
    body = {"body": {"cases": [{"say": ["甲"]}]}}
    for key in ("greeting.invented", "..%2F..%2Fetc", "x" * 90):
        response = await world.ask("PUT", f"/desk/content/scripts/{key}/draft", body)
        assert response.status == 404


async def test_the_preview_speaks_in_each_mood_and_in_both_kinds_of_characters(world: World) -> None:
    path = "/desk/content/scripts/agreement.offer"
    entry = await read(world, path)
    response = await world.ask("POST", f"{path}/preview", {"body": entry["body"]})
    samples = (await response.json())["samples"]
    assert {sample["emotion"] for sample in samples} == {"calm", "unhappy", "angry", "extreme"}
    angry = next(sample for sample in samples if sample["emotion"] == "angry")
    assert angry["variant"] == "1.1" and "BX20260103-0007" in angry["hans"]["text"]
    assert "對不起" in angry["hant"]["text"]


async def test_the_difference_is_told_by_characters(world: World) -> None:
    await write(world, "您好，我是机器人小安。")
    await publish(world)
    await write(world, "您好呀，我是机器人小安。")
    response = await world.ask("GET", f"{WELCOME}/diff?from=r1&to=draft")
    runs = [run for line in (await response.json())["lines"] for run in line if run["mark"] != "same"]
    assert runs == [{"mark": "added", "text": "呀"}]
    await refusal(await world.ask("GET", f"{WELCOME}/diff?from=r9&to=draft"), 404, "not_found")


async def test_the_list_finds_words_and_tells_who_is_writing(world: World) -> None:
    await write(world, "独角兽来接待您，我是机器人小安。")
    found = await read(world, "/desk/content/scripts?q=独角兽", by="王主管")
    assert [(e["key"], e["drafts"], e["own_draft"]) for e in found["entries"]] == [
        ("greeting.welcome", ["小李"], False)
    ]
    page = await read(world, "/desk/content/scripts?limit=5&offset=5")
    assert len(page["entries"]) == 5 and page["total"] > 100 and "repair" in page["topics"]


async def test_a_draft_is_thrown_away_by_its_author_or_a_leader(world: World) -> None:
    await write(world, "我是机器人小安，您好。")
    await refusal(await world.ask("DELETE", f"{WELCOME}/draft?author=小李", by="小张"), 403, "not_allowed")
    assert (await world.ask("DELETE", f"{WELCOME}/draft?author=小李", by="王主管")).status == 204
    await refusal(await world.ask("DELETE", f"{WELCOME}/draft", by="小李"), 404, "not_found")
    await write(world, "再来一份，我是机器人小安。")


async def test_a_new_article_is_found_at_once_and_one_changed_is_said_as_changed(world: World) -> None:
    found = world.anfu.knowledge.search("你们卖独角兽吗", most=1)
    body = {
        "title": "卖不卖独角兽", "questions": ["你们卖独角兽吗"], "answer": "我们不卖独角兽。",
        "source": "商品目录（2026 年 11 月）", "intents": ["consult_product"],
    }  # fmt: skip
    response = await world.ask("POST", "/desk/content/articles", {"body": body})
    assert response.status == 201, await response.text()
    path = f"/desk/content/articles/{(await response.json())['key']}"
    assert world.anfu.knowledge.titled("卖不卖独角兽") is None
    await publish(world, path=path)
    (hit,) = world.anfu.knowledge.search("你们卖独角兽吗", most=1)
    assert hit.article.answer == "我们不卖独角兽。" and hit.article.version == "r1" and hit != found
    changed = {**body, "answer": "独角兽暂时没有货。"}
    await world.ask("PUT", f"{path}/draft", {"body": changed})
    await publish(world, path=path)
    (hit,) = world.anfu.knowledge.search("你们卖独角兽吗", most=1)
    assert hit.article.said == "独角兽暂时没有货。\n（依据：商品目录（2026 年 11 月））"


async def test_an_article_that_is_not_finished_waits(world: World) -> None:
    twin = world.anfu.knowledge.articles[0].title
    response = await world.ask("POST", "/desk/content/articles", {"body": {"title": twin, "answer": "这不归我管"}})
    path = f"/desk/content/articles/{(await response.json())['key']}"
    response = await world.ask("POST", f"{path}/publish", {"author": "小李"}, by="王主管")
    assert "依据" in await refusal(response, 422, "invalid")
    body = {"title": twin, "answer": "这不归我管", "source": "某处"}
    await world.ask("PUT", f"{path}/draft", {"body": body, "version": 0})
    findings = (await (await world.ask("POST", f"{path}/lint", {"body": body})).json())["findings"]
    assert {f["place"] for f in findings if f["blocks"]} == {"title", "answer"}


async def test_another_node_says_it_from_its_next_look_on(world: World, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("ANFU_SECRET", SECRET)
    other = build(Settings(data_dir=tmp_path), world.clock, content_once())
    assert other.editions.refresh() == 0
    await write(world, "两台机器都这样说，我是机器人小安。")
    await publish(world)
    assert "两台机器" not in other.scripts.render("greeting.welcome").text
    assert other.editions.refresh() == 1
    assert other.scripts.render("greeting.welcome").text.startswith("两台机器")
    assert other.editions.refresh() == 0
    assert "两台机器" not in content_once().scripts.render("greeting.welcome").text


async def test_a_broken_revision_does_not_stop_the_start_and_is_reported(
    world: World, tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await write(world, "我是机器人小安，这一版会坏。")
    await publish(world)
    with world.uow() as work:
        (revision,) = work.revisions.find(kind=Kind.SCRIPT, key="greeting.welcome")
        broken = {"id": "greeting.welcome", "principles": [], "cases": [{"say": ["{nothing}"]}]}
        work.revisions.save(replace(revision, body=broken), "数据库", "弄坏", world.clock())
        work.commit()
    monkeypatch.setenv("ANFU_SECRET", SECRET)
    again = build(Settings(data_dir=tmp_path), world.clock, content_once())
    shipped = content_once().scripts.render("greeting.welcome")
    assert again.scripts.render("greeting.welcome") == shipped
    assert "r1 of greeting.welcome" in caplog.text
    entry = await read(world)
    assert "nothing" in entry["broken"] and entry["body"] == entry["file"]
    await world.ask("POST", f"{WELCOME}/rollback", {"number": 0}, by="王主管")
    assert (await read(world))["broken"] is None


async def test_a_new_file_under_a_published_revision_is_told(world: World) -> None:
    await write(world, "我是机器人小安，您好。")
    await publish(world)
    assert not (await read(world))["file_has_changed"]
    with world.uow() as work:  # as if it had been written over an older file
        (revision,) = work.revisions.find(kind=Kind.SCRIPT, key="greeting.welcome")
        work.revisions.save(replace(revision, shipped="0" * 16), "升级", "换了文件", world.clock())
        work.commit()
    assert (await read(world))["file_has_changed"]


async def test_who_changed_what_stands_on_the_audit_trail(world: World) -> None:
    await write(world, "我是机器人小安，您好。")
    await publish(world, note="更短")
    with world.uow() as work:
        (revision,) = work.revisions.find(kind=Kind.SCRIPT, key="greeting.welcome")
        lines = [entry.change for entry in work.trail.entries(f"revision:{revision.id}")]
    assert [(line.actor, line.action, line.reason) for line in lines] == [
        ("小李", "add", "开始修改"), ("王主管", "change", "更短"),
    ]  # fmt: skip
    assert lines[1].after["state"] == "published"


def test_two_who_publish_at_once_make_two_revisions_or_one_and_a_refusal(anfu: Any) -> None:
    """Also on PostgreSQL: the edition's row lets one pass after the other."""
    key, leaders = "greeting.welcome", ("王主管", "赵主管")
    for author in ("小李", "小张"):
        body = {**anfu.revising.entry(Kind.SCRIPT, key).body, "cases": [{"say": [f"{author}，我是机器人小安"]}]}
        anfu.revising.draft(Kind.SCRIPT, key, body, None, Actor(author, Role.AGENT))

    def put_in_force(pair: tuple[str, str]) -> str:
        leader, author = pair
        try:
            anfu.revising.publish(Kind.SCRIPT, key, Actor(leader, Role.SUPERVISOR), "", author=author)
        except Conflict:
            return "told"
        return author

    with ThreadPoolExecutor() as pool:
        became = list(pool.map(put_in_force, zip(leaders, ("小李", "小张"), strict=True)))
    (winner,) = set(became) - {"told"}
    assert became.count("told") == 1
    assert anfu.scripts.render(key).text.startswith(winner)
    assert [r.number for r in anfu.revising.entry(Kind.SCRIPT, key).history] == [1]
