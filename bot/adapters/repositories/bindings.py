"""Which conversations are one customer's, to rows and back."""

from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.domain.binding import Offer

_b, _o, _w = t.bindings.c, t.binding_offers.c, t.binding_tries.c


class BindingRows:
    """Implements `ports.Bindings`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def offer(self, offer: Offer) -> None:
        """Store an offer; an earlier one of the same conversation is void."""
        own = and_(_o.conversation_id == offer.conversation_id, _o.used_at.is_(None))
        self._db.execute(t.binding_offers.delete().where(own))
        self._db.execute(
            t.binding_offers.insert().values(
                id=offer.id, conversation_id=offer.conversation_id, code_digest=offer.code_digest,
                expires_at=offer.expires_at, used_at=offer.used_at,
            )
        )  # fmt: skip

    def find_offer(self, code_digest: str) -> Offer | None:
        """The newest offer with this code."""
        query = select(t.binding_offers).where(_o.code_digest == code_digest).order_by(_o.expires_at.desc())
        row = self._db.execute(query.limit(1)).mappings().first()
        return Offer(**row) if row else None

    def use(self, offer_id: str, now: datetime) -> bool:
        """Take an offer up, where nobody has."""
        is_open = and_(_o.id == offer_id, _o.used_at.is_(None), _o.expires_at > now)
        return self._db.execute(t.binding_offers.update().where(is_open).values(used_at=now)).rowcount == 1

    def note_wrong(self, conversation_id: str, now: datetime) -> None:
        """A wrong code was tried in the conversation."""
        self._db.execute(t.binding_tries.insert().values(conversation_id=conversation_id, at=now))

    def wrong_since(self, since: datetime, conversation_id: str | None = None) -> int:
        """How many wrong codes were tried, in one conversation or in all."""
        tried = select(func.count()).select_from(t.binding_tries).where(_w.at > since)
        if conversation_id:
            tried = tried.where(_w.conversation_id == conversation_id)
        return int(self._db.execute(tried).scalar_one())

    def forget_before(self, offers: datetime, wrong: datetime) -> None:
        """Clear away what expired, or was tried, long ago."""
        self._db.execute(t.binding_offers.delete().where(_o.expires_at < offers))
        self._db.execute(t.binding_tries.delete().where(_w.at < wrong))

    def take_turn(self) -> None:
        """One joins or parts conversations at a time; SQLite has one writer anyway."""
        if self._db.dialect.name == "postgresql":
            self._db.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('anfu bindings'))")

    def bind(self, conversation_id: str, group_id: str, now: datetime) -> None:
        """The conversation belongs to the group from now on."""
        values = {"conversation_id": conversation_id, "group_id": group_id, "bound_at": now}
        insert = insert_for(self._db)(t.bindings).values(**values)
        self._db.execute(insert.on_conflict_do_update(index_elements=["conversation_id"], set_=values))

    def unbind(self, conversation_id: str) -> bool:
        """It belongs to no group any more; whether it did."""
        return bool(self._db.execute(t.bindings.delete().where(_b.conversation_id == conversation_id)).rowcount)

    def group_of(self, conversation_id: str) -> str | None:
        """The group that it belongs to."""
        found = select(_b.group_id).where(_b.conversation_id == conversation_id)
        return self._db.execute(found).scalar_one_or_none()

    def members(self, group_id: str) -> list[str]:
        """The conversations of a group, the oldest first."""
        found = select(_b.conversation_id).where(_b.group_id == group_id).order_by(_b.bound_at, _b.conversation_id)
        return list(self._db.execute(found).scalars())

    def together_with(self, conversation_id: str) -> list[str]:
        """The conversation itself, then those that are bound to it."""
        group = self.group_of(conversation_id)
        members = self.members(group) if group else []
        return [conversation_id, *(member for member in members if member != conversation_id)]

    def forget(self, conversation_id: str) -> None:
        """Remove what tells how the customer is found in other channels (E10); wrong codes count on for their hour."""
        for table in (t.bindings, t.binding_offers, t.reaches):
            self._db.execute(table.delete().where(table.c.conversation_id == conversation_id))
