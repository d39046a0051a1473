"""Reviews to rows and back, and what is counted over many of them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, literal_column, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.records import RecordRows
from bot.adapters.repositories.trail import TrailRows
from bot.domain.conversation import Owner, OwnerChange
from bot.domain.desk import Rating
from bot.domain.quality.finding import Finding, Quote, Result
from bot.domain.quality.review import Review, ReviewState
from bot.domain.quality.tally import Count

_OVERLAP = timedelta(hours=1)
"""A commit may become visible later than one that closed a conversation after it."""
# Written out: SQLite trusts its index of failures only where it reads the word itself.
_FAILED = t.review_findings.c.result == literal_column(f"'{Result.FAILED.value}'")
# Asked for like this, SQLite goes by the few ratings of late and not by all reviews that nobody has looked at.
_LOOKED_AT = [state.value for state in ReviewState if state is not ReviewState.AUTO]
_r, _f, _c = t.reviews.c, t.review_findings.c, t.conversations.c


class ReviewRows(RecordRows[Review]):
    """Implements `ports.Reviews`."""

    def __init__(self, connection: Connection, trail: TrailRows) -> None:
        super().__init__(connection, t.reviews, Review, trail)

    def to_inspect(self, limit: int) -> Sequence[str]:
        """Closed conversations that a person has held since they were last inspected; the oldest first."""
        last = self._db.execute(select(func.max(_r.closed_at))).scalar_one_or_none()
        seen = select(_r.id).where(_r.conversation_id == _c.id, _r.closed_at >= _c.taken_at).exists()
        query = select(_c.id).where(_c.closed_at.is_not(None), _c.taken_at.is_not(None), ~seen)
        if last:
            query = query.where(_c.closed_at >= last - _OVERLAP)
        return self._db.execute(query.order_by(_c.closed_at).limit(limit)).scalars().all()

    def owner_changes(self, conversation_id: str) -> list[OwnerChange]:
        """Who held a conversation from when, in order."""
        h = t.conversation_history.c
        query = select(t.conversation_history).where(h.conversation_id == conversation_id).order_by(h.epoch)
        return [
            OwnerChange(**{**row, "owner": Owner(row["owner"])}) for row in self._db.execute(query).mappings()
        ]  # fmt: skip

    def add_findings(self, review: Review, findings: Sequence[Finding]) -> None:
        """Store what the rules found; it stays as it is."""
        rows = [
            {
                "review_id": review.id, "rule": f.rule, "position": position, "result": f.result.value,
                "reason": f.reason, "evidence": [[q.seq, q.words] for q in f.evidence], "agent": review.agent,
                "day": review.day,
            }
            for position, f in enumerate(findings)
        ]  # fmt: skip
        self._db.execute(t.review_findings.insert(), rows)

    def findings(self, review_ids: Collection[str]) -> dict[str, tuple[Finding, ...]]:
        """What the rules found in these reviews."""
        query = select(t.review_findings).where(_f.review_id.in_(review_ids)).order_by(_f.review_id, _f.position)
        found: dict[str, tuple[Finding, ...]] = {}
        for row in self._db.execute(query).mappings() if review_ids else ():
            evidence = tuple(Quote(seq, words) for seq, words in row["evidence"])
            finding = Finding(row["rule"], Result(row["result"]), row["reason"], evidence)
            found[row["review_id"]] = (*found.get(row["review_id"], ()), finding)
        return found

    def page(
        self, limit: int, after: Review | None = None, state: ReviewState | None = None, agent: str | None = None,
        first: date | None = None, last: date | None = None, failed: str | None = None,
    ) -> list[Review]:  # fmt: skip
        """Reviews, the newest first; those after one where given, and those in which a rule failed where given."""
        where = [_r.state == state.value] if state else []
        where += [_r.agent == agent] if agent else []
        where += [_r.day >= first] if first else []
        where += [_r.day <= last] if last else []
        if failed:
            where.append(select(_f.rule).where(_f.review_id == _r.id, _f.rule == failed, _FAILED).exists())
        if after:
            later = and_(_r.closed_at == after.closed_at, _r.id > after.id)
            where.append(or_(_r.closed_at < after.closed_at, later))
        return self._read(and_(True, *where), limit, _r.closed_at.desc())

    def counts(self, agent: str | None = None) -> dict[ReviewState, int]:
        """How many wait in each state that somebody has to do something about."""
        waiting = [ReviewState.TO_CHECK.value, ReviewState.APPEALED.value]
        query = select(_r.state, func.count()).where(_r.state.in_(waiting)).group_by(_r.state)
        if agent:
            query = query.where(_r.agent == agent)
        found = {ReviewState(state): count for state, count in self._db.execute(query)}
        return {ReviewState(state): found.get(ReviewState(state), 0) for state in waiting}

    def days(self, first: date, last: date, agent: str | None = None) -> dict[date, Count]:
        """The reviews of each day, of one person where given."""
        return self._counted(_r.day, first, last, agent)

    def agents(self, first: date, last: date, agent: str | None = None) -> dict[str, Count]:
        """The reviews of each person."""
        return self._counted(_r.agent, first, last, agent)

    def _counted(self, by: Any, first: date, last: date, agent: str | None) -> dict[Any, Count]:
        final = func.coalesce(_r.human_score, _r.score)
        query = select(by, func.count(), func.count(final), func.sum(final)).where(_r.day >= first, _r.day <= last)
        if agent:
            query = query.where(_r.agent == agent)
        rows = self._db.execute(query.group_by(by))
        return {key: Count(reviews, scored, int(total or 0)) for key, reviews, scored, total in rows}

    def failures(self, first: date, last: date, agent: str | None = None) -> dict[tuple[str, str], int]:
        """How often each rule failed for each person."""
        query = select(_f.rule, _f.agent, func.count()).where(_FAILED, _f.day >= first, _f.day <= last)
        if agent:
            query = query.where(_f.agent == agent)
        rows = self._db.execute(query.group_by(_f.rule, _f.agent))
        return {(name, rule): count for rule, name, count in rows}

    def picked(self, first: date, last: date) -> dict[str, int]:
        """How many reviews of each person somebody checks or has checked in these days."""
        looked_at = func.sum(case((_r.state == ReviewState.AUTO.value, 0), else_=1))
        query = select(_r.agent, looked_at).where(_r.day >= first, _r.day <= last).group_by(_r.agent)
        return {agent: int(count) for agent, count in self._db.execute(query)}

    def untouched(self, agent: str, first: date, last: date) -> list[Review]:
        """A person's reviews of these days that nobody has looked at."""
        auto = _r.state == ReviewState.AUTO.value
        return self._read(and_(_r.agent == agent, auto, _r.day >= first, _r.day <= last), None)

    def rated(self, since: datetime, up_to: int, limit: int) -> list[str]:
        """Reviews that nobody has looked at, of people whom the customer rated up to so many points since."""
        g = t.ratings.c
        low = and_(g.at >= since, g.score <= up_to)
        query = (
            select(_r.id)
            .join(t.ratings, and_(g.conversation_id == _r.conversation_id, g.agent == _r.agent))
            .where(
                _r.conversation_id.in_(select(g.conversation_id).where(low)), low, g.at >= _r.begun_at,
                _r.state.not_in(_LOOKED_AT),
            )
            .order_by(_r.closed_at)
        )  # fmt: skip
        return list(self._db.execute(query.limit(limit)).scalars())

    def ratings(self, conversation_ids: Collection[str]) -> list[Rating]:
        """What customers gave in these conversations, in order."""
        g = t.ratings.c
        query = select(t.ratings).where(g.conversation_id.in_(conversation_ids)).order_by(g.at)
        return [Rating(**row) for row in self._db.execute(query).mappings()] if conversation_ids else []
