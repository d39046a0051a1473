"""What all tables hold of one person: found, listed, forgotten (E10).

A table belongs to a person by its columns: `conversation_id`, `ticket` and the like. One that is added later is
exported and deleted without a word here, unless something of it has to stay.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, false, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.domain.privacy import ERASED, KEPT_FACTS, Erasure, Scope, read_scope, redacted
from bot.domain.ticket_view import RUNNING

_c, _t, _k, _o = t.conversations.c, t.tickets.c, t.customers.c, t.orders.c
_STAYS: dict[str, dict[str, Any]] = {
    "conversations": {
        "customer_id": None, "summary": None, "state": None, "unanswered": False, "wanted": None, "signals": [],
    },
    "conversation_history": {},
    "ratings": {"comment": None},
    "reviews": {"comment": None, "appeal": None, "settled_because": None},
    "review_findings": {"reason": ERASED, "evidence": []},
    "trigger_firings": {"detail": ""},
    "tickets": {"phone": None, "record": {}, "conversation_id": None, "has_attachments": False},
    "ticket_history": {"reason": ERASED},
    "approvals": {"facts": {}, "reason": None},
    "agreements": {"reason": None},
    "tasks": {"what": ERASED, "result": None},
    "followups": {"comment": None},
    "visits": {"result": None},
    "misconduct": {"reason": None},
    "orders": {"phone": ""},
}  # fmt: skip
"""What has to stay, and what is taken out of it: transactions and 三包 for as long as the law asks (电商法 31), and how
people served, without whom. Every other row is deleted."""
_REDACTED = {"tickets": "entitlement", "agreements": "terms"}
"""Decisions and agreements stay, without what is known of the person."""
_TELLING = frozenset({"name", "phone", "address", "contact"})
"""Facts that say who somebody is."""
_NEVER = frozenset({"audit", "audit_head", "notices", "erasures", "seals"})
"""Tables that are dealt with by themselves."""


class PersonalRows:
    """Implements `ports.Personal`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def scope_of(self, who: str) -> Scope:
        """What belongs to a person, followed from table to table until nothing more is found."""
        phones = {who}
        customers = {who} & self._ids(_k.id, _k.id == who)
        conversations = {who} & self._ids(_c.id, _c.id == who)
        tickets = {who.upper()} & self._ids(_t.number, _t.number == who.upper())
        if tickets:
            phones |= self._ids(_t.phone, _t.number.in_(tickets))
        size = -1
        while size != (size := len(customers) + len(conversations) + len(tickets) + len(phones)):
            phones |= self._ids(_k.phone, _k.id.in_(customers))
            customers |= self._ids(_k.id, _k.phone.in_(phones)) | self._ids(_c.customer_id, _c.id.in_(conversations))
            groups = self._ids(t.bindings.c.group_id, t.bindings.c.conversation_id.in_(conversations))
            conversations |= self._ids(t.bindings.c.conversation_id, t.bindings.c.group_id.in_(groups))
            conversations |= self._ids(_c.id, _c.customer_id.in_(customers))
            conversations |= self._ids(_t.conversation_id, _t.number.in_(tickets))
            tickets |= self._ids(_t.number, or_(_t.conversation_id.in_(conversations), _t.phone.in_(phones)))
        orders = self._ids(_o.number, _o.phone.in_(phones | self._ids(_t.phone, _t.number.in_(tickets))))
        return Scope(*(tuple(sorted(ids)) for ids in (customers, conversations, tickets, orders)))

    def running_tickets(self, scope: Scope) -> Sequence[str]:
        """Tickets that are still worked on."""
        states = [status.value for status in RUNNING]
        return sorted(self._ids(_t.number, and_(_t.number.in_(scope.tickets), _t.status.in_(states))))

    def files(self, scope: Scope) -> Sequence[tuple[str, str, str]]:
        """Id, digest and name of the files."""
        f = t.attachments
        query = select(f.c.id, f.c.digest, f.c.name).where(_belongs(f, scope)).order_by(f.c.added_at, f.c.id)
        return [(row[0], row[1], row[2]) for row in self._db.execute(query)]

    def rows(self, scope: Scope) -> dict[str, list[dict[str, Any]]]:
        """Every row that belongs to the person, by table."""
        found = {table.name: self._rows(table, scope) for table in _tables()}
        found["notices"] = [dict(row) for row in self._notices(scope)]
        subjects = self._subjects(scope)
        entries = self._db.execute(select(t.audit).where(t.audit.c.subject.in_(subjects)).order_by(t.audit.c.seq))
        found["audit"] = [dict(row) for row in entries.mappings()]
        return {name: rows for name, rows in found.items() if rows}

    def erase(self, erasure: Erasure) -> list[tuple[int, str]]:
        """Delete or make anonymous; number and hash of the trail's entries whose content was taken away."""
        scope = erasure.scope
        known, subjects = self._known(scope), self._subjects(scope)
        for notice in self._notices(scope):
            self._db.execute(t.notices.delete().where(t.notices.c.id == notice["id"]))
        for name, column in _REDACTED.items():
            self._redact(t.metadata.tables[name], column, scope, known)
        for row in self._rows(t.tickets, scope):
            kept = {name: value for name, value in row["fields"].items() if name in KEPT_FACTS}
            own = t.tickets.update().where(_t.number == row["number"])
            self._db.execute(own.values(fields=redacted(kept, known), idempotency_key=f"erased:{row['number']}"))
        for conversation in scope.conversations:
            own = t.conversations.update().where(_c.id == conversation)
            self._db.execute(own.values(external_id=f"erased:{conversation}"))
        for table in reversed(_tables()):
            values = _STAYS.get(table.name)
            where = _belongs(table, scope)
            if values is None:
                self._db.execute(table.delete().where(where))
            elif values:
                self._db.execute(table.update().where(where).values(**values))
        self._remember(erasure)
        return self._blank(subjects, erasure.id)

    def erasures(self) -> Sequence[Erasure]:
        """Whom we have forgotten."""
        rows = self._db.execute(select(t.erasures).order_by(t.erasures.c.at)).mappings()
        return [Erasure(row["id"], row["at"], row["actor"], read_scope(row["scope"])) for row in rows]

    def _remember(self, erasure: Erasure) -> None:
        values = {"id": erasure.id, "at": erasure.at, "actor": erasure.actor, "scope": erasure.scope.as_json()}
        self._db.execute(insert_for(self._db)(t.erasures).values(**values).on_conflict_do_nothing())

    def _blank(self, subjects: Sequence[str], erasure_id: str) -> list[tuple[int, str]]:
        """Take the content out of the trail's entries about the person; who did what, when, and the hashes stay."""
        a = t.audit.c
        found = self._db.execute(select(a.seq, a.hash, a.after).where(a.subject.in_(subjects)).order_by(a.seq)).all()
        blank = [(seq, hash_) for seq, hash_, after in found if "erased" not in after]
        change = t.audit.update().where(a.seq.in_([seq for seq, _ in blank]))
        self._db.execute(change.values(reason="", before={}, after={"erased": erasure_id}))
        return blank

    def _redact(self, table: Table, column: str, scope: Scope, known: Sequence[str]) -> None:
        key = next(iter(table.primary_key.columns))
        for row in self._rows(table, scope):
            if row[column]:
                own = table.update().where(key == row[key.name])
                self._db.execute(own.values({column: redacted(row[column], known)}))

    def _known(self, scope: Scope) -> list[str]:
        """What names the person: in the file, in tickets, and in what the dialogue remembers."""
        known: set[Any] = set()
        for row in self._rows(t.customers, scope):
            known |= {row["name"], row["phone"]}
        for row in self._rows(t.tickets, scope):
            known |= {row["phone"], *(value for name, value in row["fields"].items() if name in _TELLING)}
        for row in self._rows(t.conversations, scope):
            slots = json.loads(row["state"] or b"{}").get("slots", {})
            known |= {value for name, value in slots.items() if name in _TELLING and isinstance(value, str)}
        return [one for one in known if one]

    def _notices(self, scope: Scope) -> list[Mapping[str, Any]]:
        """Notices that tell of the person; they are sealed, so all are read."""
        ids = (*scope.conversations, *scope.tickets, *scope.customers, *self._phones(scope))
        rows = self._db.execute(select(t.notices).execution_options(yield_per=1000)).mappings()
        return [row for row in rows if any(one in f"{row['key']} {row['subject']} {row['body']}" for one in ids)]

    def _phones(self, scope: Scope) -> set[str]:
        return self._ids(_k.phone, _k.id.in_(scope.customers)) | self._ids(_t.phone, _t.number.in_(scope.tickets))

    def _subjects(self, scope: Scope) -> list[str]:
        """How the trail names what belongs to the person."""
        subjects = [f"person:{one}" for one in (*scope.customers, *scope.conversations, *scope.tickets, *scope.orders)]
        subjects += [f"ticket:{one}" for one in scope.tickets]
        for table in _tables():
            if "id" in table.c:
                kind = table.name.removesuffix("s")
                subjects += [f"{kind}:{one}" for one in self._ids(table.c.id, _belongs(table, scope))]
        return subjects

    def _rows(self, table: Table, scope: Scope) -> list[dict[str, Any]]:
        query = select(table).where(_belongs(table, scope)).order_by(*table.primary_key.columns)
        return [dict(row) for row in self._db.execute(query).mappings()]

    def _ids(self, column: Any, where: Any) -> set[Any]:
        return {one for one in self._db.execute(select(column).where(where)).scalars() if one}


