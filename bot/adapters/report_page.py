"""The monthly report as one HTML file to look at and print, and as a table for Excel (D6, D8, E10).

Neither shows phone numbers, addresses or the words of customers.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.domain.dates import SHANGHAI
from bot.domain.report import Failure, Matter, Report, Share
from bot.domain.sla import Target
from bot.domain.ticket import Status

TARGETS = {
    Target.FIRST_REPLY: "首次人工答复",
    Target.NEXT_REPLY: "追问后的答复",
    Target.RESOLUTION: "办结",
    Target.REFUND: "退款",
}
STATUSES = {
    Status.OPEN: "待受理",
    Status.ACCEPTED: "已受理",
    Status.IN_PROGRESS: "处理中",
    Status.WAITING_CUSTOMER: "等客户回复",
    Status.WAITING_PARTS: "等配件",
    Status.RESOLVED: "已解决",
    Status.CLOSED: "已完结",
    Status.CANCELLED: "已取消",
}
COLUMNS = (
    "工单号", "类别", "产品", "登记时间", "首次人工答复", "办结时间", "步骤", "状态", "承诺都按时兑现", "投诉原因",
    "补偿或退款（元）",
)  # fmt: skip
MOST_LINES = 12
"""Lines of a list on the page; the rest is in the table."""

_TOKENS = Path(__file__).parent.parent / "gateway" / "static" / "tokens.css"
"""The palette, type and spacing that all pages share; copied into the page, which is one file."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LEFT, _RIGHT = 7.0, 99.5
"""Where the bars of a chart begin and end, in per cent of its width; the axis is labelled on the left."""
_TALL, _LOW, _GAP, _TOP = 132, 34, 30, 30
"""Heights of the chart of all tickets, of one for a kind, of the space above each, and above all, in pixels."""
_FIRST_STEP = "登记"


@dataclass(frozen=True)
class Names:
    """The Chinese names of kinds of tickets, causes of complaints, departments, and outcomes of staff cases."""

    kinds: Mapping[str, str]
    causes: Mapping[str, str]
    departments: Mapping[str, str]
    outcomes: Mapping[str, str]


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: left edge and width in per cent, top and height in pixels, and what it says."""

    x: float
    y: float
    width: float
    height: float
    told: str


@dataclass(frozen=True)
class Row:
    """One row of bars, with its name and total."""

    name: str
    total: int
    top: float
    base: float
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Chart:
    """Tickets per day: all of them with an axis of their own, then each kind to one common measure."""

    height: float
    left: float
    rows: Sequence[Row]
    levels: Sequence[tuple[float, int]]
    days: Sequence[tuple[float, int]]
    most_of_a_kind: int


def render(report: Report, names: Names) -> str:
    """The page: self-contained, without script."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, span=span, money=money, moment=_moment, local=_local)
    return environment.get_template("report.html").render(
        report=report,
        names=names,
        targets=TARGETS,
        chart=_chart(report, names),
        attention=list(_attention(report, names)),
        products=_by_product(report.repairs.failures),
        most=MOST_LINES,
        tokens=Markup(_TOKENS.read_text(encoding="utf-8")),
    )


