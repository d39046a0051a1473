"""What the company offers: proposed, approved where it goes beyond a limit, signed by both (C4, C5, A5, F9)."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.actor import CUSTOMER, LEVELS, SYSTEM, Actor, Role
from bot.domain.agreement import Agreement, Answer
from bot.domain.approval import Approval, Decision
from bot.domain.compensation import Claim, DemandAnswer, Policy, Proposal, demand_answer, offers
from bot.domain.dates import local_day, moment_in_words
from bot.domain.errors import IllegalTransition, InvalidInput, NotAllowed, NotFound
from bot.domain.order import yuan
from bot.domain.ticket import Kind, Ticket
from bot.services.batches import each
from bot.services.casework import Casework, require_staff, with_record
from bot.services.links import Links
from bot.services.notices import Noticeboard
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.telling import Telling

APPROVAL_WITHIN = timedelta(hours=24)
"""An undecided request lapses: the complaint has to be answered within a day (D2)."""
SIGN_WITHIN_DAYS = 7
LINK_DAYS = 90
"""How long the customer can look at what was agreed."""
OWN_WORDS_NEED = Role.SUPERVISOR
"""Who looks at a promise that no line of the policy makes, before the customer reads it (A5, A11)."""
BATCH = 100
REFUND = "refund"
"""The budget that refunds are counted against."""


@dataclass(frozen=True)
class Plan:
    """What somebody wants to offer.

    Attributes:
        choice: id of one of the policy's alternatives; "" for none.
        terms: what the company will do besides, a line each, in the proposer's own words.
        tasks: department and what it has to do, for each thing to be carried out (C6).
        loss_fen: the loss that the customer has shown.
        tier: the customer's.
        price_fen, days_late: where the policy counts with them.
    """

    choice: str = ""
    terms: tuple[str, ...] = ()
    tasks: tuple[tuple[str, str], ...] = ()
    loss_fen: int = 0
    tier: str = "普通"
    price_fen: int = 0
    days_late: int = 0
    force_majeure: bool = False


class Resolutions:
    """From the proposal to the signed agreement."""

    def __init__(
        self, uow: UnitOfWorkFactory, casework: Casework, policy: Policy, telling: Telling, board: Noticeboard,
        links: Links, departments: Sequence[str], clock: Clock,
    ) -> None:  # fmt: skip
        self._uow = uow
        self._casework = casework
        self._policy = policy
        self._telling = telling
        self._board = board
        self._links = links
        self._departments = departments
        self._clock = clock
        casework.when_entering("offer_agreement", self._offer)

    def alternatives(self, number: str, plan: Plan, actor: Actor) -> Proposal:
        """What the policy allows for this complaint, and who may grant it."""
        require_staff(actor)
        with self._uow() as uow:
            return self._offers(uow, self._casework.locked(uow, number), plan, actor)

    def answer_to_demand(self, number: str, demand_fen: int, plan: Plan, actor: Actor) -> DemandAnswer | None:
        """A polite no to a demand above the policy, with its reason and what there is instead; else None (A12)."""
        require_staff(actor)
        with self._uow() as uow:
            claim = self._claim(self._casework.locked(uow, number), plan)
            return demand_answer(demand_fen, claim, self._policy, actor.role, self._spent(uow, claim))

    def propose(self, number: str, plan: Plan, actor: Actor) -> Ticket:
        """Propose; within the proposer's limit it goes to the customer, above it to somebody who may approve (C4, A5).

        Raises:
            IllegalTransition: the complaint does not stand at this step.
            InvalidInput: nothing is offered, the alternative is none of the policy's, or a department is unknown.
        """
        require_staff(actor)
        with self._uow() as uow:
            ticket = self._casework.locked(uow, number)
            _require_step(ticket, "propose", "提出方案")
            ticket = self._with_proposal(uow, ticket, plan, actor)
            ticket = self._by_limit(uow, ticket, actor)
            uow.commit()
        return ticket

    def propose_refund(self, number: str, amount_fen: int, actor: Actor) -> Ticket:
        """Confirm a refund; above the proposer's limit somebody else approves it (F9).

        Raises:
            IllegalTransition: the return does not stand at this step. InvalidInput: no possible amount.
        """
        require_staff(actor)
        if amount_fen < 0:
            raise InvalidInput("退款金额不能是负数，请以分为单位填整数")
        with self._uow() as uow:
            ticket = self._casework.locked(uow, number)
            _require_step(ticket, "refund", "确认退款")
            level = self._policy.level_for(amount_fen) or LEVELS[-1]  # what is owed, the highest level may always pay
            needs = None if actor.reaches(level) else level
            refund = f"退款 {yuan(amount_fen)}"
            proposal = {
                "terms": [refund], "tasks": [["finance", f"给工单 {ticket.number} {refund}"]],
                "cause": REFUND, "amount_fen": amount_fen, "needs": needs, "by": actor.name, "reasons": [],
            }  # fmt: skip
            ticket = self._by_limit(uow, with_record(ticket, proposal=proposal), actor)
            uow.commit()
        return ticket

    def decide(self, approval_id: str, approve: bool, actor: Actor, reason: str) -> Ticket:
        """Decide on a request; of two who decide at once one wins, and the other is told.

        Raises:
            NotFound, Conflict, NotAllowed: see `Approval.decide`.
        """
        now = self._clock()
        with self._uow() as uow:
            ticket = self._casework.locked(uow, _request(uow.approvals.get(approval_id)).ticket)
            approval = _request(uow.approvals.get(approval_id))
            decided = uow.approvals.save(approval.decide(approve, actor, reason, now), actor.name, reason, now)
            ticket = self._casework.happened(uow, ticket, _cause(decided), actor, f"{_verdict(decided)}：{reason}")
            uow.commit()
        return ticket

    def expire(self) -> int:
        """Let undecided requests and unanswered offers lapse; the proposer has to propose again.

        Returns:
            How many lapsed.
        """
        now = self._clock()
        with self._uow() as uow:
            requests = [approval.id for approval in uow.approvals.due(Decision.PENDING, now, BATCH)]
            offered = [agreement.id for agreement in uow.agreements.due(Answer.OFFERED, now, BATCH)]
        return each(requests, self._lapse_request) + each(offered, self._lapse_offer)

    def _lapse_request(self, approval_id: str) -> None:
        now = self._clock()
        with self._uow() as uow:
            ticket = self._casework.locked(uow, _request(uow.approvals.get(approval_id)).ticket)
            approval = _request(uow.approvals.get(approval_id))
            if approval.state is Decision.PENDING:  # else it was decided, or another node was first
                lapsed = uow.approvals.save(approval.expire(now), SYSTEM.name, "过期", now)
                self._casework.happened(uow, ticket, "rejected", SYSTEM, lapsed.reason or "")
                uow.commit()

    def _lapse_offer(self, agreement_id: str) -> None:
        now = self._clock()
        with self._uow() as uow:
            ticket = self._casework.locked(uow, _known(uow.agreements.get(agreement_id)).ticket)
            agreement = _known(uow.agreements.get(agreement_id))
            if agreement.state is Answer.OFFERED:  # else it was answered, or another node was first
                uow.agreements.save(agreement.withdraw(now), SYSTEM.name, "过期", now)
                ticket = self._uncounted(uow, ticket)
                ticket = self._casework.happened(uow, ticket, "refused", SYSTEM, "客户没有在有效期内答复，请联系客户")
                self._telling.tell(uow, ticket, "agreement.lapsed")
                uow.commit()

    def pending(self) -> list[Approval]:
        """The requests that wait for a decision."""
        with self._uow() as uow:
            return uow.approvals.find(state=Decision.PENDING)

    def agreement(self, agreement_id: str) -> Agreement:
        """An agreement.

        Raises:
            NotFound: there is none.
        """
        with self._uow() as uow:
            return _known(uow.agreements.get(agreement_id))

    def agreements_of(self, number: str) -> list[Agreement]:
        """All that were offered for a ticket, the oldest first."""
        with self._uow() as uow:
            return uow.agreements.find(ticket=number.upper())

    def confirm(self, agreement_id: str) -> Agreement:
        """The customer signs; the departments get their tasks in the same commit (C5, C6).

        Raises:
            NotFound: there is no such agreement. Conflict: answered before, or expired.
        """
        return self._answer(agreement_id, lambda agreement, now: agreement.confirm(now), "confirmed")

    def refuse(self, agreement_id: str, reason: str) -> Agreement:
        """The customer says no; the complaint goes back for another proposal.

        Raises:
            NotFound, Conflict: as for `confirm`. InvalidInput: no reason.
        """
        return self._answer(agreement_id, lambda agreement, now: agreement.refuse(reason, now), "refused")

    def _answer(self, agreement_id: str, change: Callable[[Agreement, datetime], Agreement], cause: str) -> Agreement:
        now = self._clock()
        with self._uow() as uow:
            ticket = self._casework.locked(uow, _known(uow.agreements.get(agreement_id)).ticket)
            answered = change(_known(uow.agreements.get(agreement_id)), now)
            why = answered.reason or f"协议指纹 {answered.digest[:12]}"
            saved = uow.agreements.save(answered, CUSTOMER.name, why, now)
            if saved.state is Answer.REFUSED:
                ticket = self._uncounted(uow, ticket)
            ticket = self._casework.happened(uow, ticket, cause, CUSTOMER, why)
            self._telling.tell(uow, ticket, f"agreement.{cause}")
            uow.commit()
        return saved

    def _with_proposal(self, uow: UnitOfWork, ticket: Ticket, plan: Plan, actor: Actor) -> Ticket:
        for department, _ in plan.tasks:
            if department not in self._departments:
                raise InvalidInput(f"没有部门 {department}，可用：{'、'.join(self._departments)}")
        own_words = [term.strip() for term in plan.terms if term.strip()]
        for words in own_words:
            self._casework.require_good_wording(words)
        terms, amount, needs, reasons = own_words, 0, None, list[str]()
        if plan.choice:
            found = self._offers(uow, ticket, plan, actor)
            known = {way.id: way for way in found.alternatives}
            if beyond := next((way for way in found.refused if way.id == plan.choice), None):
                raise NotAllowed(f"方案 {beyond.id} 不能提：{beyond.reasons[-1]}")
            if plan.choice not in known:
                raise InvalidInput(f"没有方案 {plan.choice}，可选：{'、'.join(known)}")
            chosen = known[plan.choice]
            terms = [*(line.text for line in chosen.lines), *own_words]
            amount, needs, reasons = chosen.amount_fen, chosen.needs, list(chosen.reasons)
        if not terms:
            raise InvalidInput("方案是空的：请选一种补偿，或写明我们会做什么")
        if own_words and needs is None and not actor.reaches(OWN_WORDS_NEED):
            needs = OWN_WORDS_NEED
            reasons.append("有政策之外另写的条款，先由主管过目")
        proposal = {
            "terms": terms, "tasks": [list(task) for task in plan.tasks], "cause": ticket.record["cause"],
            "amount_fen": amount, "needs": needs, "by": actor.name, "reasons": reasons,
        }  # fmt: skip
        return with_record(ticket, proposal=proposal)

    def _offers(self, uow: UnitOfWork, ticket: Ticket, plan: Plan, actor: Actor) -> Proposal:
        claim = self._claim(ticket, plan)
        return offers(claim, self._policy, actor.role, self._spent(uow, claim))

    def _claim(self, ticket: Ticket, plan: Plan) -> Claim:
        """What the analysis found (C3), with what the plan adds to it."""
        if ticket.kind is not Kind.COMPLAINT or "cause" not in ticket.record:
            raise IllegalTransition(f"工单 {ticket.number} 还没有分析（原因、责任），请先完成分析再提方案")
        return Claim(
            cause=ticket.record["cause"], severity=int(ticket.record["severity"]), loss_fen=plan.loss_fen,
            share=int(ticket.record["our_share"]), tier=plan.tier, price_fen=plan.price_fen, days_late=plan.days_late,
            force_majeure=plan.force_majeure,
        )  # fmt: skip

    def _spent(self, uow: UnitOfWork, claim: Claim) -> int:
        return uow.budgets.spent(self._month(), claim.cause)

    def _by_limit(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        """On to the customer, or to whoever may approve."""
        proposal = ticket.record["proposal"]
        told = f"{'；'.join(proposal['terms'])}（{yuan(proposal['amount_fen'])}）"
        if proposal["needs"] is None:
            return self._casework.happened(uow, ticket, "within_limit", actor, told)
        now, needed = self._clock(), Role(proposal["needs"])
        approval = Approval(
            id=str(uuid.uuid4()), ticket=ticket.number, facts=_facts_for(ticket, proposal),
            amount_fen=proposal["amount_fen"], cause=proposal["cause"], needed=needed, requested_by=actor.name,
            requested_at=now, expires_at=now + APPROVAL_WITHIN,
        )  # fmt: skip
        ticket = self._casework.happened(uow, ticket, "approval_needed", actor, told)
        uow.approvals.add(approval, actor.name, told, now)
        self._board.post(
            uow, f"approval:{approval.id}", needed.value, f"有一笔待审批：工单 {ticket.number}",
            {"approval": approval.id, "ticket": ticket.number, **approval.facts,
             "expires": moment_in_words(approval.expires_at, now)}, now,
        )  # fmt: skip
        return ticket

    def _offer(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        """Put the approved proposal before the customer; only now is it a promise (F9)."""
        now, proposal = self._clock(), ticket.record["proposal"]
        agreement = Agreement.offer(
            str(uuid.uuid4()), ticket.number, tuple(proposal["terms"]), actor.name, now,
            now + timedelta(days=SIGN_WITHIN_DAYS),
        )  # fmt: skip
        uow.agreements.add(agreement, actor.name, "方案定稿，请客户确认", now)
        ticket = self._counted(uow, ticket)
        link = self._links.make("agreement", agreement.id, now, LINK_DAYS)
        told = self._telling.tell(
            uow, ticket, "agreement.offer", link=link, promise=moment_in_words(agreement.expires_at, now)
        )
        if not told:
            return ticket
        return self._casework.keep(uow, ticket.note("told", SYSTEM.name, "已把方案发给客户", now))

    def _counted(self, uow: UnitOfWork, ticket: Ticket) -> Ticket:
        """With the offer the money is spoken for, in this month's budget of its cause (A5)."""
        proposal = {**ticket.record["proposal"], "counted_in": self._month()}
        uow.budgets.spend(proposal["counted_in"], proposal["cause"], proposal["amount_fen"])
        return self._casework.keep(uow, with_record(ticket, proposal=proposal))

    def _uncounted(self, uow: UnitOfWork, ticket: Ticket) -> Ticket:
        """An offer that came to nothing costs nothing, in the month in which it was counted."""
        proposal = dict(ticket.record["proposal"])
        uow.budgets.spend(proposal.pop("counted_in"), proposal["cause"], -proposal["amount_fen"])
        return self._casework.keep(uow, with_record(ticket, proposal=proposal))

    def _month(self) -> str:
        return f"{local_day(self._clock()):%Y-%m}"


