"""Scripts and articles in the hands of staff: drafted, checked, heard, published, taken back (A11)."""

import uuid
from collections.abc import Mapping
from typing import Any

from bot.domain.actor import Actor
from bot.domain.differing import Line, compare, lines_of
from bot.domain.errors import Conflict, ContentError, InvalidInput, NotFound
from bot.domain.proofreading import Finding
from bot.domain.revision import Entry, Kind, Revision, Stage, label_of, may_publish
from bot.domain.scripts import Variable
from bot.services.editions import Editions
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.shelves import Sample, Shelf

NEW: Mapping[str, Any] = {"title": "", "questions": [], "answer": "", "source": "", "intents": [], "products": []}
"""The body of an article that nobody has written yet."""
MOST_DRAFTS = 200
"""Drafts of articles at once."""


class Revising:
    """Everything the desk does with scripts and articles."""

    def __init__(self, uow: UnitOfWorkFactory, shelves: Mapping[Kind, Shelf], editions: Editions, clock: Clock) -> None:
        self._uow = uow
        self._shelves = shelves
        self._editions = editions
        self._clock = clock

    def overview(self, kind: Kind, words: str = "", topic: str = "") -> list[Entry]:
        """All entries of a kind, in the order of the files; those that hold the words, of a topic, where given."""
        with self._uow() as uow:
            published = {r.key: r for r in uow.revisions.find(kind=kind, state=Stage.PUBLISHED)}
            drafts = uow.revisions.find(kind=kind, state=Stage.DRAFT)
        shipped = self._shelves[kind].shipped()
        of_key: dict[str, list[Revision]] = {key: [] for key in (*shipped, *sorted(published))}
        for draft in sorted(drafts, key=lambda draft: draft.created_at):
            of_key.setdefault(draft.key, []).append(draft)
        entries = [
            self._entry(kind, key, shipped.get(key), published.get(key), writing) for key, writing in of_key.items()
        ]
        return [e for e in entries if (not topic or e.topic == topic) and (not words or _holds(e, words))]

    def entry(self, kind: Kind, key: str) -> Entry:
        """One entry with its history.

        Raises:
            NotFound: there is none of that key.
        """
        with self._uow() as uow:
            return self._find(uow, kind, key)

    def variables(self, kind: Kind, key: str) -> dict[str, Variable]:
        """What the code puts into an entry's sentences."""
        return self._shelves[kind].variables(key)

    def faults(self, kind: Kind, key: str, body: Mapping[str, Any]) -> list[Finding]:
        """What should be changed about a body.

        Raises:
            InvalidInput: it is none. NotFound: there is no such key.
        """
        self.entry(kind, key)
        return list(self._shelves[kind].faults(key, self._shelves[kind].shaped(key, body)))

    def samples(self, kind: Kind, key: str, body: Mapping[str, Any]) -> list[Sample]:
        """What customers would hear.

        Raises:
            InvalidInput: the body cannot be read. NotFound: there is no such key.
        """
        self.entry(kind, key)
        try:
            return list(self._shelves[kind].samples(key, self._shelves[kind].shaped(key, body)))
        except ContentError as error:
            raise InvalidInput(str(error)) from error

    def begin_article(self, body: Mapping[str, Any], by: Actor) -> Revision:
        """Draft an article that there is none of yet.

        Raises:
            InvalidInput: the body is none, or too many were begun and not published.
        """
        now, key = self._clock(), f"desk-{uuid.uuid4().hex[:8]}"
        shaped = self._shelves[Kind.ARTICLE].shaped(key, body)
        draft = Revision(str(uuid.uuid4()), Kind.ARTICLE, key, shaped, by.name, now, label_of(None, ""))
        with self._uow() as uow:
            if len(uow.revisions.find(kind=Kind.ARTICLE, state=Stage.DRAFT)) >= MOST_DRAFTS:
                raise InvalidInput(f"已有 {MOST_DRAFTS} 份文章草稿，请先发布或放弃一些")
            uow.revisions.add(draft, by.name, "新文章的草稿", now)
            uow.commit()
        return draft

    def draft(
        self, kind: Kind, key: str, body: Mapping[str, Any], version: int | None, by: Actor, *, seen: bool = False
    ) -> Revision:
        """Keep what somebody writes; each has one draft of a key.

        Args:
            version: of the draft that it goes on from; None begins one.
            seen: the author has seen what was published meanwhile, and stands by the draft.

        Raises:
            Conflict: the draft was changed in another window, or exists already. NotFound: there is no such key.
            InvalidInput: the body is none.
        """
        now = self._clock()
        with self._uow() as uow:
            entry = self._find(uow, kind, key)
            shaped = self._shelves[kind].shaped(key, body)
            own = next((draft for draft in entry.drafts if draft.author == by.name), None)
            if (own.version if own else None) != version:
                raise Conflict("您在别的窗口里改过这份草稿，请刷新后再改")
            if own is None:
                kept = Revision(str(uuid.uuid4()), kind, key, shaped, by.name, now, entry.label, entry.digest)
                uow.revisions.add(kept, by.name, "开始修改", now)
            else:
                written = own.write(shaped, now)
                kept = written.rest_on(entry.label, entry.digest) if seen else written
                kept = uow.revisions.save(kept, by.name, "继续修改", now)
            uow.commit()
        return kept

    def discard(self, kind: Kind, key: str, by: Actor, author: str | None = None) -> None:
        """Throw a draft away; one's own where no author is given.

        Raises:
            NotFound: there is none. NotAllowed: it is somebody else's.
        """
        with self._uow() as uow:
            draft = self._find(uow, kind, key).draft_of(author or by.name)
            uow.revisions.save(draft.withdraw(by), by.name, "放弃草稿", self._clock())
            uow.commit()

    def publish(
        self, kind: Kind, key: str, by: Actor, note: str, *, author: str | None = None, version: int | None = None
    ) -> Entry:
        """Put a draft in force, here at once and on other nodes within seconds.

        Args:
            author: whose draft; one's own where that is not given.
            version: of the draft as it was read; what was written since is not published unseen.

        Raises:
            NotAllowed, Conflict: see `Revision.publish`. InvalidInput: it has faults. NotFound: there is no such draft.
        """
        may_publish(by)
        now = self._clock()
        with self._uow() as uow:
            uow.edition.next()  # whoever publishes too waits here, and then sees this edition
            entry = self._find(uow, kind, key)
            draft = entry.draft_of(author or by.name)
            if version is not None and version != draft.version:
                raise Conflict(f"{draft.author} 刚刚又改了这份草稿，请刷新后看过再发布")
            published = draft.publish(by, entry.next_number, entry.label, note, now)
            self._require_faultless(kind, key, draft.body)
            if entry.in_force:
                uow.revisions.save(entry.in_force.give_way(), by.name, f"由 {published.label} 代替", now)
            uow.revisions.save(published, by.name, note or "发布", now)
            uow.commit()
        self._editions.refresh()
        return self.entry(kind, key)

    def roll_back(self, kind: Kind, key: str, number: int, by: Actor, note: str) -> Entry:
        """Say again what an earlier revision said, or the file where `number` is 0; that is a new revision.

        Raises:
            NotAllowed: the level does not reach. NotFound: there is no such revision. InvalidInput: it has faults now.
        """
        may_publish(by)
        now = self._clock()
        with self._uow() as uow:
            uow.edition.next()
            entry = self._find(uow, kind, key)
            body = entry.form(f"r{number}" if number else "file", by.name)
            self._require_faultless(kind, key, body)
            told = note or f"恢复到 {f'r{number}' if number else '文件里的写法'}"
            again = Revision(
                str(uuid.uuid4()), kind, key, body, by.name, now, entry.label, entry.digest, Stage.PUBLISHED,
                entry.next_number, published_by=by.name, published_at=now, note=told,
            )  # fmt: skip
            if entry.in_force:
                uow.revisions.save(entry.in_force.give_way(), by.name, f"由 {again.label} 代替", now)
            uow.revisions.add(again, by.name, told, now)
            uow.commit()
        self._editions.refresh()
        return self.entry(kind, key)

    def difference(self, kind: Kind, key: str, old: str, new: str, author: str) -> list[Line]:
        """What differs between two forms; see `Entry.form`.

        Raises:
            NotFound: there is no such form.
        """
        entry = self.entry(kind, key)
        return compare(lines_of(entry.form(old, author)), lines_of(entry.form(new, author)))

    def _find(self, uow: UnitOfWork, kind: Kind, key: str) -> Entry:
        revisions, shipped = uow.revisions.find(kind=kind, key=key), self._shelves[kind].shipped().get(key)
        in_force = next((r for r in revisions if r.state is Stage.PUBLISHED), None)
        drafts = sorted((r for r in revisions if r.state is Stage.DRAFT), key=lambda r: r.created_at)
        if shipped is None and not in_force and not drafts:
            raise NotFound("没有这条话术，请从列表里选" if kind is Kind.SCRIPT else "没有这篇文章，请从列表里选")
        history = sorted((r for r in revisions if r.number), key=lambda r: r.number or 0, reverse=True)
        return self._entry(kind, key, shipped, in_force, drafts, tuple(history))

    def _entry(
        self, kind: Kind, key: str, shipped: Mapping[str, Any] | None, in_force: Revision | None,
        drafts: list[Revision], history: tuple[Revision, ...] = (),
    ) -> Entry:  # fmt: skip
        shelf, broken = self._shelves[kind], None
        try:
            if in_force:
                shelf.read(key, in_force.body)
        except ContentError as error:
            broken = str(error)
        said = in_force.body if in_force and not broken else shipped
        body = {**(said or (drafts[0].body if drafts else NEW)), "id": key}
        return Entry(
            key, shelf.titled(body), shelf.topic(body), shelf.grounds(body), shipped, in_force, tuple(drafts), history,
            broken,
        )  # fmt: skip

    def _require_faultless(self, kind: Kind, key: str, body: Mapping[str, Any]) -> None:
        faults = [finding for finding in self._shelves[kind].faults(key, body) if finding.blocks]
        if faults:
            raise InvalidInput(f"还有 {len(faults)} 处要改好才能发布：{faults[0].text}")


def _holds(entry: Entry, words: str) -> bool:
    forms = [body for body in (entry.body, *(draft.body for draft in entry.drafts)) if body]
    texts = [entry.key, *(line for body in forms for line in lines_of(body))]
    return any(words.lower() in text.lower() for text in texts)
