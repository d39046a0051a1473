"""A complaint from its registration to a satisfied customer (C1-C8), on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.bootstrap import Anfu
from bot.domain.actor import CUSTOMER, Actor, Role
from bot.domain.agreement import Answer
from bot.domain.errors import Conflict, IllegalTransition, InvalidInput, NotAllowed, NotFound
from bot.domain.flow import LAST
from bot.domain.misconduct import Outcome
from bot.domain.task import Progress
from bot.domain.ticket import Kind, Status
from bot.services.resolutions import Plan
from tests.integration.fixtures_after_sales import (
    CHEN,
    CONTACT,
    LI,
    WANG,
    ZHAO,
    Customer,
    analysed,
    carried_out,
    later,
    offered,
)
from tests.integration.fixtures_database import Clock


def test_a_complaint_goes_from_registration_to_a_satisfied_customer(
    anfu: Anfu, customer: Customer, clock: Clock
) -> None:
    """C1-C7."""
    ticket = customer.files()
    agreement = offered(anfu, ticket)
    assert anfu.ticketing.get(ticket.number).status is Status.WAITING_CUSTOMER
    assert "https://kf.example.com/a/" in customer.last().text
    anfu.resolutions.confirm(agreement)
    (task,) = anfu.tasks.find(ticket=ticket.number)
    anfu.tasks.acknowledge(task.id, "仓库老周")
    anfu.tasks.finish(task.id, "仓库老周", "已发顺丰")
    assert anfu.ticketing.get(ticket.number).step == "follow_up"
    later(clock, hours=25)
    assert anfu.followups.say_due() == 1
    assert customer.clicks("满意")
    done = anfu.ticketing.get(ticket.number)
    assert (done.step, done.status, done.due_at) == (LAST, Status.CLOSED, None)
    assert [entry.event for entry in done.history if entry.event in ("step", "task")] == [
        *["step"] * 4, "step", "task", "task", "step", "step",
    ]  # fmt: skip


def test_each_line_of_the_history_names_who_when_and_why(anfu: Anfu, customer: Customer) -> None:
    """Invariant 4, C1: the recorder signs."""
    ticket = customer.files()
    carried_out(anfu, ticket)
    for entry in anfu.ticketing.get(ticket.number).history:
        assert entry.actor and entry.reason and entry.at.tzinfo


def test_no_step_is_skipped(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files()
    with pytest.raises(IllegalTransition, match=r"登记.*不能到.*提出方案"):
        anfu.casework.move(ticket.number, "propose", LI, "快一点")
    with pytest.raises(IllegalTransition, match="提出方案"):
        anfu.resolutions.propose(ticket.number, Plan(terms=("换一台",)), LI)
    assert anfu.ticketing.get(ticket.number).history == ticket.history


def test_nobody_confirms_in_the_customers_place(anfu: Anfu, customer: Customer) -> None:
    """C5."""
    ticket = customer.files()
    offered(anfu, ticket)
    with pytest.raises(IllegalTransition, match=r"在等：.*客户确认"):
        anfu.casework.move(ticket.number, "carry_out", LI, "替客户确认")


def test_the_registration_form_is_complete_before_the_analysis(anfu: Anfu, customer: Customer) -> None:
    """C1, C2."""
    ticket = customer.files()
    anfu.casework.move(ticket.number, "contact", LI, "打电话")
    without_batch = {name: value for name, value in CONTACT.items() if name != "batch"}
    with pytest.raises(InvalidInput, match="batch"):
        anfu.casework.move(ticket.number, "analyse", LI, "问完了", without_batch)
    assert anfu.ticketing.get(ticket.number).step == "contact"
    assert "contacted_by" not in anfu.ticketing.get(ticket.number).record, "a refused move notes nothing"
    assert anfu.casework.move(ticket.number, "analyse", LI, "问完了", CONTACT).step == "analyse"


@pytest.mark.parametrize(
    ("fact", "value"),
    [("our_share", "101"), ("our_share", "-1"), ("severity", "很重"), ("reasonable", "也许"), ("x", "1")],
)
def test_a_value_that_cannot_be_is_refused(anfu: Anfu, customer: Customer, fact: str, value: str) -> None:
    ticket = customer.files()
    with pytest.raises(InvalidInput):
        anfu.casework.note(ticket.number, {fact: value}, LI)
    assert anfu.ticketing.get(ticket.number).history == ticket.history


def test_what_goes_beyond_the_limit_is_approved_by_somebody_else_before_the_customer_hears_of_it(
    anfu: Anfu, customer: Customer
) -> None:
    """A5, C4, F9: four eyes, and no promise before it is final."""
    ticket = customer.files()
    analysed(anfu, ticket)
    plan = dear_plan(anfu, ticket.number)
    before = len(customer.read())
    assert anfu.resolutions.propose(ticket.number, plan, LI).step == "approve"
    assert len(customer.read()) == before
    (approval,) = anfu.resolutions.pending()
    assert approval.facts["证据"] == "照片三张"
    with pytest.raises(NotAllowed, match="级别"):
        anfu.resolutions.decide(approval.id, True, Actor("小张", Role.AGENT), "同意")
    assert anfu.resolutions.decide(approval.id, True, WANG, "证据齐全").step == "confirm"
    assert len(customer.read()) == before + 1
    with pytest.raises(Conflict, match="已由 王主管 处理"):
        anfu.resolutions.decide(approval.id, False, ZHAO, "不同意")


def dear_plan(anfu: Anfu, number: str) -> Plan:
    """A plan that needs a supervisor."""
    plan = Plan(loss_fen=100_000, price_fen=289_900)
    ways = anfu.resolutions.alternatives(number, plan, LI).alternatives
    dear = next(way for way in ways if way.needs is not None)
    return Plan(choice=dear.id, loss_fen=100_000, price_fen=289_900)


def test_a_promise_in_an_agents_own_words_is_looked_at_before_the_customer_reads_it(
    anfu: Anfu, customer: Customer
) -> None:
    """A5, A11: what no line of the policy says, and what it would cost, is not an agent's alone to promise."""
    ticket = customer.files()
    analysed(anfu, ticket)
    before = len(customer.read())
    assert anfu.resolutions.propose(ticket.number, Plan(terms=("赔您现金一万元",)), LI).step == "approve"
    assert len(customer.read()) == before
    (approval,) = anfu.resolutions.pending()
    assert (approval.needed, "另写的条款" in approval.facts["算法"]) == (Role.SUPERVISOR, True)


