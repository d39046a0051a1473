"""What waits for somebody of the company: approvals, tasks, complaints about staff, notices (A5, C4, C6, C8, D8)."""

import asyncio
import re
from typing import Any

from aiohttp import web

from bot.domain.actor import Role
from bot.domain.approval import Approval
from bot.domain.errors import NotFound
from bot.domain.misconduct import Misconduct, Outcome
from bot.domain.notice import Fate, Notice
from bot.domain.task import Progress, Task
from bot.gateway import keys
from bot.gateway.api import number_of, ticket_answer
from bot.gateway.auth import person_of, staff_of
from bot.gateway.exchange import (
    choice_in,
    choice_of,
    flag_field,
    json_answer,
    moment,
    read_object,
    text_field,
    words_field,
)
from bot.gateway.links import LONGEST_RESULT, result_of
from bot.gateway.office import Office
from bot.services.casework import MOST_CHARS

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def approvals(request: web.Request) -> web.Response:
    """What waits for a decision, with the facts (A5, F9); for an agent of the team's tickets."""
    person, office = await person_of(request), request.app[keys.OFFICE]
    waiting = await asyncio.to_thread(office.resolutions.pending)
    seen = await asyncio.to_thread(office.ticket_desk.seen_among, person, [one.ticket for one in waiting])
    return json_answer({"approvals": [_approval_json(approval) for approval in waiting if approval.ticket in seen]})


async def decide_approval(request: web.Request) -> web.Response:
    """Approve or reject; who may is for the domain to say (C4)."""
    actor, approval_id, body = await staff_of(request), _id_of(request, "审批"), await read_object(request)
    approve, reason = flag_field(body, "approve"), words_field(body, "reason")
    resolutions = request.app[keys.OFFICE].resolutions
    ticket = await asyncio.to_thread(resolutions.decide, approval_id, approve, actor, reason)
    return ticket_answer(request, ticket)


async def tasks(request: web.Request) -> web.Response:
    """What departments have to do, of one ticket or in one state where given (C6); for an agent of the team's."""
    person = await person_of(request)
    office, state, number = request.app[keys.OFFICE], choice_of(request, "state", Progress), request.query.get("ticket")
    found = await asyncio.to_thread(office.tasks.find, number.upper() if number else None, state)
    seen = await asyncio.to_thread(office.ticket_desk.seen_among, person, [task.ticket for task in found])
    return json_answer({"tasks": [_task_json(task, office) for task in found if task.ticket in seen]})


async def give_task(request: web.Request) -> web.Response:
    """Ask a department for something about a ticket, such as to call a customer whom no message reaches (C6)."""
    person, number, body = await person_of(request), number_of(request), await read_object(request)
    office, department = request.app[keys.OFFICE], words_field(body, "department")
    what = words_field(body, "what", most=MOST_CHARS)
    task = await asyncio.to_thread(office.tasks.give, number, department, what, person)
    return json_answer(_task_json(task, office), status=201)


async def acknowledge_task(request: web.Request) -> web.Response:
    """Take a task on; a second time changes nothing."""
    name, office, task_id = await _task_asked(request), request.app[keys.OFFICE], _id_of(request, "任务")
    return json_answer(_task_json(await asyncio.to_thread(office.tasks.acknowledge, task_id, name), office))


async def finish_task(request: web.Request) -> web.Response:
    """A task is done; with the last one the ticket goes on."""
    name, office, task_id = await _task_asked(request), request.app[keys.OFFICE], _id_of(request, "任务")
    result = result_of(words_field(await read_object(request), "result", most=LONGEST_RESULT))
    task = await asyncio.to_thread(office.tasks.finish, task_id, name, result)
    return json_answer(_task_json(task, office))


async def conduct(request: web.Request) -> web.Response:
    """Complaints about staff that wait for a supervisor, with what the ladder proposes (C8)."""
    await staff_of(request, Role.SUPERVISOR)
    return json_answer({"cases": await asyncio.to_thread(_open_cases, request.app[keys.OFFICE])})


