"""The monthly report from what was really done, on SQLite and PostgreSQL, and its command (D6, D8, G20, E10)."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.adapters.compensation_files import load_compensation
from bot.adapters.report_page import as_csv, render
from bot.bootstrap import Anfu
from bot.commands.report import build_reports, names_of
from bot.domain.dates import local_day
from bot.domain.errors import InvalidInput
from bot.domain.report import UNKNOWN, Failure, Month, Report, Share
from bot.domain.sla import Target
from bot.domain.ticket import Kind, Ticket
from bot.services.resolutions import Plan
from tests.integration.fixtures_after_sales import LI, WANG, Customer, analysed, carried_out, later, offered
from tests.integration.fixtures_database import Clock

NOVEMBER = Month(2026, 11)
POLICY = load_compensation()
SEEN = {"diagnosis": "电机异响", "fault_cause": "产品"}


@pytest.fixture
def reported(anfu: Anfu) -> Callable[[Month], Report]:
    """Counts a month."""
    return build_reports(anfu, POLICY).of


def files_repair(customer: Customer, symptom: str = "不脱水", product: str = "洗衣机") -> Ticket:
    return customer.files(Kind.REPAIR, product=product, symptom=symptom, address="杭州市西湖区文三路 1 号")


def files_return(customer: Customer) -> Ticket:
    return customer.files(Kind.RETURN_EXCHANGE, wish="退货退款", product="空调", reason="不喜欢这个颜色")


def test_a_complaint_shows_its_cause_its_agreement_and_what_it_cost(
    anfu: Anfu, customer: Customer, clock: Clock, reported: Callable[[Month], Report]
) -> None:
    """C3, C5, C7, A5."""
    ticket = customer.files()
    anfu.casework.reply(ticket.number, "您好，我来帮您看看", LI)
    analysed(anfu, ticket, our_share="80")
    way = anfu.resolutions.alternatives(ticket.number, Plan(loss_fen=10_000), LI).alternatives[0]
    anfu.resolutions.propose(ticket.number, Plan(choice=way.id, loss_fen=10_000), LI)
    anfu.resolutions.confirm(anfu.resolutions.agreements_of(ticket.number)[-1].id)
    later(clock, hours=25)
    anfu.followups.say_due()
    customer.clicks("满意")
    found = reported(NOVEMBER)
    (damaged,) = found.complaints
    assert (damaged.cause, damaged.count, damaged.our_share) == ("damaged_goods", 1, 80)
    assert (damaged.confirmed, damaged.satisfied) == (1, 1)
    (spent,) = [spending for spending in found.spending if spending.spent_fen]
    assert (spent.cause, spent.spent_fen) == ("damaged_goods", way.amount_fen)
    assert spent.budget_fen == POLICY.causes["damaged_goods"].budget_fen
    assert found.headline.satisfied == Share(1, 1)
    assert f",到货破损,{way.amount_fen / 100:.2f}" in as_csv(found, names_of(anfu, POLICY))


def test_a_refused_agreement_costs_nothing(anfu: Anfu, customer: Customer, reported: Callable[[Month], Report]) -> None:
    ticket = customer.files()
    anfu.resolutions.refuse(offered(anfu, ticket), "我要退货")
    (damaged,) = reported(NOVEMBER).complaints
    assert (damaged.confirmed, damaged.refused) == (0, 1)


def test_a_repair_shows_product_fault_and_whether_one_visit_was_enough(
    anfu: Anfu, customer: Customer, reported: Callable[[Month], Report]
) -> None:
    """G20: product and fault by their names in catalogue and dictionary, not in the customer's words."""
    mended, failed = files_repair(customer, "洗完不脱水，还漏水"), files_repair(customer)
    files_repair(customer, "就是怪怪的", "那个东西")
    for ticket, to in ((mended, "repaired"), (failed, "not_repaired")):
        anfu.casework.move(ticket.number, "visit", LI, "上门")
        anfu.casework.move(ticket.number, to, LI, "看过了", SEEN)
    found = reported(NOVEMBER)
    assert (found.repairs.visits, found.repairs.mended, found.repairs.at_first_visit) == (2, Share(1, 2), Share(1, 2))
    assert found.repairs.failures[0] == Failure("安居滚筒洗衣机", "不脱水", 2, 1)
    assert Failure("安居滚筒洗衣机", "漏水", 1, 0) in found.repairs.failures
    assert Failure(UNKNOWN, UNKNOWN, 1, 0) in found.repairs.failures
    shown = render(found, names_of(anfu, POLICY)) + as_csv(found, names_of(anfu, POLICY))
    assert not any(words in shown for words in ("怪怪的", "那个东西", "文三路", "13800138000"))


def test_a_visit_to_install_is_no_fault(customer: Customer, reported: Callable[[Month], Report]) -> None:
    files_repair(customer, "需要上门安装")
    (one,) = reported(NOVEMBER).repairs.failures
    assert one.fault == "上门安装"