class ConsentRows:
    """Implements `ports.Consents`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def told(self, conversation_id: str, version: str, channel: str, at: datetime) -> bool:
        """The customer is told; False where that version was told before."""
        own = t.consents.c.conversation_id == conversation_id
        if self._db.execute(select(t.consents.c.version).where(own)).scalar() == version:
            return False
        values = {"version": version, "channel": channel, "told_at": at, "given_at": None, "withdrawn_at": None}
        insert = insert_for(self._db)(t.consents).values(conversation_id=conversation_id, **values)
        self._db.execute(insert.on_conflict_do_update(index_elements=["conversation_id"], set_=values))
        return True

    def given(self, conversation_id: str, at: datetime) -> None:
        """Personal data came after the notice: that counts as consent, unless there is one already."""
        c = t.consents.c
        open_ = and_(c.conversation_id == conversation_id, c.given_at.is_(None), c.withdrawn_at.is_(None))
        self._db.execute(t.consents.update().where(open_).values(given_at=at))

    def withdraw(self, conversation_ids: Sequence[str], at: datetime) -> int:
        """The customer does not agree any more; how many consents that were."""
        c = t.consents.c
        given = and_(c.conversation_id.in_(conversation_ids), c.withdrawn_at.is_(None))
        return int(self._db.execute(t.consents.update().where(given).values(withdrawn_at=at)).rowcount)


def _tables() -> list[Table]:
    """All tables that may hold something of a person, those that others refer to first."""
    return [table for table in t.metadata.sorted_tables if table.name not in _NEVER]


def _belongs(table: Table, scope: Scope) -> Any:
    """Which rows of a table are the person's."""
    c = table.c
    if table is t.customers:
        return c.id.in_(scope.customers)
    if table is t.conversations:
        return c.id.in_(scope.conversations)
    if table is t.orders:
        return c.number.in_(scope.orders)
    if table is t.tickets:
        return c.number.in_(scope.tickets)
    if table is t.review_findings:
        return c.review_id.in_(select(t.reviews.c.id).where(t.reviews.c.conversation_id.in_(scope.conversations)))
    own = [c.conversation_id.in_(scope.conversations)] if "conversation_id" in c else []
    by_ticket = next((c[name] for name in ("ticket", "number") if name in c and _is_of_ticket(c[name])), None)
    own += [by_ticket.in_(scope.tickets)] if by_ticket is not None else []
    return or_(false(), *own)


def _is_of_ticket(column: Any) -> bool:
    return any(key.column is _t.number for key in column.foreign_keys)
