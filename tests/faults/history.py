"""Whether what is stored, what was sent and what was seen tell one story: nothing lost, doubled or out of order.

Pure: it is given everything that happened, and says what is wrong. What customers and people of the company write
bears a mark such as `#w3.7`; the bot names the marks that it answers, and a ticket the mark that asked for it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

MARK = re.compile(r"#[a-z]+[0-9]+\.[0-9]+")
TICKET = re.compile(r"工单 ([A-Z0-9-]+)")
WANTS_TICKET = "开单"
"""What a customer writes who wants a ticket."""
_JOINED = "desk.joined"
_PEOPLE = ("desk.", "handover.")
"""How the ids of the sentences begin that bring people in or let them go."""


class Wrong(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    DISORDERED = "out of order"
    INVENTED = "wrongly there"


@dataclass(frozen=True)
class Said:
    """What a customer, or a person of the company, sent.

    Attributes:
        key: what makes it the same when it is sent again, as it is stored.
        seq: its place as acknowledged; None where only its arrival was, or nothing.
        is_taken: it was acknowledged.
        rank: what has a lower one was sent before, and was over; equal ones went at the same time.
    """

    conversation: str
    key: str
    text: str
    seq: int | None = None
    is_taken: bool = True
    rank: int = 0
    by_person: bool = False


@dataclass(frozen=True)
class Row:
    """A stored message; `source` is the id of the sentence that it is, where it is one of ours."""

    conversation: str
    seq: int
    id: str
    sender: str
    text: str
    key: str | None = None
    note: bool = False
    answered: bool = True
    delivery: str | None = None
    source: str = ""


@dataclass(frozen=True)
class Filed:
    """A ticket, and the mark that asked for it."""

    number: str
    conversation: str
    mark: str


@dataclass(frozen=True)
class Sight:
    """What one connection has shown: places, ids and texts, as they came. It was asked for what comes after `after`."""

    conversation: str
    after: int
    lines: Sequence[tuple[int, str, str]]


@dataclass(frozen=True)
class Phone:
    """Everything that the service has said to a customer on somebody else's platform, in order."""

    conversation: str
    lines: Sequence[str]


@dataclass(frozen=True)
class History:
    """Everything.

    Attributes:
        sights: each reader's connections, one after the other.
        owners: by conversation, the epochs of its changes of owner in the order of storing.
        undelivered: how many messages still wait to go out on our own channel, or are in somebody's hands.
        notices_sent: the ids of notices to other systems that are called sent. notices_due: how many are not.
        notices_got: how often the receiver got each; once or more, since it knows them again by their ids.
    """

    said: Sequence[Said] = ()
    rows: Sequence[Row] = ()
    tickets: Sequence[Filed] = ()
    sights: Mapping[str, Sequence[Sight]] = field(default_factory=dict)
    phones: Sequence[Phone] = ()
    owners: Mapping[str, Sequence[int]] = field(default_factory=dict)
    undelivered: int = 0
    notices_sent: frozenset[str] = frozenset()
    notices_due: int = 0
    notices_got: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Violation:
    """One thing that must not be."""

    wrong: Wrong
    what: str


@dataclass(frozen=True)
class Findings:
    """How many messages were looked at, and what is wrong with them."""

    checked: int
    violations: Sequence[Violation] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(self.checked + other.checked, (*self.violations, *other.violations))

    def count(self, wrong: Wrong) -> int:
        """How often something of this kind is wrong."""
        return sum(violation.wrong is wrong for violation in self.violations)

    @property
    def sentence(self) -> str:
        """The whole in one sentence."""
        lost, duplicated, disordered, invented = (self.count(wrong) for wrong in Wrong)
        said = f"{self.checked} messages checked: {lost} lost, {duplicated} duplicated, {disordered} out of order"
        return said + (f", {invented} wrongly there" if invented else "")


def check(history: History) -> Findings:
    """Look at everything."""
    story = _Story(history)
    rules = (
        _stored_once, _numbered, _in_order_of_sending, _answered_once, _answers_follow, _tickets_once, _seen_as_stored,
        _seen_whole, _once_on_the_phone, _epochs_rise, _bot_keeps_silent, _all_delivered, _notices_arrived,
    )  # fmt: skip
    return Findings(len(history.rows), tuple(violation for rule in rules for violation in rule(story)))


class _Story:
    """The history, sorted by what the rules ask for."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.rows: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(history.rows, key=lambda row: row.seq):
            self.rows[row.conversation].append(row)
        self.naming: dict[str, list[Row]] = defaultdict(list)
        """By mark: the bot's messages that answer it."""
        for row in history.rows:
            for mark in MARK.findall(row.text) if row.sender == "bot" else ():
                self.naming[mark].append(row)

    def has_people(self, conversation: str) -> bool:
        """Whether a person was asked for, so that the bot need not have answered everything."""
        rows = self.rows[conversation]
        return any(row.sender in ("agent", "system") or row.source.startswith(_PEOPLE) for row in rows)


