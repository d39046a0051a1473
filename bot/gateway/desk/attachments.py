"""Files of tickets and conversations: read piece by piece with suspicion, given out so that nothing in them can act."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.domain.attachment import MOST_BYTES, Attachment
from bot.domain.errors import NotFound, TooLong
from bot.gateway import keys
from bot.gateway.api import number_of
from bot.gateway.auth import customer_of, person_of
from bot.gateway.desk.conversations import id_of
from bot.gateway.desk.rows import message_json
from bot.gateway.errors import bad_request, too_many
from bot.gateway.exchange import json_answer, moment
from bot.gateway.links import opened
from bot.gateway.proxies import peer_of
from bot.services.attachments import Attachments
from bot.services.ports import Upload

PIECE_BYTES = 64 * 1024
MOST_AROUND = 64 * 1024
"""What a form may need beside the file itself."""
WITHIN_SECONDS = 180
UPLOADS_PER_MINUTE = 300
"""Of customers at one address, whichever conversations they are for."""
FILE, CLIENT_ID = "file", "client_id"

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    hdrs.CONTENT_SECURITY_POLICY: "sandbox; default-src 'none'",
    hdrs.CACHE_CONTROL: "private, no-store",
}
"""Whatever is in a file, no browser takes it for a page of ours or lets it act."""


@dataclass(frozen=True)
class _Form:
    """What came: the file, and what was said beside it."""

    file_id: str
    name: str
    upload: Upload
    client_id: str


async def put_on_ticket(request: web.Request) -> web.Response:
    """A person puts a file on a ticket."""
    person, number, files = await person_of(request), number_of(request), _files(request)
    await asyncio.to_thread(files.require_place, person, number)
    async with _received(request) as form:
        file = await asyncio.to_thread(files.put_on, number, person, form.file_id, form.name, form.upload)
    return json_answer(attachment_json(file), status=201)


async def of_ticket(request: web.Request) -> web.Response:
    """A ticket's files, and those that its customer sent in the conversation."""
    person, office = await person_of(request), request.app[keys.OFFICE]
    ticket = await asyncio.to_thread(office.ticket_desk.visible, person, number_of(request))
    found = await asyncio.to_thread(office.attachments.of_ticket, ticket)
    return json_answer({"attachments": [attachment_json(file) for file in found]})


async def download(request: web.Request) -> web.StreamResponse:
    """A file, for people whom it concerns."""
    person = await person_of(request)
    file, path = await asyncio.to_thread(_files(request).for_person, person, _id_of(request, "id"))
    return _given(file, path, request)


async def send(request: web.Request) -> web.Response:
    """A customer sends a file in the conversation; the same `client_id` again changes nothing."""
    conversation_id, files = customer_of(request), _files(request)
    by_address = request.app[keys.UPLOAD_LIMIT].take(peer_of(request))
    if wait := by_address or request.app[keys.MESSAGE_LIMIT].take(conversation_id):
        raise too_many(wait)
    await asyncio.to_thread(files.require_place_in, conversation_id)
    async with _received(request) as form:
        _require_client_id(form)
        sent = await asyncio.to_thread(
            files.send, conversation_id, form.client_id, form.file_id, form.name, form.upload
        )  # fmt: skip
    if sent.fresh:
        request.app[keys.METRICS].messages.inc()
        request.app[keys.TURNS].notice(conversation_id)
    answer = {"message_id": sent.message.id, "seq": sent.message.seq, "attachment": attachment_json(sent.attachment)}
    return json_answer(answer, status=202)


async def send_as_person(request: web.Request) -> web.Response:
    """A person sends the customer a file; the same `client_id` again changes nothing."""
    person, conversation_id, files = await person_of(request), id_of(request), _files(request)
    await asyncio.to_thread(files.require_sight, conversation_id, person)
    async with _received(request) as form:
        _require_client_id(form)
        sent = await asyncio.to_thread(
            files.send_as, conversation_id, person, form.client_id, form.file_id, form.name, form.upload
        )  # fmt: skip
    answer = {"message": message_json(sent.message), "attachment": attachment_json(sent.attachment)}
    return json_answer(answer, status=201 if sent.fresh else 200)


async def download_own(request: web.Request) -> web.StreamResponse:
    """A file of the customer's own conversation."""
    conversation_id = customer_of(request)
    file, path = await asyncio.to_thread(
        _files(request).for_customer, conversation_id, _id_of(request, "attachment")
    )  # fmt: skip
    return _given(file, path, request)


async def download_linked(request: web.Request) -> web.StreamResponse:
    """A file whose signed link we gave to a customer, because their channel could not bring the file itself."""
    file, path = await asyncio.to_thread(_files(request).linked, opened(request, "file"))
    return _given(file, path, request)


def attachment_json(file: Attachment) -> dict[str, Any]:
    """A file as the API shows it."""
    return {
        "id": file.id, "ticket": file.ticket, "conversation_id": file.conversation_id, "name": file.name,
        "type": file.type, "size": file.size, "is_image": file.is_image, "added_by": file.added_by,
        "added_at": moment(file.added_at),
    }  # fmt: skip


@asynccontextmanager
async def _received(request: web.Request) -> AsyncIterator[_Form]:
    """The form with its file, whole and counted while it came; what is not kept is gone afterwards."""
    if request.content_type != "multipart/form-data":
        raise bad_request("请以 multipart/form-data 上传，文件放在 file 里")
    if (request.content_length or 0) > MOST_BYTES + MOST_AROUND:
        raise TooLong(f"文件超过 {MOST_BYTES // 1024 // 1024} MB，请压缩后再传")
    file_id, upload = _files(request).receive()
    with upload:
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                name, client_id = await _read(request, upload)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except (web.RequestPayloadError, ConnectionError):
            raise bad_request("文件没有传完整，请重传") from None
        except (ValueError, RuntimeError, AssertionError, LookupError, HttpProcessingError):
            raise bad_request("上传的内容没有读懂，请从页面重新选择文件上传") from None
        yield _Form(file_id, name, upload, client_id)


async def _read(request: web.Request, upload: Upload) -> tuple[str, str]:
    client_id = ""
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ValueError("nested")
        if part.name == CLIENT_ID:
            client_id = (await part.read_chunk(100)).decode()
        elif part.name == FILE and part.filename is not None:
            while piece := await part.read_chunk(PIECE_BYTES):
                await asyncio.to_thread(upload.write, piece)
            if not upload.size:
                raise bad_request("文件是空的，请重新选择")
            return part.filename, client_id
    raise bad_request("没有收到文件，请把文件放在 file 里上传")


def _require_client_id(form: _Form) -> None:
    if not _UUID.fullmatch(form.client_id):
        raise bad_request("请在文件之前以 UUID 给出 client_id，例如 123e4567-e89b-42d3-a456-426614174000")


def _given(file: Attachment, path: str, request: web.Request) -> web.FileResponse:
    shown = file.is_image and "download" not in request.query
    named = f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(file.name, safe='')}"
    return web.FileResponse(path, headers={**_SAFE, hdrs.CONTENT_TYPE: file.type, hdrs.CONTENT_DISPOSITION: named})


def _id_of(request: web.Request, name: str) -> str:
    file_id = request.match_info[name]
    if not _UUID.fullmatch(file_id):
        raise NotFound("没有这个附件，请核对网址")
    return file_id.lower()


def _files(request: web.Request) -> Attachments:
    return request.app[keys.OFFICE].attachments
