"""Files on tickets and in conversations: taken in piece by piece, looked at, and given only to those they concern."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.actor import CUSTOMER
from bot.domain.attachment import (
    FETCHED_WORDS,
    MOST_FILES,
    Attachment,
    clean_name,
    fetched_name,
    fetched_type,
    type_for,
)
from bot.domain.channel import WEBSITE
from bot.domain.conversation import Conversation
from bot.domain.desk import may_look
from bot.domain.errors import Conflict, NotAllowed, NotFound
from bot.domain.message import Message, Reply, Sender
from bot.domain.pause import Pause
from bot.domain.person import Person
from bot.domain.ticket import Ticket
from bot.services.casework import Casework, require_staff
from bot.services.desk import Desk
from bot.services.ports import Clock, FileStore, UnitOfWork, UnitOfWorkFactory, Upload
from bot.services.ports.channels import Fetch, OutgoingFile
from bot.services.ticket_desk import require_may_see

log = logging.getLogger(__name__)

SOURCE, MEDIA = "attachment", "media"
"""The kinds of a message's source that are a file: here, and still with a platform."""
MOST_A_DAY = 50
"""Files in a conversation on somebody else's platform."""
ORPHAN_AFTER = timedelta(hours=1)
"""A file without a row is cleared away after this: until then its row may still be on the way."""
BATCH = 500


@dataclass(frozen=True)
class Sent:
    """A file in a conversation with the message that tells of it; `fresh` is False where it had come before."""

    attachment: Attachment
    message: Message
    fresh: bool