def _mark(text: str) -> str:
    found = MARK.search(text)
    return found.group() if found else ""


def _stored_once(story: _Story) -> Iterator[Violation]:
    """What was acknowledged is stored, once, and as it was sent; and nothing is that nobody sent."""
    by_key: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    by_mark: Counter[str] = Counter()
    for row in story.history.rows:
        by_key[row.conversation, row.key].append(row)
        if row.sender == "customer":
            by_mark[_mark(row.text)] += 1
    for said in story.history.said:
        found = by_key[said.conversation, said.key]
        if not found and said.is_taken:
            yield Violation(Wrong.LOST, f"{said.text} was acknowledged and is not stored")
        if len(found) > 1 or (not said.by_person and by_mark[_mark(said.text)] > 1):
            yield Violation(Wrong.DUPLICATED, f"{said.text} is stored {len(found)} times")
        for row in found[:1]:
            if row.text != said.text:
                yield Violation(Wrong.INVENTED, f"{said.text} is stored as {row.text}")
            if said.seq not in (None, row.seq):
                yield Violation(Wrong.DISORDERED, f"{said.text} is at {row.seq}, acknowledged at {said.seq}")
    known = {(said.conversation, said.key) for said in story.history.said}
    for row in story.history.rows:
        if row.sender in ("customer", "agent") and not row.note and (row.conversation, row.key) not in known:
            yield Violation(Wrong.INVENTED, f"nobody sent {row.text}")


def _numbered(story: _Story) -> Iterator[Violation]:
    """A conversation's messages are numbered from 1 without a gap."""
    for conversation, rows in story.rows.items():
        numbers = [row.seq for row in rows]
        if len(set(numbers)) != len(numbers):
            yield Violation(Wrong.DUPLICATED, f"{conversation} has a place twice: {numbers}")
        if set(numbers) != set(range(1, len(set(numbers)) + 1)):
            yield Violation(Wrong.LOST, f"{conversation} has a gap: {numbers}")


def _in_order_of_sending(story: _Story) -> Iterator[Violation]:
    """What was sent later stands later."""
    rank = {(said.conversation, said.key): said.rank for said in story.history.said}
    for rows in story.rows.values():
        for sender in ("customer", "agent"):
            own = [row for row in rows if row.sender == sender and (row.conversation, row.key or "") in rank]
            for before, after in pairwise(own):
                if rank[before.conversation, before.key or ""] > rank[after.conversation, after.key or ""]:
                    yield Violation(Wrong.DISORDERED, f"{after.text} stands after {before.text}")


def _answered_once(story: _Story) -> Iterator[Violation]:
    """Each customer's message is answered by one message of the bot, or is with people."""
    for row in story.history.rows:
        mark = _mark(row.text)
        if row.sender != "customer" or not mark:
            continue
        answers = story.naming[mark]
        if len(answers) > 1:
            yield Violation(Wrong.DUPLICATED, f"{row.text} is answered {len(answers)} times")
        if not row.answered or not (answers or story.has_people(row.conversation)):
            yield Violation(Wrong.LOST, f"{row.text} is not answered")
        for answer in answers:
            if answer.conversation != row.conversation:
                yield Violation(Wrong.INVENTED, f"{row.text} is answered in another conversation")
            elif answer.seq < row.seq:
                yield Violation(Wrong.DISORDERED, f"the answer to {row.text} stands before it")


def _answers_follow(story: _Story) -> Iterator[Violation]:
    """Answers come in the order of what they answer."""
    for conversation, rows in story.rows.items():
        place = {_mark(row.text): row.seq for row in rows if row.sender == "customer"}
        named = [place.get(mark, 0) for row in rows if row.sender == "bot" for mark in MARK.findall(row.text)]
        if named != sorted(named):
            yield Violation(Wrong.DISORDERED, f"the answers in {conversation} are to {named}")


def _tickets_once(story: _Story) -> Iterator[Violation]:
    """Who asked for a ticket has one, and is told its number; nobody has one who did not."""
    tickets: dict[str, list[Filed]] = defaultdict(list)
    for ticket in story.history.tickets:
        tickets[ticket.mark].append(ticket)
    asked = {
        _mark(row.text): row for row in story.history.rows if row.sender == "customer" and WANTS_TICKET in row.text
    }
    for mark, row in asked.items():
        if len(tickets[mark]) > 1:
            yield Violation(Wrong.DUPLICATED, f"{row.text} has {len(tickets[mark])} tickets")
        if not tickets[mark] and story.naming[mark]:
            yield Violation(Wrong.LOST, f"{row.text} has no ticket")
    for ticket in story.history.tickets:
        if ticket.mark not in asked or asked[ticket.mark].conversation != ticket.conversation:
            yield Violation(Wrong.INVENTED, f"nobody asked for {ticket.number}")
    numbers = {(ticket.conversation, ticket.number) for ticket in story.history.tickets}
    for row in story.history.rows:
        for number in TICKET.findall(row.text) if row.sender == "bot" else ():
            if (row.conversation, number) not in numbers:
                yield Violation(Wrong.INVENTED, f"the customer was told of {number}, which is not theirs")


