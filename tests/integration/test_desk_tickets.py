"""Tickets at the desk: lists, search, assigning, changing, many at once, and merging."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from bot.adapters.uow import UnitsOfWork, migrate, open_database
from bot.bootstrap import Anfu
from bot.domain.actor import Role
from bot.domain.custom_field import CustomField, FieldKind
from bot.domain.errors import Conflict, InvalidInput, NotAllowed
from bot.domain.person import Person
from bot.domain.ticket import Kind, Status
from bot.domain.ticket_view import ME, Due, Filter, Sort
from bot.services.ticket_changes import Action, Edit, Order
from tests.integration.fixtures_after_sales import LI, Customer, offered
from tests.integration.fixtures_database import KEYS, Clock
from tests.integration.test_migrations import OLD_HISTORY, OLD_TICKETS, to

XIAOLI = Person("小李", Role.AGENT)
LEADER = Person("王主管", Role.SUPERVISOR)
STRANGER = Person("小周", Role.AGENT, team="repair")


ALL = Filter()


def numbers(anfu: Anfu, wanted: Filter = ALL, sort: Sort = Sort.OPENED, words: str = "") -> list[str]:
    """All of a list, a page of two at a time."""
    found: list[str] = []
    after = None
    while True:
        page = anfu.ticket_desk.page(XIAOLI, wanted, sort, 2, after, words)
        found += [listed.ticket.number for listed in page.tickets]
        if page.next is None:
            return found
        after = page.next


# Lists


def test_a_list_is_paged_without_gaps_or_doubles_while_tickets_change(anfu: Anfu, clock: Clock) -> None:
    made = []
    for n in range(5):
        clock.advance(minutes=1)
        made.append(anfu.ticketing.open(Kind.CALLBACK, {"topic": "回电"}, key=str(n)).number)
    page = anfu.ticket_desk.page(XIAOLI, Filter(), Sort.CHANGED, 2)
    assert [listed.ticket.number for listed in page.tickets] == [made[4], made[3]]
    clock.advance(minutes=1)
    anfu.ticketing.urge(made[0])  # comes to the top, on a page that was read
    rest = anfu.ticket_desk.page(XIAOLI, Filter(), Sort.CHANGED, 9, page.next)
    assert [listed.ticket.number for listed in rest.tickets] == [made[2], made[1]]
    assert numbers(anfu) == made[::-1]
    assert numbers(anfu, sort=Sort.CHANGED)[0] == made[0]


def test_the_most_urgent_stand_first_and_those_without_a_promise_last(anfu: Anfu, clock: Clock) -> None:
    anfu.ticketing.open(Kind.SUGGESTION, {"idea": "多一种颜色"}, key="1")
    repair = anfu.ticketing.open(Kind.REPAIR, {"symptom": "漏水"}, key="2").number
    anfu.ticketing.open(Kind.COMPLAINT, {"grievance": "没人理"}, key="3")
    by_due = [listed.ticket.due_at for listed in anfu.ticket_desk.page(XIAOLI, Filter(), Sort.DUE, 9).tickets]
    running = [due for due in by_due if due]
    assert running == sorted(running)
    assert by_due == running + [None] * (3 - len(running))
    clock.advance(days=2)
    assert repair in numbers(anfu, Filter(due=Due.LATE), Sort.DUE)
    assert numbers(anfu, Filter(opened_from="today")) == []


def test_filters_narrow_down_and_counts_agree(anfu: Anfu) -> None:
    a = anfu.ticketing.open(Kind.REPAIR, {"symptom": "漏水", "phone": "13800138000"}, key="1").number
    b = anfu.ticketing.open(Kind.COMPLAINT, {"grievance": "没人理", "phone": "13900139000"}, key="2", emotion=2).number
    anfu.ticket_changes.assign(a, "小李", XIAOLI)
    for wanted, found in (
        (Filter(kind=Kind.REPAIR), [a]),
        (Filter(assignee=ME), [a]),
        (Filter(assignee="@nobody"), [b]),
        (Filter(phone="13900139000"), [b]),
        (Filter(status=Status.OPEN, running=True, step="received", level=Role.AGENT), [b, a]),
        (Filter(running=False), []),
        (Filter(priority=2), []),
        (Filter(attachments=False), [b, a]),
    ):
        assert numbers(anfu, wanted) == found
        with anfu.uow() as uow:
            assert uow.ticket_lists.count(wanted.seen_by("小李"), anfu.clock(), 1000) == len(found)
    assert anfu.ticket_desk.counts(XIAOLI, [])["mine"] == 1


def test_an_agent_lists_the_own_team_and_a_leader_all(anfu: Anfu) -> None:
    number = anfu.ticketing.open(Kind.REPAIR, {"symptom": "漏水"}, key="1").number
    assert anfu.ticket_desk.page(STRANGER, Filter(), Sort.OPENED, 9).tickets == []
    assert len(anfu.ticket_desk.page(LEADER, Filter(), Sort.OPENED, 9).tickets) == 1
    with pytest.raises(NotAllowed):
        anfu.ticket_desk.page(STRANGER, Filter(team="service"), Sort.OPENED, 9)
    with pytest.raises(NotAllowed):
        anfu.ticket_desk.visible(STRANGER, number)
    with pytest.raises(NotAllowed):
        anfu.ticket_changes.edit(number, Edit(priority=2), STRANGER)


# Search


def test_tickets_are_found_by_what_stands_on_them(anfu: Anfu, clock: Clock) -> None:
    washer = anfu.ticketing.open(
        Kind.REPAIR, {"product": "滚筒洗衣机", "symptom": "脱水时漏水", "phone": "13800138000"}, key="1"
    ).number
    clock.advance(minutes=1)
    fridge = anfu.ticketing.open(
        Kind.REPAIR, {"product": "冰箱 KFR-35", "symptom": "不制冷，也漏了水", "phone": "13900139111"}, key="2"
    ).number
    assert numbers(anfu, words="洗衣机") == [washer]
    assert numbers(anfu, words="洗衣機 漏水") == [washer]
    assert numbers(anfu, words="洗衣机漏水了") == [washer]
    assert numbers(anfu, words="漏") == [fridge, washer]
    assert numbers(anfu, words="ｋｆｒ３５") == []
    assert numbers(anfu, words="KFR-35") == [fridge]
    assert numbers(anfu, words="9111") == [fridge]
    assert numbers(anfu, words="13800138000") == [washer]
    assert numbers(anfu, words=washer.lower()) == [washer]
    assert numbers(anfu, words="电视") == []
    assert numbers(anfu, words="！！") == []
    assert numbers(anfu, Filter(phone="13900139111"), words="漏") == [fridge]


def test_what_is_noted_later_is_found_and_what_is_corrected_away_is_not(anfu: Anfu) -> None:
    number = anfu.ticketing.open(Kind.REPAIR, {"product": "洗衣机", "symptom": "异响"}, key="1").number
    anfu.ticket_changes.edit(number, Edit(fields={"product": "烘干机"}, custom={"serial_number": "AB12CD"}), XIAOLI)
    assert numbers(anfu, words="烘干机") == [number]
    assert numbers(anfu, words="ab12cd") == [number]
    assert numbers(anfu, Filter(), words="洗衣机") == [number]  # its history still tells of it
    anfu.casework.move(number, "visit", LI, "客户约了周六")
    assert numbers(anfu, words="约了周六") == [number]


def test_words_side_by_side_come_before_words_apart(anfu: Anfu, clock: Clock) -> None:
    together = anfu.ticketing.open(Kind.SUGGESTION, {"idea": "颜色发票都想自己选"}, key="1").number
    clock.advance(minutes=1)
    apart = anfu.ticketing.open(Kind.SUGGESTION, {"idea": "发票上请写明颜色"}, key="2").number
    clock.advance(minutes=1)
    loose = anfu.ticketing.open(Kind.SUGGESTION, {"idea": "颜色偏黄，发票没有收到"}, key="3").number
    assert numbers(anfu, words="颜色发票") == [together, loose, apart]


def test_tickets_of_before_are_found_after_the_migration(empty_address: str) -> None:
    engine = open_database(empty_address, KEYS)
    to(engine, "0002")
    with engine.begin() as connection:
        connection.execute(text(OLD_TICKETS))
        connection.execute(text(OLD_HISTORY))
    migrate(engine)
    with UnitsOfWork(engine)() as uow:
        page = uow.ticket_lists.page(Filter(), Sort.OPENED, datetime(2026, 11, 2, tzinfo=UTC), 9, None, "不脫水 8000")
    assert [listed.ticket.number for listed in page.tickets] == ["BX20261101-0001"]
    engine.dispose()


# Changing


def test_somebody_deals_with_a_ticket_until_it_is_said_otherwise(anfu: Anfu) -> None:
    number = anfu.ticketing.open(Kind.CALLBACK, {"topic": "发票"}, key="1").number
    assert anfu.ticket_changes.assign(number, "小李", LEADER).assignee == "小李"
    replied = anfu.casework.reply(number, "您好，发票已经开好了", LI)
    assert replied.assignee == "小李"
    for nobody in ("没有这个人", "管理员"):
        with pytest.raises(InvalidInput):
            anfu.ticket_changes.assign(number, nobody, LEADER)
    assert anfu.ticket_changes.assign(number, None, LEADER).assignee is None


def test_of_two_who_change_the_same_the_later_is_told_who_changed_what(anfu: Anfu) -> None:
    ticket = anfu.ticketing.open(Kind.REPAIR, {"product": "洗衣机", "symptom": "异响"}, key="1")
    seen = ticket.version
    anfu.ticket_changes.edit(ticket.number, Edit(fields={"symptom": "脱水异响"}, version=seen), XIAOLI)
    with pytest.raises(Conflict, match=r"小李 在今天.* 改过这张工单（故障情况：异响 → 脱水异响）"):
        anfu.ticket_changes.edit(ticket.number, Edit(priority=2, version=seen), LEADER)
    assert anfu.ticketing.get(ticket.number).priority == 0


def test_a_change_is_told_in_the_history_and_on_the_audit_trail(anfu: Anfu) -> None:
    number = anfu.ticketing.open(Kind.REPAIR, {"product": "洗衣机", "phone": "13800138000"}, key="1").number
    edit = Edit(fields={"phone": "13900139000", "product": ""}, custom={"distance_km": "12.5"}, priority=1)
    changed = anfu.ticket_changes.edit(number, edit, XIAOLI)
    assert (changed.phone, changed.fields, changed.priority) == ("13900139000", {"phone": "13900139000"}, 1)
    assert "上门里程（公里）：（空） → 12.5" in changed.history[-1].reason
    with anfu.uow() as uow:
        entry = list(uow.trail.entries(f"ticket:{number}"))[-1].change
    assert (entry.actor, entry.action) == ("小李", "edited")
    assert "13900139000" not in str(entry)
    for wrong in (
        Edit(fields={"phone": "123"}), Edit(fields={"colour": "红"}), Edit(priority=7), Edit(facts={"x": "y"}),
        Edit(custom={"warehouse": "华东仓"}), Edit(custom={"distance_km": "很远"}),
        Edit(fields={"product": "长" * 301}),
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            anfu.ticket_changes.edit(number, wrong, XIAOLI)
    assert anfu.ticketing.get(number) == changed


# Many at once


def test_each_of_many_is_told_apart_and_a_trial_changes_nothing(anfu: Anfu) -> None:
    ready = anfu.ticketing.open(Kind.CALLBACK, {"topic": "发票"}, key="1").number
    anfu.casework.move(ready, "answer", LI, "打电话")
    anfu.casework.move(ready, "done", LI, "说清楚了", {"answer_notes": "已开"})
    fresh = anfu.ticketing.open(Kind.COMPLAINT, {"grievance": "没人理"}, key="2").number
    both = [ready, fresh, "BX20200101-0001"]
    for dry_run in (True, False):
        done = anfu.ticket_changes.bulk(both, Order(Action.CLOSE, reason="都办好了"), LEADER, dry_run)
        assert [outcome.ok for outcome in done] == [True, False, False]
        assert "现在是“登记”" in done[1].reason
        assert "没有工单" in done[2].reason
        assert (anfu.ticketing.get(ready).status is Status.CLOSED) is not dry_run
    urgent = anfu.ticket_changes.bulk([fresh], Order(Action.PRIORITY, 2), LEADER, dry_run=False)
    noted = anfu.ticket_changes.bulk([fresh, fresh], Order(Action.NOTE, "等总部回复"), LEADER, dry_run=False)
    moved = anfu.ticket_changes.bulk([fresh], Order(Action.STEP, "contact", "受理"), LEADER, dry_run=False)
    given = anfu.ticket_changes.bulk([fresh], Order(Action.ASSIGN, "小李"), LEADER, dry_run=False)
    assert [len(urgent), len(noted), len(moved), len(given)] == [1, 1, 1, 1]
    ticket = anfu.ticketing.get(fresh)
    assert (ticket.priority, ticket.step, ticket.assignee) == (2, "contact", "小李")
    with pytest.raises(InvalidInput):
        anfu.ticket_changes.bulk([f"BX20200101-{n:04d}" for n in range(201)], Order(Action.CLOSE), LEADER, dry_run=True)


# Merging


def test_a_merged_ticket_is_called_off_and_what_it_knew_goes_on(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    kept = customer.files(Kind.REPAIR, symptom="漏水")
    merged = customer.files(Kind.REPAIR, product="洗衣机", address="长安街 1 号")
    anfu.ticket_changes.edit(merged.number, Edit(facts={"diagnosis": "密封圈"}, custom={"serial_number": "A1"}), XIAOLI)
    before = len(customer.read())
    whole = anfu.ticket_merging.merge(merged.number, kept.number, "同一台机器", XIAOLI)
    assert whole.fields["address"] == "长安街 1 号"
    assert (whole.record["diagnosis"], whole.record["custom"]) == ("密封圈", {"serial_number": "A1"})
    assert whole.record["merged"] == [merged.number]
    over = anfu.ticketing.get(merged.number)
    assert (over.status, over.due_at, over.watch_at, over.merged_into) == (Status.CANCELLED, None, None, kept.number)
    assert over.history[-1].event == "merged"
    assert whole.history[-1].event == "merged_in"
    (told,) = customer.read()[before:]
    assert anfu.ticketing.visible_to(customer.conversation, merged.number, None) == whole
    assert anfu.ticketing.latest_of(customer.conversation) == whole
    assert merged.number in told.text
    assert kept.number in told.text
    clock.advance(days=40)
    anfu.watch.look()
    assert not any(entry.event == "breached" for entry in anfu.ticketing.get(merged.number).history)
    with pytest.raises(Conflict, match="已经办完或取消"):
        anfu.ticket_merging.merge(merged.number, kept.number, "再来", XIAOLI)


def test_only_one_customers_unsettled_tickets_are_merged(anfu: Anfu, customer: Customer) -> None:
    ticket, other = customer.files(), customer.files()
    stranger = anfu.ticketing.open(Kind.COMPLAINT, {"grievance": "别人的", "phone": "13900139000"}, key="x")
    for number, into in ((ticket.number, ticket.number.lower()), (ticket.number, stranger.number)):
        with pytest.raises(InvalidInput):
            anfu.ticket_merging.merge(number, into, "同一件事", XIAOLI)
    agreement = offered(anfu, ticket)
    with pytest.raises(Conflict, match="送审或发给客户"):
        anfu.ticket_merging.merge(ticket.number, other.number, "同一件事", XIAOLI)
    anfu.resolutions.confirm(agreement)
    with pytest.raises(Conflict, match="签了协议"):
        anfu.ticket_merging.merge(ticket.number, other.number, "同一件事", XIAOLI)
    assert anfu.ticketing.get(other.number).status is Status.OPEN
    assert anfu.ticket_merging.merge(other.number, ticket.number, "反过来", XIAOLI).number == ticket.number


def test_open_tasks_go_over_to_the_ticket_that_goes_on(anfu: Anfu, customer: Customer) -> None:
    ticket, other = customer.files(Kind.RETURN_EXCHANGE, reason="坏的"), customer.files(Kind.RETURN_EXCHANGE)
    anfu.resolutions.confirm(offered(anfu, customer.files()))
    (task,) = [task for task in anfu.tasks.find() if task.department == "warehouse"]
    with anfu.uow() as uow:
        uow.tasks.save(replace(task, ticket=ticket.number), "test", "test", anfu.clock())
        uow.commit()
    anfu.ticket_merging.merge(ticket.number, other.number, "同一件", XIAOLI)
    assert [moved.id for moved in anfu.tasks.find(ticket=other.number)] == [task.id]
    anfu.tasks.finish(task.id, "仓库老周", "已发出")
    assert anfu.ticketing.get(other.number).history[-1].event in ("tasks_done", "task")


# The whole of a ticket


def test_the_timeline_has_everything_in_one_order(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files()
    anfu.resolutions.confirm(offered(anfu, ticket))
    told = anfu.timelines.of(anfu.ticketing.get(ticket.number), Person("王主管", Role.SUPERVISOR))
    assert {"history", "task", "agreement", "message"} <= {happening.kind for happening in told}
    assert [happening.at for happening in told] == sorted(happening.at for happening in told)


# Own fields


def test_a_step_is_not_left_without_the_own_fields_that_it_needs(anfu: Anfu) -> None:
    needed = CustomField("batch_note", "批次说明", FieldKind.TEXT, (Kind.CALLBACK,), "received")
    anfu.ticket_changes._custom = (needed,)
    number = anfu.ticketing.open(Kind.CALLBACK, {"topic": "发票"}, key="1").number
    with pytest.raises(InvalidInput, match="批次说明"):
        anfu.casework.move(number, "answer", LI, "打电话")
    anfu.ticket_changes.edit(number, Edit(custom={"batch_note": "A"}), XIAOLI)
    assert anfu.casework.move(number, "answer", LI, "打电话").step == "answer"
