"""Keeping 常用语: the shipped ones, the team's, one's own (A4, A11, D6)."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.canned import OWN_TOPIC, Canned, Sharing, Topic, checked, require_may_share
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.person import Person
from bot.domain.wording import Forbidden
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

MOST_KEPT = 300
"""How many replies one person, or one team, can keep."""


@dataclass(frozen=True)
class Kept:
    """A reply with how often it was used, by the one who looks and by everybody."""

    reply: Canned
    own_uses: int = 0
    uses: int = 0


class CannedReplies:
    """Reads and changes the replies that people keep at hand."""

    def __init__(
        self, uow: UnitOfWorkFactory, shipped: Sequence[Canned], topics: Sequence[Topic],
        forbidden: Sequence[Forbidden], clock: Clock,
    ) -> None:  # fmt: skip
        self._uow = uow
        self._shipped = {reply.id: reply for reply in shipped}
        self.topics = (*topics, Topic(OWN_TOPIC, "其他"))
        self._forbidden = forbidden
        self._clock = clock

    def of(self, person: Person, words: str = "", topic: str | None = None) -> list[Kept]:
        """What a person sees, by topic, and within a topic what they use most first.

        Args:
            words: leaves what holds all of them, or has the shortcut.
            topic: leaves one topic.
        """
        with self._uow() as uow:
            return self.seen(uow, person, words, topic)

    def seen(self, uow: UnitOfWork, person: Person, words: str = "", topic: str | None = None) -> list[Kept]:
        """The same in the caller's unit of work."""
        uses = uow.canned_uses.by_reply(person.name)
        order = {topic.id: place for place, topic in enumerate(self.topics)}
        found = [
            Kept(reply, *uses.get(reply.id, (0, 0)))
            for reply in self._all_for(uow, person)
            if reply.matches(words) and topic in (None, reply.topic)
        ]
        return sorted(found, key=lambda kept: (order.get(kept.reply.topic, len(order)), -kept.own_uses, -kept.uses))

    def keep(self, person: Person, given: Mapping[str, str]) -> Canned:
        """Keep a new reply.

        Args:
            given: `title`, `text`, and where wanted `topic`, `shortcut`, `sharing`.

        Raises:
            InvalidInput: it cannot be said, or too many are kept. NotAllowed: sharing is for supervisors.
            Conflict: the shortcut is taken.
        """
        reply = self._read(
            Canned(str(uuid.uuid4()), "", "", OWN_TOPIC, None, Sharing.OWN, person.name, person.team), given, person
        )
        with self._uow() as uow:
            if len(uow.canned.find(limit=MOST_KEPT, owner=person.name, is_removed=False)) >= MOST_KEPT:
                raise InvalidInput(f"每人最多存 {MOST_KEPT} 条常用语，请先删掉不用的")
            self._require_free_shortcut(uow, reply, person)
            uow.canned.add(reply, person.name, "新存常用语", self._clock())
            uow.commit()
        return reply

    def change(self, reply_id: str, person: Person, given: Mapping[str, str]) -> Canned:
        """Change a reply.

        Raises:
            NotFound, NotAllowed, InvalidInput: none that this person sees, or may change, or nothing to say.
            Conflict: the shortcut is taken, or somebody has changed the reply meanwhile.
        """
        with self._uow() as uow:
            known = self._editable(uow, reply_id, person)
            changed = self._read(known, given, person)
            self._require_free_shortcut(uow, changed, person)
            changed = uow.canned.save(changed, person.name, "改常用语", self._clock())
            uow.commit()
        return changed

    def remove(self, reply_id: str, person: Person) -> None:
        """Take a reply out of the lists; the audit trail keeps what it said.

        Raises:
            NotFound, NotAllowed: none that this person sees, or may change.
        """
        with self._uow() as uow:
            gone = replace(self._editable(uow, reply_id, person), is_removed=True, shortcut=None)
            uow.canned.save(gone, person.name, "删常用语", self._clock())
            uow.commit()

    def used(self, reply_id: str, person: Person) -> None:
        """Count a use.

        Raises:
            NotFound: no reply that this person sees.
        """
        with self._uow() as uow:
            self.get(uow, reply_id, person)
            uow.canned_uses.count(person.name, reply_id, self._clock())
            uow.commit()

    def get(self, uow: UnitOfWork, reply_id: str, person: Person) -> Canned:
        """A reply that a person sees.

        Raises:
            NotFound: there is none.
        """
        reply = self._shipped.get(reply_id) or uow.canned.get(reply_id)
        if reply is None or not reply.is_seen_by(person):
            raise NotFound("没有这条常用语，可能已经删掉了，请刷新列表")
        return reply

    def _editable(self, uow: UnitOfWork, reply_id: str, person: Person) -> Canned:
        reply = self.get(uow, reply_id, person)
        reply.require_editable(person)
        return reply

    def _read(self, reply: Canned, given: Mapping[str, str], person: Person) -> Canned:
        changed = replace(
            reply, title=given.get("title", reply.title), text=given.get("text", reply.text),
            topic=given.get("topic") or reply.topic, shortcut=given.get("shortcut", reply.shortcut),
            sharing=_sharing(given["sharing"]) if given.get("sharing") else reply.sharing,
        )  # fmt: skip
        changed = checked(changed, self._forbidden, self._topics)
        if changed.sharing is not Sharing.OWN:
            require_may_share(person)
        return changed

    @property
    def _topics(self) -> Collection[str]:
        return [topic.id for topic in self.topics]

    def _require_free_shortcut(self, uow: UnitOfWork, reply: Canned, person: Person) -> None:
        if reply.shortcut is None:
            return
        for other in self._all_for(uow, person):
            if other.shortcut == reply.shortcut and other.id != reply.id:
                raise Conflict(f"快捷码 {reply.shortcut} 已经用在“{other.title}”，请换一个")

    def _all_for(self, uow: UnitOfWork, person: Person) -> list[Canned]:
        shared = (
            *uow.canned.find(limit=MOST_KEPT, sharing=Sharing.EVERYBODY, is_removed=False),
            *uow.canned.find(limit=MOST_KEPT, sharing=Sharing.TEAM, team=person.team, is_removed=False),
            *uow.canned.find(limit=MOST_KEPT, sharing=Sharing.OWN, owner=person.name, is_removed=False),
        )
        return [*shared, *self._shipped.values()]


def _sharing(raw: str) -> Sharing:
    choices = [choice.value for choice in Sharing if choice is not Sharing.SHIPPED]
    if raw not in choices:
        raise InvalidInput(f"sharing 应是其中之一：{'、'.join(choices)}")
    return Sharing(raw)