def test_a_term_with_a_forbidden_phrase_is_refused_with_better_words(anfu: Anfu, customer: Customer) -> None:
    """A4."""
    ticket = customer.files()
    analysed(anfu, ticket)
    with pytest.raises(InvalidInput, match="可以改说"):
        anfu.resolutions.propose(ticket.number, Plan(terms=("我们一定给您换",)), WANG)


def test_two_who_come_to_a_ticket_from_both_ends_never_wait_in_a_circle(anfu: Anfu, customer: Customer) -> None:
    """A turn holds its conversation and comes to the ticket; staff hold the ticket and speak in the conversation."""
    ticket = customer.files()

    def turn(_: int) -> bool:
        with anfu.uow() as uow:
            uow.conversations.lock(customer.conversation)
            heard = anfu.choices.hear(uow, customer.conversation, f"满意 {ticket.number}")
            uow.commit()
        return heard

    with ThreadPoolExecutor(4) as pool:
        turns = [pool.submit(turn, n) for n in range(12)]
        replies = [pool.submit(anfu.casework.reply, ticket.number, f"您好，第 {n} 次", LI) for n in range(12)]
        assert [job.result(timeout=60) for job in turns] == [False] * 12
        assert {job.result(timeout=60).number for job in replies} == {ticket.number}


def test_a_demand_above_the_policy_gets_a_polite_no_with_reason_alternatives_and_a_human(
    anfu: Anfu, customer: Customer
) -> None:
    """A12."""
    ticket = customer.files()
    analysed(anfu, ticket)
    answer = anfu.resolutions.answer_to_demand(ticket.number, 99_999_900, Plan(), LI)
    assert answer is not None
    assert answer.alternatives and answer.no.policy_line.startswith("answers.")
    assert answer.human.policy_line == "answers.human"
    assert anfu.resolutions.answer_to_demand(ticket.number, 0, Plan(), LI) is None


