"""Reviews of how people served: lists, one whole, checking, appeals, sums (H8)."""

import asyncio
import re
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from bot.domain.dates import local_day
from bot.domain.errors import InvalidInput, NotFound
from bot.domain.quality.finding import Finding, Result
from bot.domain.quality.review import ReviewState, Settlement
from bot.domain.quality.tally import Count, Tally
from bot.gateway import keys
from bot.gateway.auth import staff_of
from bot.gateway.desk.rows import at, message_json
from bot.gateway.exchange import (
    choice_in,
    choice_of,
    json_answer,
    moment,
    number_field,
    read_object,
    text_field,
    whole_number,
    words_field,
)
from bot.gateway.office import Office
from bot.services.quality import Reviewed

PAGE = 50
MOST_PER_PAGE = 100
LONGEST_TEXT = 1000
_DAYS_SHOWN = 30
_FIRST_YEAR, _LAST_YEAR = 2000, 3000
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def reviews(request: web.Request) -> web.Response:
    """A page of reviews, the newest first, and how many wait for somebody."""
    actor, office = await staff_of(request), request.app[keys.OFFICE]
    limit = whole_number(request, "limit", PAGE, MOST_PER_PAGE) or PAGE
    cursor = request.query.get("cursor") or None
    found, waiting = await asyncio.to_thread(
        office.quality.page, actor, limit, cursor and _checked(cursor), choice_of(request, "state", ReviewState),
        request.query.get("agent") or None, _day_of(request, "from"), _day_of(request, "to"),
        _rule_of(request, office),
    )  # fmt: skip
    cursor = found[-1].review.id if len(found) == limit else None
    counts = {state.value: count for state, count in waiting.items()}
    return json_answer({"reviews": [_row_json(one, office) for one in found], "waiting": counts, "cursor": cursor})


async def review(request: web.Request) -> web.Response:
    """A review with its evidence and all that was said."""
    actor, office, review_id = await staff_of(request), request.app[keys.OFFICE], _id_of(request)
    one, messages = await asyncio.to_thread(office.quality.one, review_id, actor)
    return json_answer({**_whole_json(one, office), "messages": [message_json(message) for message in messages]})


async def check(request: web.Request) -> web.Response:
    """A leader's own score and comment."""
    actor, review_id, body = await staff_of(request), _id_of(request), await read_object(request)
    score, comment = number_field(body, "score"), words_field(body, "comment", most=LONGEST_TEXT)
    office = request.app[keys.OFFICE]
    return json_answer(
        _whole_json(await asyncio.to_thread(office.quality.check, review_id, score, comment, actor), office)
    )


async def appeal(request: web.Request) -> web.Response:
    """Whose work it is disagrees, once and in time."""
    actor, review_id, body = await staff_of(request), _id_of(request), await read_object(request)
    text, office = words_field(body, "text", most=LONGEST_TEXT), request.app[keys.OFFICE]
    return json_answer(_whole_json(await asyncio.to_thread(office.quality.appeal, review_id, text, actor), office))


async def settle(request: web.Request) -> web.Response:
    """Another leader's decision on an appeal."""
    actor, review_id, body = await staff_of(request), _id_of(request), await read_object(request)
    settlement = choice_in(text_field(body, "verdict"), "verdict ", Settlement)
    score = number_field(body, "score") if body.get("score") is not None else None
    reason, office = words_field(body, "reason", most=LONGEST_TEXT), request.app[keys.OFFICE]
    settled = await asyncio.to_thread(office.quality.settle, review_id, settlement, score, reason, actor)
    return json_answer(_whole_json(settled, office))


async def summary(request: web.Request) -> web.Response:
    """Scores by day and person, and how often each rule failed; the last thirty days unless others are named."""
    actor, office = await staff_of(request), request.app[keys.OFFICE]
    last = _day_of(request, "to") or local_day(request.app[keys.CLOCK]())
    first = _day_of(request, "from") or last - timedelta(days=_DAYS_SHOWN - 1)
    agent = request.query.get("agent") or None
    told = await asyncio.to_thread(office.quality.summary, actor, first, last, agent)
    return json_answer({"from": first.isoformat(), "to": last.isoformat(), **_tally_json(told, office)})


