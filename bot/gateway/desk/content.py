"""The editor of scripts and articles: read, draft, check, hear, publish, take back."""

import asyncio
import re
from typing import Any

from aiohttp import web

from bot.domain.actor import Actor, Role
from bot.domain.differing import MOOD_NAMES, Line
from bot.domain.errors import NotFound
from bot.domain.message import Reply
from bot.domain.proofreading import Finding
from bot.domain.revision import Entry, Kind, Revision
from bot.gateway import keys
from bot.gateway.auth import staff_of
from bot.gateway.exchange import (
    flag_field,
    json_answer,
    moment,
    number_field,
    object_field,
    read_object,
    whole_number,
    words_field,
)
from bot.services.revising import Revising
from bot.services.shelves import Sample

MOST_ENTRIES = 200
_KINDS = {"scripts": Kind.SCRIPT, "articles": Kind.ARTICLE}
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,80}")


async def entries(request: web.Request) -> web.Response:
    """The scripts or articles, page by page, with what became of each."""
    actor, revising, kind = await staff_of(request), _revising(request), _kind_of(request)
    query, offset = request.query, whole_number(request, "offset", 0)
    limit = min(whole_number(request, "limit", MOST_ENTRIES), MOST_ENTRIES)
    found = await asyncio.to_thread(revising.overview, kind, query.get("q", "").strip()[:100], query.get("topic", ""))
    page = [_listed(entry, actor) for entry in found[offset : offset + limit]]
    return json_answer({"entries": page, "total": len(found), "topics": sorted({entry.topic for entry in found})})


async def entry(request: web.Request) -> web.Response:
    """One of them: what is said, what we ship, what is being written, and what was said before."""
    actor, kind, key = await staff_of(request), _kind_of(request), _key_of(request)
    found = await asyncio.to_thread(_revising(request).entry, kind, key)
    return json_answer(_whole(request, kind, found, actor))


async def begin_article(request: web.Request) -> web.Response:
    """Draft an article that there is none of yet."""
    actor, body = await staff_of(request), object_field(await read_object(request), "body")
    draft = await asyncio.to_thread(_revising(request).begin_article, body, actor)
    return json_answer({"key": draft.key, "draft": _draft_json(draft)}, status=201)


async def keep_draft(request: web.Request) -> web.Response:
    """Keep what somebody writes."""
    actor, kind, key = await staff_of(request), _kind_of(request), _key_of(request)
    said = await read_object(request)
    body, seen = object_field(said, "body"), flag_field(said, "seen", default=False)
    version = None if said.get("version") is None else number_field(said, "version")
    keep = _revising(request).draft
    draft = await asyncio.to_thread(keep, kind, key, body, version, actor, seen=seen)
    return json_answer(_draft_json(draft))


async def discard_draft(request: web.Request) -> web.Response:
    """Throw a draft away."""
    actor, kind, key = await staff_of(request), _kind_of(request), _key_of(request)
    author = request.query.get("author") or None
    await asyncio.to_thread(_revising(request).discard, kind, key, actor, author)
    return web.Response(status=204)


async def lint(request: web.Request) -> web.Response:
    """What should be changed before it may be published, and advice."""
    await staff_of(request)
    kind, key, body = _kind_of(request), _key_of(request), object_field(await read_object(request), "body")
    findings = await asyncio.to_thread(_revising(request).faults, kind, key, body)
    return json_answer({"findings": [_finding_json(finding) for finding in findings]})


async def preview(request: web.Request) -> web.Response:
    """What customers would hear: in each mood, at each telling, in both kinds of characters."""
    await staff_of(request)
    kind, key, body = _kind_of(request), _key_of(request), object_field(await read_object(request), "body")
    samples = await asyncio.to_thread(_revising(request).samples, kind, key, body)
    return json_answer({"samples": [_sample_json(sample) for sample in samples]})


async def publish(request: web.Request) -> web.Response:
    """Put a draft in force at once."""
    actor, kind, key = await staff_of(request, Role.SUPERVISOR), _kind_of(request), _key_of(request)
    said = await read_object(request)
    author, note = words_field(said, "author", "") or None, words_field(said, "note", "")
    version = None if said.get("version") is None else number_field(said, "version")
    found = await asyncio.to_thread(
        _revising(request).publish, kind, key, actor, note, author=author, version=version
    )  # fmt: skip
    return json_answer(_whole(request, kind, found, actor))


