"""A company's past in bulk: rows that the services wrote, copied within the database with ids and times of their own.

So the copies have the sizes, and the forms, of what is really stored. The live ones are few, and as many whatever the
past is: what grows is the past.
"""

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Table, text
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.bootstrap import Anfu
from bot.domain.actor import SYSTEM
from bot.domain.conversation import Owner
from bot.domain.customer import Customer
from bot.domain.message import Reply, Sender
from bot.domain.person import Person
from bot.domain.ticket import Kind

STATE_BYTES = 1200
"""About what a dialogue's state takes."""
TEMPLATES, SERVED = 20, 2
"""Conversations that are copied, and how many of them a person served."""
LIVE, QUEUED, HELD = 60, 20, 20
YEARS_SECONDS = 2 * 365 * 86400
CUSTOMER_EVERY, RUNNING_EVERY = 5, 50
"""One conversation in so many is that of a known customer; one ticket in so many is still worked on."""
CHUNK = 100_000
AGENTS = tuple(f"客服{number:02d}" for number in range(1, 21))
LEADER = "主管"
_SAID = ("洗衣机脱水的时候响得厉害", "去年六月买的，在你们店里", "那什么时候可以上门看看")
_TOLD = "好的，记下了。请您再说说是什么时候买的，我好查一查保修。"


@dataclass(frozen=True)
class People:
    """Who looks at the lists."""

    agent: Person
    leader: Person


def staff(anfu: Anfu) -> People:
    """The people of the company, stored."""
    with anfu.uow() as work:
        for name in AGENTS:
            work.users.add(name, "agent", anfu.clock())
        work.users.add(LEADER, "supervisor", anfu.clock())
        work.commit()
        agent, leader = work.users.get(AGENTS[0]), work.users.get(LEADER)
    assert agent and leader
    return People(agent, leader)


def live(anfu: Anfu, people: People) -> list[str]:
    """What goes on now: conversations with the bot, in the queue, and with a person."""
    talking = [_talk(anfu) for _ in range(LIVE)]
    for _ in range(QUEUED):
        _queue(anfu, _talk(anfu))
    for _ in range(HELD):
        anfu.desk.take(_queue(anfu, _talk(anfu)), people.agent)
    return talking


def _talk(anfu: Anfu) -> str:
    """A conversation of a few turns, as it is stored."""
    opened = anfu.intake.open_conversation("web")
    for words in _SAID:
        asked = anfu.intake.accept(opened.id, str(uuid.uuid4()), words).message
        with anfu.uow() as work:
            work.messages.mark_answered(opened.id, asked.seq)
            work.messages.add(opened.id, Sender.BOT, [Reply(_TOLD, {"kind": "script", "id": "x"})], anfu.clock())
            work.conversations.save_state(opened.id, os.urandom(STATE_BYTES))
            work.commit()
    return opened.id


def _queue(anfu: Anfu, conversation_id: str) -> str:
    with anfu.uow() as work:
        conversation = work.conversations.lock(conversation_id)
        assert conversation
        anfu.queueing.enter(work, conversation, "asked")
        work.commit()
    return conversation_id


