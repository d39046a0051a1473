"""`anfu tickets`: looking at tickets and working on them (C1-C7, D7)."""

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.commands.staffing import actor_of, add_actor
from bot.domain.customer import hidden_facts, hidden_phones
from bot.domain.dates import SHANGHAI
from bot.domain.errors import InvalidInput
from bot.domain.flow import WAITS
from bot.domain.order import yuan
from bot.domain.ticket import Kind, Status, Ticket
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.bootstrap import Anfu

_TELLING = ("symptom", "reason", "grievance", "idea", "topic", "product")
"""Facts that tell in a line what a ticket is about, the most telling first."""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    tickets = commands.add_parser("tickets", help="查看、办理工单").add_subparsers(required=True, metavar="动作")
    listing = tickets.add_parser("list", parents=[common], help="列出工单，新的在前")
    listing.add_argument("--kind", choices=[kind.value for kind in Kind], help="只看一类")
    listing.add_argument("--status", choices=[status.value for status in Status], help="只看一种状态")
    listing.add_argument("--phone", help="只看一位客户")
    listing.add_argument("--limit", type=int, default=50, help="最多几条，默认 50")
    listing.set_defaults(run=run_list)
    due = tickets.add_parser("due", parents=[common], help="接下来该办的：最先到期的在前，写明为什么")
    due.add_argument("--limit", type=int, default=20, help="最多几条，默认 20")
    due.set_defaults(run=run_due)
    for name, run, told in (
        ("show", run_show, "看一张工单的全部内容和经过"),
        ("explain", run_explain, "看一张工单各项时限是怎么算出来的"),
    ):
        one = tickets.add_parser(name, parents=[common], help=told)
        one.add_argument("number", help="工单号，如 BX20260103-0007")
        one.set_defaults(run=run)
        if name == "show":
            one.add_argument(
                "--full", metavar="理由", default="", help="显示完整的电话、地址、姓名；谁看的、为什么会记下来"
            )
            add_actor(one)
    _add_work(tickets, common)


