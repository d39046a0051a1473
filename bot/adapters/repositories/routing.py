"""The queue, the rules that filled it, and who could serve it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, exists, func, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.adapters.tables.base import UTCTime
from bot.domain.actor import Role
from bot.domain.conversation import Conversation, Need, Owner
from bot.domain.message import Sender
from bot.domain.person import Presence
from bot.domain.routing import SAFETY_FIRST, Firing, Told, Waiting

REOPENED = "reopened"
"""The reason in a conversation's history with which a customer comes again."""

_c, _f, _told, _h = t.conversations.c, t.trigger_firings.c, t.queue_tellings.c, t.conversation_history.c
# Uses index ix_conversations_queue.
_WAITING = (
    select(
        _c.id, _c.priority, _c.team, _c.level, _c.skills, _c.wanted, _c.queued_at, _c.waiting_since, _c.agent,
        _c.channel, _c.handover_reason, _c.epoch, _c.customer_id, _told.entered_at, _told.position, _told.told_at,
        _told.callback_offered_at,
    )
    .select_from(
        t.conversations.outerjoin(
            t.queue_tellings, and_(_told.conversation_id == _c.id, _told.epoch == _c.epoch)
        )
    )
    .where(_c.owner == Owner.QUEUED.value)
    .order_by(_c.priority.desc(), _c.queued_at, _c.id)
)  # fmt: skip
_waiting_since = func.coalesce(_c.waiting_since, _c.queued_at)
_urgency = _c.priority + case(
    *[
        (and_(_c.priority == priority, _waiting_since <= bindparam(f"since_{priority}", type_=UTCTime)), 1)
        for priority in range(SAFETY_FIRST - 1)
    ],
    else_=0,
)
_AHEAD = (
    select(func.count())
    .select_from(t.conversations)
    .where(
        _c.owner == Owner.QUEUED.value,
        _c.team == bindparam("team"),
        _c.level == bindparam("level"),
        or_(
            _urgency > bindparam("urgency"),
            and_(
                _urgency == bindparam("urgency"),
                or_(
                    _c.queued_at < bindparam("queued_at"),
                    and_(_c.queued_at == bindparam("queued_at"), _c.id < bindparam("conversation")),
                ),
            ),
        ),
    )
)


