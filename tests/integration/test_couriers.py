"""Couriers against real receivers: an HTTP server, a mail server (C6, D8)."""

import asyncio
import email
import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.couriers.email import EmailCourier, MailServer, as_mail, read_mail_server
from bot.adapters.couriers.webhook import WebhookCourier, sign, signing_key, verify
from bot.adapters.department_files import load_mail_fields
from bot.domain.department import Department
from bot.domain.errors import CourierFailure, InvalidInput
from bot.domain.notice import Notice, Way
from tests.integration.fixtures_database import NOON, ROOT

SECRET = "a secret of the tests that is long enough"
KEY = signing_key(SECRET, "warehouse")
FIELDS = load_mail_fields()
TASK = {"task": "7", "ticket": "TS20261123-0001", "what": "补发一只滤芯", "link": "https://anfu.example.com/t/x"}


def notice(way: Way = Way.WEBHOOK, subject: str = "新任务：补发一只滤芯", **body: str) -> Notice:
    return Notice("0b1c5f0e", f"task:7:{way}", way, "warehouse", subject, body or TASK, NOON, NOON)


def departments(webhook: str = "", mailbox: str = "") -> dict[str, Department]:
    return {"warehouse": Department("warehouse", "仓库", webhook, mailbox, 4)}


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def receiver(handler: Handler) -> AsyncIterator[str]:
    """A department's system; gives its address."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/anfu"))


@asynccontextmanager
async def courier_to(handler: Handler, timeout: float = 10) -> AsyncIterator[WebhookCourier]:
    async with (
        receiver(handler) as address,
        WebhookCourier(departments(address), SECRET, lambda: NOON, timeout) as courier,
    ):
        yield courier


async def test_a_webhook_gets_the_notice_as_signed_json() -> None:
    got: list[tuple[web.Request, bytes]] = []

    async def accept(request: web.Request) -> web.Response:
        got.append((request, await request.read()))
        return web.Response()

    async with courier_to(accept) as courier:
        await courier.deliver(notice())
    [(request, body)] = got
    assert (request.method, request.path, request.content_type) == ("POST", "/anfu", "application/json")
    assert json.loads(body) == {
        "id": "0b1c5f0e", "key": "task:7:webhook", "subject": "新任务：补发一只滤芯", "to": "warehouse",
        "created_at": "2026-11-23T04:00:00+00:00", **TASK,
    }  # fmt: skip
    assert request.headers["Anfu-Id"] == "0b1c5f0e"
    assert request.headers["Anfu-Timestamp"] == str(int(NOON.timestamp()))
    assert verify(KEY, request.headers, body, NOON)
    assert "补发".encode() in body, "Chinese is legible in the receiver's log"


async def test_what_a_notice_tells_cannot_pass_for_its_id_or_its_receiver() -> None:
    got: list[Any] = []

    async def accept(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=204)

    async with courier_to(accept) as courier:
        await courier.deliver(notice(id="other", to="finance", what="补发"))
    assert (got[0]["id"], got[0]["to"], got[0]["what"]) == ("0b1c5f0e", "warehouse", "补发")


def signed(body: bytes, at: datetime = NOON, key: str = KEY) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    return {"Anfu-Timestamp": timestamp, "Anfu-Signature": sign(key, timestamp, body)}


BODY = b'{"id": "0b1c5f0e"}'
REFUSED = {
    "changed on its way": (signed(b'{"id": "0b1c5f0f"}'), NOON),
    "signed with another department's key": (signed(BODY, key=signing_key(SECRET, "finance")), NOON),
    "signed with the secret itself": (signed(BODY, key=SECRET), NOON),
    "an old one sent again": (signed(BODY), NOON + timedelta(minutes=5, seconds=1)),
    "from the future": (signed(BODY), NOON - timedelta(minutes=5, seconds=1)),
    "an old one with a new time": (signed(BODY, NOON - timedelta(days=1)) | {"Anfu-Timestamp": "1795406400"}, NOON),
    "without a signature": ({"Anfu-Timestamp": str(int(NOON.timestamp()))}, NOON),
    "without a time": ({"Anfu-Signature": signed(BODY)["Anfu-Signature"]}, NOON),
    "with a signature in Chinese": (signed(BODY) | {"Anfu-Signature": "sha256=签名"}, NOON),
    "without headers": ({}, NOON),
}


def test_what_we_send_is_taken_within_five_minutes() -> None:
    assert verify(KEY, signed(BODY), BODY, NOON + timedelta(minutes=5))
    assert verify(KEY, signed(BODY), BODY, NOON - timedelta(minutes=5))


@pytest.mark.parametrize(("headers", "now"), REFUSED.values(), ids=REFUSED)
def test_a_receiver_refuses(headers: dict[str, str], now: datetime) -> None:
    assert not verify(KEY, headers, BODY, now)


async def test_the_receiver_of_the_docs_takes_what_we_send_once_and_nothing_else() -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/notices.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    read_notice, seen, taken = names["read_notice"], set[str](), list[Any]()

    async def accept(request: web.Request) -> web.Response:
        body = await request.read()
        assert read_notice("another key", request.headers, body, seen) is None
        assert read_notice(KEY, request.headers, body + b" ", seen) is None
        assert read_notice(KEY, {}, body, seen) is None
        taken.append(read_notice(KEY, request.headers, body, seen))
        return web.Response()

    async with receiver(accept) as address:
        async with WebhookCourier(departments(address), SECRET, lambda: datetime.now(UTC)) as courier:
            await courier.deliver(notice())
            await courier.deliver(notice())
        async with WebhookCourier(departments(address), SECRET, lambda: NOON - timedelta(days=400)) as courier:
            await courier.deliver(notice())
    assert [told and told["what"] for told in taken] == ["补发一只滤芯", None, None]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_says_that_it_has_arrived(status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with courier_to(answer) as courier:
        await courier.deliver(notice())


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 410, 429, 500, 503])
async def test_any_other_answer_is_a_failure_that_says_what_was_answered(status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text="" if status == 304 else "no such\n shelf")

    async with courier_to(answer) as courier:
        with pytest.raises(CourierFailure, match=f"仓库的系统回答 {status}：(no such shelf|没有说明原因)"):
            await courier.deliver(notice())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/internal"})

    async with courier_to(elsewhere) as courier:
        with pytest.raises(CourierFailure, match=f"回答 {status}"):
            await courier.deliver(notice())
    assert asked == ["/anfu"]


@pytest.mark.parametrize("status", [200, 500])
async def test_an_endless_answer_is_not_listened_to(status: int) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        except ConnectionError:
            return response

    async with courier_to(endless) as courier:
        if status == 200:
            await courier.deliver(notice())
        else:
            with pytest.raises(CourierFailure, match=r"回答 500：x{200}$"):
                await courier.deliver(notice())


async def test_a_system_that_does_not_answer_in_time_is_a_failure() -> None:
    over = asyncio.Event()

    async def think(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with courier_to(think, timeout=0.1) as courier:
        with pytest.raises(CourierFailure, match=r"仓库的系统 0\.1 秒内没有回答"):
            await courier.deliver(notice())
        over.set()


async def test_a_refusal_without_an_end_is_still_told_with_its_status() -> None:
    over = asyncio.Event()

    async def hesitate(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=503)
        await response.prepare(request)
        await over.wait()
        return response

    async with courier_to(hesitate, timeout=0.2) as courier:
        with pytest.raises(CourierFailure, match="回答 503"):
            await courier.deliver(notice())
        over.set()


async def test_where_nobody_listens_is_a_failure(unused_tcp_port: int) -> None:
    address = f"http://127.0.0.1:{unused_tcp_port}/"
    async with WebhookCourier(departments(address), SECRET, lambda: NOON) as courier:
        with pytest.raises(CourierFailure, match="连不上仓库的系统"):
            await courier.deliver(notice())


@pytest.mark.parametrize("known", [departments(), {}], ids=["without an address", "not known any more"])
async def test_a_department_without_an_address_is_a_failure_that_says_so(known: dict[str, Department]) -> None:
    async with WebhookCourier(known, SECRET, lambda: NOON) as courier:
        with pytest.raises(CourierFailure, match=r"warehouse 没有 webhook 地址，请在 departments\.yml 里补上"):
            await courier.deliver(notice())
    async with EmailCourier(known, MailServer("127.0.0.1", 1, False, "", "", "s@x.cn"), FIELDS) as post:
        with pytest.raises(CourierFailure, match=r"warehouse 没有邮箱，请在 departments\.yml 里补上"):
            await post.deliver(notice(Way.EMAIL))


class Mailroom:
    """A mail server's rules, and what it took."""

    def __init__(self, refusal: str = "", user: str = "", password: str = "") -> None:
        self.refusal = refusal
        self.user, self.password = user.encode(), password.encode()
        self.took: list[tuple[list[str], bytes]] = []
        self.encrypted: list[bool] = []
        self.asked_for_password = False

    async def handle_RCPT(self, _s: SMTP, _x: Session, envelope: Envelope, address: str, _o: list[str]) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.took.append((envelope.rcpt_tos, envelope.content))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def check(self, _s: SMTP, _x: Session, _e: Envelope, _mechanism: str, data: Any) -> AuthResult:
        self.asked_for_password = True
        return AuthResult(success=(data.login, data.password) == (self.user, self.password), handled=False)

    @property
    def letters(self) -> list[Any]:
        return [email.message_from_bytes(content, policy=policy.default) for _, content in self.took]


