"""Search terms of tickets, and whether files belong to them."""

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.prepared import Prepared, insert, update
from bot.adapters.ticket_terms import terms_of_ticket
from bot.domain.ticket import Ticket

_NAME = Prepared(select(t.customers.c.name).where(t.customers.c.phone == bindparam("phone")))
_ATTACHED = Prepared(
    select(t.attachments.c.id).where(t.attachments.c.conversation_id == bindparam("conversation")).limit(1)
)


class TermRows:
    """What tickets are found by, kept in the commit that stores them."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def keep(self, ticket: Ticket) -> None:
        """The ticket is found by what it holds now."""
        customer = self._db.execute(_NAME, {"phone": ticket.phone}).scalar() if ticket.phone else None
        terms = terms_of_ticket(ticket, customer)
        own = {"number": ticket.number}
        if update(self._db, t.ticket_terms, own, {"terms": terms}) == 0:
            insert(self._db, t.ticket_terms, {**own, "terms": terms})


class AttachmentMarks:
    """Implements `ports.AttachmentMarks`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def mark(self, ticket: str | None, conversation_id: str | None) -> None:
        """Lists show that a file belongs to the ticket, and to those of the conversation."""
        c = t.tickets.c
        owned = or_(c.number == ticket, and_(c.conversation_id == conversation_id, c.conversation_id.is_not(None)))
        self._db.execute(t.tickets.update().where(owned).values(has_attachments=True))

    def known_ids(self, ids: list[str]) -> set[str]:
        """Those of some ids that belong to a stored attachment."""
        return set(self._db.execute(select(t.attachments.c.id).where(t.attachments.c.id.in_(ids))).scalars())


def put_on_a_conversation(connection: Connection, conversation_id: str | None) -> bool:
    """Whether a customer has sent a file in a conversation before."""
    if conversation_id is None:
        return False
    return connection.execute(_ATTACHED, {"conversation": conversation_id}).first() is not None
