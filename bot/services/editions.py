"""What the bot says is the newest edition: published revisions over the files that we ship, without a restart."""

import logging
from collections.abc import Mapping
from threading import Lock
from typing import Any

from bot.domain.errors import ContentError
from bot.domain.revision import Kind, Revision, Stage
from bot.domain.scripts import ScriptBook
from bot.services.ports import Articles, KnowledgeIndex, UnitOfWorkFactory
from bot.services.shelves import Shelf

log = logging.getLogger(__name__)


class Editions:
    """Keeps this node's scripts and articles at the newest edition."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        shelves: Mapping[Kind, Shelf],
        shipped: ScriptBook,
        book: ScriptBook,
        articles: Articles,
        index: KnowledgeIndex,
    ) -> None:
        self._uow = uow
        self._shelves = shelves
        self._shipped = shipped
        self._book = book
        self._articles = articles
        self._index = index
        self._number: int | None = None
        self._changing = Lock()

    def refresh(self) -> int:
        """Look whether there is a newer edition, here or from another node, and put it in force.

        Returns:
            1 where there was one, or none was looked for before; else 0.
        """
        with self._changing:
            with self._uow() as uow:
                number = uow.edition.number()
                if number == self._number:
                    return 0
                revisions = uow.revisions.find(state=Stage.PUBLISHED)
            self._put_in_force(revisions)
            self._number = number
            return 1

    def _put_in_force(self, revisions: list[Revision]) -> None:
        """Each swap is one reference: who speaks meanwhile says the old sentence or the new."""
        revised: dict[Kind, dict[str, Any]] = {kind: {} for kind in Kind}
        broken: list[str] = []
        for revision in revisions:
            try:
                read = self._shelves[revision.kind].read(revision.key, revision.body, revision.label)
                revised[revision.kind][revision.key] = read
            except ContentError as error:
                # What we ship is said in its place: a service that talks is worth more than one that does not start.
                log.error(
                    "%s %s of %s is unreadable: the file's is said (%s)",
                    revision.kind,
                    revision.label,
                    revision.key,
                    error,
                )
                broken.append(revision.key)
        scripts = revised[Kind.SCRIPT]
        self._book.replace(scripts.get(script.id, script) for script in self._shipped)
        self._articles.revise(list(revised[Kind.ARTICLE].values()), broken)
        self._index.learn(self._articles.all())