def test_a_refund_counts_when_finance_paid_it_and_its_task_is_told(
    anfu: Anfu, customer: Customer, clock: Clock, reported: Callable[[Month], Report]
) -> None:
    """E4, F9, C6."""
    ticket = files_return(customer)
    anfu.casework.move(ticket.number, "check", LI, "核对")
    anfu.casework.move(ticket.number, "refund", LI, "可以退", {"eligibility": "七天无理由"})
    anfu.resolutions.propose_refund(ticket.number, 259_900, LI)
    (approval,) = anfu.resolutions.pending()
    anfu.resolutions.decide(approval.id, True, WANG, "同意")
    later(clock, hours=10)
    waiting = reported(NOVEMBER)
    assert (waiting.returns.refunded, waiting.returns.unpaid_fen) == (0, 259_900)
    assert [(one.id, one.overdue) for one in waiting.departments] == [("finance", 1)]
    (task,) = anfu.tasks.find(ticket=ticket.number)
    anfu.tasks.finish(task.id, "财务小周", "已打款")
    paid = reported(NOVEMBER)
    assert (paid.returns.refunded, paid.returns.refunded_fen, paid.returns.unpaid, paid.overdue) == (1, 259_900, 0, ())
    assert (paid.approvals.requested, paid.approvals.approved) == (1, 1)


def test_a_broken_promise_shows_in_its_month_though_it_is_kept_in_the_next(
    anfu: Anfu, customer: Customer, clock: Clock, reported: Callable[[Month], Report]
) -> None:
    """D8: the report of a past month stays as it was."""
    clock.now = NOVEMBER.end - timedelta(hours=30)
    ticket = customer.files()
    clock.now = NOVEMBER.end + timedelta(hours=2)
    november = reported(NOVEMBER)
    (broken,) = november.broken
    assert (broken.number, broken.target, broken.is_open) == (ticket.number, Target.FIRST_REPLY, True)
    anfu.casework.reply(ticket.number, "抱歉让您久等了", LI)
    again, names = reported(NOVEMBER), names_of(anfu, POLICY)
    assert render(again, names) == render(november, names) and as_csv(again, names) == as_csv(november, names)
    assert reported(NOVEMBER.after).broken == ()
    assert reported(NOVEMBER.after).before == november.headline


def test_tickets_that_were_opened_long_ago_and_touched_now_are_found(
    anfu: Anfu, customer: Customer, clock: Clock, reported: Callable[[Month], Report]
) -> None:
    clock.now = NOVEMBER.begin - timedelta(days=200)
    old = customer.files()
    clock.now = NOVEMBER.begin + timedelta(days=3)
    anfu.casework.move(old.number, "contact", LI, "总算联系上了")
    found = reported(NOVEMBER)
    assert [matter.ticket.number for matter in found.active] == [old.number]
    assert (found.headline.opened, found.headline.still_open) == (0, 1)


def test_what_departments_did_and_what_customers_said_makes_a_page(
    anfu: Anfu, customer: Customer, clock: Clock, reported: Callable[[Month], Report]
) -> None:
    carried_out(anfu, customer.files())
    page = render(reported(NOVEMBER), names_of(anfu, POLICY))
    assert "仓库" in page and "2026 年 11 月服务报告" in page and "换一台新的" not in page


def test_a_month_that_has_not_begun_is_refused(clock: Clock, reported: Callable[[Month], Report]) -> None:
    with pytest.raises(InvalidInput, match="还没有开始"):
        reported(Month.of(clock()).after)


def test_the_command_writes_a_page_and_a_table_that_excel_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, table = tmp_path / "new" / "页.html", tmp_path / "表.csv"
    files = ["--html", str(page), "--csv", str(table), "--data-dir", str(tmp_path)]
    assert main(["report", "2020-01", *files]) == 0
    assert str(page) in capsys.readouterr().out
    assert "这个月没有工单" in page.read_text(encoding="utf-8")
    assert table.read_bytes().startswith(b"\xef\xbb\xbf" + "工单号,".encode())


def test_without_a_month_it_is_the_last_whole_one_and_the_files_are_in_the_data_folder(tmp_path: Path) -> None:
    from bot.bootstrap import utc_now

    assert main(["report", "--data-dir", str(tmp_path)]) == 0
    first = local_day(utc_now()).replace(day=1)
    month = first - timedelta(days=1)
    assert {path.name for path in tmp_path.glob("report-*")} == {
        f"report-{month:%Y-%m}.html",
        f"report-{month:%Y-%m}.csv",
    }


@pytest.mark.parametrize("month", ["2026-13", "上个月", "2098-12"])
def test_a_month_that_cannot_be_is_one_line_that_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], month: str
) -> None:
    assert main(["report", month, "--data-dir", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("anfu: ") and month in told and told.count("\n") == 1


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["report", "2020-01", "--data-dir", str(tmp_path), "--html", str(tmp_path / "file" / "x.html")]) == 1
    assert "--html" in capsys.readouterr().err