def _add_work(tickets: Any, common: argparse.ArgumentParser) -> None:
    def working(name: str, run: Any, told: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = tickets.add_parser(name, parents=[common], help=told)
        parser.add_argument("number", help="工单号")
        parser.set_defaults(run=run)
        add_actor(parser)
        return parser

    note = working("note", run_note, "登记内容，如 severity=2")
    note.add_argument("facts", nargs="+", metavar="项=值", help="登记项见 bot/content/procedures/facts.yml")
    step = working("step", run_step, "推进到下一步")
    step.add_argument("to", metavar="步骤", help="下一步的 id，见 anfu tickets show")
    step.add_argument("--reason", required=True, help="为什么，一句话")
    step.add_argument("--set", dest="facts", action="append", default=[], metavar="项=值", help="同时登记，可写多次")
    reply = working("reply", run_reply, "答复客户，会出现在客户的聊天里")
    reply.add_argument("text", help="答复的话")
    reply.add_argument("--in-spite-of", default="", metavar="理由", help="含忌语仍要发送的理由")
    propose = working("propose", run_propose, "提出投诉的处理方案；不写 --choice 和 --term 时，列出政策允许的方案")
    propose.add_argument("--choice", default="", metavar="方案", help="选用补偿政策里的哪一种")
    propose.add_argument("--term", action="append", default=[], metavar="一条", help="另外会做什么，可写多次")
    propose.add_argument("--task", action="append", default=[], metavar="部门=做什么", help="交给部门的任务，可写多次")
    propose.add_argument("--loss", default="0", metavar="元", help="客户能证明的损失")
    propose.add_argument("--price", default="0", metavar="元", help="商品价格，政策按价格算时需要")
    propose.add_argument("--demand", metavar="元", help="客户要求的金额；超出政策时，给出怎样婉拒和还有哪些办法")
    propose.add_argument("--tier", default="普通", help="客户等级，默认普通")
    propose.add_argument("--days-late", type=int, default=0, help="迟了几天")
    propose.add_argument("--force-majeure", action="store_true", help="是不可抗力造成的")
    refund = working("refund", run_refund, "确认退货的退款金额")
    refund.add_argument("amount", metavar="元", help="退款金额，如 2999 或 2999.50")
    book = working("book", run_book, "约师傅上门；不写时间时，列出可约的时段")
    book.add_argument("time", nargs="?", metavar="时间", help="时段的开始，如 2026-11-27T09:00（北京时间）")


def run_list(options: argparse.Namespace, settings: Settings) -> None:
    """A line each."""
    from bot.bootstrap import build

    anfu = build(settings)
    kind = Kind(options.kind) if options.kind else None
    found = anfu.ticketing.search(kind, options.status, options.limit, phone=options.phone)
    for ticket in found:
        print(f"{_line(ticket, anfu)}  {_local(ticket.promised_at)} 前答复  {hidden_phones(_about(ticket))[:40]}")
    if not found:
        print("还没有工单")


def run_due(options: argparse.Namespace, settings: Settings) -> None:
    """What is due next, and why."""
    from bot.bootstrap import build

    anfu = build(settings)
    now = anfu.clock()
    found = anfu.ticketing.next_due(options.limit)
    for ticket in found:
        assert ticket.due_at is not None
        late = "已超时" if ticket.due_at < now else "还剩"
        step = anfu.casework.step_name(ticket)
        level = anfu.labels["levels"][ticket.level]
        print(
            f"{_local(ticket.due_at)}  {late} {_span(abs(ticket.due_at - now))}  {_line(ticket, anfu)}  {step}  {level}"
        )
        for reason in anfu.promises.why_next(ticket, now):
            print(f"    {reason}")
    if not found:
        print("没有等着办的时限")


def run_show(options: argparse.Namespace, settings: Settings) -> None:
    """Everything about one ticket."""
    from bot.bootstrap import build

    anfu = build(settings)
    ticket = anfu.ticketing.get(options.number)
    flow = anfu.casework.flows[ticket.kind]
    step = flow.step_of(ticket)
    print(_line(ticket, anfu))
    print(f"登记 {_local(ticket.opened_at)}，承诺 {_local(ticket.promised_at)} 前答复，情绪 {ticket.emotion}")
    print(f"现在：{step.name}（{step.clause}），由{anfu.labels['levels'][ticket.level]}负责")
    for fact, value in (hidden_facts(ticket.fields) | _in_full(options, anfu)).items():
        print(f"  {anfu.labels['facts'].get(fact, fact)}：{value}")
    if ticket.entitlement:
        print("已告知客户：")
        for line in ticket.entitlement.get("told", ()):
            print(f"  {line}")
    noted = {name: value for name, value in ticket.record.items() if name in anfu.casework.facts}
    if noted:
        print("办理登记：")
        for name, value in noted.items():
            print(f"  {anfu.casework.facts[name].name}：{hidden_phones(value)}")
    _print_next(ticket, anfu)
    for agreement in anfu.resolutions.agreements_of(ticket.number):
        state = anfu.labels["agreement_states"][agreement.state]
        print(f"协议 {agreement.id}：{'；'.join(agreement.terms)}（{state}，指纹 {agreement.digest[:12]}）")
    for task in anfu.tasks.find(ticket=ticket.number):
        state = anfu.labels["task_states"][task.state]
        print(f"任务 {task.id}：{anfu.tasks.name_of(task)}，{task.what}（{state}）")
    print("经过：")
    for entry in ticket.history:
        print(f"  {_local(entry.at)}  {entry.actor}  {entry.event}  {hidden_phones(entry.reason)}")


def _in_full(options: argparse.Namespace, anfu: "Anfu") -> dict[str, Any]:
    """What says who the customer is, for who says why; nothing where nobody asks."""
    if not options.full:
        return {}
    with anfu.uow() as uow:
        person = uow.users.get(actor_of(options, anfu).name)
    told = anfu.ticket_desk.reveal(person, options.number, options.full) if person else {}
    return {name: value for name, value in told.items() if value}


def _print_next(ticket: Ticket, anfu: "Anfu") -> None:
    flow = anfu.casework.flows[ticket.kind]
    step = flow.step_of(ticket)
    if missing := [need for need in step.needs if need not in ticket.record]:
        asked = "、".join(
            f"{need}（{anfu.casework.facts[need].name}：{anfu.casework.facts[need].ask}）" for need in missing
        )
        print(f"这一步还要登记：{asked}")
    for to, cause in step.next.items():
        print(f"下一步：{to}（{flow.steps[to].name}），{f'等{WAITS[cause]}' if cause in WAITS else '由员工推进'}")


def run_explain(options: argparse.Namespace, settings: Settings) -> None:
    """The arithmetic of every promise (D7)."""
    from bot.bootstrap import build

    for line in build(settings).ticketing.explain(options.number):
        print(line)


def run_note(options: argparse.Namespace, settings: Settings) -> None:
    """Note facts."""
    from bot.bootstrap import build

    anfu = build(settings)
    ticket = anfu.casework.note(options.number, _pairs(options.facts), actor_of(options, anfu))
    print(f"已登记 {len(options.facts)} 项")
    _print_next(ticket, anfu)


def run_step(options: argparse.Namespace, settings: Settings) -> None:
    """Move a ticket on."""
    from bot.bootstrap import build

    anfu = build(settings)
    given = _pairs(options.facts)
    _print_moved(anfu.casework.move(options.number, options.to, actor_of(options, anfu), options.reason, given), anfu)


def run_reply(options: argparse.Namespace, settings: Settings) -> None:
    """Answer the customer."""
    from bot.bootstrap import build

    anfu = build(settings)
    anfu.casework.reply(options.number, options.text, actor_of(options, anfu), options.in_spite_of)
    print("已答复客户")


def run_propose(options: argparse.Namespace, settings: Settings) -> None:
    """Propose a resolution, or list what the policy allows."""
    from bot.bootstrap import build
    from bot.domain.compensation import fraud_claim
    from bot.services.resolutions import Plan

    anfu = build(settings)
    actor = actor_of(options, anfu)
    plan = Plan(
        choice=options.choice, terms=tuple(options.term), tasks=tuple(_each_pair(options.task)),
        loss_fen=_fen(options.loss), tier=options.tier, price_fen=_fen(options.price), days_late=options.days_late,
        force_majeure=options.force_majeure,
    )  # fmt: skip
    if plan.choice or plan.terms:
        _print_moved(anfu.resolutions.propose(options.number, plan, actor), anfu)
        return
    if options.demand and (
        answer := anfu.resolutions.answer_to_demand(options.number, _fen(options.demand), plan, actor)
    ):
        print(f"可以这样答复客户：{answer.no.text} {answer.human.text}")
    if plan.price_fen:
        fraud = yuan(fraud_claim(plan.price_fen))
        print(f"客户主张欺诈的，法定赔偿是 {fraud}（E5，价款的三倍，不足 500 元按 500 元），只能由人认定")
    for way in anfu.resolutions.alternatives(options.number, plan, actor).alternatives:
        needs = f"，需要{anfu.labels['levels'][way.needs]}审批" if way.needs else ""
        print(f"{way.id}  {yuan(way.amount_fen)}{needs}")
        for line in (*(line.text for line in way.lines), *way.reasons):
            print(f"    {line}")


def run_refund(options: argparse.Namespace, settings: Settings) -> None:
    """Confirm a refund (F9)."""
    from bot.bootstrap import build

    anfu = build(settings)
    actor = actor_of(options, anfu)
    _print_moved(anfu.resolutions.propose_refund(options.number, _fen(options.amount), actor), anfu)


def run_book(options: argparse.Namespace, settings: Settings) -> None:
    """Book a technician, or list the free slots."""
    from bot.bootstrap import build
    from bot.services.visits import in_words

    anfu = build(settings)
    if not options.time:
        for slot in anfu.visits.free(20):
            print(f"{slot.starts_at.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}  {in_words(slot, anfu.clock())}")
        return
    try:
        starts_at = datetime.fromisoformat(options.time).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise InvalidInput("时间请写成 2026-11-27T09:00 的样子") from None
    visit = anfu.visits.book(options.number, starts_at, actor_of(options, anfu))
    print(f"已约 {in_words(visit, anfu.clock())}")


def _print_moved(ticket: Ticket, anfu: "Anfu") -> None:
    print(f"{ticket.number} 现在是“{anfu.casework.step_name(ticket)}”")
    _print_next(ticket, anfu)


def _line(ticket: Ticket, anfu: "Anfu") -> str:
    return f"{ticket.number}  {anfu.labels['kinds'][ticket.kind]}  {anfu.labels['statuses'][ticket.status]}"


def _about(ticket: Ticket) -> str:
    return next((ticket.fields[fact] for fact in _TELLING if fact in ticket.fields), "")


def _pairs(listed: list[str]) -> dict[str, str]:
    return dict(_each_pair(listed))


def _each_pair(listed: list[str]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in listed]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise InvalidInput(f"“{wrong[0]}”应写成 项=值 的样子")
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _fen(yuan_text: str) -> int:
    """Yuan as people type them, in fen: `2999.5` → 299950."""
    from decimal import Decimal, InvalidOperation

    try:
        fen = Decimal(yuan_text) * 100
    except InvalidOperation:
        raise InvalidInput(f"金额“{yuan_text}”应写成 2999 或 2999.50 的样子") from None
    if not fen.is_finite() or fen != fen.to_integral_value() or fen < 0:
        raise InvalidInput(f"金额“{yuan_text}”应是不小于 0、精确到分的数")
    return int(fen)


def _span(span: Any) -> str:
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    return f"{hours // 24} 天 {hours % 24} 小时" if hours >= 48 else f"{hours} 小时 {minutes} 分"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