def _open_cases(office: Office) -> list[dict[str, Any]]:
    return [{**_case_json(case), "proposed": office.conduct.proposal(case.id)} for case in office.conduct.open()]


async def decide_conduct(request: web.Request) -> web.Response:
    """Whether the complaint proved true, and what follows; without an outcome, what the ladder proposes."""
    actor = await staff_of(request, Role.SUPERVISOR)
    case_id, body = _id_of(request, "员工投诉"), await read_object(request)
    verified, reason = flag_field(body, "verified"), words_field(body, "reason")
    outcome = choice_in(text_field(body, "outcome"), "outcome ", Outcome) if "outcome" in body else None
    decide = request.app[keys.OFFICE].conduct.decide
    return json_answer(_case_json(await asyncio.to_thread(decide, case_id, verified, actor, reason, outcome)))


async def notices(request: web.Request) -> web.Response:
    """Notices in a state, the newest first; a dead one was tried often enough (D8)."""
    await staff_of(request, Role.SUPERVISOR)
    state = choice_of(request, "state", Fate) or Fate.DEAD
    found = await asyncio.to_thread(request.app[keys.OFFICE].dispatch.of_state, state)
    return json_answer({"notices": [_notice_json(notice) for notice in found]})


async def retry_notice(request: web.Request) -> web.Response:
    """The way is mended: send it again."""
    await staff_of(request, Role.SUPERVISOR)
    notice = await asyncio.to_thread(request.app[keys.OFFICE].dispatch.retry, _id_of(request, "通知"))
    return json_answer(_notice_json(notice))


async def _task_asked(request: web.Request) -> str:
    """The name of who asks about a task of a ticket that is this person's business."""
    person, office = await person_of(request), request.app[keys.OFFICE]
    task = await asyncio.to_thread(office.tasks.get, _id_of(request, "任务"))
    await asyncio.to_thread(office.ticket_desk.visible, person, task.ticket)
    return person.name


def _id_of(request: web.Request, what: str) -> str:
    """The id in the path.

    Raises:
        NotFound: it cannot be one of ours.
    """
    if not _ID.fullmatch(request.match_info["id"]):
        raise NotFound(f"没有这个{what}，请核对编号")
    return request.match_info["id"]


def _approval_json(approval: Approval) -> dict[str, Any]:
    return {
        "id": approval.id,
        "ticket": approval.ticket,
        "facts": dict(approval.facts),
        "amount_fen": approval.amount_fen,
        "cause": approval.cause,
        "needed": approval.needed,
        "requested_by": approval.requested_by,
        "requested_at": moment(approval.requested_at),
        "expires_at": moment(approval.expires_at),
    }


def _task_json(task: Task, office: Office) -> dict[str, Any]:
    return {
        "id": task.id,
        "ticket": task.ticket,
        "department": task.department,
        "department_name": office.tasks.name_of(task),
        "what": task.what,
        "state": task.state,
        "opened_by": task.opened_by,
        "opened_at": moment(task.opened_at),
        "due_at": moment(task.due_at),
        "acknowledged_by": task.acknowledged_by,
        "acknowledged_at": moment(task.acknowledged_at) if task.acknowledged_at else None,
        "done_at": moment(task.done_at) if task.done_at else None,
        "result": task.result,
    }


def _case_json(case: Misconduct) -> dict[str, Any]:
    return {
        "id": case.id,
        "staff": case.staff,
        "ticket": case.ticket,
        "reported_at": moment(case.reported_at),
        "state": case.state,
        "outcome": case.outcome,
        "decided_by": case.decided_by,
        "decided_at": moment(case.decided_at) if case.decided_at else None,
        "reason": case.reason,
    }


def _notice_json(notice: Notice) -> dict[str, Any]:
    """Without its body, which may hold a signed link."""
    return {
        "id": notice.id,
        "way": notice.way,
        "to": notice.to,
        "subject": notice.subject,
        "state": notice.state,
        "attempts": notice.attempts,
        "error": notice.error,
        "created_at": moment(notice.created_at),
        "due_at": moment(notice.due_at),
        "sent_at": moment(notice.sent_at) if notice.sent_at else None,
    }
