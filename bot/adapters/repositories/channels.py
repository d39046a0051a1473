"""What is known of other people's platforms, to rows and back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.domain.incoming import Did, Media
from bot.domain.message import Message
from bot.domain.reach import Opening, Reach
from bot.services.ports.channels import Fetch, Pull, StoredToken

_r, _e, _f, _p, _k = t.reaches.c, t.seen_events.c, t.fetches.c, t.pulls.c, t.platform_tokens.c


class ReachRows:
    """Implements `ports.Reaches`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def get(self, conversation_id: str) -> Reach:
        """What may still go to a customer; nothing where nothing is known."""
        return self.of([conversation_id]).get(conversation_id) or Reach(conversation_id)

    def of(self, conversation_ids: Sequence[str]) -> dict[str, Reach]:
        """The same for many, as far as it is known."""
        rows = self._db.execute(select(t.reaches).where(_r.conversation_id.in_(conversation_ids))).mappings()
        return {row["conversation_id"]: _reach(row) for row in rows}

    def save(self, reach: Reach) -> None:
        """Store it."""
        openings = [
            {"did": o.did.value, "at": o.at.isoformat(), "until": o.until.isoformat(), "left": o.left}
            for o in reach.openings
        ]
        values = {
            "conversation_id": reach.conversation_id, "openings": openings, "has_left": reach.has_left,
            "state": reach.state,
        }  # fmt: skip
        insert = insert_for(self._db)(t.reaches).values(**values)
        self._db.execute(insert.on_conflict_do_update(index_elements=["conversation_id"], set_=values))


class SeenEventRows:
    """Implements `ports.SeenEvents`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def note(self, conversation_id: str, key: str, at: datetime) -> bool:
        """Remember it; whether it is new."""
        insert = insert_for(self._db)(t.seen_events).values(conversation_id=conversation_id, key=key, at=at)
        return self._db.execute(insert.on_conflict_do_nothing()).rowcount == 1

    def forget_before(self, moment: datetime) -> int:
        """Clear away what no platform sends again."""
        return int(self._db.execute(t.seen_events.delete().where(_e.at < moment)).rowcount)


class FetchRows:
    """Implements `ports.Fetches`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, message: Message, channel: str, media: Media, now: datetime) -> None:
        """A file is to be fetched."""
        self._db.execute(
            t.fetches.insert().values(
                message_id=message.id, conversation_id=message.conversation_id, channel=channel, media_id=media.id,
                kind=media.kind, name=media.name, attempts=0, due_at=now,
            )
        )  # fmt: skip

    def take(self, channel: str, now: datetime, until: datetime, limit: int) -> list[Fetch]:
        """What is due; nobody else gets it before `until`."""
        due = select(t.fetches).where(_f.channel == channel, _f.due_at <= now).order_by(_f.due_at).limit(limit)
        rows = self._db.execute(due.with_for_update(skip_locked=True)).mappings().all()
        ids = [row["message_id"] for row in rows]
        self._db.execute(
            t.fetches.update().where(_f.message_id.in_(ids)).values(due_at=until, attempts=_f.attempts + 1)
        )  # fmt: skip
        return [
            Fetch(
                row["message_id"], row["conversation_id"], channel, Media(row["media_id"], row["kind"], row["name"]),
                row["attempts"],
            )
            for row in rows
        ]  # fmt: skip

    def retry_later(self, message_id: str, at: datetime) -> None:
        """It could not be fetched; try again then."""
        self._db.execute(t.fetches.update().where(_f.message_id == message_id).values(due_at=at))

    def done(self, message_id: str) -> bool:
        """It has come, or never will; whether it was still wanted."""
        return bool(self._db.execute(t.fetches.delete().where(_f.message_id == message_id)).rowcount)


