"""Reading the YAML that service staff edit; a mistake is refused at start with file, place and cure."""

from collections.abc import Container, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from bot.domain.errors import ContentError
from bot.domain.knowledge import Article
from bot.domain.promise import Promise, read_promises
from bot.domain.scripts import Script, ScriptBook, read_script
from bot.domain.ticket import Kind
from bot.domain.wording import Forbidden

CONTENT = Path(__file__).parent.parent / "content"


_ARTICLE_TEXTS = ("id", "title", "answer", "source")
_ARTICLE_LISTS = ("questions", "intents", "products")
_ARTICLE_DAYS = ("valid_from", "valid_until")


def read_yaml(path: Path) -> Any:
    """A YAML file's content.

    Raises:
        ContentError: it is missing or no YAML; the message names file and line.
    """
    return _read_with_lines(path)[0]


def _read_with_lines(path: Path) -> tuple[Any, yaml.Node | None]:
    """A YAML file's content, and the same as nodes, which know their lines."""
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        return (loader.construct_document(node) if node else None), node
    except FileNotFoundError as error:
        raise ContentError(f"缺少文件 {path}") from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path.name} 不是 UTF-8 编码，请另存为 UTF-8") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" 第 {mark.line + 1} 行" if mark else ""
        raise ContentError(
            f"{path.name}{line}不是正确的 YAML：请检查缩进、引号和冒号后的空格（{getattr(error, 'problem', error)}）"
        ) from error


def load_forbidden(folder: Path = CONTENT) -> tuple[Forbidden, ...]:
    """The list of 忌语 (A4)."""
    entries = read_yaml(folder / "wording.yml")["forbidden"]
    return tuple(Forbidden(e["phrase"], e["why"], e["better"]) for e in entries)


def load_scripts(folder: Path = CONTENT) -> ScriptBook:
    """All scripts.

    Raises:
        ContentError: a file or script is wrong, or an id stands twice.
    """
    scripts: dict[str, Script] = {}
    for path in sorted((folder / "scripts").glob("*.yml")):
        raw = read_yaml(path)
        for entry in raw["scripts"]:
            script = read_script(entry, int(raw["version"]), path.name)
            if script.id in scripts:
                raise ContentError(f"{path.name}：话术 {script.id} 已经在别处写过，请改用别的 id")
            scripts[script.id] = script
    return ScriptBook(tuple(scripts.values()), load_forbidden(folder))


def load_promises(folder: Path = CONTENT) -> dict[Kind, Promise]:
    """The promise of each kind of ticket (D8)."""
    return read_promises(read_yaml(folder / "promises.yml"))


def load_articles(folder: Path = CONTENT, learned: Path | None = None) -> list[Article]:
    """All knowledge articles: those that we ship, and what staff taught.

    Args:
        folder: holds `knowledge/*.yml`.
        learned: a file of further articles, and of wordings for any article (`wordings: {article id: [...]}`); it need
            not exist.

    Raises:
        ContentError: an article is incomplete, its id or title stands twice, or wordings are for no article.
    """
    taught = [learned] if learned and learned.exists() else []
    articles: dict[str, Article] = {}
    titles: dict[str, str] = {}
    for path in (*sorted((folder / "knowledge").glob("*.yml")), *taught):
        for place, entry in _article_entries(path):
            article = _article(entry, place)
            if article.id in articles:
                raise ContentError(f"{place}：文章 id {article.id} 已经用过，请换一个")
            if article.title in titles:
                raise ContentError(f"{place}：标题“{article.title}”和文章 {titles[article.title]} 重复，请换一个")
            articles[article.id] = article
            titles[article.title] = article.id
    for path in taught:
        for article_id, wordings in _learned_wordings(path, articles):
            article = articles[article_id]
            articles[article_id] = replace(article, questions=(*article.questions, *wordings))
    return list(articles.values())


def _article_entries(path: Path) -> Iterator[tuple[str, Any]]:
    """Each article as written, with its place in words."""
    raw, node = _read_with_lines(path)
    if not isinstance(raw, dict) or not isinstance(raw.get("articles"), list):
        raise ContentError(f"{path.name} 的最外层要写 articles:，下面每篇文章以“- id:”开头")
    assert isinstance(node, yaml.MappingNode)
    entries = next(value for key, value in node.value if key.value == "articles")
    for entry, entry_node in zip(raw["articles"], entries.value, strict=True):
        yield f"{path.name} 第 {entry_node.start_mark.line + 1} 行", entry


def _article(entry: Any, place: str) -> Article:
    if not isinstance(entry, dict):
        raise ContentError(f"{place}：一篇文章要写 id、title、questions、answer、source，每项一行")
    where = f"{place}：文章 {entry.get('id', '（无 id）')}"
    if unknown := set(entry) - {*_ARTICLE_TEXTS, *_ARTICLE_LISTS, *_ARTICLE_DAYS}:
        raise ContentError(f"{where} 有不认识的字段 {'、'.join(sorted(map(str, unknown)))}，请改正或删去")
    for name in _ARTICLE_TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise ContentError(f"{where} 的 {name} 没有写，或不是文字：请补上，数字和日期要加引号")
    if "questions" not in entry:
        raise ContentError(f"{where} 没有 questions：请写上客户会怎么问，只有标题就写 []")
    text = {name: entry[name].strip() for name in _ARTICLE_TEXTS}
    listed = {name: _texts(entry.get(name, []), f"{where} 的 {name}") for name in _ARTICLE_LISTS}
    first, last = (_day(entry.get(name), f"{where} 的 {name}") for name in _ARTICLE_DAYS)
    if first and last and last < first:
        raise ContentError(f"{where} 的 valid_until 早于 valid_from，请改正")
    return Article(
        id=text["id"], title=text["title"], questions=listed["questions"], answer=text["answer"],
        source=text["source"], intents=listed["intents"], products=listed["products"],
        valid_from=first, valid_until=last,
    )  # fmt: skip


def _learned_wordings(path: Path, articles: Container[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    wordings = read_yaml(path).get("wordings", {})
    if not isinstance(wordings, dict):
        raise ContentError(f"{path.name} 的 wordings 应写成“文章 id: [问法, …]”")
    for article_id, texts in wordings.items():
        if article_id not in articles:
            raise ContentError(f"{path.name} 的 wordings：没有文章 {article_id}，请改正 id 或删去这一条")
        yield article_id, _texts(texts, f"{path.name} 的 wordings：{article_id}")


def _day(value: Any, where: str) -> date | None:
    if value is not None and (isinstance(value, datetime) or not isinstance(value, date)):
        raise ContentError(f"{where} 应是日期，如 2026-11-23，不加引号")
    return value


def _texts(values: Any, where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
        raise ContentError(f"{where} 应是列表，每行一条“- 文字”，数字和日期要加引号")
    return tuple(values)