def _seen_as_stored(story: _Story) -> Iterator[Violation]:
    """What a reader saw is stored so and is no note; each once, in order, over all of the reader's connections."""
    stored = {(row.conversation, row.seq): row for row in story.history.rows}
    for reader, sights in story.history.sights.items():
        last = 0
        for sight in sights:
            for seq, message_id, text in sight.lines:
                row = stored.get((sight.conversation, seq))
                if row is None or (row.id, row.text) != (message_id, text):
                    yield Violation(Wrong.INVENTED, f"{reader} saw {text}, which is not stored at {seq}")
                elif row.note:
                    yield Violation(Wrong.INVENTED, f"{reader} saw the private {text}")
                if seq == last:
                    yield Violation(Wrong.DUPLICATED, f"{reader} saw {text} twice")
                elif seq < last or seq <= sight.after:
                    yield Violation(Wrong.DISORDERED, f"{reader} saw {text} at {seq} after {max(last, sight.after)}")
                last = seq


def _seen_whole(story: _Story) -> Iterator[Violation]:
    """In the end a reader has seen everything that is not private."""
    for reader, sights in story.history.sights.items():
        seen = {seq for sight in sights for seq, _, _ in sight.lines}
        for conversation in {sight.conversation for sight in sights}:
            for row in story.rows[conversation]:
                if not row.note and row.seq not in seen:
                    yield Violation(Wrong.LOST, f"{reader} never saw {row.text}")


def _once_on_the_phone(story: _Story) -> Iterator[Violation]:
    """On somebody else's platform nothing arrives twice, or out of order; what is called sent has arrived."""
    for phone in story.history.phones:
        last = -1
        for row in story.rows[phone.conversation]:
            if row.sender not in ("bot", "agent") or row.note or not MARK.search(row.text):
                continue
            places = [number for number, line in enumerate(phone.lines) if _is_in(row.text, line)]
            if len(places) > 1:
                yield Violation(Wrong.DUPLICATED, f"{row.text} came {len(places)} times")
            if not places and row.delivery == "sent":
                yield Violation(Wrong.LOST, f"{row.text} is called sent and never came")
            if places and places[0] < last:
                yield Violation(Wrong.DISORDERED, f"{row.text} came before an earlier message")
            last = places[0] if places else last
        texts = [row.text for row in story.rows[phone.conversation] if row.sender in ("bot", "agent") and not row.note]
        for line in phone.lines:
            if MARK.search(line) and not any(_is_in(text, line) for text in texts):
                yield Violation(Wrong.INVENTED, f"{line} came and is not stored")


def _is_in(text: str, line: str) -> bool:
    """Whether a message is part of what came: several may go out as one, and `#w1.1` is not `#w1.10`."""
    return re.search(re.escape(text) + "(?![0-9])", line) is not None


def _epochs_rise(story: _Story) -> Iterator[Violation]:
    """Each change of owner has the next epoch."""
    for conversation, epochs in story.history.owners.items():
        if list(epochs) != list(range(1, len(epochs) + 1)):
            yield Violation(Wrong.DISORDERED, f"{conversation} has the epochs {list(epochs)}")


def _bot_keeps_silent(story: _Story) -> Iterator[Violation]:
    """While a person holds a conversation the bot says nothing to the customer."""
    for rows in story.rows.values():
        is_held = False
        for row in rows:
            if row.source.startswith(_PEOPLE):
                is_held = row.source == _JOINED
            if is_held and row.sender == "bot" and not row.note:
                yield Violation(Wrong.INVENTED, f"the bot said {row.text} while a person held the conversation")


def _all_delivered(story: _Story) -> Iterator[Violation]:
    """In the end nothing waits to go out."""
    if story.history.undelivered:
        yield Violation(Wrong.LOST, f"{story.history.undelivered} messages still wait to go out")


def _notices_arrived(story: _Story) -> Iterator[Violation]:
    """Every notice has arrived, and only such as there are."""
    got = story.history.notices_got
    for notice in sorted(story.history.notices_sent - got.keys()):
        yield Violation(Wrong.LOST, f"notice {notice} is called sent and never came")
    if story.history.notices_due:
        yield Violation(Wrong.LOST, f"{story.history.notices_due} notices still wait")
    if not story.history.notices_due:
        for notice in sorted(got.keys() - story.history.notices_sent):
            yield Violation(Wrong.INVENTED, f"notice {notice} came and is not stored")
