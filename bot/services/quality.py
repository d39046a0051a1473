"""What people do with reviews: look, check, appeal, settle, sum up (H8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.actor import Actor, Role
from bot.domain.desk import Rating
from bot.domain.errors import InvalidInput, NotAllowed, NotFound
from bot.domain.message import Message
from bot.domain.quality.book import QualityBook
from bot.domain.quality.finding import Finding
from bot.domain.quality.review import Review, ReviewState, Settlement
from bot.domain.quality.tally import Tally, tally
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

MOST_DAYS = 366
_RATED_WITHIN = timedelta(days=8)


@dataclass(frozen=True)
class Reviewed:
    """A review with what belongs to it.

    Attributes:
        title: of the conversation.
        rating: what the customer gave to this person for it; None where nothing.
        may: what who asks may do with it now: `check`, `appeal`, `settle`.
    """

    review: Review
    title: str
    findings: tuple[Finding, ...]
    rating: Rating | None
    may: tuple[str, ...]


class Quality:
    """Reviews for people: an agent sees the own ones only."""

    def __init__(self, uow: UnitOfWorkFactory, book: QualityBook, clock: Clock) -> None:
        self._uow = uow
        self.book = book
        self._clock = clock

    def page(
        self, actor: Actor, limit: int, after: str | None, state: ReviewState | None, agent: str | None,
        first: date | None, last: date | None, failed: str | None = None,
    ) -> tuple[list[Reviewed], dict[ReviewState, int]]:  # fmt: skip
        """Reviews, the newest first, and how many wait for somebody.

        Args:
            after: the id of the last review of the page before.
            failed: only those in which this rule failed.

        Raises:
            InvalidInput: there is no review `after`. NotAllowed: somebody else's.
        """
        agent = _whose(actor, agent)
        with self._uow() as uow:
            before = uow.reviews.get(after) if after else None
            if after and before is None:
                raise InvalidInput("这一页的位置找不到了，请从头看起")
            found = uow.reviews.page(limit, before, state, agent, first, last, failed)
            return self._whole(uow, found, actor), uow.reviews.counts(agent)

    def one(self, review_id: str, actor: Actor) -> tuple[Reviewed, list[Message]]:
        """A review with all that was said, notes included.

        Raises:
            NotFound: there is none. NotAllowed: it is somebody else's.
        """
        with self._uow() as uow:
            review = _seen(uow, review_id, actor)
            said = uow.messages.after(review.conversation_id, 0, notes=True)
            (whole,) = self._whole(uow, [review], actor)
            return whole, [m for m in said if review.begun_at <= m.sent_at <= review.closed_at]

    def check(self, review_id: str, score: int, comment: str, actor: Actor) -> Reviewed:
        """A leader's score; see `Review.check`."""
        return self._change(review_id, actor, comment, lambda r, now: r.check(score, comment, actor, now))

    def appeal(self, review_id: str, text: str, actor: Actor) -> Reviewed:
        """Whose work it is disagrees; see `Review.appeal_by`."""
        days = self.book.appeal_days
        return self._change(review_id, actor, text, lambda r, now: r.appeal_by(actor, text, now, days))

    def settle(
        self, review_id: str, settlement: Settlement, score: int | None, reason: str, actor: Actor
    ) -> Reviewed:  # fmt: skip
        """Another leader's decision; see `Review.settle`."""
        return self._change(review_id, actor, reason, lambda r, now: r.settle(settlement, score, reason, actor, now))

    def summary(self, actor: Actor, first: date, last: date, agent: str | None) -> Tally:
        """Scores by day and person, and how often each rule failed.

        Raises:
            InvalidInput: the days are no span, or too long a one. NotAllowed: somebody else's.
        """
        if not first <= last or (last - first).days >= MOST_DAYS:
            raise InvalidInput(f"请选从早到晚、最多 {MOST_DAYS} 天的时间段")
        agent = _whose(actor, agent)
        with self._uow() as uow:
            of = (first, last, agent)
            return tally(uow.reviews.days(*of), uow.reviews.agents(*of), uow.reviews.failures(*of))

    def _change(
        self, review_id: str, actor: Actor, reason: str, change: Callable[[Review, datetime], Review]
    ) -> Reviewed:  # fmt: skip
        now = self._clock()
        with self._uow() as uow:
            changed = uow.reviews.save(change(_seen(uow, review_id, actor), now), actor.name, reason.strip(), now)
            (whole,) = self._whole(uow, [changed], actor)
            uow.commit()
        return whole

    def _whole(self, uow: UnitOfWork, reviews: Sequence[Review], actor: Actor) -> list[Reviewed]:
        ids = {review.conversation_id for review in reviews}
        titles = {row.conversation.id: row.title for row in uow.desk.rows(ids)}
        findings = uow.reviews.findings([review.id for review in reviews])
        ratings = uow.reviews.ratings(ids)
        return [
            Reviewed(
                review, titles[review.conversation_id], findings.get(review.id, ()), _rating_of(review, ratings),
                self._may(review, actor),
            )
            for review in reviews
        ]  # fmt: skip

    def _may(self, review: Review, actor: Actor) -> tuple[str, ...]:
        against = {
            "check": review.why_not_check(actor),
            "appeal": review.why_not_appeal(actor, self._clock(), self.book.appeal_days),
            "settle": review.why_not_settle(actor),
        }
        return tuple(step for step, why in against.items() if why is None)


def _whose(actor: Actor, agent: str | None) -> str | None:
    """Whose reviews are meant: an agent's own ones, a leader's choice, or everybody's.

    Raises:
        NotAllowed: an agent asks for somebody else's.
    """
    if actor.role is not Role.AGENT:
        return agent
    if agent not in (None, actor.name):
        raise NotAllowed("客服只能看自己的质检，同事的请找主管")
    return actor.name


def _seen(uow: UnitOfWork, review_id: str, actor: Actor) -> Review:
    review = uow.reviews.get(review_id)
    if review is None:
        raise NotFound("没有这条质检，请回到列表重新选择")
    _whose(actor, review.agent)
    return review


def _rating_of(review: Review, ratings: Sequence[Rating]) -> Rating | None:
    """The first that the customer gave after the person's part of the conversation had ended."""
    until = review.closed_at + _RATED_WITHIN
    mine = (r for r in ratings if r.conversation_id == review.conversation_id and r.agent == review.agent)
    return next((r for r in mine if review.closed_at <= r.at <= until), None)