@asynccontextmanager
async def mail_server(
    room: Mailroom, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """A mail server; gives its host and port."""
    loop = asyncio.get_running_loop()
    needs: dict[str, Any] = {"authenticator": room.check, "auth_require_tls": False} if room.user else {}
    server = await loop.create_server(
        lambda: SMTP(room, tls_context=starttls, hostname="mail.test", loop=loop, **needs), "127.0.0.1", 0, ssl=tls
    )
    try:
        yield f"localhost:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def post_office(url: str, timeout: float = 10) -> AsyncIterator[EmailCourier]:
    async with EmailCourier(departments(mailbox="wh@example.com"), read_mail_server(url), FIELDS, timeout) as courier:
        yield courier


async def test_a_mailbox_gets_the_notice_in_plain_chinese_and_the_same_letter_again_on_a_retry() -> None:
    room = Mailroom()
    async with mail_server(room) as host, post_office(f"smtp://{host}?from=service@anfu.example.com") as courier:
        await courier.deliver(notice(Way.EMAIL, step="carry_out", 诉求="换一台新的"))
        await courier.deliver(notice(Way.EMAIL, **TASK))
        await courier.deliver(notice(Way.EMAIL, **TASK))
    assert [to for to, _ in room.took] == [["wh@example.com"]] * 3
    proposal, task, again = room.letters
    assert task["Subject"] == "新任务：补发一只滤芯"
    assert task["From"] == "安服 <service@anfu.example.com>"
    assert task["To"] == "wh@example.com"
    assert task["Message-ID"] == "<0b1c5f0e@anfu.example.com>"
    assert task["Date"].datetime == NOON
    assert task.get_content_type() == "text/plain"
    assert task.get_content().splitlines() == [
        "新任务：补发一只滤芯", "", "工单：TS20261123-0001", "要做的事：补发一只滤芯",
        "打开链接接收任务：https://anfu.example.com/t/x",
    ]  # fmt: skip
    assert proposal.get_content().splitlines()[2:] == ["诉求：换一台新的"], "what only systems read is left out"
    assert room.took[1] == room.took[2]
    assert task["Message-ID"] == again["Message-ID"]


@given(subject=st.text(st.characters(exclude_categories=["Cs"]), max_size=200), what=st.text(max_size=80))
def test_no_subject_can_write_a_header(subject: str, what: str) -> None:
    plain = {"from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"}
    told = notice(Way.EMAIL, subject, what=what.encode(errors="replace").decode())
    written = as_mail(told, "wh@example.com", "service@anfu.example.com", FIELDS).as_bytes()
    read = email.message_from_bytes(written, policy=policy.default)
    assert {name.lower() for name in read} == plain | {"content-transfer-encoding"}
    assert read["To"] == "wh@example.com"
    assert not read.defects


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"])
async def test_a_line_end_in_a_subject_is_a_space(line_end: str) -> None:
    room = Mailroom()
    async with mail_server(room) as host, post_office(f"smtp://{host}?from=service@anfu.example.com") as courier:
        await courier.deliver(notice(Way.EMAIL, f"新任务{line_end}Bcc: thief@example.com{line_end}{line_end}正文"))
    [letter] = room.letters
    assert letter["Subject"] == "新任务 Bcc: thief@example.com 正文"
    assert letter["Bcc"] is None
    assert room.took[0][0] == ["wh@example.com"]


async def test_a_letter_that_is_refused_is_a_failure_with_the_server_s_words() -> None:
    async with (
        mail_server(Mailroom(refusal="550 no such mailbox")) as host,
        post_office(f"smtp://{host}?from=service@anfu.example.com") as courier,
    ):
        with pytest.raises(CourierFailure, match=r"发信服务器不收给仓库的信.*550 no such mailbox"):
            await courier.deliver(notice(Way.EMAIL))


async def test_a_mail_server_that_is_not_there_or_says_nothing_is_a_failure(unused_tcp_port: int) -> None:
    async with post_office(f"smtp://localhost:{unused_tcp_port}?from=service@anfu.example.com") as courier:
        with pytest.raises(CourierFailure, match="信没有交给发信服务器"):
            await courier.deliver(notice(Way.EMAIL))
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    url = f"smtp://127.0.0.1:{silent.sockets[0].getsockname()[1]}?from=service@anfu.example.com"
    async with silent, post_office(url, timeout=0.1) as courier:
        with pytest.raises(CourierFailure, match="信没有交给发信服务器"):
            await courier.deliver(notice(Way.EMAIL))


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The mail server's certificate for localhost, which this machine trusts."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1)).not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path, plain = tmp_path / "mail.pem", serialization.NoEncryption()
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + public)
    (tmp_path / "trusted.pem").write_bytes(public)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_mail_is_encrypted_where_the_server_offers_it_and_the_password_with_it(
    certificate: ssl.SSLContext,
) -> None:
    room = Mailroom(user="service@anfu.example.com", password="p@ss:word/")
    async with (
        mail_server(room, starttls=certificate) as host,
        post_office(f"smtp://service%40anfu.example.com:p%40ss%3Aword%2F@{host}") as courier,
    ):
        await courier.deliver(notice(Way.EMAIL))
    assert room.encrypted == [True]
    assert room.letters[0]["From"] == "安服 <service@anfu.example.com>"