def _facts_for(ticket: Ticket, proposal: Mapping[str, object]) -> dict[str, str]:
    """What the one who decides must see."""
    record = ticket.record
    facts = {
        "方案": "；".join(_texts(proposal["terms"])), "算法": "；".join(_texts(proposal["reasons"])),
        "投诉内容": ticket.fields.get("grievance", ""), "诉求": ticket.fields.get("demand", ""),
        "证据": str(record.get("evidence", "")), "我方责任": f"{record['our_share']}%" if "our_share" in record else "",
        "是否合理": str(record.get("reasonable", "")), "申请人": str(proposal["by"]),
    }  # fmt: skip
    return {name: text for name, text in facts.items() if text}


def _texts(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list | tuple) else []


def _cause(approval: Approval) -> str:
    return "approved" if approval.state is Decision.APPROVED else "rejected"


def _verdict(approval: Approval) -> str:
    return "审批通过" if approval.state is Decision.APPROVED else "审批驳回"


def _request(approval: Approval | None) -> Approval:
    if approval is None:
        raise NotFound("没有这个审批，请核对编号")
    return approval


def _known(agreement: Agreement | None) -> Agreement:
    if agreement is None:
        raise NotFound("没有找到这份方案，请使用聊天里最新的链接")
    return agreement


def _require_step(ticket: Ticket, step: str, name: str) -> None:
    if ticket.step != step:
        raise IllegalTransition(f"工单 {ticket.number} 现在不在“{name}”这一步，请先把前面的步骤办完")