def _row_json(one: Reviewed, office: Office) -> dict[str, Any]:
    r = one.review
    return {
        "id": r.id,
        "conversation_id": r.conversation_id,
        "title": one.title,
        "agent": r.agent,
        "team": r.team,
        "closed_at": moment(r.closed_at),
        "state": r.state,
        "score": r.final,
        "rules_score": r.score,
        "human_score": r.human_score,
        "picked_for": list(r.picked_for),
        "failed": [
            {"rule": f.rule, "name": _name(f.rule, office)} for f in one.findings if f.result is Result.FAILED
        ],
        "rating": one.rating.score if one.rating else None,
        "may": list(one.may),
    }  # fmt: skip


def _whole_json(one: Reviewed, office: Office) -> dict[str, Any]:
    r = one.review
    return {
        **_row_json(one, office),
        "begun_at": moment(r.begun_at),
        "inspected_at": moment(r.inspected_at),
        "rules_version": r.rules_version,
        "findings": [_finding_json(finding, office) for finding in one.findings],
        "rating_comment": one.rating.comment if one.rating else None,
        "comment": r.comment,
        "checked_by": r.checked_by,
        "checked_at": at(r.checked_at),
        "appeal": r.appeal,
        "appealed_at": at(r.appealed_at),
        "appeal_until": moment(r.appeal_until(office.quality.book.appeal_days)),
        "verdict": r.settlement,
        "settled_by": r.settled_by,
        "settled_at": at(r.settled_at),
        "settled_because": r.settled_because,
    }


def _finding_json(finding: Finding, office: Office) -> dict[str, Any]:
    rule = office.quality.book.rules.get(finding.rule)
    return {
        "rule": finding.rule,
        "name": _name(finding.rule, office),
        "requirement": rule.requirement if rule else None,
        "weight": rule.weight if rule else None,
        "cap": rule.cap if rule else None,
        "applies_when": rule.applies_when if rule else None,
        "result": finding.result,
        "reason": finding.reason,
        "evidence": [{"seq": quote.seq, "words": quote.words} for quote in finding.evidence],
    }


def _tally_json(told: Tally, office: Office) -> dict[str, Any]:
    return {
        "reviews": told.whole.reviews,
        "average": told.whole.average,
        "days": [{"day": day.isoformat(), **_count_json(count)} for day, count in told.days.items()],
        "agents": [
            {"agent": agent, **_count_json(count), "failures": told.failures_of.get(agent, {})}
            for agent, count in told.agents.items()
        ],
        "rules": [
            {"rule": rule, "name": _name(rule, office), "failed": count} for rule, count in told.failures.items()
        ],
    }  # fmt: skip


def _count_json(count: Count) -> dict[str, Any]:
    return {"reviews": count.reviews, "average": count.average}


def _name(rule: str, office: Office) -> str:
    """The rule's name; the id of one that exists no longer."""
    known = office.quality.book.rules.get(rule)
    return known.name if known else rule


def _id_of(request: web.Request) -> str:
    return _checked(request.match_info["id"])


def _checked(review_id: str) -> str:
    """An id that can be one of ours.

    Raises:
        NotFound: it cannot.
    """
    if not _ID.fullmatch(review_id):
        raise NotFound("没有这条质检，请回到列表重新选择")
    return review_id


def _rule_of(request: web.Request, office: Office) -> str | None:
    rule = request.query.get("rule") or None
    if rule and rule not in office.quality.book.rules:
        raise InvalidInput(f"没有质检规则 {rule}，可以写 {'、'.join(office.quality.book.rules)}")
    return rule


def _day_of(request: web.Request, name: str) -> date | None:
    raw = request.query.get(name)
    try:
        day = date.fromisoformat(raw) if raw else None
        if day is None or _FIRST_YEAR <= day.year < _LAST_YEAR:
            return day
    except ValueError:
        pass
    raise InvalidInput(f"参数 {name} 应是日期，例如 2026-11-23")