def test_the_one_who_asks_does_not_decide(anfu: Anfu, customer: Customer) -> None:
    """A5: four eyes, even with the level."""
    ticket = customer.files()
    analysed(anfu, ticket)
    supervisor_asks = Plan(choice=dear_plan(anfu, ticket.number).choice, loss_fen=900_000, price_fen=1_000_000)
    anfu.resolutions.propose(ticket.number, supervisor_asks, WANG)
    (approval,) = anfu.resolutions.pending()
    with pytest.raises(NotAllowed):
        anfu.resolutions.decide(approval.id, True, WANG, "我自己同意")
    assert anfu.resolutions.decide(approval.id, True, CHEN, "同意").step == "confirm"


def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files()
    analysed(anfu, ticket)
    anfu.resolutions.propose(ticket.number, dear_plan(anfu, ticket.number), LI)
    (approval,) = anfu.resolutions.pending()

    def decide(by: Actor) -> str:
        try:
            anfu.resolutions.decide(approval.id, by is WANG, by, "看过了")
            return "done"
        except Conflict as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(decide, (WANG, ZHAO)))
    assert sorted(answer == "done" for answer in told) == [False, True]
    steps = [entry for entry in anfu.ticketing.get(ticket.number).history if "领导审批 →" in entry.reason]
    assert len(steps) == 1


def test_a_rejected_or_lapsed_request_goes_back_to_the_proposer(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    ticket = customer.files()
    analysed(anfu, ticket)
    anfu.resolutions.propose(ticket.number, dear_plan(anfu, ticket.number), LI)
    (approval,) = anfu.resolutions.pending()
    assert anfu.resolutions.decide(approval.id, False, WANG, "损失没有凭证").step == "propose"
    anfu.resolutions.propose(ticket.number, dear_plan(anfu, ticket.number), LI)
    (approval,) = anfu.resolutions.pending()
    later(clock, hours=25)
    with pytest.raises(Conflict, match="过期"):
        anfu.resolutions.decide(approval.id, True, WANG, "晚了")
    assert anfu.resolutions.expire() == 1
    assert anfu.resolutions.expire() == 0
    assert anfu.ticketing.get(ticket.number).step == "propose"


def test_an_agreement_is_answered_once(anfu: Anfu, customer: Customer) -> None:
    """C5: one confirmation, or one refusal with its reason."""
    agreement = offered(anfu, customer.files())
    assert anfu.resolutions.confirm(agreement).is_intact
    for answer in (lambda: anfu.resolutions.confirm(agreement), lambda: anfu.resolutions.refuse(agreement, "反悔")):
        with pytest.raises(Conflict):
            answer()
    assert anfu.resolutions.agreement(agreement).state is Answer.CONFIRMED


def test_a_double_click_confirms_once_and_opens_the_tasks_once(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files()
    agreement = offered(anfu, ticket)

    def click(_: int) -> bool:
        try:
            anfu.resolutions.confirm(agreement)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, range(4))) == [False, False, False, True]
    assert len(anfu.tasks.find(ticket=ticket.number)) == 1