class RoutingRows:
    """Implements `ports.Routing`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # The queue

    def waiting(self) -> list[Waiting]:
        """Everything that waits for a person, by priority and by who came first; who served the customer before."""
        rows = self._db.execute(_WAITING).mappings().all()
        known = self._last_agents({row["customer_id"] for row in rows if row["customer_id"] and not row["agent"]})
        return [
            Waiting(
                id=row["id"],
                need=Need(row["priority"], row["team"], Role(row["level"]), tuple(row["skills"]), row["wanted"]),
                queued_at=row["queued_at"],
                waiting_since=row["waiting_since"] or row["queued_at"],
                last_agent=row["agent"] or known.get(row["customer_id"]),
                channel=row["channel"],
                reason=row["handover_reason"],
                epoch=row["epoch"],
                told=_told_in(row) if row["entered_at"] else None,
            )
            for row in rows
        ]

    def ahead_of(self, conversation: Conversation, urgency: int, lifted: Mapping[int, datetime]) -> int:
        """How many are served before one that waits, in its line; see `domain.routing.in_order`."""
        own = {
            "team": conversation.need.team, "level": conversation.need.level.value, "urgency": urgency,
            "queued_at": conversation.queued_at, "conversation": conversation.id,
        }  # fmt: skip
        since = {f"since_{priority}": at for priority, at in lifted.items()}
        return int(self._db.execute(_AHEAD, {**own, **since}).scalar_one())

    def _last_agents(self, customers: Collection[str]) -> dict[str, str]:
        if not customers:
            return {}
        query = select(_c.customer_id, _c.agent).where(_c.customer_id.in_(customers), _c.agent.is_not(None))
        return {customer: agent for customer, agent in self._db.execute(query.order_by(_c.taken_at))}

    def tell(self, conversation_id: str, epoch: int, told: Told) -> None:
        """Keep what a waiting customer was told last."""
        values = {
            "epoch": epoch, "entered_at": told.entered_at, "position": told.position, "told_at": told.at,
            "callback_offered_at": told.at if told.callback_offered else None,
        }  # fmt: skip
        insert = insert_for(self._db)(t.queue_tellings).values(conversation_id=conversation_id, **values)
        self._db.execute(insert.on_conflict_do_update(index_elements=["conversation_id"], set_=values))

    def told(self, conversation_id: str, epoch: int) -> Told | None:
        """What a waiting customer was told last, since that change of owner."""
        own = and_(_told.conversation_id == conversation_id, _told.epoch == epoch)
        row = self._db.execute(select(t.queue_tellings).where(own)).mappings().first()
        return row and _told_in(row)

    def takes(self, since: datetime) -> dict[str, tuple[int, int]]:
        """How many conversations people have taken since, and how many people did, by team."""
        query = (
            select(_c.team, func.count(), func.count(func.distinct(_h.agent)))
            .join(t.conversations, _c.id == _h.conversation_id)
            .where(_h.at >= since, _h.owner == Owner.HUMAN.value)
            .group_by(_c.team)
        )
        return {team: (takes, agents) for team, takes, agents in self._db.execute(query)}

    def load_of(self, person: str) -> int:
        """How many conversations the person holds now."""
        query = select(func.count()).where(_c.agent == person, _c.owner == Owner.HUMAN.value)
        return int(self._db.execute(query).scalar_one())

    # What needs a person

    def silent_bots(self, before: datetime, limit: int) -> list[str]:
        """Conversations of the bot in which a message from before that moment has no answer."""
        m = t.messages.c
        unanswered = exists().where(m.conversation_id == _c.id, m.answered.is_(False), m.sent_at <= before)
        query = select(_c.id).where(_c.unanswered, _c.owner == Owner.BOT.value, unanswered)
        return list(self._db.execute(query.limit(limit)).scalars())

    def left_behind(self, gone_before: datetime, limit: int) -> list[str]:
        """Conversations whose people may have left them; `domain.routing.has_left` says which have."""
        left = and_(t.presence.c.state == Presence.OFF.value, t.presence.c.since >= _c.taken_at)
        off = or_(left, t.users.c.disabled_at.is_not(None))
        lost = and_(t.presence.c.seen_at <= gone_before, _c.waiting_since.is_not(None))
        query = (
            select(_c.id)
            .select_from(
                t.conversations.join(t.users, t.users.c.name == _c.agent)
                .outerjoin(t.presence, t.presence.c.person == _c.agent)
            )
            .where(_c.owner == Owner.HUMAN.value, or_(off, lost))
            .order_by(_c.id)
        )  # fmt: skip
        return list(self._db.execute(query.limit(limit)).scalars())

    def visits(self, conversation: Conversation, phone: str | None, since: datetime) -> int:
        """How often the conversation's customer has come since: this visit, other conversations, and reopenings."""
        same = [_c.id == conversation.id]
        if conversation.customer_id:
            same.append(_c.customer_id == conversation.customer_id)
        tickets = t.tickets.c
        here = set(
            self._db.execute(
                select(tickets.phone).where(tickets.conversation_id == conversation.id, tickets.phone.is_not(None))
            ).scalars()
        )
        if phones := here | ({phone} if phone else set()):
            # Uses index ix_tickets_phone.
            same.append(_c.id.in_(select(tickets.conversation_id).where(tickets.phone.in_(phones))))
        m = t.messages.c
        came = exists().where(m.conversation_id == _c.id, m.sender == Sender.CUSTOMER.value, m.sent_at >= since)
        ids = list(self._db.execute(select(_c.id).where(or_(*same), _c.touched_at >= since, came)).scalars())
        again = select(func.count()).where(_h.conversation_id.in_(ids), _h.at >= since, _h.reason == REOPENED)
        return len({*ids, conversation.id}) + int(self._db.execute(again).scalar_one())

    def needs_care(self, customer_id: str | None) -> bool:
        """Whether the customer's file asks for special care (A13)."""
        if customer_id is None:
            return False
        query = select(t.customers.c.special_care).where(t.customers.c.id == customer_id)
        return bool(self._db.execute(query).scalar_one_or_none())

    # The rules

    def fire(self, firing: Firing) -> None:
        """Note that a rule fired."""
        self._db.execute(
            t.trigger_firings.insert().values(
                trigger=firing.trigger, conversation_id=firing.conversation_id, at=firing.at,
                detail=firing.detail[:200],
            )
        )  # fmt: skip

    def firings(self, since: datetime) -> dict[str, int]:
        """How often each rule fired since."""
        query = select(_f.trigger, func.count()).where(_f.at >= since).group_by(_f.trigger)
        return {trigger: count for trigger, count in self._db.execute(query)}

    def last_firings(self, trigger: str, limit: int) -> list[Firing]:
        """When a rule fired last, the newest first."""
        query = select(_f.trigger, _f.conversation_id, _f.at, _f.detail).where(_f.trigger == trigger)
        rows = self._db.execute(query.order_by(_f.at.desc(), _f.id.desc()).limit(limit)).mappings()
        return [Firing(**row) for row in rows]


def _told_in(row: Mapping[str, Any]) -> Told:
    return Told(row["entered_at"], row["position"], row["told_at"], row["callback_offered_at"] is not None)