class Attachments:
    """Takes files in and gives them out."""

    def __init__(self, uow: UnitOfWorkFactory, casework: Casework, desk: Desk, store: FileStore, clock: Clock) -> None:
        self._uow = uow
        self._casework = casework
        self._desk = desk
        self._store = store
        self._clock = clock
        self._cleared = Pause()

    def receive(self) -> tuple[str, Upload]:
        """The id of a new file, and where its pieces go."""
        file_id = str(uuid.uuid4())
        return file_id, self._store.receive(file_id)

    def require_place(self, person: Person, number: str) -> None:
        """See that a file may come to a ticket, before any of it is read.

        Raises:
            NotFound, NotAllowed: no such ticket, or not this person's business. Conflict: it has enough.
        """
        require_staff(person.actor)
        with self._uow() as uow:
            ticket = uow.tickets.get(number)
            if ticket is None:
                raise NotFound(f"没有工单 {number}，请核对编号")
            require_may_see(person, ticket)
            _require_place(uow.attachments.find(limit=MOST_FILES, ticket=number))

    def require_place_in(self, conversation_id: str) -> None:
        """The same for a conversation, whose customer sends one.

        Raises:
            NotFound: no such conversation. Conflict: it has enough.
        """
        with self._uow() as uow:
            if uow.conversations.get(conversation_id) is None:
                raise NotFound("没有这个会话，请刷新页面重新开始")
            _require_place(uow.attachments.find(limit=MOST_FILES, conversation_id=conversation_id))

    def put_on(self, number: str, person: Person, file_id: str, name: str, upload: Upload) -> Attachment:
        """A person puts a file that has come whole on a ticket.

        Raises:
            InvalidInput: it is of no kind that may come, or not what its name says.
            NotFound, NotAllowed, Conflict: see `require_place`. StorageFull: the disk has no place for it.
        """
        file = self._looked_at(file_id, name, upload, person.name, ticket=number)
        with self._uow() as uow:
            ticket = self._casework.locked(uow, number)
            require_may_see(person, ticket)
            _require_place(uow.attachments.find(limit=MOST_FILES, ticket=number))
            uow.attachments.add(file, person.name, file.name, file.added_at)
            noted = ticket.note("attachment", person.name, f"添加附件：{file.name}", file.added_at)
            self._casework.keep(uow, noted)
            uow.attachment_marks.mark(number, None)
            self._commit(uow, file, upload)
        return file

    def send(self, conversation_id: str, client_id: str, file_id: str, name: str, upload: Upload) -> Sent:
        """A customer sends a file; the same `client_id` again gives the same message, nothing twice.

        Raises:
            InvalidInput, NotFound, Conflict, StorageFull: see `put_on`.
        """
        file = self._looked_at(file_id, name, upload, CUSTOMER.name, conversation_id=conversation_id)
        with self._uow() as uow:
            if uow.conversations.lock(conversation_id) is None:
                raise NotFound("没有这个会话，请刷新页面重新开始")
            if known := uow.messages.by_dedupe_key(conversation_id, client_id):
                return Sent(_known(uow.attachments.get((known.source or {}).get("id", ""))), known, fresh=False)
            _require_place(uow.attachments.find(limit=MOST_FILES, conversation_id=conversation_id))
            uow.attachments.add(file, CUSTOMER.name, file.name, file.added_at)
            uow.attachment_marks.mark(None, conversation_id)
            (message,) = uow.messages.add(
                conversation_id, Sender.CUSTOMER, [_told(file)], file.added_at, dedupe_key=client_id
            )  # fmt: skip
            self._commit(uow, file, upload)
        return Sent(file, message, fresh=True)

    def require_sight(self, conversation_id: str, person: Person) -> None:
        """See that the conversation is this person's business, before any of a file for it is read.

        Raises:
            NotFound, NotAllowed: no such conversation, or another team's; that is logged.
        """
        with self._uow() as uow:
            self._desk.seen(uow, conversation_id, person)

    def send_as(
        self, conversation_id: str, person: Person, client_id: str, file_id: str, name: str, upload: Upload
    ) -> Sent:
        """A person sends the customer a file; the same `client_id` again gives the same message, nothing twice.

        Raises:
            InvalidInput, NotFound, NotAllowed, StorageFull: see `put_on`.
            Conflict: the conversation is not in this person's hands, or it has enough files.
        """
        file = self._looked_at(file_id, name, upload, person.name, conversation_id=conversation_id)
        with self._uow() as uow:
            conversation = self._desk.locked(uow, conversation_id, person)
            if known := self._desk.said_before(uow, conversation, person, client_id):
                return Sent(_known(uow.attachments.get((known.source or {}).get("id", ""))), known, fresh=False)
            message = self._desk.speak(uow, conversation, person, client_id, _told(file, by=person.name))
            _require_place_now(uow, conversation, file.added_at)
            uow.attachments.add(file, person.name, file.name, file.added_at)
            uow.attachment_marks.mark(None, conversation_id)
            self._commit(uow, file, upload)
        return Sent(file, message, fresh=True)

    def of_ticket(self, ticket: Ticket) -> list[Attachment]:
        """A ticket's files, and those that its customer sent in the conversation."""
        with self._uow() as uow:
            files = uow.attachments.find(ticket=ticket.number)
            if ticket.conversation_id:
                files += uow.attachments.find(conversation_id=ticket.conversation_id)
        return sorted(files, key=lambda file: file.added_at)

    def for_person(self, person: Person, file_id: str) -> tuple[Attachment, str]:
        """A file that concerns the person, and where it lies.

        Raises:
            NotFound: there is none. NotAllowed: it is another team's; that is logged.
        """
        with self._uow() as uow:
            file = _known(uow.attachments.get(file_id))
            ticket = uow.tickets.get(file.ticket) if file.ticket else None
            if ticket:
                require_may_see(person, ticket)
            elif file.conversation_id and not self._concerns(uow, person, file.conversation_id):
                log.warning("refused: %s asked for attachment %s of another team", person.name, file.id)
                raise NotAllowed("这是别的团队的附件，请找主管查看")
        return file, self._place(file)

    def for_customer(self, conversation_id: str, file_id: str) -> tuple[Attachment, str]:
        """A file that was sent in the customer's own conversation, and where it lies.

        Raises:
            NotFound: there is none in this conversation.
        """
        with self._uow() as uow:
            file = _known(uow.attachments.get(file_id))
        if file.conversation_id != conversation_id:
            raise NotFound("没有这个附件，可能已经删除，请刷新后再看")
        return file, self._place(file)

    def keep_fetched(self, fetch: Fetch, file_id: str, upload: Upload) -> Message | None:
        """A customer's file has come whole from a platform: their message now tells of it.

        What the platform heard in a voice message stays what they said; the file goes with it.

        Returns:
            The message as it is now; None where the file had come before, or nobody wants it any more.

        Raises:
            InvalidInput: it is of no kind that may come. Conflict: the customer has sent enough for one day.
            StorageFull: the disk has no place for it.
        """
        kind, now = fetched_type(upload.kind()), self._clock()
        name = fetched_name(fetch.media.name, fetch.media.kind, kind, now)
        file = Attachment(
            file_id, None, fetch.conversation_id, name, kind, upload.size, upload.digest, CUSTOMER.name, now
        )
        with self._uow() as uow:
            conversation = uow.conversations.lock(fetch.conversation_id)
            message = uow.messages.get(fetch.message_id)
            if not uow.fetches.done(fetch.message_id) or conversation is None or message is None:
                return None
            _require_place_now(uow, conversation, now)
            uow.attachments.add(file, CUSTOMER.name, file.name, now)
            uow.attachment_marks.mark(None, fetch.conversation_id)
            source = message.source or {}
            if source.get("kind") == MEDIA:
                told = _told(file, FETCHED_WORDS[fetch.media.kind])
                message = replace(message, text=told.text, source={**source, **told.source})
            else:
                message = replace(message, source={**source, "file": file.id})
            uow.messages.restate(message.id, message.text, message.source or {})
            self._commit(uow, file, upload)
        return message

    def outgoing(self, file_id: str) -> OutgoingFile | None:
        """A file on its way to a customer; None where it is gone."""
        with self._uow() as uow:
            file = uow.attachments.get(file_id)
        path = self._store.path(file.id, file.digest) if file else None
        return OutgoingFile(file.name, file.type, path) if file and path else None

    def linked(self, file_id: str) -> tuple[Attachment, str]:
        """A file whose signed link somebody has, and where it lies.

        Raises:
            NotFound: there is none any more.
        """
        with self._uow() as uow:
            file = _known(uow.attachments.get(file_id))
        return file, self._place(file)

    def clear_orphans(self) -> int:
        """Once in a while, clear away files that no row knows, such as after a crash between file and commit.

        Returns:
            Always 0: there is nothing to go on with.
        """
        now = self._clock()
        if self._cleared.lasts(now):
            return 0
        self._cleared.begin(now, ORPHAN_AFTER)
        lying = self._store.older_than(now - ORPHAN_AFTER)
        for some in (lying[n : n + BATCH] for n in range(0, len(lying), BATCH)):
            with self._uow() as uow:
                known = uow.attachment_marks.known_ids([file_id for file_id, _ in some])
            for file_id, digest in some:
                if file_id not in known:
                    self._store.remove(file_id, digest)
        return 0

    def _concerns(self, uow: UnitOfWork, person: Person, conversation_id: str) -> bool:
        """Whether the person may see the conversation, or a ticket that came of it."""
        conversation = uow.conversations.get(conversation_id)
        if conversation and may_look(person, conversation):
            return True
        tickets = uow.tickets.of_conversation(conversation_id)
        return any(person.may_see(ticket.team) or ticket.assignee == person.name for ticket in tickets)

    def _looked_at(
        self, file_id: str, name: str, upload: Upload, by: str, ticket: str | None = None,
        conversation_id: str | None = None,
    ) -> Attachment:  # fmt: skip
        name = clean_name(name)
        kind = type_for(name, upload.kind())
        return Attachment(file_id, ticket, conversation_id, name, kind, upload.size, upload.digest, by, self._clock())

    def _commit(self, uow: UnitOfWork, file: Attachment, upload: Upload) -> None:
        """The file first, then its row: a row always has its file; a file without a row is cleared away."""
        upload.keep()
        try:
            uow.commit()
        except BaseException:
            self._store.remove(file.id, file.digest)
            raise

    def _place(self, file: Attachment) -> str:
        path = self._store.path(file.id, file.digest)
        if path is None:
            log.error("the file of attachment %s is gone", file.id)
            raise NotFound("附件的文件不在了，请联系管理员从备份恢复")
        return path


