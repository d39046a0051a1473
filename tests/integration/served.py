"""Conversations that people serve, played through the use cases at a clock that goes when it is told to."""

import uuid
from dataclasses import dataclass

from bot.bootstrap import Anfu
from bot.domain.message import Reply, Sender
from bot.domain.person import Person, Presence
from tests.integration.fixtures_database import Clock

SUMMARY = "洗衣机不脱水，教客户清理了排水口，已恢复正常"


@dataclass
class Served:
    """One customer's conversation."""

    anfu: Anfu
    clock: Clock
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or self.anfu.intake.open_conversation("web").id

    def person(self, name: str) -> Person:
        with self.anfu.uow() as uow:
            person = uow.users.get(name)
        assert person
        return person

    def customer(self, text: str, after: float = 1) -> "Served":
        """The customer writes, so many seconds later."""
        self.clock.advance(seconds=after)
        with self.anfu.uow() as uow:
            uow.messages.add(self.id, Sender.CUSTOMER, [Reply(text, {})], self.clock(), dedupe_key=str(uuid.uuid4()))
            uow.commit()
        return self

    def feeling(self, emotion: int) -> "Served":
        """The customer sounds like this."""
        with self.anfu.uow() as uow:
            uow.conversations.save_feeling(self.id, emotion, ())
            uow.commit()
        return self

    def queued(self, reason: str = "asked_for_human") -> "Served":
        """A person is asked for."""
        with self.anfu.uow() as uow:
            conversation = uow.conversations.lock(self.id)
            assert conversation
            self.anfu.handoff.queue(uow, conversation, reason)
            uow.commit()
        return self

    def taken(self, name: str = "小李", after: float = 5) -> "Served":
        """Somebody takes it."""
        self.clock.advance(seconds=after)
        self.anfu.desk.take(self.id, self.person(name))
        return self

    def agent(self, text: str, name: str = "小李", after: float = 10, in_spite_of: str = "") -> "Served":
        """A person writes."""
        self.clock.advance(seconds=after)
        self.anfu.desk.say(self.id, self.person(name), str(uuid.uuid4()), text, in_spite_of)
        return self

    def closed(self, name: str = "小李", summary: str = SUMMARY) -> "Served":
        """Whoever holds it ends it."""
        self.clock.advance(seconds=5)
        self.anfu.farewells.close(self.id, self.person(name), "solved", summary)
        return self

    def well(self, name: str = "小李") -> "Served":
        """A whole conversation in which nothing is left to be desired."""
        self.customer("洗衣机不脱水").queued().taken(name).agent(f"您好，我是{name}，请稍等", name)
        self.customer("好").agent("清理一下排水口再试试", name).customer("好了", 60)
        return self.agent("不客气，祝您生活愉快", name).closed(name)

    def badly(self, name: str = "小李") -> "Served":
        """A whole conversation with a 忌语 that has a reason, late, without greeting or goodbye."""
        self.customer("你们骗子，我电话 13800138000").feeling(2).queued().taken(name)
        self.agent("手机号多少？", name, after=200)
        return self.customer("刚才说了").agent("保证尽快处理", name, after=300).closed(name, "完")

    def rated(self, words: str) -> "Served":
        """The customer rates it."""
        self.clock.advance(seconds=20)
        with self.anfu.uow() as uow:
            assert self.anfu.farewells.hear(uow, self.id, words)
            uow.commit()
        return self


def here(anfu: Anfu, name: str, presence: Presence = Presence.READY) -> None:
    """Somebody is there."""
    with anfu.uow() as uow:
        uow.users.say(name, presence, anfu.clock())
        uow.commit()
