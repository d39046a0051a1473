"""What is stored comes back, in order, once, and the same on SQLite and PostgreSQL."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine
from sqlalchemy.exc import StatementError

from bot.adapters import tables
from bot.adapters.sla_files import load_sla
from bot.adapters.uow import migrate, open_database
from bot.domain.conversation import Conversation, Owner, OwnerChange
from bot.domain.dates import SHANGHAI
from bot.domain.message import Button, Message, Reply, Sender
from bot.domain.order import Order, Product
from bot.domain.ticket import Kind, Status, Ticket
from bot.services.ports import UnitOfWorkFactory
from bot.services.promises import Promises
from bot.services.ticketing import Ticketing
from tests.integration.fixtures_database import KEYS, NOON, ROOT, Clock

T = TypeVar("T")
Open = Callable[[], str]
THREADS = 20
WASHER = Product("AJ-XQG100", "安居滚筒洗衣机", "washing_machine", "XQG100", 289900, ("洗衣机", "滚筒"))


def at_once(action: Callable[[int], T], times: int = THREADS) -> list[T]:
    """Run an action in many threads; the first error is raised."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(action, range(times)))


def store(
    uow: UnitOfWorkFactory, conversation_id: str, text: str, sender: Sender = Sender.CUSTOMER, note: bool = False
) -> Message:
    with uow() as work:
        (message,) = work.messages.add(conversation_id, sender, [Reply(text, {})], NOON, note=note)
        work.commit()
    return message


@pytest.fixture
def ticketing(uow: UnitOfWorkFactory, clock: Clock) -> Ticketing:
    return Ticketing(uow, Promises(load_sla()), clock)


# Messages


