"""A whole Anfu without its language model, on SQLite and on PostgreSQL, with people and a complaint to work on."""

import uuid
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.bootstrap import Anfu, build
from bot.domain.actor import Actor, Role
from bot.domain.message import Message
from bot.domain.ticket import Kind, Ticket
from bot.services.resolutions import Plan
from bot.settings import Settings
from tests.integration.fixtures_database import Clock

LI = Actor("小李", Role.AGENT)
WANG = Actor("王主管", Role.SUPERVISOR)
ZHAO = Actor("赵主管", Role.SUPERVISOR)
CHEN = Actor("陈经理", Role.MANAGER)

CONTACT = {
    "contacted_by": "电话", "contact_notes": "客户说收到时外壳已裂", "product_spec": "滚筒洗衣机 XQG100",
    "produced_on": "2026-09-01", "batch": "A12", "used_since": "2026-11-09", "previous_brand": "没有",
}  # fmt: skip
ANALYSIS = {
    "cause": "damaged_goods", "severity": "2", "evidence": "照片三张", "understanding": "清楚", "other_demands": "没有",
    "relationship": "新客户", "repurchase": "一般", "word_of_mouth": "一般", "reasonable": "合理", "our_share": "100",
}  # fmt: skip


@pytest.fixture
def anfu(database: Engine, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Anfu:
    """Everything but the engine, at noon in Shanghai."""
    monkeypatch.setenv("ANFU_SECRET", "a secret of the tests that is long enough")
    address = database.url.render_as_string(hide_password=False)
    anfu = build(Settings(data_dir=tmp_path, database=address, public_url="https://kf.example.com"), clock)
    with anfu.uow() as uow:
        for person in (LI, WANG, ZHAO, CHEN):
            uow.users.add(person.name, person.role.value, clock())
        uow.commit()
    return anfu


class Customer:
    """A customer in a conversation."""

    def __init__(self, anfu: Anfu) -> None:
        self.anfu = anfu
        self.conversation = anfu.intake.open_conversation("web").id

    def files(self, kind: Kind = Kind.COMPLAINT, **fields: str) -> Ticket:
        """Have a ticket opened."""
        told = {"grievance": "洗衣机送来外壳就是裂的", "demand": "换一台", "phone": "13800138000", **fields}
        return self.anfu.ticketing.open(kind, told, key=str(uuid.uuid4()), conversation_id=self.conversation, emotion=2)

    def read(self) -> list[Message]:
        """Everything in the conversation."""
        with self.anfu.uow() as uow:
            return uow.messages.after(self.conversation, 0)

    def last(self) -> Message:
        """What was said last."""
        return self.read()[-1]

    def clicks(self, title: str) -> bool:
        """Click a button of the last message."""
        payload = next(button.payload for button in self.last().buttons if button.title == title)
        with self.anfu.uow() as uow:
            heard = self.anfu.choices.hear(uow, self.conversation, payload)
            uow.commit()
        return heard


@pytest.fixture
def customer(anfu: Anfu) -> Customer:
    """Somebody who writes."""
    return Customer(anfu)


def analysed(anfu: Anfu, ticket: Ticket, **changed: str) -> Ticket:
    """A complaint that stands before its proposal."""
    anfu.casework.move(ticket.number, "contact", LI, "打电话了解情况")
    anfu.casework.move(ticket.number, "analyse", LI, "问清楚了", CONTACT)
    return anfu.casework.move(ticket.number, "propose", LI, "分析完毕", {**ANALYSIS, **changed})


def offered(anfu: Anfu, ticket: Ticket, plan: Plan | None = None) -> str:
    """A complaint whose agreement waits for the customer; gives the agreement's id."""
    analysed(anfu, ticket)
    anfu.resolutions.propose(
        ticket.number, plan or Plan(terms=("换一台新的",), tasks=(("warehouse", "发一台新洗衣机"),)), WANG
    )
    return anfu.resolutions.agreements_of(ticket.number)[-1].id


def carried_out(anfu: Anfu, ticket: Ticket) -> None:
    """A complaint that waits for the question whether all is well."""
    anfu.resolutions.confirm(offered(anfu, ticket))
    for task in anfu.tasks.find(ticket=ticket.number):
        anfu.tasks.finish(task.id, "仓库老周", "已发出")


def later(clock: Clock, **units: float) -> datetime:
    """The clock after so much more time."""
    clock.now += timedelta(**units)
    return clock.now
