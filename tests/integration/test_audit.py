"""The audit trail: every change, append-only, hash-chained (D6), on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError

from bot.bootstrap import Anfu
from bot.domain.audit import Entry, first_broken
from tests.integration.fixtures_after_sales import LI, Customer, carried_out


def trail(anfu: Anfu, subject: str | None = None) -> list[Entry]:
    """The entries."""
    with anfu.uow() as uow:
        return list(uow.trail.entries(subject))


def test_every_change_of_a_complaint_is_on_the_trail(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files()
    carried_out(anfu, ticket)
    entries = trail(anfu)
    assert first_broken(entries) is None
    subjects = {entry.change.subject.split(":")[0] for entry in entries}
    assert subjects == {"ticket", "agreement", "task", "followup"}
    of_ticket = trail(anfu, f"ticket:{ticket.number}")
    assert [entry.change.after.get("step") for entry in of_ticket if "step" in entry.change.after] == [
        "received", "contact", "analyse", "propose", "confirm", "carry_out", "follow_up",
    ]  # fmt: skip
    assert {entry.change.actor for entry in of_ticket} == {"customer", "小李", "王主管", "system", "仓库老周"}


def test_personal_numbers_are_masked_on_it(anfu: Anfu, customer: Customer) -> None:
    """E10."""
    customer.files(address="杭州市西湖区文三路 1 号 2 单元 301")
    assert "13800138000" not in str(trail(anfu))
    assert "文三路" not in str(trail(anfu))


def test_the_database_refuses_to_change_or_remove_an_entry(anfu: Anfu, customer: Customer, database: Engine) -> None:
    customer.files()
    for attack in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
        with pytest.raises(DatabaseError, match="append-only"), database.begin() as connection:
            connection.execute(text(attack))
    assert first_broken(trail(anfu)) is None


def test_many_who_change_at_once_leave_one_unbroken_chain(anfu: Anfu, customer: Customer) -> None:
    numbers = [customer.files().number for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: anfu.casework.move(number, "contact", LI, "打电话"), numbers))
    entries = trail(anfu)
    assert [entry.seq for entry in entries] == list(range(1, 13))
    assert first_broken(entries) is None


def test_a_change_that_is_not_kept_leaves_no_entry(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files()
    before = len(trail(anfu))
    with anfu.uow() as uow:
        uow.tickets.save(ticket.note("note", "小李", "没有提交", ticket.opened_at))
    assert len(trail(anfu)) == before
