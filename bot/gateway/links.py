"""Pages behind signed links: the agreement, a department's task, a follow-up (C5, C6, C7).

Whoever has the link may open the page; looking changes nothing, and each answer is given once.
"""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from bot.domain.agreement import LONGEST_REASON, Agreement, Answer
from bot.domain.dates import local_day, moment_in_words
from bot.domain.errors import Conflict, InvalidInput, NotAllowed
from bot.domain.followup import FollowUp, Kept
from bot.domain.task import Progress, Task
from bot.domain.ticket import Ticket
from bot.gateway import keys
from bot.gateway.errors import bad_request, forbidden, gone, too_many
from bot.gateway.exchange import read_form
from bot.gateway.proxies import peer_of
from bot.gateway.rendering import HEADERS, in_full, page
from bot.services.links import Purpose

PAGES_PER_MINUTE = 60
"""How many pages one address may open or answer."""
LONGEST_RESULT = 2000
LONGEST_COMMENT = 500
SOON = timedelta(days=1)
"""An offer that ends within this is marked."""
SHORT = 12
"""Characters of the digest that people compare."""

_OWN_SITES = ("same-origin", "none")


async def agreement(request: web.Request) -> web.Response:
    """What the company offers, and how the customer answered (C5)."""
    return await _agreement_page(request, opened(request, "agreement"))


async def answer_agreement(request: web.Request) -> web.Response:
    """The customer agrees, or says why not."""
    agreement_id = opened(request, "agreement")
    form = await _submitted(request)
    resolutions = request.app[keys.OFFICE].resolutions
    try:
        await asyncio.to_thread(_intact, request.app, agreement_id)
        if _answer_in(form, "confirm", "refuse") == "confirm":
            await asyncio.to_thread(resolutions.confirm, agreement_id)
        else:
            await asyncio.to_thread(resolutions.refuse, agreement_id, form.get("reason", ""))
    except InvalidInput as error:
        return await _agreement_page(request, agreement_id, fault=str(error), typed=form.get("reason", ""))
    return _done(request)


async def task(request: web.Request) -> web.Response:
    """What a department has to do (C6)."""
    return await _task_page(request, opened(request, "task"))


async def answer_task(request: web.Request) -> web.Response:
    """The department takes the task on, or says that it is done."""
    task_id = opened(request, "task")
    form = await _submitted(request)
    tasks, name = request.app[keys.OFFICE].tasks, form.get("name", "")
    try:
        if _answer_in(form, "acknowledge", "finish") == "acknowledge":
            await asyncio.to_thread(tasks.acknowledge, task_id, name)
        else:
            await asyncio.to_thread(tasks.finish, task_id, name, result_of(form.get("result", "")))
    except InvalidInput as error:
        return await _task_page(request, task_id, fault=str(error), typed=form.get("result", ""), name=name)
    return _done(request)


async def followup(request: web.Request) -> web.Response:
    """Whether all is well (C7)."""
    return await _followup_page(request, opened(request, "followup"))


async def answer_followup(request: web.Request) -> web.Response:
    """The customer is satisfied or not, and may say more."""
    followup_id = opened(request, "followup")
    form = await _submitted(request)
    followups, comment, chosen = request.app[keys.OFFICE].followups, form.get("comment", ""), form.get("answer", "")
    try:
        if chosen not in ("satisfied", "unsatisfied"):
            raise InvalidInput("请先选“满意”或“不满意”")
        if len(comment) > LONGEST_COMMENT:
            raise InvalidInput(f"想说的话请写在 {LONGEST_COMMENT} 字以内")
        await asyncio.to_thread(followups.answer, followup_id, chosen == "satisfied", comment)
    except InvalidInput as error:
        return await _followup_page(request, followup_id, fault=str(error), typed=comment, chosen=chosen)
    return _done(request)


def result_of(text: str) -> str:
    """How a task went, as somebody wrote it.

    Raises:
        InvalidInput: nothing, or too much.
    """
    if not text.strip() or len(text) > LONGEST_RESULT:
        raise InvalidInput(f"请用 1 到 {LONGEST_RESULT} 个字写明办得怎么样，同事好答复客户")
    return text.strip()


# Opening a link, and answering on its page


def opened(request: web.Request, purpose: Purpose) -> str:
    """The id of what the link opens.

    Raises:
        NotFound: not our link, or one for something else. Refused: 410 where it has expired; 429 for too many.
    """
    if wait := request.app[keys.PAGE_LIMIT].take(peer_of(request)):
        raise too_many(wait)
    try:
        return request.app[keys.OFFICE].links.read(purpose, request.match_info["token"], request.app[keys.CLOCK]())
    except NotAllowed as expired:
        raise gone(str(expired)) from None


async def _submitted(request: web.Request) -> dict[str, str]:
    """The form, which must come from our own page.

    Raises:
        Refused: 403 for another site's form; 400 for no form.
    """
    if not _from_own_page(request):
        raise forbidden("这次提交不是从我们的页面发出的，请从聊天里的链接打开页面再提交")
    return await read_form(request)


