"""The desk's lists: conversations with what was said last, how much is unread, and their tickets."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, false, func, or_, select, true, union_all
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.channels import ReachRows
from bot.adapters.repositories.conversations import CONVERSATION_FIELDS, read_conversation
from bot.adapters.repositories.dialect import insert_for
from bot.adapters.repositories.messages import read_message
from bot.domain.actor import Role
from bot.domain.channel import WEBSITE
from bot.domain.conversation import Owner
from bot.domain.desk import Row, View
from bot.domain.message import Sender
from bot.domain.person import Person
from bot.domain.reach import Reach

_c, _m, _r = t.conversations.c, t.messages.c, t.conversation_reads.c
_PEOPLE = (Sender.CUSTOMER.value, Sender.AGENT.value)
_LAST = t.messages.alias("last")
_OTHER = t.messages.alias("other")
_SAID = (
    select(func.count()).where(_m.conversation_id == _c.id, _m.sender == Sender.CUSTOMER.value).scalar_subquery()
)  # fmt: skip
_h = t.conversation_history.alias("earlier").c
_REOPENED = select(_h.epoch).where(_h.conversation_id == _c.id, _h.reason == "reopened").exists()
_LAST_SEQ = (
    select(_OTHER.c.seq)
    .where(_OTHER.c.conversation_id == _c.id, _OTHER.c.note.is_(False), _OTHER.c.sender.in_(_PEOPLE))
    .order_by(_OTHER.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)  # fmt: skip
_ROWS = (
    select(
        *[_c[field] for field in CONVERSATION_FIELDS], _REOPENED.label("reopened"), _SAID.label("said"),
        t.customers.c.name.label("name"), t.customers.c.special_care.label("special_care"),
        t.conversation_history.c.by.label("by"),
        *[column.label(f"final_{column.name}") for column in _LAST.c],
    )
    .select_from(t.conversations)
    .outerjoin(_LAST, and_(_LAST.c.conversation_id == _c.id, _LAST.c.seq == _LAST_SEQ))
    .outerjoin(t.customers, t.customers.c.id == _c.customer_id)
    .outerjoin(
        t.conversation_history,
        and_(t.conversation_history.c.conversation_id == _c.id, t.conversation_history.c.epoch == _c.epoch),
    )
)  # fmt: skip
_TOUCHED = select(_c.id, _c.touched_at).where(_c.touched_at >= bindparam("since"))
_OPEN = _c.closed_at.is_(None)
_ID_BEGINS = re.compile(r"[0-9a-f-]+")


class DeskRows:
    """Implements `ports.DeskLists`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def page(
        self, view: View, person: Person, words: str = "", before: datetime | None = None, limit: int = 50,
        behind: str | None = None,
    ) -> list[Row]:  # fmt: skip
        """A page of a list that the person may see: the queue in its order, the rest by what changed last.

        Args:
            words: of a customer's name or number, a ticket's number, or the conversation's id.
            before: only what changed before that moment, for the next page.
            behind: only who stands behind that conversation in the queue, for the next page of it.
        """
        query = select(_c.id).where(_in_view(view, person), _seen_by(person))
        if before:
            query = query.where(_c.touched_at < before)
        if behind:
            query = query.where(_behind(behind))
        order = (_c.priority.desc(), _c.queued_at, _c.id) if view is View.QUEUE else (_c.touched_at.desc(), _c.id)
        # First which, then what is shown of them: to work that out for all before they are sorted takes long.
        ways = _about(words) if words else [true()]
        pages = [query.where(way).order_by(*order).limit(limit).subquery() for way in ways]
        found = union_all(*(select(page.c.id) for page in pages))
        return self._read(_ROWS.where(_c.id.in_(found)).order_by(*order).limit(limit))

    def rows(self, ids: Collection[str]) -> list[Row]:
        """These conversations; whether somebody may see them is for the caller to ask."""
        return self._read(_ROWS.where(_c.id.in_(ids))) if ids else []

    def counts(self, person: Person) -> dict[str, int]:
        """How many conversations stand in each of the person's lists that are worked on."""
        views = [View.MINE, View.QUEUE, View.TEAM, View.BOT]
        counted = [
            select(func.count()).select_from(t.conversations).where(_in_view(view, person), _seen_by(person))
            .scalar_subquery().label(view.value)
            for view in views
        ]  # fmt: skip
        return dict(self._db.execute(select(*counted)).mappings().one())

    def queue(self) -> tuple[int, datetime | None]:
        """How many wait for a person, and since when the first of them does."""
        count, oldest = self._db.execute(
            select(func.count(), func.min(_c.queued_at)).where(_c.owner == Owner.QUEUED.value)
        ).one()
        return count, oldest

    def unread(self, ids: Collection[str], people: Collection[str]) -> dict[tuple[str, str], int]:
        """How many messages of customers came after what these people have read; nothing where they never read."""
        if not ids or not people:
            return {}
        query = (
            select(_r.conversation_id, _r.person, func.count(_m.id))
            .outerjoin(
                t.messages,
                and_(
                    _m.conversation_id == _r.conversation_id, _m.seq > _r.seq, _m.sender == Sender.CUSTOMER.value
                ),
            )
            .where(_r.conversation_id.in_(ids), _r.person.in_(people))
            .group_by(_r.conversation_id, _r.person)
        )  # fmt: skip
        return {(conversation, person): count for conversation, person, count in self._db.execute(query)}

    def touched_since(self, since: datetime) -> dict[str, datetime]:
        """Which conversations changed since, and when."""
        return {row.id: row.touched_at for row in self._db.execute(_TOUCHED, {"since": since})}

    def last_messages(self, conversation_id: str, limit: int, before: int | None = None) -> list[Any]:
        """The newest messages, notes included, in order; those before `before` where given."""
        query = select(t.messages).where(_m.conversation_id == conversation_id)
        if before is not None:
            query = query.where(_m.seq < before)
        newest = self._db.execute(query.order_by(_m.seq.desc()).limit(limit)).mappings().all()
        return [read_message(row) for row in reversed(newest)]

    def messages_at(self, conversation_id: str, seqs: Collection[int]) -> list[Any]:
        """The messages with these numbers, notes included, in order."""
        own = and_(_m.conversation_id == conversation_id, _m.seq.in_(seqs))
        return [
            read_message(row) for row in self._db.execute(select(t.messages).where(own).order_by(_m.seq)).mappings()
        ]

    def mark_read(self, conversation_id: str, person: str, seq: int) -> bool:
        """The person has read up to `seq`; False where they had before."""
        insert = insert_for(self._db)(t.conversation_reads)
        insert = insert.values(conversation_id=conversation_id, person=person, seq=seq, draft="")
        return bool(
            self._db.execute(
                insert.on_conflict_do_update(
                    index_elements=["conversation_id", "person"], set_={"seq": seq}, where=_r.seq < seq
                )
            ).rowcount
        )

    def keep_draft(self, conversation_id: str, person: str, text: str) -> None:
        """Keep what the person has begun to write."""
        insert = insert_for(self._db)(t.conversation_reads)
        insert = insert.values(conversation_id=conversation_id, person=person, seq=0, draft=text)
        self._db.execute(
            insert.on_conflict_do_update(index_elements=["conversation_id", "person"], set_={"draft": text})
        )

    def draft(self, conversation_id: str, person: str) -> str:
        """What the person has begun to write."""
        query = select(_r.draft).where(_r.conversation_id == conversation_id, _r.person == person)
        return self._db.execute(query).scalar_one_or_none() or ""

    def of_customer(self, customer_id: str, limit: int) -> list[Row]:
        """The conversations of a customer, the newest first."""
        return self._read(_ROWS.where(_c.customer_id == customer_id).order_by(_c.opened_at.desc()).limit(limit))

    def of_phone(self, phone: str, limit: int) -> list[Row]:
        """Conversations in which a ticket names this phone, the newest first."""
        named = select(t.tickets.c.conversation_id).where(t.tickets.c.phone == phone)
        return self._read(_ROWS.where(_c.id.in_(named)).order_by(_c.opened_at.desc()).limit(limit))

    def link_customer(self, conversation_id: str, customer_id: str | None, at: datetime) -> None:
        """This conversation is this customer's."""
        self._db.execute(
            t.conversations.update().where(_c.id == conversation_id).values(customer_id=customer_id, touched_at=at)
        )

    def ask_return(self, conversation_id: str, asked: bool, at: datetime) -> None:
        """Remember that the customer was asked to consent to the bot, or has answered (F7)."""
        self._db.execute(
            t.conversations.update().where(_c.id == conversation_id).values(return_asked=asked, touched_at=at)
        )

    def silent_since(self, owner: Owner, moment: datetime, limit: int) -> list[str]:
        """Open conversations of that owner in which nobody waits for a person and nothing moved since (F8)."""
        query = select(_c.id).where(_c.owner == owner.value, _OPEN, _c.waiting_since.is_(None), _c.touched_at < moment)
        return list(self._db.execute(query.order_by(_c.touched_at).limit(limit)).scalars())

    def _read(self, query: Any) -> list[Row]:
        found = self._db.execute(query).mappings().all()
        ids = [row["id"] for row in found]
        tickets = self._tickets(ids)
        places = self._places() if any(row["owner"] == Owner.QUEUED.value for row in found) else {}
        elsewhere = [row["id"] for row in found if row["channel"] != WEBSITE]
        reaches = ReachRows(self._db).of(elsewhere) if elsewhere else {}
        return [_row(row, tickets.get(row["id"], ()), places.get(row["id"]), reaches.get(row["id"])) for row in found]

    def _tickets(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        query = (
            select(t.tickets.c.conversation_id, t.tickets.c.number)
            .where(t.tickets.c.conversation_id.in_(ids))
            .order_by(t.tickets.c.opened_at, t.tickets.c.number)
        )
        found: dict[str, tuple[str, ...]] = {}
        for conversation, number in self._db.execute(query) if ids else ():
            found[conversation] = (*found.get(conversation, ()), number)
        return found

    def _places(self) -> dict[str, int]:
        """The place of each waiting conversation in its team's queue."""
        query = (
            select(_c.id, _c.team)
            .where(_c.owner == Owner.QUEUED.value)
            .order_by(_c.priority.desc(), _c.queued_at, _c.id)
        )
        lengths: dict[str, int] = {}
        places: dict[str, int] = {}
        for conversation, team in self._db.execute(query):
            places[conversation] = lengths[team] = lengths.get(team, 0) + 1
        return places


def _about(words: str) -> list[Any]:
    """The ways of finding, each by an index of its own; in one condition they would read everything."""
    customers, tickets = t.customers.c, t.tickets.c
    known = select(customers.id).where(or_(customers.name.holds(words), customers.phone == words))
    ways = [
        _c.customer_id.in_(known),
        _c.agent == words,  # uses index ix_conversations_served
        _c.id.in_(select(tickets.conversation_id).where(tickets.number == words.upper())),
        _c.id.in_(select(tickets.conversation_id).where(tickets.phone == words)),
    ]
    if _ID_BEGINS.fullmatch(words.lower()):
        begun = words.lower()  # "g" stands behind every digit of an id, whatever order the database has
        ways.append(and_(_c.id >= begun, _c.id < f"{begun}g", _c.id.like(f"{begun}%")))
    return ways


def _in_view(view: View, person: Person) -> Any:
    match view:
        case View.MINE:
            return and_(_c.owner == Owner.HUMAN.value, _c.agent == person.name)
        case View.QUEUE:
            return _c.owner == Owner.QUEUED.value
        case View.TEAM:
            return and_(_c.owner == Owner.HUMAN.value, _c.agent != person.name)
        case View.BOT:
            return and_(_c.owner == Owner.BOT.value, _OPEN)
        case View.CLOSED:
            return _c.closed_at.is_not(None)
        case View.ALL:
            return true()


def _behind(conversation_id: str) -> Any:
    """Who stands behind somebody in the order of the queue."""
    other = t.conversations.alias("ahead").c
    mark = select(other.priority, other.queued_at, other.id).where(other.id == conversation_id).cte("mark").c
    priority, queued_at, own = (select(column).scalar_subquery() for column in (mark.priority, mark.queued_at, mark.id))
    return or_(
        _c.priority < priority,
        and_(_c.priority == priority, or_(_c.queued_at > queued_at, and_(_c.queued_at == queued_at, _c.id > own))),
    )


def _seen_by(person: Person) -> Any:
    """`domain.desk.may_look`, as the database asks it."""
    if person.role is not Role.AGENT:
        return true()
    is_own = and_(_c.agent == person.name, or_(_c.owner == Owner.HUMAN.value, _c.closed_at.is_not(None)))
    is_teams = and_(_c.team == person.team, _c.level == Role.AGENT.value) if person.team else false()
    return or_(is_own, is_teams)


def _row(row: Mapping[str, Any], tickets: tuple[str, ...], position: int | None, reach: Reach | None) -> Row:
    last = {name.removeprefix("final_"): row[name] for name in (f"final_{column.name}" for column in _LAST.c)}
    return Row(
        conversation=read_conversation(row), name=row["name"], last=read_message(last) if last["id"] else None,
        said=row["said"], by=row["by"] or "bot", tickets=tickets, position=position,
        special_care=bool(row["special_care"]), returning=bool(row["reopened"]), reach=reach,
    )  # fmt: skip
