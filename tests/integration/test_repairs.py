"""Repairs: appointments, parts, failures, and what the law gives then (B2, E6, G11), on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.bootstrap import Anfu
from bot.domain.actor import CUSTOMER
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.ticket import Kind, Status, Ticket
from bot.domain.visit import Appointment
from tests.integration.fixtures_after_sales import LI, Customer, later
from tests.integration.fixtures_database import Clock

SEEN = {"diagnosis": "电机异响", "fault_cause": "产品"}
WASHER = {
    "product": "安居滚筒洗衣机", "order_number": "202611051037", "symptom": "不脱水", "phone": "13800138000",
    "address": "杭州市西湖区文三路 1 号",
}  # fmt: skip


def washer_repair(customer: Customer) -> Ticket:
    """A washing machine that was delivered on 9 November is reported faulty."""
    return customer.files(Kind.REPAIR, **WASHER)


def fails(anfu: Anfu, number: str, clock: Clock) -> Ticket:
    """A visit that does not mend it."""
    later(clock, days=1)
    anfu.casework.move(number, "visit", LI, "师傅上门") if anfu.ticketing.get(number).step != "visit" else None
    later(clock, days=2)
    return anfu.casework.move(number, "not_repaired", LI, "没修好", SEEN)


def test_a_machine_that_failed_a_third_time_is_offered_exchange_or_return(
    anfu: Anfu, customer: Customer, clock: Clock
) -> None:
    """E6, E11, A7, A14: with clause, date and what is to be settled, before the customer asks."""
    ticket = washer_repair(customer)
    later(clock, days=30)  # beyond the seven and fifteen days
    once = fails(anfu, ticket.number, clock)
    assert [button.title for button in customer.last().buttons] == ["再修一次"]
    assert once.status is Status.WAITING_CUSTOMER
    assert customer.clicks("再修一次")
    assert "diagnosis" not in anfu.ticketing.get(ticket.number).record, "each repair is diagnosed anew"
    twice = fails(anfu, ticket.number, clock)
    assert twice.entitlement is not None
    assert twice.entitlement["options"][:2] == ["exchange", "return"]
    assert any(clause.startswith("E6") for clause in twice.entitlement["clauses"])
    assert [button.title for button in customer.last().buttons] == ["换货", "退货"]
    assert "换货" in customer.last().text and "月" in customer.last().text


def test_the_chosen_way_becomes_a_ticket_that_knows_everything(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """F6, A9: nothing is told twice."""
    ticket = washer_repair(customer)
    later(clock, days=30)
    fails(anfu, ticket.number, clock)
    customer.clicks("再修一次")
    fails(anfu, ticket.number, clock)
    offer = customer.last()
    assert customer.clicks("换货")
    exchange = anfu.ticketing.latest_of(customer.conversation)
    assert exchange is not None
    assert (exchange.kind, exchange.fields["wish"]) == (Kind.RETURN_EXCHANGE, "换货")
    assert exchange.fields["order_number"] == "202611051037"
    assert exchange.entitlement == anfu.ticketing.get(ticket.number).entitlement
    assert anfu.ticketing.get(ticket.number).status is Status.RESOLVED
    with anfu.uow() as uow:
        again = anfu.choices.hear(uow, customer.conversation, offer.buttons[0].payload)
    assert not again, "a second click does nothing"


def test_a_click_long_after_the_period_opens_nothing(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """E6: what is open is decided when it is chosen, not when it was told."""
    ticket = washer_repair(customer)
    later(clock, days=30)
    fails(anfu, ticket.number, clock)
    customer.clicks("再修一次")
    fails(anfu, ticket.number, clock)
    later(clock, days=700)
    assert not customer.clicks("换货")


def test_a_click_on_somebody_elses_ticket_does_nothing(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """Invariant 10."""
    ticket = washer_repair(customer)
    fails(anfu, ticket.number, clock)
    stranger = Customer(anfu)
    with anfu.uow() as uow:
        assert not anfu.choices.hear(uow, stranger.conversation, f"再修一次 {ticket.number}")


def test_days_in_repair_lengthen_the_period(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """E6: from the first visit to the end, waiting for parts included."""
    ticket = washer_repair(customer)
    anfu.casework.move(ticket.number, "visit", LI, "上门")
    later(clock, days=1)
    anfu.casework.move(ticket.number, "waiting_parts", LI, "缺电机", SEEN)
    assert anfu.ticketing.get(ticket.number).status is Status.WAITING_PARTS
    later(clock, days=20)
    anfu.casework.move(ticket.number, "visit", LI, "电机到了", {"parts_needed": "电机"})
    done = anfu.casework.move(ticket.number, "repaired", LI, "换好电机", SEEN)
    assert done.record["repairs"] == [{"from": "2026-11-23", "to": "2026-12-14", "fixed": True, "waiting_parts": True}]
    with anfu.uow() as uow:
        (order,) = uow.orders.by_number("202611051037")
        (repair,) = anfu.statutes.repairs_of(uow, order)
    assert repair.days(later(clock).date()) == 21


def test_the_clock_stands_while_parts_are_awaited(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """D7."""
    ticket = washer_repair(customer)
    anfu.casework.reply(ticket.number, "师傅明天上门", LI)
    anfu.casework.move(ticket.number, "visit", LI, "上门")
    assert anfu.casework.move(ticket.number, "waiting_parts", LI, "缺电机", SEEN).due_at is None
    later(clock, days=10)
    back = anfu.casework.move(ticket.number, "visit", LI, "到货", {"parts_needed": "电机"})
    assert back.due_at is not None and back.due_at > clock()
    assert any("等配件，暂停计时" in line for line in anfu.ticketing.explain(ticket.number))


def test_after_a_repair_the_customer_is_thanked_and_asked(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """G13, G15, G16."""
    ticket = washer_repair(customer)
    anfu.casework.move(ticket.number, "visit", LI, "上门")
    anfu.casework.move(ticket.number, "repaired", LI, "修好了", SEEN)
    later(clock, hours=2)
    assert anfu.followups.say_due() == 1
    assert customer.last().source == {**(customer.last().source or {}), "id": "followup.thank_you"}
    later(clock, days=3)
    assert anfu.followups.say_due() == 1
    assert anfu.followups.say_due() == 0
    assert [button.title for button in customer.last().buttons] == ["满意", "不满意"]
    assert customer.clicks("不满意")
    assert anfu.ticketing.get(ticket.number).step == "visit"


def test_a_follow_up_of_a_reopened_ticket_is_not_said(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    ticket = washer_repair(customer)
    anfu.casework.move(ticket.number, "visit", LI, "上门")
    anfu.casework.move(ticket.number, "repaired", LI, "修好了", SEEN)
    later(clock, days=3, hours=1)
    anfu.followups.say_due()
    customer.clicks("不满意")
    said = len(customer.read())
    later(clock, days=40)
    anfu.followups.say_due()
    assert len(customer.read()) == said


def test_a_slot_is_booked_and_moved(anfu: Anfu, customer: Customer) -> None:
    """B2."""
    ticket = washer_repair(customer)
    first, second, *_ = anfu.visits.free()
    anfu.visits.book(ticket.number, first.starts_at, LI)
    assert anfu.ticketing.get(ticket.number).step == "booked"
    anfu.visits.book(ticket.number, second.starts_at, LI)
    assert [visit.state for visit in anfu.visits.of_ticket(ticket.number)] == [Appointment.MOVED, Appointment.BOOKED]
    anfu.casework.move(ticket.number, "visit", LI, "师傅到了")
    assert [visit.state for visit in anfu.visits.of_ticket(ticket.number)] == [Appointment.MOVED, Appointment.DONE]


def test_a_visit_called_off_gives_its_place_back(anfu: Anfu, customer: Customer) -> None:
    ticket = washer_repair(customer)
    slot = anfu.visits.free()[0]
    anfu.visits.book(ticket.number, slot.starts_at, LI)
    anfu.visits.call_off(ticket.number, CUSTOMER, "不用来了")
    assert [visit.state for visit in anfu.visits.of_ticket(ticket.number)] == [Appointment.CANCELLED]
    assert slot in anfu.visits.free()


def test_no_slot_is_given_away_twice(anfu: Anfu, customer: Customer) -> None:
    slot = anfu.visits.free()[0]
    tickets = [washer_repair(customer).number for _ in range(9)]

    def book(number: str) -> bool:
        try:
            anfu.visits.book(number, slot.starts_at, CUSTOMER)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        booked = list(pool.map(book, tickets))
    assert sum(booked) == 6
    assert slot not in anfu.visits.free()


def test_only_slots_of_the_timetable_are_booked(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    ticket = washer_repair(customer)
    with pytest.raises(InvalidInput, match="可约的时段"):
        anfu.visits.book(ticket.number, clock(), LI)
    with pytest.raises(InvalidInput, match="不是报修"):
        anfu.visits.book(customer.files().number, anfu.visits.free()[0].starts_at, LI)
