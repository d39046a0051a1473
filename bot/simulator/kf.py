"""微信客服: accounts, the log that is pulled, sessions and what may be sent in them (W3)."""

import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from bot.simulator.chat import WITH_MEDIA, Reply, Speaker, read_message
from bot.simulator.credentials import KF_NAME, OPEN_KFID, SERVICERS
from bot.simulator.grants import KF, Cause, Grants
from bot.simulator.media import MediaStore
from bot.simulator.refusals import (
    BAD_ARGUMENT,
    BAD_EVENT_CODE,
    BAD_EXTERNAL_USER,
    BAD_TOKEN,
    BEYOND_QUOTA,
    KF_BAD_ACCOUNT,
    KF_BAD_SYNC_TOKEN,
    KF_BAD_TRANSITION,
    KF_COUNT_USED_UP,
    KF_NO_SUCH_ACCOUNT,
    KF_NOT_RECEIVING,
    KF_WINDOW_CLOSED,
    KF_WRONG_STATE,
    QUOTA,
    Refused,
)
from bot.simulator.tokens import Tokens

KINDS = frozenset({
    "text", "image", "voice", "video", "file", "link", "miniprogram", "msgmenu", "location", "ca_link",
})  # fmt: skip
ON_EVENT_KINDS = frozenset({"text", "msgmenu"})
KEPT = timedelta(days=3)
MOST_PER_PAGE = 1000
SYNC_TOKEN_LASTS = timedelta(minutes=10)
WITHOUT_TOKEN_EVERY = timedelta(minutes=1)
"""The documentation says “strictly limited” and no more."""
SESSION_LASTS = timedelta(hours=48)
WELCOME_LASTS = timedelta(seconds=20)
WELCOME_EVERY = timedelta(hours=48)
MSGID = re.compile("[0-9a-zA-Z_-]{1,32}")


class State(IntEnum):
    """Where a session is."""

    NEW = 0
    """Nobody has it: it may be answered through the API, queued, or given to a person."""
    ASSISTANT = 1
    """The API answers."""
    QUEUED = 2
    PERSON = 3
    ENDED = 4


TRANSITIONS = {
    State.NEW: {State.ASSISTANT, State.QUEUED, State.PERSON},
    State.ASSISTANT: {State.QUEUED, State.PERSON},
    State.QUEUED: {State.PERSON},
    State.PERSON: {State.PERSON, State.ENDED},
    State.ENDED: set(),
}
"""What the API may make of each, by the table in “分配客服会话”."""
MAY_SEND = frozenset({State.NEW, State.ASSISTANT})


@dataclass
class Session:
    """One customer with one of the accounts."""

    open_kfid: str
    external_userid: str
    grants: Grants = field(default_factory=lambda: Grants(KF))
    chat: list[Reply] = field(default_factory=list)
    state: State = State.ENDED
    servicer: str = ""
    wrote_at: datetime | None = None
    greeted_at: datetime | None = None
    refuses: bool = False


@dataclass
class _Code:
    session: Session
    until: datetime


