"""`anfu report`: what the month's service was, as a page and as a table (D6, D8, G20, H6, S1)."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.errors import InvalidInput
from bot.domain.report import Month
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.adapters.report_page import Names
    from bot.bootstrap import Anfu
    from bot.domain.compensation import Policy
    from bot.services.reports import Reports


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommand."""
    report = commands.add_parser("report", parents=[common], help="一个月的服务报告：一页网页，一份表格")
    report.add_argument("month", nargs="?", metavar="月份", help="如 2026-11，默认上一个整月")
    report.add_argument("--html", type=Path, metavar="FILE", help="网页写到哪里，默认数据目录下的 report-月份.html")
    report.add_argument("--csv", type=Path, metavar="FILE", help="表格写到哪里，默认数据目录下的 report-月份.csv")
    report.set_defaults(run=run_report)


def run_report(options: argparse.Namespace, settings: Settings) -> None:
    """Count the month and write both files.

    Raises:
        InvalidInput: that is no month, it has not begun, or a file cannot be written where it is asked for.
    """
    from bot.adapters.compensation_files import load_compensation
    from bot.adapters.report_page import as_csv, render
    from bot.bootstrap import build

    month = Month.read(options.month) if options.month else None
    anfu, policy = build(settings), load_compensation()
    reports = build_reports(anfu, policy)
    month = month or reports.last_whole_month()
    report, names = reports.of(month), names_of(anfu, policy)
    page = options.html or settings.data_dir / f"report-{month}.html"
    table = options.csv or settings.data_dir / f"report-{month}.csv"
    _write(page, render(report, names), "utf-8", "--html")
    _write(table, as_csv(report, names), "utf-8-sig", "--csv")
    head = report.headline
    print(f"{month}：登记 {head.opened} 张，办结 {head.finished} 张，{head.kept.whole} 项承诺按时 {head.kept.part} 项")
    print(f"网页：{page}\n表格：{table}")


def build_reports(anfu: "Anfu", policy: "Policy") -> "Reports":
    """What counts months, with the content in force."""
    from bot.adapters.procedure_files import load_plan
    from bot.nlu.words import read_dictionary
    from bot.services.reports import Reports

    asking = {line.what for line in load_plan() if line.asks}
    budgets = {cause.id: cause.budget_fen for cause in policy.causes.values()}
    faults = {word: name for word, (kind, name) in read_dictionary().items() if kind == "symptom"}
    return Reports(anfu.uow, anfu.promises, anfu.orders, asking, budgets, faults, anfu.clock)


def names_of(anfu: "Anfu", policy: "Policy") -> "Names":
    """What the report calls things."""
    from bot.adapters.report_page import Names

    return Names(
        kinds=anfu.labels["kinds"],
        causes={cause.id: cause.name for cause in policy.causes.values()},
        departments={department.id: department.name for department in anfu.departments.values()},
        outcomes=anfu.labels["outcomes"],
    )


def _write(path: Path, text: str, encoding: str, option: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding=encoding, newline="")
    except OSError as error:
        raise InvalidInput(f"写不到 {path}：{error.strerror}，请用 {option} 换一个位置") from error
