"""Search terms of tickets, and whether files belong to them."""

from sqlalchemy import and_, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.ticket_terms import terms_of_ticket
from bot.domain.ticket import Ticket


class TermRows:
    """What tickets are found by, kept in the commit that stores them."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def keep(self, ticket: Ticket) -> None:
        """The ticket is found by what it holds now."""
        named = select(t.customers.c.name).where(t.customers.c.phone == ticket.phone)
        customer = self._db.execute(named).scalar() if ticket.phone else None
        terms = terms_of_ticket(ticket, customer)
        own = t.ticket_terms.c.number == ticket.number
        if self._db.execute(t.ticket_terms.update().where(own).values(terms=terms)).rowcount == 0:
            self._db.execute(t.ticket_terms.insert().values(number=ticket.number, terms=terms))


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
    sent = select(t.attachments.c.id).where(t.attachments.c.conversation_id == conversation_id).limit(1)
    return connection.execute(sent).first() is not None