def test_a_refused_offer_comes_back_as_another_one(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """C4, C5, A7."""
    ticket = customer.files()
    first = offered(anfu, ticket)
    with pytest.raises(InvalidInput, match="哪里不合适"):
        anfu.resolutions.refuse(first, "  ")
    anfu.resolutions.refuse(first, "要上门安装，不要自己装")
    assert anfu.ticketing.get(ticket.number).step == "propose"
    later(clock, minutes=10)
    anfu.resolutions.propose(ticket.number, Plan(terms=("换一台新的并上门安装",)), WANG)
    second = anfu.resolutions.agreements_of(ticket.number)[-1]
    assert second.id != first
    assert anfu.resolutions.confirm(second.id).terms == ("换一台新的并上门安装",)


def test_an_offer_that_nobody_answers_expires_and_goes_back(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    ticket = customer.files()
    agreement = offered(anfu, ticket)
    later(clock, days=8)
    with pytest.raises(Conflict, match="有效期"):
        anfu.resolutions.confirm(agreement)
    assert anfu.resolutions.expire() == 1
    assert anfu.ticketing.get(ticket.number).step == "propose"
    assert (customer.last().source or {}).get("id") == "agreement.lapsed"
    assert anfu.resolutions.expire() == 0


def test_an_offer_refused_in_the_next_month_gives_back_to_its_own_month(
    anfu: Anfu, customer: Customer, clock: Clock
) -> None:
    clock.now = clock.now.replace(month=11, day=30)
    ticket = customer.files()
    analysed(anfu, ticket)
    paid = next(w for w in anfu.resolutions.alternatives(ticket.number, Plan(), WANG).alternatives if w.amount_fen)
    anfu.resolutions.propose(ticket.number, Plan(choice=paid.id), WANG)
    later(clock, days=2)
    anfu.resolutions.refuse(anfu.resolutions.agreements_of(ticket.number)[-1].id, "太少")
    assert spent(anfu) == 0


def test_the_budget_counts_what_was_offered_and_gives_back_what_was_refused(anfu: Anfu, customer: Customer) -> None:
    """A5."""
    ticket = customer.files()
    analysed(anfu, ticket)
    paid = next(w for w in anfu.resolutions.alternatives(ticket.number, Plan(), WANG).alternatives if w.amount_fen)
    anfu.resolutions.propose(ticket.number, Plan(choice=paid.id), WANG)
    assert spent(anfu) == paid.amount_fen
    anfu.resolutions.refuse(anfu.resolutions.agreements_of(ticket.number)[-1].id, "太少")
    assert spent(anfu) == 0


def spent(anfu: Anfu) -> int:
    """What this month's damaged goods have cost."""
    with anfu.uow() as uow:
        return uow.budgets.spent("2026-11", "damaged_goods")


def test_an_unsatisfied_customer_reopens_and_goes_first(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    """C7."""
    ticket = customer.files()
    carried_out(anfu, ticket)
    later(clock, hours=25)
    anfu.followups.say_due()
    assert customer.clicks("不满意")
    reopened = anfu.ticketing.get(ticket.number)
    assert (reopened.step, reopened.status, reopened.priority) == ("analyse", Status.IN_PROGRESS, 1)
    assert reopened.due_at is not None


def test_a_customer_who_closed_the_chat_answers_through_the_link(anfu: Anfu, customer: Customer, clock: Clock) -> None:
    ticket = customer.files()
    carried_out(anfu, ticket)
    later(clock, hours=25)
    anfu.followups.say_due()
    (asked,) = [f for f in anfu.followups.of_ticket(ticket.number) if f.what == "satisfaction"]
    assert anfu.followups.answer(asked.id, True, "很好").step == LAST
    with pytest.raises(Conflict):
        anfu.followups.answer(asked.id, False, "改主意")


def test_a_task_is_acknowledged_once_and_the_last_one_done_moves_the_ticket(anfu: Anfu, customer: Customer) -> None:
    """C6."""
    ticket = customer.files()
    plan = Plan(terms=("换一台",), tasks=(("warehouse", "发新机"), ("logistics", "取回旧机")))
    anfu.resolutions.confirm(offered(anfu, ticket, plan))
    first, second = anfu.tasks.find(ticket=ticket.number)
    acknowledged = anfu.tasks.acknowledge(first.id, "老周")
    assert anfu.tasks.acknowledge(first.id, "别人") == acknowledged
    anfu.tasks.finish(first.id, "老周", "发了")
    assert anfu.ticketing.get(ticket.number).step == "carry_out"
    anfu.tasks.finish(second.id, "小孙", "取了")
    assert anfu.ticketing.get(ticket.number).step == "follow_up"
    with pytest.raises(Conflict):
        anfu.tasks.finish(second.id, "小孙", "又取")
    assert {task.state for task in anfu.tasks.find(ticket=ticket.number)} == {Progress.DONE}


def test_one_department_may_get_several_tasks(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files()
    plan = Plan(terms=("换一台",), tasks=(("warehouse", "发新机"), ("warehouse", "旧机入库")))
    anfu.resolutions.confirm(offered(anfu, ticket, plan))
    assert [task.what for task in anfu.tasks.find(ticket=ticket.number)] in (
        ["发新机", "旧机入库"], ["旧机入库", "发新机"],
    )  # fmt: skip


def test_an_unknown_department_gets_no_task(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files()
    analysed(anfu, ticket)
    with pytest.raises(InvalidInput, match="没有部门 moon"):
        anfu.resolutions.propose(ticket.number, Plan(terms=("x",), tasks=(("moon", "y"),)), LI)


def test_only_staff_work_on_tickets(anfu: Anfu, customer: Customer) -> None:
    ticket = customer.files()
    with pytest.raises(NotAllowed):
        anfu.casework.move(ticket.number, "contact", CUSTOMER, "我自己来")
    with pytest.raises(NotFound):
        anfu.casework.move("TS20260101-9999", "contact", LI, "没有这张")


def test_a_reply_with_a_forbidden_phrase_needs_a_reason(anfu: Anfu, customer: Customer) -> None:
    """A4."""
    ticket = customer.files()
    with pytest.raises(InvalidInput, match=r"忌语.*可以改说"):
        anfu.casework.reply(ticket.number, "这个不可能", LI)
    anfu.casework.reply(ticket.number, "这个不可能", LI, in_spite_of="客户原话，引用")
    assert customer.last().text == "这个不可能"


def test_verified_misconduct_climbs_the_ladder_and_a_supervisor_decides(anfu: Anfu, customer: Customer) -> None:
    """C8."""
    outcomes = []
    for _ in range(4):
        ticket = customer.files()
        analysed(anfu, ticket, cause="staff_attitude", accused_staff="安装师傅老马")
        (case,) = anfu.conduct.open()
        with pytest.raises(NotAllowed):
            anfu.conduct.decide(case.id, True, LI, "录音属实")
        outcomes.append(anfu.conduct.decide(case.id, True, WANG, "录音属实").outcome)
    assert outcomes == [Outcome.WARNING, Outcome.PENALTY, Outcome.DISMISSAL_PROPOSED, Outcome.DISMISSAL_PROPOSED]


def test_unfounded_complaints_do_not_count(anfu: Anfu, customer: Customer) -> None:
    analysed(anfu, customer.files(), accused_staff="老马")
    (case,) = anfu.conduct.open()
    assert anfu.conduct.decide(case.id, False, WANG, "监控里不是他").outcome is None
    analysed(anfu, customer.files(), accused_staff="老马")
    (case,) = anfu.conduct.open()
    assert anfu.conduct.proposal(case.id) is Outcome.WARNING


def test_a_refund_beyond_the_agents_limit_is_approved_then_paid(anfu: Anfu, customer: Customer) -> None:
    """F9, E4."""
    ticket = customer.files(Kind.RETURN_EXCHANGE, wish="退货退款")
    anfu.casework.move(ticket.number, "check", LI, "核对")
    anfu.casework.move(ticket.number, "label", LI, "寄回", {"eligibility": "E1 七日内质量问题"})
    anfu.casework.move(ticket.number, "inspect", LI, "收到货", {"return_label": "SF123"})
    anfu.casework.move(ticket.number, "refund", LI, "验收", {"goods_check": "完好"})
    with pytest.raises(InvalidInput):
        anfu.resolutions.propose_refund(ticket.number, -1, LI)
    assert anfu.resolutions.propose_refund(ticket.number, 289_900, LI).step == "approve"
    (approval,) = anfu.resolutions.pending()
    assert anfu.resolutions.decide(approval.id, True, WANG, "验收完好").step == "paying"
    (task,) = anfu.tasks.find(ticket=ticket.number)
    assert (task.department, "2899 元" in task.what) == ("finance", True)
    anfu.tasks.finish(task.id, "财务小钱", "已打款")
    done = anfu.ticketing.get(ticket.number)
    assert done.step == "done"
    assert "refunded" in [entry.event for entry in done.history], "the legal limit ends with the payment"
