"""Inspecting every conversation that a person served, once, when it has ended (H8).

Conversations that the bot held alone are not inspected here: what the bot says is reviewed before it is said (A11).
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from bot.domain.actor import SYSTEM
from bot.domain.conversation import Conversation
from bot.domain.dates import local_day
from bot.domain.errors import Conflict
from bot.domain.quality.book import QualityBook
from bot.domain.quality.case import Case, begin_of, dialogues
from bot.domain.quality.dialogue import Dialogue
from bot.domain.quality.review import Review, ReviewState
from bot.domain.quality.rules import inspect
from bot.domain.quality.sampling import LOW_RATING, WEEKLY, lot, reasons_to_check
from bot.domain.quality.score import score
from bot.domain.ticket import Ticket
from bot.services.batches import each
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

BATCH = 50
_RATINGS_COME_WITHIN = timedelta(days=8)
_EXCUSED = "（仍要这样说："
"""How a ticket's history tells why a 忌语 was said; see `casework`."""


class Inspection:
    """The chores of quality; run again after a crash, or on two nodes at once, they do nothing twice."""

    def __init__(self, uow: UnitOfWorkFactory, book: QualityBook, clock: Clock) -> None:
        self._uow = uow
        self._book = book
        self._clock = clock
        self._filled_up: date | None = None

    def look(self) -> int:
        """Inspect a batch of what has ended, and pick what people should check.

        Returns:
            How many conversations were inspected and reviews picked.
        """
        with self._uow() as uow:
            ended = uow.reviews.to_inspect(BATCH)
        if ended:
            return each(ended, self._inspect)
        return self._pick_badly_rated() or self._fill_up_last_week()

    def _inspect(self, conversation_id: str) -> None:
        with self._uow() as uow:
            conversation = uow.conversations.get(conversation_id)
            if conversation is None or conversation.closed_at is None:
                return
            case = self._case(uow, conversation, conversation.closed_at)
            try:
                for dialogue in dialogues(case):
                    self._review(uow, case, dialogue)
                uow.commit()
            except Conflict:
                return  # another node was first

    def _case(self, uow: UnitOfWork, conversation: Conversation, closed_at: datetime) -> Case:
        changes = uow.reviews.owner_changes(conversation.id)
        begun_at = begin_of(conversation, changes)
        tickets = tuple(uow.tickets.of_conversation(conversation.id))
        said = uow.messages.after(conversation.id, 0, notes=True)
        customer = uow.customers.get(conversation.customer_id) if conversation.customer_id else None
        return Case(
            conversation=conversation,
            closed_at=closed_at,
            begun_at=begun_at,
            changes=tuple(change for change in changes if change.at >= begun_at),
            messages=tuple(message for message in said if begun_at <= message.sent_at <= closed_at),
            tickets=tickets,
            known=frozenset({"phone"} if customer and customer.phone else ()),
            excuses=self._excuses(uow, conversation.id, tickets),
        )

    def _excuses(
        self, uow: UnitOfWork, conversation_id: str, tickets: tuple[Ticket, ...]
    ) -> Mapping[str, dict[str, str]]:
        """Why each person said a 忌语 all the same, at the desk or from a ticket (A4)."""
        excuses: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for entry in uow.trail.entries(f"conversation:{conversation_id}"):
            if entry.change.action == "said_in_spite":
                phrases, _, why = entry.change.reason.partition("：")
                excuses[entry.change.actor].update(dict.fromkeys(phrases.split("、"), why))
        for noted in (noted for ticket in tickets for noted in ticket.history if noted.event == "reply"):
            text, _, why = noted.reason.partition(_EXCUSED)
            if why:
                said = {entry.phrase for entry in self._book.forbidden if entry.phrase in text}
                excuses[noted.actor].update(dict.fromkeys(said, why.removesuffix("）")))
        return excuses

    def _review(self, uow: UnitOfWork, case: Case, dialogue: Dialogue) -> None:
        now, day = self._clock(), local_day(case.closed_at)
        findings = inspect(dialogue, self._book)
        reached = score(findings, self._book.rules)
        chance = lot(case.conversation.id, dialogue.agent, day)
        reasons = reasons_to_check(self._book.sampling, chance, reached, findings)
        person = uow.users.get(dialogue.agent)
        review = Review(
            id=str(uuid.uuid4()), conversation_id=case.conversation.id, agent=dialogue.agent,
            team=person.team if person else case.conversation.need.team, begun_at=case.begun_at,
            closed_at=case.closed_at, day=day, inspected_at=now, rules_version=self._book.version, score=reached,
            state=ReviewState.TO_CHECK if reasons else ReviewState.AUTO, picked_for=reasons,
        )  # fmt: skip
        uow.reviews.add(review, SYSTEM.name, f"按第 {self._book.version} 版规则质检", now)
        uow.reviews.add_findings(review, findings)

    def _pick_badly_rated(self) -> int:
        """A customer's low rating comes after the end."""
        with self._uow() as uow:
            since = self._clock() - _RATINGS_COME_WITHIN
            rated = uow.reviews.rated(since, self._book.sampling.rating_up_to, BATCH)
        return each(rated, lambda review_id: self._pick(review_id, LOW_RATING))

    def _fill_up_last_week(self) -> int:
        """Of everybody at least so many reviews of the week that is over are checked: those whose lot is lowest."""
        today = local_day(self._clock())
        last = today - timedelta(days=today.weekday() + 1)
        if self._filled_up == last:
            return 0
        first = last - timedelta(days=6)
        with self._uow() as uow:
            short = {a: n for a, n in uow.reviews.picked(first, last).items() if n < self._book.sampling.weekly}
            chosen = [
                review.id
                for agent, picked in short.items()
                for review in sorted(
                    uow.reviews.untouched(agent, first, last), key=lambda r: lot(r.conversation_id, r.agent, r.day)
                )[: self._book.sampling.weekly - picked]
            ]
        done = each(chosen, lambda review_id: self._pick(review_id, WEEKLY))
        self._filled_up = last if done == len(chosen) else None
        return done

    def _pick(self, review_id: str, reason: str) -> None:
        with self._uow() as uow:
            review = uow.reviews.get(review_id)
            if review is not None and review.state is ReviewState.AUTO:
                uow.reviews.save(review.pick(reason), SYSTEM.name, "抽中人工复核", self._clock())
                uow.commit()
