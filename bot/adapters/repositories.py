"""Domain objects to rows and back."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.domain.conversation import Conversation, Owner, OwnerChange
from bot.domain.dates import local_day
from bot.domain.message import Button, Message, Reply, Sender
from bot.domain.order import Order, Product
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket, ticket_number
from bot.services.ports import Delivery

_CONVERSATION_FIELDS = (
    "id", "channel", "external_id", "opened_at", "owner", "epoch", "queued_at", "handover_reason", "script",
)  # fmt: skip
_CONVERSATION = [t.conversations.c[field] for field in _CONVERSATION_FIELDS]


class ConversationRows:
    """Implements `ports.Conversations`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        c = conversation
        self._db.execute(
            t.conversations.insert().values(
                id=c.id, channel=c.channel, external_id=c.external_id, opened_at=c.opened_at, owner=c.owner.value,
                epoch=c.epoch, script=c.script, last_seq=0, unanswered=False,
            )
        )  # fmt: skip

    def get(self, conversation_id: str) -> Conversation | None:
        """The conversation, or None."""
        return self._read(select(*_CONVERSATION).where(t.conversations.c.id == conversation_id))

    def lock(self, conversation_id: str) -> Conversation | None:
        """The conversation, locked until the transaction ends (SQLite locks the whole file at begin)."""
        return self._read(select(*_CONVERSATION).where(t.conversations.c.id == conversation_id).with_for_update())

    def _read(self, query: Any) -> Conversation | None:
        row = self._db.execute(query).mappings().first()
        return Conversation(**{**row, "owner": Owner(row["owner"])}) if row else None

    def save_owner(self, conversation: Conversation, change: OwnerChange) -> None:
        """Store a change of owner together with its line of history."""
        self._update(
            conversation.id, owner=conversation.owner.value, epoch=conversation.epoch,
            queued_at=conversation.queued_at, handover_reason=conversation.handover_reason,
        )  # fmt: skip
        self._db.execute(
            t.conversation_history.insert().values(
                conversation_id=change.conversation_id, epoch=change.epoch, owner=change.owner.value,
                reason=change.reason, at=change.at,
            )
        )  # fmt: skip

    def save_script(self, conversation_id: str, script: str) -> None:
        """Remember the customer's characters."""
        self._update(conversation_id, script=script)

    def state(self, conversation_id: str) -> bytes | None:
        """The dialogue's state as the engine left it."""
        return self._db.execute(
            select(t.conversations.c.state).where(t.conversations.c.id == conversation_id)
        ).scalar_one_or_none()

    def save_state(self, conversation_id: str, state: bytes | None) -> None:
        """Store the dialogue's state."""
        self._update(conversation_id, state=state)

    def take_lease(self, conversation_id: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take the right to run the conversation's turn, where nobody has it or its holder is gone."""
        c = t.conversations.c
        free = or_(c.lease_until.is_(None), c.lease_until < now)
        result = self._db.execute(
            t.conversations.update()
            .where(and_(c.id == conversation_id, free))
            .values(lease_holder=holder, lease_until=until)
        )
        return result.rowcount == 1

    def drop_lease(self, conversation_id: str, holder: str) -> None:
        """Give the right back."""
        c = t.conversations.c
        self._db.execute(
            t.conversations.update()
            .where(and_(c.id == conversation_id, c.lease_holder == holder))
            .values(lease_holder=None, lease_until=None)
        )

    def queued_before(self, moment: datetime) -> int:
        """How many conversations wait for a person since before that moment."""
        c = t.conversations.c
        return self._db.execute(
            select(func.count()).where(and_(c.owner == Owner.QUEUED.value, c.queued_at < moment))
        ).scalar_one()

    def unanswered(self) -> Sequence[str]:
        """Conversations that wait for a turn."""
        return self._db.execute(select(t.conversations.c.id).where(t.conversations.c.unanswered)).scalars().all()

    def _update(self, conversation_id: str, **values: Any) -> None:
        self._db.execute(t.conversations.update().where(t.conversations.c.id == conversation_id).values(**values))


class MessageRows:
    """Implements `ports.Messages`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(
        self,
        conversation_id: str,
        sender: Sender,
        reply: Reply,
        at: datetime,
        dedupe_key: str | None = None,
        note: bool = False,
    ) -> Message:
        """Store a sentence as the conversation's next message."""
        from_customer = sender is Sender.CUSTOMER
        conversation = t.conversations.c
        values: dict[str, Any] = {"last_seq": conversation.last_seq + 1}
        if from_customer:
            values["unanswered"] = True
        self._db.execute(t.conversations.update().where(conversation.id == conversation_id).values(**values))
        seq = self._db.execute(select(conversation.last_seq).where(conversation.id == conversation_id)).scalar_one()
        message = Message(
            str(uuid.uuid4()),
            conversation_id,
            seq,
            sender,
            reply.text,
            at,
            reply.buttons,
            reply.source or None,
            dedupe_key,
            note,
        )
        self._db.execute(
            t.messages.insert().values(
                id=message.id, conversation_id=conversation_id, seq=seq, sender=sender.value, text=reply.text,
                buttons=[{"title": b.title, "payload": b.payload} for b in reply.buttons], source=message.source,
                sent_at=at, dedupe_key=dedupe_key, note=note, answered=not from_customer,
            )
        )  # fmt: skip
        return message

    def by_dedupe_key(self, conversation_id: str, dedupe_key: str) -> Message | None:
        """The message that came with this key before, or None."""
        m = t.messages.c
        found = self._read(and_(m.conversation_id == conversation_id, m.dedupe_key == dedupe_key))
        return found[0] if found else None

    def after(self, conversation_id: str, seq: int, notes: bool = False) -> list[Message]:
        """Messages after `seq` in order; private notes only where asked for (invariant 9)."""
        m = t.messages.c
        where = and_(m.conversation_id == conversation_id, m.seq > seq)
        return self._read(where if notes else and_(where, m.note.is_(False)))

    def unanswered(self, conversation_id: str) -> list[Message]:
        """The customer's messages that no turn has answered."""
        m = t.messages.c
        return self._read(and_(m.conversation_id == conversation_id, m.answered.is_(False)))

    def mark_answered(self, conversation_id: str, up_to_seq: int) -> None:
        """A turn has dealt with everything up to `up_to_seq`; later bubbles still wait."""
        m, c = t.messages.c, t.conversations.c
        waiting = and_(m.conversation_id == conversation_id, m.answered.is_(False))
        self._db.execute(t.messages.update().where(and_(waiting, m.seq <= up_to_seq)).values(answered=True))
        rest = self._db.execute(select(func.count()).where(waiting)).scalar_one()
        self._db.execute(t.conversations.update().where(c.id == conversation_id).values(unanswered=rest > 0))

    def _read(self, where: Any) -> list[Message]:
        rows = self._db.execute(select(t.messages).where(where).order_by(t.messages.c.seq)).mappings()
        return [_message(row) for row in rows]


def _message(row: Mapping[str, Any]) -> Message:
    return Message(
        id=row["id"], conversation_id=row["conversation_id"], seq=row["seq"], sender=Sender(row["sender"]),
        text=row["text"], sent_at=row["sent_at"],
        buttons=tuple(Button(b["title"], b["payload"]) for b in row["buttons"]),
        source=row["source"], client_id=row["dedupe_key"], note=row["note"],
    )  # fmt: skip


class OutboxRows:
    """Implements `ports.Outbox`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, message: Message, channel: str, now: datetime) -> None:
        """Put a stored message on its way."""
        self._db.execute(
            t.outbox.insert().values(
                message_id=message.id, conversation_id=message.conversation_id, seq=message.seq, channel=channel,
                attempts=0, due_at=now,
            )
        )  # fmt: skip

    def due(self, now: datetime, limit: int) -> Sequence[Delivery]:
        """What is due now, in `seq` order within a conversation; an undelivered one holds the later ones."""
        earlier = t.outbox.alias()
        held = (
            select(earlier.c.message_id)
            .where(
                earlier.c.conversation_id == t.outbox.c.conversation_id,
                earlier.c.seq < t.outbox.c.seq,
                earlier.c.due_at > now,
            )
            .exists()
        )
        rows = self._db.execute(
            select(t.messages, t.outbox.c.channel, t.outbox.c.attempts)
            .join(t.outbox, t.outbox.c.message_id == t.messages.c.id)
            .where(t.outbox.c.due_at <= now, ~held)
            .order_by(t.outbox.c.conversation_id, t.outbox.c.seq)
            .limit(limit)
        ).mappings()
        return [Delivery(_message(row), row["channel"], row["attempts"]) for row in rows]

    def sent(self, message_id: str) -> None:
        """It has arrived."""
        self._db.execute(t.outbox.delete().where(t.outbox.c.message_id == message_id))

    def retry_later(self, message_id: str, at: datetime) -> None:
        """It has not; try again then."""
        values = {"attempts": t.outbox.c.attempts + 1, "due_at": at}
        self._db.execute(t.outbox.update().where(t.outbox.c.message_id == message_id).values(**values))


class TicketRows:
    """Implements `ports.Tickets`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def next_number(self, kind: Kind, at: datetime) -> str:
        """The next free number of that kind and day; two transactions never get the same."""
        day = f"{local_day(at):%Y%m%d}"
        key = ticket_number(kind, day, 0)[:10]
        counter = t.ticket_counters.c
        bump = t.ticket_counters.update().where(counter.day_kind == key).values(last=counter.last + 1)
        if self._db.execute(bump).rowcount == 0:
            insert = _insert_for(self._db)(t.ticket_counters).values(day_kind=key, last=0).on_conflict_do_nothing()
            self._db.execute(insert)
            self._db.execute(bump)
        count = self._db.execute(select(counter.last).where(counter.day_kind == key)).scalar_one()
        return ticket_number(kind, day, count)

    def add(self, ticket: Ticket, idempotency_key: str) -> None:
        """Store a new ticket with its history."""
        self._db.execute(
            t.tickets.insert().values(
                number=ticket.number, kind=ticket.kind.value, status=ticket.status.value,
                conversation_id=ticket.conversation_id, fields=dict(ticket.fields), phone=ticket.phone,
                emotion=ticket.emotion, opened_at=ticket.opened_at, promised_at=ticket.promised_at,
                idempotency_key=idempotency_key,
            )
        )  # fmt: skip
        self._add_history(ticket, known=0)

    def save(self, ticket: Ticket) -> None:
        """Store a changed ticket; history is only ever added to."""
        known = self._db.execute(select(func.count()).where(t.ticket_history.c.number == ticket.number)).scalar_one()
        self._db.execute(
            t.tickets.update()
            .where(t.tickets.c.number == ticket.number)
            .values(status=ticket.status.value, fields=dict(ticket.fields), phone=ticket.phone)
        )
        self._add_history(ticket, known)

    def _add_history(self, ticket: Ticket, known: int) -> None:
        for position, entry in list(enumerate(ticket.history))[known:]:
            self._db.execute(
                t.ticket_history.insert().values(
                    number=ticket.number, position=position, at=entry.at, actor=entry.actor, event=entry.event,
                    from_status=entry.from_status and entry.from_status.value, to_status=entry.to_status.value,
                    reason=entry.reason,
                )
            )  # fmt: skip

    def get(self, number: str) -> Ticket | None:
        """The ticket, or None."""
        return next(iter(self._read(t.tickets.c.number == number)), None)

    def lock(self, number: str) -> Ticket | None:
        """The ticket, locked until the transaction ends (SQLite locks the whole file at begin)."""
        self._db.execute(select(t.tickets.c.number).where(t.tickets.c.number == number).with_for_update())
        return self.get(number)

    def by_key(self, idempotency_key: str) -> Ticket | None:
        """The ticket that this request opened before, or None."""
        return next(iter(self._read(t.tickets.c.idempotency_key == idempotency_key)), None)

    def of_conversation(self, conversation_id: str) -> list[Ticket]:
        """The conversation's tickets, oldest first."""
        return self._read(t.tickets.c.conversation_id == conversation_id)

    def search(self, kind: Kind | None, status: str | None, limit: int, offset: int) -> list[Ticket]:
        """Tickets, newest first."""
        conditions = []
        if kind:
            conditions.append(t.tickets.c.kind == kind.value)
        if status:
            conditions.append(t.tickets.c.status == status)
        return self._read(and_(True, *conditions), newest_first=True, limit=limit, offset=offset)

    def _read(self, where: Any, newest_first: bool = False, limit: int | None = None, offset: int = 0) -> list[Ticket]:
        order = [t.tickets.c.opened_at, t.tickets.c.number]
        query = select(t.tickets).where(where).order_by(*[c.desc() for c in order] if newest_first else order)
        rows = self._db.execute(query.limit(limit).offset(offset)).mappings().all()
        numbers = [row["number"] for row in rows]
        h = t.ticket_history
        entries: dict[str, list[HistoryEntry]] = {number: [] for number in numbers}
        for e in self._db.execute(select(h).where(h.c.number.in_(numbers)).order_by(h.c.position)).mappings():
            came_from = Status(e["from_status"]) if e["from_status"] else None
            entries[e["number"]].append(
                HistoryEntry(e["at"], e["actor"], e["event"], came_from, Status(e["to_status"]), e["reason"])
            )
        return [
            Ticket(
                number=row["number"], kind=Kind(row["kind"]), status=Status(row["status"]),
                conversation_id=row["conversation_id"], fields=row["fields"], phone=row["phone"],
                emotion=row["emotion"], opened_at=row["opened_at"], promised_at=row["promised_at"],
                history=tuple(entries[row["number"]]),
            )
            for row in rows
        ]  # fmt: skip


class OrderRows:
    """Implements `ports.Orders`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def clear(self) -> None:
        """Forget all products and orders."""
        self._db.execute(t.orders.delete())
        self._db.execute(t.products.delete())

    def replace_products(self, products: Sequence[Product]) -> int:
        """Store products; one with a known id is replaced."""
        for p in products:
            values = {
                "name": p.name,
                "category": p.category,
                "model": p.model,
                "price_fen": p.price_fen,
                "aliases": list(p.aliases),
            }
            insert = _insert_for(self._db)(t.products).values(id=p.id, **values)
            self._db.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values))
        return len(products)

    def replace_orders(self, orders: Sequence[Order]) -> int:
        """Store orders; the same product of a known order is replaced."""
        for o in orders:
            values = {
                "phone": o.phone, "quantity": o.quantity, "price_fen": o.price_fen, "bought_on": o.bought_on,
                "received_on": o.received_on, "channel": o.channel, "status": o.status, "tracking": o.tracking,
            }  # fmt: skip
            insert = _insert_for(self._db)(t.orders).values(number=o.number, product_id=o.product.id, **values)
            self._db.execute(insert.on_conflict_do_update(index_elements=["number", "product_id"], set_=values))
        return len(orders)

    def by_number(self, number: str) -> list[Order]:
        """The lines of an order; [] where it is unknown."""
        return self._orders(t.orders.c.number == number)

    def by_phone(self, phone: str) -> list[Order]:
        """Orders made with a phone number, newest first."""
        return self._orders(t.orders.c.phone == phone)

    def products(self) -> list[Product]:
        """All products."""
        return [_product(row) for row in self._db.execute(select(t.products).order_by(t.products.c.id)).mappings()]

    def _orders(self, where: Any) -> list[Order]:
        query = select(t.orders).where(where).order_by(t.orders.c.bought_on.desc(), t.orders.c.number.desc())
        rows = self._db.execute(query).mappings().all()
        if not rows:
            return []
        known = {product.id: product for product in self.products()}
        return [
            Order(
                number=row["number"], phone=row["phone"], product=known[row["product_id"]], quantity=row["quantity"],
                price_fen=row["price_fen"], bought_on=row["bought_on"], received_on=row["received_on"],
                channel=row["channel"], status=row["status"], tracking=row["tracking"],
            )
            for row in rows
        ]  # fmt: skip


def _product(row: Mapping[str, Any]) -> Product:
    return Product(row["id"], row["name"], row["category"], row["model"], row["price_fen"], tuple(row["aliases"]))


class UserRows:
    """Implements `ports.Users`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, name: str, role: str, at: datetime) -> None:
        """Store a person; a known name gets the new role."""
        insert = _insert_for(self._db)(t.users).values(name=name, role=role, created_at=at)
        self._db.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"role": role}))

    def role_of(self, name: str) -> str | None:
        """The person's role, or None for a stranger."""
        return self._db.execute(select(t.users.c.role).where(t.users.c.name == name)).scalar_one_or_none()


def _insert_for(connection: Connection) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    return insert