async def test_smtps_is_encrypted_from_the_start(certificate: ssl.SSLContext) -> None:
    room = Mailroom()
    async with (
        mail_server(room, tls=certificate) as host,
        post_office(f"smtps://{host}?from=service@anfu.example.com") as courier,
    ):
        await courier.deliver(notice(Way.EMAIL))
    assert len(room.took) == 1


async def test_a_mail_server_with_a_certificate_that_nobody_vouches_for_gets_nothing(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    room = Mailroom()
    async with (
        mail_server(room, starttls=certificate) as host,
        post_office(f"smtp://{host}?from=service@anfu.example.com") as courier,
    ):
        with pytest.raises(CourierFailure, match="CERTIFICATE_VERIFY_FAILED"):
            await courier.deliver(notice(Way.EMAIL))
    assert not room.took


async def test_a_password_never_travels_in_the_clear() -> None:
    room = Mailroom(user="service@anfu.example.com", password="secret")
    async with mail_server(room) as host, post_office(f"smtp://service%40anfu.example.com:secret@{host}") as courier:
        with pytest.raises(CourierFailure, match=r"不提供加密.*smtps://"):
            await courier.deliver(notice(Way.EMAIL))
    assert not room.asked_for_password
    assert not room.took


async def test_a_wrong_password_is_a_failure_that_does_not_repeat_it(certificate: ssl.SSLContext) -> None:
    room = Mailroom(user="service@anfu.example.com", password="secret")
    async with (
        mail_server(room, starttls=certificate) as host,
        post_office(f"smtp://service%40anfu.example.com:hunter2@{host}") as courier,
    ):
        with pytest.raises(CourierFailure, match="不接受用户名或密码") as refused:
            await courier.deliver(notice(Way.EMAIL))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.x.cn?from=a@x.cn", MailServer("mail.x.cn", 587, False, "", "", "a@x.cn")),
        ("smtps://mail.x.cn?from=a@x.cn", MailServer("mail.x.cn", 465, True, "", "", "a@x.cn")),
        ("smtp://a%40x.cn:p%40@mail.x.cn:25", MailServer("mail.x.cn", 25, False, "a@x.cn", "p@", "a@x.cn")),
        ("smtp://u:p@10.0.0.5:25?from=a@x.cn", MailServer("10.0.0.5", 25, False, "u", "p", "a@x.cn")),
    ],
)
def test_the_mail_server_is_one_address(url: str, server: MailServer) -> None:
    assert read_mail_server(url) == server
    assert "p@" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "", "mail.x.cn", "http://mail.x.cn?from=a@x.cn", "smtp://?from=a@x.cn", "smtp://mail.x.cn:port?from=a@x.cn",
        "smtp://u:hunter2@mail.x.cn", "smtp://mail.x.cn?from=a@x.cn%0d%0aBcc:b@x.cn", "smtp://u:hunter2@[::1?from=a@x.cn",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(InvalidInput, match="ANFU_SMTP") as refused:
        read_mail_server(url)
    assert "hunter2" not in str(refused.value)
