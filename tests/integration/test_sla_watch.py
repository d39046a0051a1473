"""Promises watched as time passes: warned, broken, escalated, told (A6, D1-D8), on SQLite and PostgreSQL."""

from datetime import timedelta

from bot.bootstrap import Anfu
from bot.domain.actor import Role
from bot.domain.ticket import Kind
from tests.integration.fixtures_after_sales import LI, Customer, analysed, later
from tests.integration.fixtures_database import Clock


def events(anfu: Anfu, number: str, event: str) -> list[str]:
    """The reasons of a ticket's events of one kind."""
    return [entry.reason for entry in anfu.ticketing.get(number).history if entry.event == event]


def test_a_broken_promise_is_told_to_the_customer_and_goes_a_level_up(
    anfu: Anfu, customer: Customer, clock: Clock
) -> None:
    """D8, A6."""
    ticket = customer.files(Kind.REPAIR, symptom="不脱水")
    clock.now = ticket.promised_at + timedelta(seconds=1)
    anfu.watch.look()
    assert (customer.last().source or {}).get("id") == "sla.broken"
    assert "抱歉" in customer.last().text or "对不起" in customer.last().text
    late = anfu.ticketing.get(ticket.number)
    assert late.level is Role.SUPERVISOR
    assert len(events(anfu, ticket.number, "breached")) == 1


def test_looking_again_does_nothing_twice(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    ticket = customer.files(Kind.REPAIR, symptom="不脱水")
    clock.now = ticket.promised_at + timedelta(minutes=1)
    anfu.watch.look()
    said, history = len(customer.read()), anfu.ticketing.get(ticket.number).history
    assert anfu.watch.look() == 0
    assert (len(customer.read()), anfu.ticketing.get(ticket.number).history) == (said, history)


def test_a_promise_that_was_kept_is_not_broken_later(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """Invariants 5, 6: a person's reply counts, and when it was given, not when somebody looks."""
    ticket = customer.files(Kind.REPAIR, symptom="不脱水")
    later(clock, minutes=30)
    anfu.casework.reply(ticket.number, "您好，师傅明天上午到", LI)
    clock.now = ticket.promised_at + timedelta(hours=1)
    anfu.watch.look()
    assert events(anfu, ticket.number, "breached") == []


def test_a_phone_call_noted_on_the_ticket_answers_the_customer(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """D2: who was called within the day has been answered."""
    ticket = customer.files()
    later(clock, minutes=30)
    analysed(anfu, ticket)
    assert not any(
        "人工首次答复" in line for line in anfu.promises.why_next(anfu.ticketing.get(ticket.number), clock())
    )
    clock.now = ticket.promised_at + timedelta(hours=1)
    anfu.watch.look()
    assert events(anfu, ticket.number, "breached") == []


def test_a_change_in_between_does_not_hide_a_broken_promise(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """D8: the customer urges after the promise broke and before the clock has looked."""
    ticket = customer.files(Kind.REPAIR, symptom="不脱水")
    clock.now = ticket.promised_at + timedelta(seconds=1)
    anfu.ticketing.urge(ticket.number)
    anfu.watch.look()
    assert len(events(anfu, ticket.number, "breached")) == 1
    assert (customer.last().source or {}).get("id") == "sla.broken"


def test_a_promise_that_was_kept_too_late_is_noted_and_told_to_nobody(
    anfu: Anfu, customer: Customer, clock: Clock
) -> None:
    ticket = customer.files(Kind.REPAIR, symptom="不脱水")
    clock.now = ticket.promised_at + timedelta(minutes=1)
    anfu.casework.reply(ticket.number, "您好，抱歉来晚了", LI)
    anfu.watch.look()
    assert len(events(anfu, ticket.number, "breached")) == 1
    assert customer.last().text == "您好，抱歉来晚了"


def test_what_is_due_next_stands_first_with_its_reason(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """D7."""
    calm = anfu.ticketing.open(Kind.SUGGESTION, {"idea": "按键大一点"}, key="1")
    urgent = anfu.ticketing.open(Kind.REPAIR, {"symptom": "冒烟"}, key="2", signals=("safety",))
    assert [ticket.number for ticket in anfu.ticketing.next_due()] == [urgent.number, calm.number]
    assert urgent.priority == 2
    assert any("依据 D1" in line for line in anfu.promises.why_next(urgent, clock()))


def test_a_clock_that_goes_backwards_breaks_nothing(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    ticket = customer.files(Kind.REPAIR, symptom="不脱水")
    later(clock, hours=-5)
    anfu.watch.look()
    anfu.casework.reply(ticket.number, "您好", LI)
    assert anfu.ticketing.get(ticket.number).promised_at == ticket.promised_at
