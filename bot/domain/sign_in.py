"""How people prove who they are: passwords, second factors, and the sessions that follow."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import InvalidInput

SESSION_LASTS = timedelta(hours=12)
"""A session ends after a working day, whatever happens."""
IDLE_FOR = timedelta(hours=2)
"""A session ends when nothing was heard of it for so long."""
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
"""How long a name is refused after `MOST_FAILURES`; also how long failures are remembered."""

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
_COMMON = (
    "1234567890", "0123456789", "12345678910", "123456789a", "0987654321", "1111111111", "8888888888", "6666666666",
    "qwertyuiop", "1q2w3e4r5t", "1qaz2wsx3edc", "qwerty12345", "asdfghjkl;", "password123", "password1234",
    "passw0rd123", "iloveyou123", "woaini1314", "woaini520520", "5201314520", "abc1234567", "abcdefghij",
    "admin12345", "administrator", "letmein123", "welcome123", "a123456789", "anfu123456", "kefu123456", "zxcvbnm123",
)  # fmt: skip


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `id` is a digest: who reads the database cannot sign in with it."""

    id: str
    person: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    browser: str

    def is_over(self, now: datetime) -> bool:
        """Whether it may no longer be used."""
        return now >= self.expires_at or now - self.seen_at >= IDLE_FOR


@dataclass(frozen=True)
class Credentials:
    """What a person proves the name with.

    Attributes:
        password_hash: None where the person works with the API or the command line only.
        must_change: the password was given by somebody else.
        totp_secret: the second factor's secret, sealed; it counts from `totp_since` on.
        totp_step: the time step of the last code used; a code works once.
        recovery_codes: digests of the codes that stand in for a lost phone, each once.
    """

    password_hash: str | None = None
    must_change: bool = False
    totp_secret: str | None = None
    totp_since: datetime | None = None
    totp_step: int = 0
    recovery_codes: tuple[str, ...] = ()

    @property
    def has_second_factor(self) -> bool:
        """Whether a code is asked for beside the password."""
        return self.totp_secret is not None and self.totp_since is not None


def as_typed(password: str) -> str:
    """A password in one form, however the keyboard composed its characters."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, name: str) -> None:
    """See that a new password keeps strangers out.

    Raises:
        InvalidInput: it is too short, too long, among the first that anyone would try, or made of the name.
    """
    plain = as_typed(password).casefold()
    if not SHORTEST_PASSWORD <= len(plain) <= LONGEST_PASSWORD:
        raise InvalidInput(f"密码要有 {SHORTEST_PASSWORD} 到 {LONGEST_PASSWORD} 个字符，请换一个")
    if plain in _COMMON or len(set(plain)) < 4:
        raise InvalidInput("这个密码太常见，一猜就中，请换一个")
    if not plain.replace(name.casefold(), "", 1).strip("0123456789-_.@# "):
        raise InvalidInput("密码不能只由姓名和数字组成，请换一个")
