"""Revisions of scripts and articles: drafted by one, published by another, kept for ever (A11).

The newest published revision of a key is in force; without one, the file that we ship is.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.actor import Actor, Role
from bot.domain.errors import Conflict, NotAllowed, NotFound


class Kind(StrEnum):
    """What is revised."""

    SCRIPT = "script"
    ARTICLE = "article"


class Stage(StrEnum):
    """Where a revision stands. One of a key is `PUBLISHED`; those before it are `REPLACED`."""

    DRAFT = "draft"
    PUBLISHED = "published"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Revision:
    """One form of a script or an article.

    Attributes:
        key: the script's or the article's id.
        number: counts the published ones of a key from 1; None for a draft.
        body: the whole of it, as the file would have it.
        base: what was in force when the draft began; see `label_of`.
        shipped: the digest of the file's form when the draft began; empty where the file has none.
        note: why, in the words of who published it.
    """

    id: str
    kind: Kind
    key: str
    body: Mapping[str, Any]
    author: str
    created_at: datetime
    base: str
    shipped: str = ""
    state: Stage = Stage.DRAFT
    number: int | None = None
    changed_at: datetime | None = None
    published_by: str | None = None
    published_at: datetime | None = None
    note: str = ""
    version: int = field(default=0)

    @property
    def label(self) -> str:
        """How a message's source names it: `r3` (A11)."""
        return f"r{self.number}"

    def write(self, body: Mapping[str, Any], now: datetime) -> "Revision":
        """The author has gone on writing.

        Raises:
            Conflict: it is published, or thrown away.
        """
        self._require_draft()
        return replace(self, body=body, changed_at=now)

    def rest_on(self, base: str, shipped: str) -> "Revision":
        """The author has seen what was published meanwhile, and stands by the draft."""
        self._require_draft()
        return replace(self, base=base, shipped=shipped)

    def publish(self, by: Actor, number: int, in_force: str, note: str, now: datetime) -> "Revision":
        """Put it in force: a supervisor or above, and not one's own but for managers.

        Args:
            in_force: what it replaces; see `label_of`.

        Raises:
            NotAllowed: the level does not reach, or it is one's own draft.
            Conflict: it is no draft, or something else was published since it was begun.
        """
        may_publish(by)
        if by.name == self.author and not by.reaches(Role.MANAGER):
            raise NotAllowed("自己写的草稿要由另一位主管或经理发布，请他们看过再发")
        self._require_draft()
        if self.base != in_force:
            raise Conflict("这份草稿写好之前，已经有人发布了新的版本：请先对照差别，确认保留谁的写法再发布")
        return replace(
            self, state=Stage.PUBLISHED, number=number, published_by=by.name, published_at=now, note=note
        )  # fmt: skip

    def give_way(self) -> "Revision":
        """Another is in force now."""
        return replace(self, state=Stage.REPLACED)

    def withdraw(self, by: Actor) -> "Revision":
        """Throw the draft away: its author, or who may publish it.

        Raises:
            NotAllowed: it is somebody else's. Conflict: it is no draft.
        """
        if by.name != self.author:
            may_publish(by)
        self._require_draft()
        return replace(self, state=Stage.WITHDRAWN)

    def _require_draft(self) -> None:
        if self.state is not Stage.DRAFT:
            raise Conflict("这份草稿已经发布或放弃了，请刷新后看看最新的版本")


@dataclass(frozen=True)
class Entry:
    """A script or an article with what became of it.

    Attributes:
        shipped: the file's form; None for an article that staff made.
        in_force: the revision that is said; None where the file is.
        drafts: what is being written, by whom.
        history: published revisions, the newest first; only where one entry was asked for.
        broken: why the revision in force cannot be said.
    """

    key: str
    title: str
    topic: str
    grounds: str
    shipped: Mapping[str, Any] | None
    in_force: Revision | None
    drafts: tuple[Revision, ...]
    history: tuple[Revision, ...] = ()
    broken: str | None = None

    @property
    def body(self) -> Mapping[str, Any] | None:
        """What is said now; None for an article that only drafts exist of."""
        return self.in_force.body if self.in_force and not self.broken else self.shipped

    @property
    def label(self) -> str:
        """The name of what is in force."""
        return label_of(self.in_force, self.digest)

    @property
    def digest(self) -> str:
        """The mark of the file's form; empty where there is none."""
        return digest(self.shipped) if self.shipped else ""

    @property
    def file_has_changed(self) -> bool:
        """Whether we ship another form than the one over which the revision in force was written."""
        return bool(self.in_force and self.shipped and self.in_force.shipped != self.digest)

    def is_behind(self, draft: Revision) -> bool:
        """Whether something else was put in force since the draft was begun."""
        return draft.base != self.label

    @property
    def next_number(self) -> int:
        """The number of the revision that is published next."""
        return max((revision.number or 0 for revision in self.history), default=0) + 1

    def draft_of(self, author: str) -> Revision:
        """Somebody's draft.

        Raises:
            NotFound: there is none.
        """
        draft = next((draft for draft in self.drafts if draft.author == author), None)
        if draft is None:
            raise NotFound(f"{author} 没有这一条的草稿，也许已经发布或放弃，请刷新")
        return draft

    def form(self, name: str, author: str) -> Mapping[str, Any]:
        """What one form says: `file`, `now`, `r3`, or `draft`, which is the author's.

        Raises:
            NotFound: there is no such form.
        """
        forms = {revision.label: revision.body for revision in self.history if revision is not self.in_force}
        if self.in_force and not self.broken:
            forms[self.in_force.label] = self.in_force.body
        form = (
            self.draft_of(author).body
            if name == "draft"
            else {**forms, "file": self.shipped, "now": self.body}.get(name)
        )
        if form is None:
            raise NotFound("没有这个版本，请刷新后从历史里选")
        return form


def label_of(in_force: Revision | None, shipped: str) -> str:
    """The name of what is in force: `r3`, or `file:` and the digest of what we ship."""
    return in_force.label if in_force else f"file:{shipped}"


def may_publish(by: Actor) -> None:
    """Nothing where this person may put a revision in force.

    Raises:
        NotAllowed: the level does not reach.
    """
    if not by.reaches(Role.SUPERVISOR):
        raise NotAllowed("发布话术和文章需要主管或以上级别，请把草稿交给主管看")


def digest(body: Mapping[str, Any]) -> str:
    """A mark by which a changed body is told from the same one."""
    return hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]
