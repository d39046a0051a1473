"""Reading the YAML that service staff edit; a mistake is refused at start with file, place and cure."""

from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from bot.domain.errors import ContentError
from bot.domain.knowledge import Article, read_article, texts_in
from bot.domain.scripts import Script, ScriptBook, Variable, read_script
from bot.domain.wording import Forbidden

CONTENT = Path(__file__).parent.parent / "content"

FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where it is there: content is read at every start, and this takes a tenth of the time."""


def read_yaml(path: Path) -> Any:
    """A YAML file's content.

    Raises:
        ContentError: it is missing or no YAML; the message names file and line.
    """
    return _read_with_lines(path)[0]


def _read_with_lines(path: Path) -> tuple[Any, yaml.Node | None]:
    """A YAML file's content, and the same as nodes, which know their lines."""
    try:
        loader = FastLoader(path.read_text(encoding="utf-8"))
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


def load_variables(folder: Path = CONTENT) -> dict[str, Variable]:
    """The variables that scripts may use."""
    entries = read_yaml(folder / "variables.yml")["variables"]
    return {name: Variable(entry["name"], entry["example"]) for name, entry in entries.items()}


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


def load_articles(
    folder: Path = CONTENT,
    learned: Path | None = None,
    revised: Iterable[Article] = (),
    broken: Collection[str] = (),
) -> list[Article]:
    """All knowledge articles: those that we ship, and what staff taught.

    Args:
        folder: holds `knowledge/*.yml`.
        learned: a file of further articles, and of wordings for any article (`wordings: {article id: [...]}`); it need
            not exist.
        revised: articles that staff published, in the place of those of the same id, or beside them.
        broken: ids of articles that staff published in a form that cannot be read: wordings for them wait.

    Raises:
        ContentError: an article is incomplete, its id or title stands twice, or wordings are for no article.
    """
    taught = [learned] if learned and learned.exists() else []
    articles: dict[str, Article] = {}
    titles: dict[str, str] = {}
    for path in (*sorted((folder / "knowledge").glob("*.yml")), *taught):
        for place, entry in _article_entries(path):
            article = read_article(entry, place)
            if article.id in articles:
                raise ContentError(f"{place}：文章 id {article.id} 已经用过，请换一个")
            if article.title in titles:
                raise ContentError(f"{place}：标题“{article.title}”和文章 {titles[article.title]} 重复，请换一个")
            articles[article.id] = article
            titles[article.title] = article.id
    articles |= {article.id: article for article in revised}
    for path in taught:
        for article_id, wordings in _learned_wordings(path, {*articles, *broken}):
            if article_id in articles:
                article = articles[article_id]
                known = dict.fromkeys((*article.questions, *wordings))
                articles[article_id] = replace(article, questions=tuple(known))
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


def _learned_wordings(path: Path, articles: Container[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    wordings = read_yaml(path).get("wordings", {})
    if not isinstance(wordings, dict):
        raise ContentError(f"{path.name} 的 wordings 应写成“文章 id: [问法, …]”")
    for article_id, texts in wordings.items():
        if article_id not in articles:
            raise ContentError(f"{path.name} 的 wordings：没有文章 {article_id}，请改正 id 或删去这一条")
        yield article_id, texts_in(texts, f"{path.name} 的 wordings：{article_id}")