def as_csv(report: Report, names: Names) -> str:
    """One line for each ticket that was opened or touched, as Excel reads it; write it as `utf-8-sig`."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for matter in report.active:
        writer.writerow([_harmless(cell) for cell in _line(matter, report, names)])
    return file.getvalue()


def _line(matter: Matter, report: Report, names: Names) -> Iterator[str]:
    ticket, reply = matter.ticket, matter.first_reply
    yield ticket.number
    yield names.kinds[ticket.kind]
    yield matter.product
    yield _minute(ticket.opened_at)
    yield _minute(reply.met_at if reply else None)
    yield _minute(matter.ended_at)
    yield matter.step or _FIRST_STEP
    yield STATUSES[ticket.status]
    yield {True: "是", False: "否", None: ""}[matter.is_kept]
    yield names.causes.get(matter.cause, matter.cause)
    fen = matter.granted_fen(report.month.end)
    yield "" if fen is None else f"{fen / 100:.2f}"


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def percent(share: Share) -> str:
    """`96.4%`; all and nothing are said only where they are true."""
    if share.ratio is None:
        return "—"
    if share.part in (0, share.whole):
        return f"{share.ratio:.0%}"
    return f"{min(max(share.ratio, 0.001), 0.999):.1%}"


def span(time: timedelta) -> str:
    """`3 小时 20 分`, `2 天 4 小时`, `不到 1 分钟`."""
    minutes = int(time.total_seconds()) // 60
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return " ".join(f"{n} {unit}" for n, unit in ((hours // 24, "天"), (hours % 24, "小时")) if n)
    if hours or minutes:
        return " ".join(f"{n} {unit}" for n, unit in ((hours, "小时"), (minutes, "分")) if n)
    return "不到 1 分钟"


def money(fen: int) -> str:
    """`1,234.50 元`; what was taken back stands with a minus."""
    sign, (whole, rest) = "−" if fen < 0 else "", divmod(abs(fen), 100)
    return f"{sign}{whole:,}.{rest:02d} 元" if rest else f"{sign}{whole:,} 元"


def _local(moment: datetime) -> datetime:
    return moment.astimezone(SHANGHAI)


def _moment(moment: datetime) -> str:
    local = _local(moment)
    return f"{local.month} 月 {local.day} 日 {local:%H:%M}"


def _minute(moment: datetime | None) -> str:
    return f"{_local(moment):%Y-%m-%d %H:%M}" if moment else ""


def _by_product(failures: Sequence[Failure]) -> list[tuple[str, list[Failure]]]:
    """The faults of each product, the most often reported product first."""
    faults: dict[str, list[Failure]] = {}
    for failure in failures:
        faults.setdefault(failure.product, []).append(failure)
    return sorted(faults.items(), key=lambda of_one: -sum(failure.count for failure in of_one[1]))


def _attention(report: Report, names: Names) -> Iterator[tuple[str, str]]:
    """What a leader has to look at first: the words, and the section that tells more."""
    if report.owed:
        fresh = sum(broken.is_open for broken in report.broken)
        earlier = f"，其中 {report.owed - fresh} 项早先就到期了" if report.owed > fresh else ""
        yield f"{report.owed} 项承诺已经超时，还没有兑现{earlier}", "promises"
    for spending in report.spending:
        if spending.is_over:
            over = money(spending.spent_fen - spending.budget_fen)
            yield f"“{names.causes.get(spending.cause, spending.cause)}”的补偿超出预算 {over}", "money"
    if report.overdue:
        yield f"{len(report.overdue)} 个部门任务超过时限没有接收", "tasks"
    if report.approvals.pending:
        yield f"{report.approvals.pending} 笔补偿或退款等着审批", "money"
    if report.returns.unpaid:
        yield f"{report.returns.unpaid} 笔退款已经定了，还没有打款，共 {money(report.returns.unpaid_fen)}", "returns"
    if report.conduct_waiting:
        yield f"{report.conduct_waiting} 件员工投诉等着核实", "conduct"


def _chart(report: Report, names: Names) -> Chart:
    days, kinds = report.days, [volume for volume in report.volumes if volume.opened]
    totals = [sum(day.opened.values()) for day in days]
    step, most = _axis(max(totals, default=0))
    most_of_a_kind = max((max(day.opened[v.kind] for day in days) for v in kinds), default=0)
    base = float(_TOP + _TALL)
    rows = [_row("全部", totals, report, _TOP, base, most)]
    for volume in sorted(kinds, key=lambda volume: -volume.opened):
        top, base = base + _GAP, base + _GAP + _LOW
        counts = [day.opened[volume.kind] for day in days]
        rows.append(_row(names.kinds[volume.kind], counts, report, top, base, most_of_a_kind))
    levels = [(_TOP + _TALL * (1 - level / most), level) for level in range(0, most + 1, step)]
    width = (_RIGHT - _LEFT) / len(days)
    marked = [day for day in range(1, len(days) + 1) if day == 1 or (day % 5 == 0 and day < 29) or day == len(days)]
    ticks = [(_LEFT + width * (day - 0.5), day) for day in marked]
    return Chart(base + 44, _LEFT, rows, levels, ticks, most_of_a_kind)


def _row(name: str, counts: Sequence[int], report: Report, top: float, base: float, most: int) -> Row:
    width = (_RIGHT - _LEFT) / len(counts)
    bars = [
        Bar(
            round(_LEFT + width * (n + 0.14), 3), round(base - (base - top) * count / most, 2), round(width * 0.72, 3),
            round((base - top) * count / most, 2), f"{report.month.number} 月 {n + 1} 日：{name} {count} 张",
        )
        for n, count in enumerate(counts)
        if count
    ]  # fmt: skip
    return Row(name, sum(counts), top, base, bars)


def _axis(most: int) -> tuple[int, int]:
    """The distance of the lines of an axis and where it ends, with at most four lines above its foot."""
    step = next(n * 10**zeros for zeros in range(9) for n in (1, 2, 5) if n * 10**zeros * 4 >= most)
    return step, max(-(-most // step), 1) * step