def _told(file: Attachment, word: str = "", by: str | None = None) -> Reply:
    """The message that tells of a file.

    Args:
        word: how people call such a file; empty for what its content tells.
        by: the person of the company who sends it.
    """
    text = f"[{word or ('图片' if file.is_image else '文件')}] {file.name}"
    return Reply(text, {"kind": SOURCE, "id": file.id} | ({"agent": by} if by else {}))


def _require_place_now(uow: UnitOfWork, conversation: Conversation, now: datetime) -> None:
    """A conversation on the website has place for some files; one on a platform, which goes on for years, each day."""
    if conversation.channel == WEBSITE:
        _require_place(uow.attachments.find(limit=MOST_FILES, conversation_id=conversation.id))
        return
    files = uow.attachments.find(conversation_id=conversation.id)
    if sum(now - file.added_at < timedelta(days=1) for file in files) >= MOST_A_DAY:
        raise Conflict(f"这个会话一天里已有 {MOST_A_DAY} 个文件")


def _require_place(files: Sequence[Attachment]) -> None:
    if len(files) >= MOST_FILES:
        raise Conflict(f"这里已经有 {MOST_FILES} 个附件，不能再加了")


def _known(file: Attachment | None) -> Attachment:
    if file is None:
        raise NotFound("没有这个附件，可能已经删除，请刷新后再看")
    return file
