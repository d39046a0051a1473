"""The articles in force: those that we ship, and a file in the data directory that `anfu learn` writes."""

import fcntl
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.content_files import CONTENT, load_articles, read_yaml
from bot.domain.knowledge import Article

LEARNED = Path("knowledge") / "learned.yml"
"""Where staff's own articles lie in the data directory."""

_HEADER = """\
# 客服教给机器人的文章和问法，由 anfu learn 写入，下次启动生效。也可以手工改，但手写的注释不会保留。
"""


class ArticleFiles:
    """Implements `ports.Articles`."""

    def __init__(self, learned: Path, shipped: Path = CONTENT) -> None:
        self._learned = learned
        self._shipped = shipped
        self._revised: tuple[Sequence[Article], Collection[str]] = ((), ())

    def all(self) -> list[Article]:
        """Every article with every wording: as staff published it, else as the files say now.

        Raises:
            ContentError: a file is wrong; the message names file and line.
        """
        return load_articles(self._shipped, self._learned, *self._revised)

    def shipped(self) -> list[Article]:
        """Every article as the files say now, with the wordings that were taught."""
        return load_articles(self._shipped, self._learned, (), self._revised[1])

    def revise(self, articles: Sequence[Article], broken: Collection[str] = ()) -> None:
        """Staff published these; of the broken ones, which cannot be read, the files' form holds."""
        made_here = {article.id for article in articles}
        self._revised = (articles, {*broken, *made_here})

    def add(self, article: Article) -> None:
        """Add a new article to the learned ones."""
        with self._changing() as content:
            content["articles"].append(
                {
                    "id": article.id, "title": article.title, "intents": list(article.intents),
                    "questions": list(article.questions), "answer": article.answer, "source": article.source,
                }
            )  # fmt: skip

    def add_wordings(self, article_id: str, wordings: Sequence[str]) -> None:
        """Add ways to ask for an article."""
        with self._changing() as content:
            known = content["wordings"].setdefault(article_id, [])
            known.extend(wording for wording in wordings if wording not in known)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """The learned content to change in place; one writer at a time, and a reader sees the old file or the new."""
        folder = self._learned.parent
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = read_yaml(self._learned) if self._learned.exists() else {}
            content = {"articles": content.get("articles", []), "wordings": content.get("wordings", {})}
            yield content
            self._write(_HEADER + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120))
        finally:
            os.close(lock)

    def _write(self, text: str) -> None:
        new = self._learned.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._learned)