class Past:
    """The past of one company, which may grow."""

    def __init__(self, anfu: Anfu, people: People) -> None:
        """Store what is copied later: conversations, and tickets filed in them."""
        self._anfu = anfu
        self._dialect = anfu.database.dialect.name
        self._now = datetime.now(UTC)
        self._conversations = 0
        self._tickets = 0
        self._talks = [_talk(anfu) for _ in range(TEMPLATES)]
        for talk in self._talks[:SERVED]:
            anfu.desk.take(_queue(anfu, talk), people.agent)
            anfu.desk.say(talk, people.agent, str(uuid.uuid4()), "您好，我来帮您看看，师傅明天上午联系您。")
            anfu.farewells.close(talk, people.agent, next(iter(anfu.desk.rules.reasons)), "已约师傅上门")
        while anfu.inspection.look():
            pass
        self._customer = Customer(str(uuid.uuid4()), "王小明", anfu.clock(), phone="13800000007", note="常客")
        with anfu.uow() as work:
            work.customers.add(self._customer, SYSTEM.name, "", anfu.clock())
            work.commit()
        self._filed = [self._file(number, talk) for number, talk in enumerate(self._talks)]

    def _file(self, number: int, talk: str) -> str:
        fields = {
            "product": "洗衣机", "symptom": "脱水的时候响得厉害", "phone": f"138{number:08d}",
            "purchased_on": "2026-06-18", "address": "杭州市西湖区文三路 100 号", "preferred_time": "明天上午",
        }  # fmt: skip
        kinds = list[Kind](Kind)
        kind, key = kinds[number % len(kinds)], str(uuid.uuid4())
        return self._anfu.ticketing.open(kind, fields, key=key, conversation_id=talk, by=SYSTEM).number

    def have_conversations(self, count: int) -> None:
        """Let the past have so many conversations, all of them over; one in ten was served by a person.

        Every fifth is that of a known customer.
        """
        at, own = self._at("n.i"), self._id("n.i", "0")
        customer = {"id": self._id("n.i", "3"), "phone": f"{self._padded('n.i', 32)} || substr(s.phone, 33)"}
        over = _times(t.conversations, at) | {
            "id": own, "external_id": own, "closed_at": at, "owner": f"'{Owner.BOT.value}'", "waiting_since": "NULL",
            "customer_id": f"CASE WHEN n.i % {CUSTOMER_EVERY} = 0 THEN {self._id(f'n.i / {CUSTOMER_EVERY}', '3')} END",
        }  # fmt: skip
        new_id = {"conversation_id": own}
        review = new_id | {"id": self._id("n.i", "1"), "day": f"date({at})"}
        plans: Sequence[tuple[Table, str, Mapping[str, str]]] = (
            (t.conversations, "id", over),
            (t.messages, "conversation_id", _times(t.messages, at) | new_id | {"id": self._id("n.i", "s.seq")}),
            (t.conversation_history, "conversation_id", _times(t.conversation_history, at) | new_id),
            (t.reviews, "conversation_id", _times(t.reviews, at) | review),
        )  # fmt: skip
        for first, last in _chunks(self._conversations, count):
            with self._anfu.database.begin() as connection:
                self._name_templates(connection, [self._customer.id] * TEMPLATES)
                some = first // CUSTOMER_EVERY, (last + 1) // CUSTOMER_EVERY - 1
                self._copy(connection, t.customers, "id", _times(t.customers, at) | customer, *some)
                self._name_templates(connection, self._talks)
                for table, key, changed in plans:
                    self._copy(connection, table, key, changed, first, last)
        self._conversations = max(self._conversations, count)
        self._analyse()

    def have_tickets(self, count: int) -> None:
        """Let the past have so many tickets; one in fifty is still worked on."""
        at, later = self._at("n.i"), self._at("n.i", f"-(86400 + n.i % {30 * 86400})")
        number = f"substr(s.number, 1, 2) || '9' || {self._padded('n.i', 7)} || '-0001'"
        runs = f"n.i % {RUNNING_EVERY} = 0"
        ticket = _times(t.tickets, at) | {
            "number": number, "conversation_id": self._id("n.i", "0"), "idempotency_key": self._id("n.i", "2"),
            "phone": f"{self._padded('n.i / 5', 32)} || substr(s.phone, 33)",
            "status": f"CASE WHEN {runs} THEN s.status ELSE 'closed' END",
            "due_at": f"CASE WHEN {runs} THEN {later} END", "watch_at": f"CASE WHEN {runs} THEN {later} END",
        }  # fmt: skip
        closing = "CASE WHEN s.position = 0 THEN s.to_status ELSE 'closed' END"
        plans: Sequence[tuple[Table, str, Mapping[str, str]]] = (
            (t.tickets, "number", ticket),
            (t.ticket_history, "number", _times(t.ticket_history, at) | {"number": number, "to_status": closing}),
            (t.ticket_terms, "number", {"number": number}),
        )  # fmt: skip
        for first, last in _chunks(self._tickets, count):
            with self._anfu.database.begin() as connection:
                self._name_templates(connection, self._filed)
                for table, key, changed in plans:
                    self._copy(connection, table, key, changed, first, last)
        self._tickets = max(self._tickets, count)
        self._analyse()

    def bytes(self) -> int:
        """What the database takes on the disk, indexes with it."""
        pages = "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)"
        tables = (
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
            "WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind = 'r'"
        )
        with self._anfu.database.connect() as connection:
            query = text(tables if self._dialect == "postgresql" else pages)
            return int(connection.execute(query).scalar_one())

    def _name_templates(self, connection: Connection, ids: Sequence[str]) -> None:
        connection.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS templates (place INTEGER, id VARCHAR(40))"))
        connection.execute(text("DELETE FROM templates"))
        rows = [{"place": place, "id": id_} for place, id_ in enumerate(ids)]
        connection.execute(text("INSERT INTO templates VALUES (:place, :id)"), rows)

    def _copy(
        self, connection: Connection, table: Table, key: str, changed: Mapping[str, str], first: int, last: int
    ) -> None:
        counted = table.name == "ticket_terms"  # its own id counts by itself
        names = [column.name for column in table.columns if not (counted and column.name == "id")]
        values = [changed.get(name, f's."{name}"') for name in names]
        quoted = ", ".join(f'"{name}"' for name in names)
        connection.execute(
            text(
                f"INSERT INTO {table.name} ({quoted}) "
                f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) "
                f"SELECT {', '.join(values)} FROM n JOIN templates ON templates.place = n.i % {TEMPLATES} "
                f'JOIN {table.name} s ON s."{key}" = templates.id'
            )
        )

    def _at(self, i: str, age: str = "") -> str:
        """Some moment of the last two years, not today, in no order; or of that age in seconds."""
        age = age or f"(90000 + ({self._big(i)} * 7919) % {YEARS_SECONDS})"
        now = f"{self._now:%Y-%m-%d %H:%M:%S}"
        if self._dialect == "postgresql":
            return f"(CAST('{now}+00' AS timestamptz) - {age} * CAST('1 second' AS interval))"
        return f"(datetime('{now}', (0 - {age}) || ' seconds') || '.000000')"

    def _id(self, i: str, what: str) -> str:
        """An id that looks like any other, and is the same for the same numbers."""
        scattered, what, number = (
            self._hexadecimal(*part)
            for part in ((f"({self._big(i)} * 2654435761) % 4294967296", 8), (what, 4), (i, 12))
        )
        return f"({scattered} || '-' || {what} || '-4000-8000-' || {number})"

    def _big(self, number: str) -> str:
        return f"CAST({number} AS bigint)" if self._dialect == "postgresql" else number

    def _hexadecimal(self, number: str, width: int) -> str:
        if self._dialect == "postgresql":
            return f"lpad(to_hex({self._big(number)}), {width}, '0')"
        return f"printf('%0{width}x', {number})"

    def _padded(self, number: str, width: int) -> str:
        if self._dialect == "postgresql":
            return f"lpad(CAST({number} AS text), {width}, '0')"
        return f"printf('%0{width}d', {number})"

    def _analyse(self) -> None:
        """As the database does by itself in the time in which a past grows."""
        with self._anfu.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE" if self._dialect == "postgresql" else "ANALYZE"))


def _times(table: Table, at: str) -> dict[str, Any]:
    """All moments of a row become that one, where it has them; each day that of the moment."""
    return {
        column.name: f'CASE WHEN s."{column.name}" IS NULL THEN NULL ELSE {at} END'
        for column in table.columns
        if isinstance(getattr(column.type, "impl", column.type), DateTime)
    }


def _chunks(first: int, count: int) -> list[tuple[int, int]]:
    return [(at, min(at + CHUNK, count) - 1) for at in range(first, count, CHUNK)]
