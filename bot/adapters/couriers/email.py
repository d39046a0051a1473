"""Notices to the mailboxes of departments over SMTP (C6, D8)."""

import asyncio
import smtplib
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from bot.domain.department import Department, is_mailbox
from bot.domain.errors import CourierFailure, InvalidInput
from bot.domain.notice import Notice

ANSWER_WITHIN = 10.0
"""Seconds for each answer of the mail server."""
THREADS = 4
_PORTS = {"smtp": 587, "smtps": 465}
_SENDER_NAME = "安服"


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, and as whom.

    Attributes:
        encrypted: whether the connection is encrypted from its start (smtps); otherwise when the server offers it.
        sender: the address that mail comes from.
    """

    host: str
    port: int
    encrypted: bool
    user: str
    password: str = field(repr=False)
    sender: str


def read_mail_server(url: str) -> MailServer:
    """The mail server of `smtp://user:password@host:port?from=address`, or `smtps://…`.

    Special characters of user and password are percent-encoded. Without `from`, mail comes from the user.

    Raises:
        InvalidInput: the address cannot be used; the message does not repeat it, since it holds the password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in _PORTS:
        raise InvalidInput(
            "ANFU_SMTP 应写成 smtp://用户:密码@服务器:端口?from=发件地址，密码里的特殊字符写成 %40 这样的编码"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    sender = parse_qs(parts.query).get("from", [user])[0]
    if not is_mailbox(sender):
        raise InvalidInput("ANFU_SMTP 里缺少发件地址，请在最后写上 ?from=service@example.com")
    return MailServer(host, port or _PORTS[parts.scheme], parts.scheme == "smtps", user, password, sender)


def as_mail(notice: Notice, recipient: str, sender: str, fields: Mapping[str, str]) -> EmailMessage:
    """The notice as a letter in plain text; every attempt makes the same one, known by its Message-ID.

    Args:
        fields: what the items of a notice are called; items with English names that are not here are left out.
    """
    mail = EmailMessage()
    mail["From"] = Address(_SENDER_NAME, addr_spec=sender)
    mail["To"] = Address(addr_spec=recipient)
    mail["Subject"] = _one_line(notice.subject)
    mail["Date"] = notice.created_at
    mail["Message-ID"] = f"<{_one_line(notice.id)}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    named = {fields.get(name, name): text for name, text in notice.body.items() if name in fields or not name.isascii()}
    lines = [notice.subject, "", *(f"{name}：{text}" for name, text in named.items())]
    mail.set_content("\n".join(lines) + "\n", cte="base64")
    return mail


def _one_line(text: str) -> str:
    """Nothing in it can begin another header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


class EmailCourier:
    """Implements `ports.Courier`; an async context manager.

    It has threads of its own, so that a slow mail server never keeps those waiting that need the database.
    """

    def __init__(
        self,
        departments: Mapping[str, Department],
        server: MailServer,
        fields: Mapping[str, str],
        timeout: float = ANSWER_WITHIN,
    ) -> None:
        self._departments = departments
        self._server = server
        self._fields = fields
        self._timeout = timeout

    async def __aenter__(self) -> "EmailCourier":
        self._threads = ThreadPoolExecutor(THREADS, "mail")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def deliver(self, notice: Notice) -> None:
        """Hand it over to the mail server; whether it comes into the mailbox only that server knows.

        Raises:
            CourierFailure: no address, no mail server, no encryption for the password, or mail refused.
        """
        department = self._departments.get(notice.to)
        if department is None or not department.email:
            raise CourierFailure(f"{notice.to} 没有邮箱，请在 departments.yml 里补上，重启后再重发")
        mail = as_mail(notice, department.email, self._server.sender, self._fields)
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._hand_over, mail)
        except smtplib.SMTPAuthenticationError as error:
            raise CourierFailure("发信服务器不接受用户名或密码，请检查 ANFU_SMTP") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise CourierFailure(f"发信服务器不收给{department.name}的信，请检查邮箱地址（{_codes(error)}）") from error
        except (smtplib.SMTPException, OSError) as error:
            raise CourierFailure(f"信没有交给发信服务器，请检查 ANFU_SMTP 和网络（{error}）") from error

    def _hand_over(self, mail: EmailMessage) -> None:
        server = self._connected()
        try:
            if self._server.user:
                server.login(self._server.user, self._server.password)
            server.send_message(mail)
        finally:
            with suppress(smtplib.SMTPException, OSError):  # the mail is accepted, or the reason is known already
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        """A connection, encrypted where it can be; the password needs it.

        Raises:
            CourierFailure: there is a password, and the server offers no encryption.
        """
        host, port, tls = self._server.host, self._server.port, ssl.create_default_context()
        if self._server.encrypted:
            return smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=tls)
        server = smtplib.SMTP(host, port, timeout=self._timeout)
        try:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=tls)
            elif self._server.user:
                raise CourierFailure("发信服务器不提供加密，不能把密码交给它，请在 ANFU_SMTP 里改用 smtps://")
        except BaseException:
            server.close()
            raise
        return server


def _codes(error: smtplib.SMTPRecipientsRefused) -> str:
    return "；".join(f"{code} {said.decode(errors='replace')}" for code, said in error.recipients.values())