def test_messages_are_counted_from_one_in_each_conversation(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    first, second = open_conversation(), open_conversation()
    assert [store(uow, first, text).seq for text in "甲乙丙"] == [1, 2, 3]
    assert store(uow, second, "丁").seq == 1


def test_messages_from_many_threads_get_each_number_once(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    conversation = open_conversation()
    numbers = at_once(lambda n: store(uow, conversation, f"第 {n} 条").seq)
    assert sorted(numbers) == list(range(1, THREADS + 1))


def test_a_message_comes_back_as_it_was(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    conversation = open_conversation()
    reply = Reply("洗衣機😡\n第二行", {"kind": "script", "id": "a.b"}, (Button("好", "好的"), Button("不", "不要")))
    with uow() as work:
        (stored,) = work.messages.add(conversation, Sender.BOT, [reply], NOON)
        work.commit()
    with uow() as work:
        assert work.messages.after(conversation, 0) == [stored]
    assert (stored.text, stored.buttons, stored.source) == (reply.text, reply.buttons, reply.source)


def test_reading_goes_on_after_a_number(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    conversation = open_conversation()
    for text in "甲乙丙":
        store(uow, conversation, text)
    with uow() as work:
        assert [m.text for m in work.messages.after(conversation, 1)] == ["乙", "丙"]


def test_a_private_note_is_read_only_by_who_asks_for_notes(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    """Invariant 9."""
    conversation = open_conversation()
    store(uow, conversation, "看得见", Sender.BOT)
    store(uow, conversation, "看不见", Sender.BOT, note=True)
    with uow() as work:
        assert [m.text for m in work.messages.after(conversation, 0)] == ["看得见"]
        assert [m.text for m in work.messages.after(conversation, 0, notes=True)] == ["看得见", "看不见"]


def test_a_dedupe_key_finds_its_message_in_its_own_conversation_only(
    uow: UnitOfWorkFactory, open_conversation: Open
) -> None:
    """Invariant 1."""
    conversation, other = open_conversation(), open_conversation()
    with uow() as work:
        (message,) = work.messages.add(conversation, Sender.CUSTOMER, [Reply("在吗", {})], NOON, dedupe_key="key")
        work.commit()
    with uow() as work:
        assert work.messages.by_dedupe_key(conversation, "key") == message
        assert work.messages.by_dedupe_key(other, "key") is None
        work.messages.add(other, Sender.CUSTOMER, [Reply("在吗", {})], NOON, dedupe_key="key")


def test_leaving_without_commit_changes_nothing(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    conversation = open_conversation()
    with uow() as work:
        work.messages.add(conversation, Sender.CUSTOMER, [Reply("没有提交", {})], NOON)
    with uow() as work:
        assert work.messages.after(conversation, 0) == []
        assert list(work.conversations.unanswered()) == []
    assert store(uow, conversation, "提交了").seq == 1


def test_a_conversation_waits_until_its_last_bubble_is_answered(
    uow: UnitOfWorkFactory, open_conversation: Open
) -> None:
    """Invariant 11."""
    conversation, silent = open_conversation(), open_conversation()
    store(uow, silent, "您好", Sender.BOT)
    first, second = store(uow, conversation, "第一句"), store(uow, conversation, "第二句")
    with uow() as work:
        assert list(work.conversations.unanswered()) == [conversation]
        assert work.messages.unanswered(conversation) == [first, second]
        work.messages.mark_answered(conversation, first.seq)
        assert list(work.conversations.unanswered()) == [conversation]
        assert work.messages.unanswered(conversation) == [second]
        work.messages.mark_answered(conversation, second.seq)
        assert list(work.conversations.unanswered()) == []


# Conversations


def test_the_same_person_in_the_same_channel_has_one_conversation(uow: UnitOfWorkFactory) -> None:
    def add(name: str) -> None:
        with uow() as work:
            work.conversations.add(Conversation(name, "wechat", "openid", NOON))
            work.commit()

    add("first")
    with pytest.raises(Exception, match=r"(?i)unique"):
        add("second")


def test_a_change_of_owner_comes_back_whole(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    conversation = open_conversation()
    with uow() as work:
        before = work.conversations.lock(conversation)
        assert before
        queued = before.queue_for_human("asked", NOON)
        work.conversations.save_owner(queued, OwnerChange(conversation, queued.epoch, queued.owner, "asked", NOON))
        work.commit()
    with uow() as work:
        assert work.conversations.get(conversation) == queued
    assert (queued.owner, queued.epoch, queued.queued_at) == (Owner.QUEUED, before.epoch + 1, NOON)


def test_the_place_in_the_queue_counts_only_who_waits_and_came_before(
    uow: UnitOfWorkFactory, open_conversation: Open
) -> None:
    """F5."""
    ids = [open_conversation() for _ in range(4)]
    with uow() as work:
        for minutes, conversation_id in enumerate(ids[:3]):
            at = NOON + timedelta(minutes=minutes)
            conversation = work.conversations.lock(conversation_id)
            assert conversation
            queued = conversation.queue_for_human("asked", at)
            work.conversations.save_owner(queued, OwnerChange(queued.id, queued.epoch, queued.owner, "asked", at))
        assert [work.conversations.queued_before(NOON + timedelta(minutes=m)) for m in range(4)] == [0, 1, 2, 3]


def test_a_state_is_kept_byte_for_byte_and_can_be_forgotten(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    conversation = open_conversation()
    with uow() as work:
        assert work.conversations.state(conversation) is None
        work.conversations.save_state(conversation, bytes(range(256)))
        assert work.conversations.state(conversation) == bytes(range(256))
        work.conversations.save_state(conversation, None)
        assert work.conversations.state(conversation) is None


# Leases


def take(uow: UnitOfWorkFactory, conversation: str, holder: str, now: datetime = NOON) -> bool:
    with uow() as work:
        taken = work.conversations.take_lease(conversation, holder, now, now + timedelta(seconds=30))
        work.commit()
    return taken is not None


def test_of_many_who_want_the_lease_at_once_one_gets_it(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    """Invariant 2."""
    conversation = open_conversation()
    assert sum(at_once(lambda n: take(uow, conversation, f"node-{n}"))) == 1


def test_a_lease_is_held_until_it_is_dropped_by_its_holder(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    conversation = open_conversation()
    assert take(uow, conversation, "a")
    with uow() as work:
        work.conversations.drop_lease(conversation, "b")
        work.commit()
    assert not take(uow, conversation, "b")
    with uow() as work:
        work.conversations.drop_lease(conversation, "a")
        work.commit()
    assert take(uow, conversation, "b")


def test_an_expired_lease_is_free(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    """Invariant 11: the holder is gone."""
    conversation = open_conversation()
    assert take(uow, conversation, "dead")
    assert not take(uow, conversation, "alive", NOON + timedelta(seconds=29))
    assert take(uow, conversation, "alive", NOON + timedelta(seconds=31))


def test_a_conversation_that_does_not_exist_has_no_lease(uow: UnitOfWorkFactory) -> None:
    assert not take(uow, "nowhere", "a")


# Tickets


def test_ticket_numbers_from_many_threads_are_unique_and_without_gaps(ticketing: Ticketing) -> None:
    numbers = at_once(lambda n: ticketing.open(Kind.REPAIR, {"symptom": "漏水"}, key=f"turn-{n}").number)
    assert sorted(numbers) == [f"BX20261123-{n:04d}" for n in range(1, THREADS + 1)]


def test_each_kind_and_each_day_in_shanghai_counts_for_itself(ticketing: Ticketing, clock: Clock) -> None:
    def number(kind: Kind, key: str) -> str:
        return ticketing.open(kind, {}, key=key).number

    assert number(Kind.REPAIR, "a") == "BX20261123-0001"
    assert number(Kind.COMPLAINT, "b") == "TS20261123-0001"
    clock.now = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)
    assert number(Kind.REPAIR, "c") == "BX20261123-0002"
    clock.now = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
    assert number(Kind.REPAIR, "d") == "BX20261124-0001"


def test_a_ticket_that_was_not_kept_leaves_no_gap(uow: UnitOfWorkFactory, ticketing: Ticketing) -> None:
    with uow() as work:
        assert work.tickets.next_number(Kind.REPAIR, NOON) == "BX20261123-0001"
    assert ticketing.open(Kind.REPAIR, {}, key="a").number == "BX20261123-0001"


def test_the_same_request_again_gives_the_same_ticket(ticketing: Ticketing) -> None:
    """Invariant 1."""
    first = ticketing.open(Kind.REPAIR, {"phone": "13800138000"}, key="turn:1")
    assert ticketing.open(Kind.REPAIR, {"phone": "13800138000"}, key="turn:1") == first
    assert ticketing.search() == [first]


def test_the_same_request_from_many_threads_opens_one_ticket(ticketing: Ticketing) -> None:
    """Invariant 1."""
    numbers = at_once(lambda _: ticketing.open(Kind.REPAIR, {}, key="turn:1").number)
    assert set(numbers) == {"BX20261123-0001"}
    assert len(ticketing.search()) == 1
    assert ticketing.open(Kind.REPAIR, {}, key="turn:2").number == "BX20261123-0002"


def test_a_ticket_comes_back_as_it_was(ticketing: Ticketing, open_conversation: Open) -> None:
    fields = {"product": "洗衣机", "symptom": "不脱水，很响", "phone": "13800138000"}
    conversation = open_conversation()
    ticket = ticketing.open(Kind.REPAIR, fields, key="turn:1", conversation_id=conversation, emotion=2)
    assert ticketing.get(ticket.number) == ticket
    assert ticketing.get(ticket.number.lower()) == ticket
    assert ticketing.latest_of(conversation) == ticket
    assert (ticket.fields, ticket.phone, ticket.emotion) == (fields, "13800138000", 2)


def test_history_only_grows(uow: UnitOfWorkFactory, ticketing: Ticketing, clock: Clock) -> None:
    """Invariant 4: each step with actor, time and reason; what was written stays as written."""
    opened = ticketing.open(Kind.REPAIR, {}, key="turn:1")
    clock.advance(minutes=5)
    moved = opened.move(Status.ACCEPTED, "王芳", "已派单", clock())
    rewritten = replace(moved, history=(replace(moved.history[0], reason="改写历史"), *moved.history[1:]))
    for number, version in enumerate((moved, rewritten, opened)):
        with uow() as work:
            work.tickets.save(replace(version, version=number))
            work.commit()
    assert ticketing.get(opened.number).history == moved.history


def test_urging_from_many_places_at_once_is_noted_each_time(ticketing: Ticketing) -> None:
    """B6."""
    number = ticketing.open(Kind.REPAIR, {}, key="turn:1").number
    at_once(lambda _: ticketing.urge(number), times=8)
    assert ticketing.get(number).times_urged == 8


def test_tickets_are_found_by_kind_and_status_newest_first(ticketing: Ticketing, clock: Clock) -> None:
    opened: list[Ticket] = []
    for n, kind in enumerate((Kind.REPAIR, Kind.COMPLAINT, Kind.REPAIR)):
        opened.append(ticketing.open(kind, {}, key=str(n)))
        clock.advance(minutes=1)
    first, complaint, last = opened
    assert ticketing.search() == [last, complaint, first]
    assert ticketing.search(kind=Kind.REPAIR) == [last, first]
    assert ticketing.search(kind=Kind.REPAIR, status=Status.CLOSED) == []
    assert ticketing.search(limit=1, offset=1) == [complaint]


# Products, orders, users


def test_imported_products_and_orders_replace_those_of_the_same_number(uow: UnitOfWorkFactory) -> None:
    order = Order(
        "202611051037", "13800138000", WASHER, 1, 289900, date(2026, 11, 5), None, "online", "已发货", "AJ1"
    )  # fmt: skip
    cheaper = replace(WASHER, price_fen=259900, aliases=("洗衣机",))
    arrived = replace(order, product=cheaper, received_on=date(2026, 11, 9), status="已签收")
    for product, line in ((WASHER, order), (cheaper, arrived)):
        with uow() as work:
            assert work.orders.replace_products([product]) == 1
            assert work.orders.replace_orders([line]) == 1
            work.commit()
    with uow() as work:
        assert work.orders.products() == [cheaper]
        assert work.orders.by_number(order.number) == [arrived]
        assert work.orders.by_number("0") == []


def test_orders_of_a_phone_come_newest_first(uow: UnitOfWorkFactory) -> None:
    orders = [
        Order(number, phone, WASHER, 1, 1, day, None, "online", "已发货", "")
        for number, phone, day in (
            ("1", "13800138000", date(2025, 11, 11)),
            ("2", "13800138000", date(2026, 11, 5)),
            ("3", "13900139000", date(2026, 11, 6)),
        )
    ]
    with uow() as work:
        work.orders.replace_products([WASHER])
        work.orders.replace_orders(orders)
        assert [order.number for order in work.orders.by_phone("13800138000")] == ["2", "1"]


def test_a_person_added_again_has_the_new_role(uow: UnitOfWorkFactory) -> None:
    with uow() as work:
        assert work.users.role_of("王芳") is None
        work.users.add("王芳", "agent", NOON)
        work.users.add("王芳", "supervisor", NOON)
        assert work.users.role_of("王芳") == "supervisor"


# Times


def test_times_come_back_aware_and_in_utc(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    """Invariant 8."""
    conversation = open_conversation()
    said = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=SHANGHAI)
    with uow() as work:
        work.messages.add(conversation, Sender.CUSTOMER, [Reply("在吗", {})], said)
        work.commit()
    with uow() as work:
        [message] = work.messages.after(conversation, 0)
        stored = work.conversations.get(conversation)
    assert message.sent_at == said
    assert message.sent_at.utcoffset() == timedelta(0)
    assert stored and stored.opened_at == NOON and stored.opened_at.utcoffset() == timedelta(0)


def test_a_time_without_zone_is_refused(uow: UnitOfWorkFactory, open_conversation: Open) -> None:
    """Invariant 8."""
    conversation = open_conversation()
    with uow() as work, pytest.raises((ValueError, StatementError), match="naive time"):
        work.messages.add(conversation, Sender.CUSTOMER, [Reply("在吗", {})], datetime(2026, 11, 23, 12, 0))


# Migrations


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = list(compare_metadata(context, tables.metadata))
    # SQLite lists the tables behind its full-text index; nobody but SQLite touches them.
    return [one for one in found if "ticket_search" not in str(one)]


def test_migrating_an_empty_database_gives_the_tables_that_the_code_knows(empty_address: str) -> None:
    engine = open_database(empty_address, KEYS)
    assert differences(engine)
    migrate(engine)
    assert differences(engine) == []
    engine.dispose()


def test_migrating_again_keeps_what_is_stored(
    uow: UnitOfWorkFactory, database: Engine, open_conversation: Open
) -> None:
    conversation = open_conversation()
    store(uow, conversation, "还在")
    migrate(database)
    with uow() as work:
        assert [m.text for m in work.messages.after(conversation, 0)] == ["还在"]


def test_nodes_that_start_together_on_an_empty_database_all_start(empty_address: str) -> None:
    start = f"from bot.adapters.uow import migrate, open_database; migrate(open_database({empty_address!r}))"
    nodes = [subprocess.Popen([sys.executable, "-c", start], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)]
    ends = [(node.communicate(timeout=60)[1].decode().splitlines()[-1:], node.returncode) for node in nodes]
    assert [code for _, code in ends] == [0, 0, 0], ends
    engine = open_database(empty_address, KEYS)
    assert differences(engine) == []
    engine.dispose()
