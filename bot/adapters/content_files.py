"""Reading the YAML that service staff edit; a mistake is refused at start with file, place and cure."""

from collections.abc import Iterator
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


def read_yaml(path: Path) -> Any:
    """A YAML file's content.

    Raises:
        ContentError: it is missing or no YAML; the message names file and line.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ContentError(f"缺少文件 {path}") from error
    except yaml.YAMLError as error:
        raise ContentError(f"{path.name} 不是正确的 YAML：{error}") from error


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


def load_articles(folder: Path = CONTENT) -> list[Article]:
    """All knowledge articles.

    Raises:
        ContentError: an article is incomplete or its id stands twice.
    """
    articles: dict[str, Article] = {}
    for path, entry in _article_entries(folder):
        try:
            article = Article(
                id=entry["id"], title=entry["title"], questions=tuple(entry["questions"]),
                answer=entry["answer"].strip(), source=entry["source"], intents=tuple(entry.get("intents", ())),
                products=tuple(entry.get("products", ())),
            )  # fmt: skip
        except (KeyError, TypeError, AttributeError) as error:
            raise ContentError(f"{path.name}：文章 {entry.get('id', '（无 id）')} 缺少或写错 {error}") from error
        if article.id in articles:
            raise ContentError(f"{path.name}：文章 id {article.id} 已经用过，请换一个")
        articles[article.id] = article
    return list(articles.values())


def _article_entries(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((folder / "knowledge").glob("*.yml")):
        for entry in read_yaml(path)["articles"]:
            yield path, entry