class PullRows:
    """Implements `ports.Pulls`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def want(self, channel: str, account: str, token: str, now: datetime) -> None:
        """The platform says that the account has more."""
        values = {
            "channel": channel, "account": account, "cursor": "", "token": token, "version": 0, "is_wanted": True,
            "due_at": now,
        }  # fmt: skip
        again = {"token": token, "version": _p.version + 1, "is_wanted": True, "due_at": now}
        insert = insert_for(self._db)(t.pulls).values(**values)
        self._db.execute(insert.on_conflict_do_update(index_elements=["channel", "account"], set_=again))

    def want_all(self, channel: str, now: datetime) -> None:
        """Every account may have more."""
        again = {"version": _p.version + 1, "is_wanted": True, "due_at": now}
        self._db.execute(t.pulls.update().where(_p.channel == channel).values(**again))

    def take(self, channel: str, holder: str, now: datetime, until: datetime) -> list[Pull]:
        """Accounts that have more; nobody else gets them before `until`."""
        free = or_(_p.held_until.is_(None), _p.held_until < now)
        due = and_(_p.channel == channel, _p.is_wanted.is_(True), _p.due_at <= now, free)
        rows = self._db.execute(select(t.pulls).where(due).with_for_update(skip_locked=True)).mappings().all()
        for row in rows:
            self._update(channel, row["account"], holder=holder, held_until=until)
        return [Pull(channel, row["account"], row["cursor"], row["token"], row["version"], holder) for row in rows]

    def advance(self, pull: Pull, cursor: str, has_more: bool, now: datetime) -> bool:
        """What came before the cursor is stored; what was wanted meanwhile stays wanted.

        Returns:
            False where somebody else has taken it meanwhile: nothing is changed then.
        """
        own = and_(_p.channel == pull.channel, _p.account == pull.account, _p.holder == pull.holder)
        present = self._db.execute(select(_p.version).where(own).with_for_update()).scalar_one_or_none()
        if present is None:
            return False
        is_wanted = has_more or present != pull.version
        self._update(
            pull.channel, pull.account, cursor=cursor, is_wanted=is_wanted, due_at=now, holder=None, held_until=None
        )
        return True

    def retry_later(self, pull: Pull, at: datetime) -> None:
        """It could not be fetched; try again then."""
        own = and_(_p.channel == pull.channel, _p.account == pull.account, _p.holder == pull.holder)
        self._db.execute(t.pulls.update().where(own).values(due_at=at, holder=None, held_until=None))

    def _update(self, channel: str, account: str, **values: Any) -> None:
        own = and_(_p.channel == channel, _p.account == account)
        self._db.execute(t.pulls.update().where(own).values(**values))


class PlatformTokenRows:
    """Implements `ports.PlatformTokens`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def get(self, account: str) -> StoredToken | None:
        """The account's token, also where it has expired."""
        row = self._db.execute(select(_k.value, _k.expires_at).where(_k.account == account)).first()
        return StoredToken(row[0], row[1]) if row and row[0] else None

    def take_refresh(self, account: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take the right to ask for a new one, where nobody has it or its holder is gone."""
        self._db.execute(insert_for(self._db)(t.platform_tokens).values(account=account).on_conflict_do_nothing())
        free = or_(_k.refresh_until.is_(None), _k.refresh_until < now)
        own = and_(_k.account == account, free)
        taken = t.platform_tokens.update().where(own).values(refresher=holder, refresh_until=until)
        return self._db.execute(taken).rowcount == 1

    def save(self, account: str, holder: str, token: StoredToken) -> None:
        """A new one has come."""
        own = and_(_k.account == account, _k.refresher == holder)
        values = {"value": token.value, "expires_at": token.expires_at, "refresher": None, "refresh_until": None}
        self._db.execute(t.platform_tokens.update().where(own).values(**values))

    def drop_refresh(self, account: str, holder: str) -> None:
        """None has come; somebody else may ask."""
        own = and_(_k.account == account, _k.refresher == holder)
        self._db.execute(t.platform_tokens.update().where(own).values(refresher=None, refresh_until=None))


def _reach(row: Mapping[str, Any]) -> Reach:
    openings = tuple(
        Opening(Did(o["did"]), datetime.fromisoformat(o["at"]), datetime.fromisoformat(o["until"]), o["left"])
        for o in row["openings"]
    )
    return Reach(row["conversation_id"], openings, row["has_left"], row["state"])