async def roll_back(request: web.Request) -> web.Response:
    """Say again what an earlier revision said; 0 stands for the file."""
    actor, kind, key = await staff_of(request, Role.SUPERVISOR), _kind_of(request), _key_of(request)
    said = await read_object(request)
    number, note = number_field(said, "number"), words_field(said, "note", "")
    found = await asyncio.to_thread(_revising(request).roll_back, kind, key, number, actor, note)
    return json_answer(_whole(request, kind, found, actor))


async def difference(request: web.Request) -> web.Response:
    """What differs between two forms."""
    actor, kind, key = await staff_of(request), _kind_of(request), _key_of(request)
    old, new = request.query.get("from", "now"), request.query.get("to", "draft")
    author = request.query.get("author") or actor.name
    lines = await asyncio.to_thread(_revising(request).difference, kind, key, old, new, author)
    return json_answer({"lines": [_line_json(line) for line in lines]})


def _revising(request: web.Request) -> Revising:
    return request.app[keys.OFFICE].revising


def _kind_of(request: web.Request) -> Kind:
    return _KINDS[request.match_info["kind"]] if "kind" in request.match_info else Kind.ARTICLE


def _key_of(request: web.Request) -> str:
    if not _KEY.fullmatch(request.match_info["key"]):
        raise NotFound("没有这一条，请从列表里选")
    return request.match_info["key"]


def _listed(entry: Entry, actor: Actor) -> dict[str, Any]:
    newest = entry.in_force
    return {
        "key": entry.key,
        "title": entry.title,
        "topic": entry.topic,
        "grounds": entry.grounds,
        "label": newest.label if newest else "file" if entry.shipped else None,
        "changed_by": newest.published_by if newest else None,
        "changed_at": moment(newest.published_at) if newest and newest.published_at else None,
        "drafts": [draft.author for draft in entry.drafts],
        "own_draft": any(draft.author == actor.name for draft in entry.drafts),
        "file_has_changed": entry.file_has_changed,
        "broken": entry.broken,
    }


def _whole(request: web.Request, kind: Kind, entry: Entry, actor: Actor) -> dict[str, Any]:
    known = _revising(request).variables(kind, entry.key)
    return {
        **_listed(entry, actor),
        "kind": kind,
        "body": entry.body,
        "file": entry.shipped,
        "revisions": [_revision_json(revision) for revision in entry.history[:MOST_ENTRIES]],
        "open_drafts": [{**_draft_json(draft), "behind": entry.is_behind(draft)} for draft in entry.drafts],
        "variables": [
            {"key": name, "name": variable.name, "example": variable.example} for name, variable in known.items()
        ],
        "moods": [{"emotion": level.label, "name": name} for level, name in MOOD_NAMES.items()],
    }


def _revision_json(revision: Revision) -> dict[str, Any]:
    return {
        "number": revision.number,
        "label": revision.label,
        "state": revision.state,
        "author": revision.author,
        "published_by": revision.published_by,
        "published_at": moment(revision.published_at) if revision.published_at else None,
        "note": revision.note,
        "body": revision.body,
    }


def _draft_json(draft: Revision) -> dict[str, Any]:
    return {
        "author": draft.author,
        "version": draft.version,
        "body": draft.body,
        "changed_at": moment(draft.changed_at or draft.created_at),
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {"text": finding.text, "place": finding.place, "blocks": finding.blocks}


def _sample_json(sample: Sample) -> dict[str, Any]:
    return {
        "emotion": None if sample.emotion is None else sample.emotion.label,
        "told": sample.told,
        "variant": sample.variant,
        "hans": _reply_json(sample.hans),
        "hant": _reply_json(sample.hant),
    }


def _reply_json(reply: Reply) -> dict[str, Any]:
    return {"text": reply.text, "buttons": [button.title for button in reply.buttons]}


def _line_json(line: Line) -> list[dict[str, Any]]:
    return [{"mark": run.mark, "text": run.text} for run in line]