class Kf:
    """The state of 微信客服.

    Attributes:
        page_size: the most that one pull brings; smaller, so that pulls go on over several pages.
        sent_beyond_quota: how often a message was sent that no grant allowed.
    """

    def __init__(
        self, now: Callable[[], datetime], clock: Callable[[], datetime], media: MediaStore,
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        """Start with one account and nobody in it.

        Args:
            now: the platform's time.
            clock: what messages are dated by, which the service shares.
        """
        self.tokens = Tokens("kf", now, BAD_TOKEN)
        self.accounts = {OPEN_KFID: KF_NAME}
        self.servicers = set(SERVICERS)
        self.sessions: dict[tuple[str, str], Session] = {}
        self.page_size = MOST_PER_PAGE
        self.sent_beyond_quota = 0
        self._now = now
        self._clock = clock
        self._media = media
        self._changed = changed
        self._log: list[tuple[datetime, dict[str, Any]]] = []
        self._sync_tokens: dict[str, datetime] = {}
        self._pulled_without_token_at: datetime | None = None
        self._codes: dict[str, _Code] = {}
        self._used_msgids: set[tuple[str, str]] = set()
        self._numbers = itertools.count(1)
        self._run = secrets.token_hex(4)  # a service that outlives the simulator still knows what the last one gave out

    def session(self, open_kfid: str, external_userid: str) -> Session:
        """The customer with the account; known from now on.

        Raises:
            Refused: there is no such account.
        """
        self._check_account(open_kfid)
        key = open_kfid, external_userid
        return self.sessions.setdefault(key, Session(open_kfid, external_userid))

    def replies(self, open_kfid: str, external_userid: str) -> list[Reply]:
        """What the service has said to a customer."""
        session = self.sessions.get((open_kfid, external_userid))
        return [line for line in session.chat if line.speaker is Speaker.SERVICE] if session else []

    def state_of(self, session: Session) -> State:
        """A session ends by itself 48 hours after the customer's last word."""
        if session.wrote_at is None or self._now() - session.wrote_at >= SESSION_LASTS:
            return State.ENDED
        return session.state

    def written(self, session: Session, line: Reply, content: dict[str, Any]) -> None:
        """The customer has sent this.

        Args:
            content: what `sync_msg` tells of it: `msgtype` and the field of that name.
        """
        if self.state_of(session) is State.ENDED:
            session.state = State.NEW
        session.wrote_at = self._now()
        session.grants.open(Cause.WROTE, self._now())
        session.chat.append(line)
        self._write(3, session, content)

    def entered(self, session: Session, scene: str = "") -> str:
        """The customer has opened the chat; the welcome code, which is empty where they may not be welcomed."""
        now = self._now()
        greeted_lately = session.greeted_at is not None and now - session.greeted_at < WELCOME_EVERY
        wrote_lately = session.wrote_at is not None and now - session.wrote_at < WELCOME_EVERY
        code = "" if greeted_lately or wrote_lately else self._code("welcome", session, WELCOME_LASTS)
        more = {"welcome_code": code} if code else {}
        self._tell(session, {"event_type": "enter_session", "scene": scene, "scene_param": "", **more})
        return code

    def taken(self, session: Session, servicer: str) -> None:
        """A person takes the customer out of the queue, in 企业微信 itself."""
        session.state, session.servicer = State.PERSON, servicer
        self._tell(session, {"event_type": "session_status_change", "change_type": 1, "new_servicer_userid": servicer})

    def person_wrote(self, session: Session, text: str) -> None:
        """The person who has the session writes in 企业微信; such a message is pulled too."""
        session.chat.append(Reply("text", text, self._now(), Speaker.PERSON))
        self._write(5, session, {"msgtype": "text", "text": {"content": text}, "servicer_userid": session.servicer})

    def ended(self, session: Session) -> None:
        """The person closes the session, in 企业微信 itself."""
        before, session.servicer = session.servicer, ""
        session.state = State.ENDED
        self._tell(session, {"event_type": "session_status_change", "change_type": 3, "old_servicer_userid": before})

    def give_sync_token(self) -> str:
        """The token that goes with a callback."""
        token = f"ENC{secrets.token_urlsafe(24)}"
        self._sync_tokens[token] = self._now() + SYNC_TOKEN_LASTS
        return token

    def sync(self, body: dict[str, Any]) -> dict[str, Any]:
        """`kf/sync_msg`.

        Raises:
            Refused: the token is wrong or old, without one it was asked too often, or the cursor is none of ours.
        """
        self._check_sync_token(body.get("token", ""))
        account = body.get("open_kfid", "")
        if account:
            self._check_account(account)
        start = self._position(body.get("cursor", ""))
        most = min(int(body.get("limit") or MOST_PER_PAGE), MOST_PER_PAGE, self.page_size)
        page: list[dict[str, Any]] = []
        end = start
        while end < len(self._log) and len(page) < most:
            at, message = self._log[end]
            end += 1
            if account in ("", _account(message)) and self._now() - at < KEPT:
                page.append(message)
        more = any(account in ("", _account(message)) for _, message in self._log[end:])
        return {"next_cursor": f"cursor-{self._run}-{end:012}", "has_more": int(more), "msg_list": page}

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        """`kf/send_msg`.

        Raises:
            Refused: the session's state or the grants do not allow it, a `msgid` was used before, the account or the
                customer is unknown, or it is no good message.
        """
        session = self._known(body, "touser")
        reply = read_message(body, self._now(), KINDS)
        if reply.kind in WITH_MEDIA:
            self._media.get(reply.media_id)
        msgid = self._msgid(body, session)
        try:
            session.grants.check(self._now(), KF_WINDOW_CLOSED, KF_COUNT_USED_UP)
        except Refused as refusal:
            self.sent_beyond_quota += refusal.code in BEYOND_QUOTA
            raise
        if self.state_of(session) not in MAY_SEND:
            raise Refused(KF_WRONG_STATE, str(self.state_of(session).value))
        session.grants.count()
        self._used_msgids.add((session.open_kfid, msgid))
        if session.refuses:  # the call succeeds; that it did not arrive is told later
            self._tell(session, {"event_type": "msg_send_fail", "fail_msgid": msgid, "fail_type": 10})
        else:
            session.chat.append(reply)
        self._changed()
        return {"msgid": msgid}

    def send_on_event(self, body: dict[str, Any]) -> dict[str, Any]:
        """`kf/send_msg_on_event`; whether it counts among the five is not published: here it does not.

        Raises:
            Refused: the code is wrong, used or late, or it is no good message.
        """
        code = str(body.get("code", ""))
        given = self._codes.get(code)
        if given is None or self._now() >= given.until:
            raise Refused(BAD_EVENT_CODE)
        reply = read_message(body, self._now(), ON_EVENT_KINDS)
        msgid = self._msgid(body, given.session)
        del self._codes[code]
        self._used_msgids.add((given.session.open_kfid, msgid))
        if code.startswith("welcome"):
            given.session.greeted_at = self._now()
        given.session.chat.append(reply)
        self._changed()
        return {"msgid": msgid}

    def get_state(self, body: dict[str, Any]) -> dict[str, Any]:
        """`kf/service_state/get`.

        Raises:
            Refused: the account or the customer is unknown.
        """
        session = self._known(body, "external_userid")
        return {"service_state": self.state_of(session).value, "servicer_userid": session.servicer}

    def change_state(self, body: dict[str, Any]) -> dict[str, Any]:
        """`kf/service_state/trans`.

        Raises:
            Refused: the state cannot become that one, who shall receive does not, or the customer is unknown.
        """
        session = self._known(body, "external_userid")
        wanted, servicer = body.get("service_state"), str(body.get("servicer_userid", ""))
        if wanted not in list(State):
            raise Refused(BAD_ARGUMENT, "service_state")
        before, after = self.state_of(session), State(wanted)
        if after not in TRANSITIONS[before]:
            raise Refused(KF_BAD_TRANSITION, f"{before.value} -> {after.value}")
        if after is State.PERSON and servicer not in self.servicers:
            raise Refused(KF_NOT_RECEIVING, servicer)
        session.state = after
        session.servicer = servicer if after is State.PERSON else ""
        self._changed()
        says_something = after in (State.QUEUED, State.PERSON, State.ENDED) and after is not before
        return {"msg_code": self._code("state", session, SESSION_LASTS)} if says_something else {}

    def list_accounts(self) -> dict[str, Any]:
        """`kf/account/list`."""
        accounts = [
            {"open_kfid": id_, "name": name, "avatar": "", "manage_privilege": True}
            for id_, name in self.accounts.items()
        ]
        return {"account_list": accounts}

    def _check_account(self, open_kfid: Any) -> None:
        if not isinstance(open_kfid, str) or not open_kfid.startswith("wk"):
            raise Refused(KF_BAD_ACCOUNT, str(open_kfid))
        if open_kfid not in self.accounts:
            raise Refused(KF_NO_SUCH_ACCOUNT, open_kfid)

    def _known(self, body: dict[str, Any], customer: str) -> Session:
        self._check_account(body.get("open_kfid"))
        session = self.sessions.get((str(body["open_kfid"]), str(body.get(customer))))
        if session is None:
            raise Refused(BAD_EXTERNAL_USER, str(body.get(customer)))
        return session

    def _msgid(self, body: dict[str, Any], session: Session) -> str:
        given = body.get("msgid")
        if given is None:
            return f"sent{next(self._numbers):028}"
        if not isinstance(given, str) or not MSGID.fullmatch(given):
            raise Refused(BAD_ARGUMENT, "msgid")
        if (session.open_kfid, given) in self._used_msgids:
            raise Refused(BAD_ARGUMENT, "msgid exists")
        return given

    def _check_sync_token(self, token: str) -> None:
        now = self._now()
        if token:
            if now >= self._sync_tokens.get(token, now):
                raise Refused(KF_BAD_SYNC_TOKEN)
            return
        last = self._pulled_without_token_at
        if last is not None and now - last < WITHOUT_TOKEN_EVERY:
            raise Refused(QUOTA, "sync_msg without token")
        self._pulled_without_token_at = now

    def _position(self, cursor: str) -> int:
        """Where a page begins; to who comes with a cursor of an earlier run, all is new."""
        start, _, number = cursor.rpartition("-")
        if start != f"cursor-{self._run}":
            if cursor and not cursor.startswith("cursor-"):
                raise Refused(BAD_ARGUMENT, "cursor")
            return 0
        if not number.isdecimal() or int(number) > len(self._log):
            raise Refused(BAD_ARGUMENT, "cursor")
        return int(number)

    def _code(self, kind: str, session: Session, lasts: timedelta) -> str:
        code = f"{kind}-{secrets.token_urlsafe(18)}"
        self._codes[code] = _Code(session, self._now() + lasts)
        return code

    def _tell(self, session: Session, event: dict[str, Any]) -> None:
        who = {"open_kfid": session.open_kfid, "external_userid": session.external_userid}
        self._write(4, None, {"msgtype": "event", "event": {**event, **who}})

    def _write(self, origin: int, session: Session | None, content: dict[str, Any]) -> None:
        """One more in the log; an event tells whose it is inside only."""
        who = {"open_kfid": session.open_kfid, "external_userid": session.external_userid} if session else {}
        at = {
            "msgid": f"msg{self._run}{next(self._numbers):021}",
            "send_time": int(self._clock().timestamp()),
            "origin": origin,
        }
        self._log.append((self._now(), {**at, **who, **content}))
        self._changed()


def _account(message: dict[str, Any]) -> str:
    return str(message.get("open_kfid") or message["event"]["open_kfid"])