def _from_own_page(request: web.Request) -> bool:
    # Our own pages send no referrer, and browsers then give `null` as the origin: those that know Sec-Fetch-Site tell
    # us apart from others by it. From older ones `null` is taken: a forger would have to know the secret link.
    if site := request.headers.get(hdrs.SEC_FETCH_SITE):
        return site in _OWN_SITES
    origin = request.headers.get(hdrs.ORIGIN, "null")
    return origin == "null" or urlsplit(origin).netloc.lower() == request.host.lower()


def _answer_in(form: dict[str, str], *known: str) -> str:
    answer = form.get("answer", "")
    if answer not in known:
        raise bad_request("没有看到您选的是哪一个，请返回点页面上的按钮")
    return answer


def _done(request: web.Request) -> web.Response:
    """Back to the page, which shows what has become of it; loading that again sends nothing twice."""
    return web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: request.rel_url.raw_path})


# What the pages show


async def _agreement_page(request: web.Request, agreement_id: str, fault: str = "", typed: str = "") -> web.Response:
    agreement, ticket, departments = await asyncio.to_thread(_agreement_in, request.app, agreement_id)
    now = request.app[keys.CLOCK]()
    expired = agreement.state is Answer.OFFERED and now >= agreement.expires_at
    return page(
        request,
        "agreement.html",
        status=422 if fault else 200,
        agreement=agreement,
        kind=_kind(request, ticket),
        state="expired" if expired else "open" if agreement.state is Answer.OFFERED else agreement.state.value,
        opened_on=_day(ticket),
        offered=in_full(agreement.offered_at),
        soon=agreement.expires_at - now < SOON,
        expires=moment_in_words(agreement.expires_at, now),
        expires_in_full=in_full(agreement.expires_at),
        answered=in_full(agreement.answered_at) if agreement.answered_at else "",
        short=" ".join(agreement.digest[at : at + 4] for at in range(0, SHORT, 4)),
        departments=departments,
        longest=LONGEST_REASON,
        fault=fault,
        typed=typed,
    )


def _agreement_in(app: web.Application, agreement_id: str) -> tuple[Agreement, Ticket, list[str]]:
    """The agreement, its ticket, and the departments that carry it out."""
    office, agreement = app[keys.OFFICE], _intact(app, agreement_id)
    ticket = app[keys.TICKETING].get(agreement.ticket)
    tasks = office.tasks.find(ticket=ticket.number) if agreement.state is Answer.CONFIRMED else []
    return agreement, ticket, list(dict.fromkeys(office.tasks.name_of(task) for task in tasks))


def _intact(app: web.Application, agreement_id: str) -> Agreement:
    """The agreement, in the words in which it was sealed.

    Raises:
        NotFound: there is none. Conflict: its words were changed since.
    """
    agreement = app[keys.OFFICE].resolutions.agreement(agreement_id)
    if not agreement.is_intact:
        raise Conflict(f"工单 {agreement.ticket} 的方案和发出时的内容对不上，请先不要确认，到在线客服请同事核对后重发")
    return agreement


async def _task_page(
    request: web.Request, task_id: str, fault: str = "", typed: str = "", name: str | None = None
) -> web.Response:
    task, ticket = await asyncio.to_thread(_task_in, request.app, task_id)
    now = request.app[keys.CLOCK]()
    return page(
        request,
        "task.html",
        status=422 if fault else 200,
        task=task,
        kind=_kind(request, ticket),
        department=request.app[keys.OFFICE].tasks.name_of(task),
        state=task.state.value,
        late=task.state is Progress.OPEN and now > task.due_at,
        due=moment_in_words(task.due_at, now),
        opened_by=task.opened_by,
        opened=in_full(task.opened_at),
        acknowledged=in_full(task.acknowledged_at) if task.acknowledged_at else "",
        done=in_full(task.done_at) if task.done_at else "",
        longest=LONGEST_RESULT,
        fault=fault,
        typed=typed,
        name=task.acknowledged_by or "" if name is None else name,
    )


def _task_in(app: web.Application, task_id: str) -> tuple[Task, Ticket]:
    task = app[keys.OFFICE].tasks.get(task_id)
    return task, app[keys.TICKETING].get(task.ticket)


async def _followup_page(
    request: web.Request, followup_id: str, fault: str = "", typed: str = "", chosen: str = ""
) -> web.Response:
    followup, ticket = await asyncio.to_thread(_followup_in, request.app, followup_id)
    return page(
        request,
        "followup.html",
        status=422 if fault else 200,
        followup=followup,
        kind=_kind(request, ticket),
        state="open" if followup.state in (Kept.PLANNED, Kept.SENT) else followup.state.value,
        opened_on=_day(ticket),
        answered=moment_in_words(followup.answered_at, request.app[keys.CLOCK]()) if followup.answered_at else "",
        longest=LONGEST_COMMENT,
        fault=fault,
        typed=typed,
        chosen=chosen,
    )


def _followup_in(app: web.Application, followup_id: str) -> tuple[FollowUp, Ticket]:
    followup = app[keys.OFFICE].followups.get(followup_id)
    return followup, app[keys.TICKETING].get(followup.ticket)


def _kind(request: web.Request, ticket: Ticket) -> str:
    name: str = request.app[keys.OFFICE].labels["kinds"][ticket.kind]
    return name


def _day(ticket: Ticket) -> str:
    day = local_day(ticket.opened_at)
    return f"{day.month} 月 {day.day} 日"
