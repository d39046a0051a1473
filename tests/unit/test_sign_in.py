"""Passwords, sessions and people, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.passwords import Argon2
from bot.adapters.second_factor import Totp
from bot.domain.actor import Role
from bot.domain.conversation import Need
from bot.domain.errors import InvalidInput
from bot.domain.person import GONE_AFTER, Person, Presence
from bot.domain.sign_in import IDLE_FOR, SESSION_LASTS, Session, as_typed, check_password

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
SESSION = Session("id", "小李", NOON, NOON, NOON + SESSION_LASTS, "10.0.0.1", "Firefox")


@pytest.mark.parametrize(
    "password",
    ["短密码", "123456789", "1234567890", "QWERTYuiop", "aaaaaaaaaaaa", "小李12345678", "小李-2026-1126", "x" * 201],
)
def test_a_password_that_anyone_would_try_is_refused(password: str) -> None:
    with pytest.raises(InvalidInput):
        check_password(password, "小李")


@pytest.mark.parametrize("password", ["雨后的天空很蓝也很高", "correct horse", "k7m2-x9qp-4wtd", "小李爱喝二锅头2026"])
def test_a_password_that_is_hard_to_guess_is_taken(password: str) -> None:
    check_password(password, "小李")


def test_a_password_is_the_same_in_full_and_half_width() -> None:
    assert as_typed("ｃｏｒｒｅｃｔ１２３") == "correct123"


def test_a_session_ends_after_a_working_day_or_two_silent_hours() -> None:
    assert not SESSION.is_over(NOON + IDLE_FOR - timedelta(seconds=1))
    assert SESSION.is_over(NOON + IDLE_FOR)
    busy = Session("id", "小李", NOON, NOON + SESSION_LASTS, NOON + SESSION_LASTS, "10.0.0.1", "Firefox")
    assert busy.is_over(NOON + SESSION_LASTS)


def test_a_hash_proves_its_password_only() -> None:
    hasher = Argon2()
    stored = hasher.hash("correct horse")
    assert stored.startswith("$argon2id$") and "correct" not in stored
    assert hasher.verify(stored, "correct horse")
    assert not hasher.verify(stored, "correct house")
    assert not hasher.verify(None, "nobody has this password")
    assert not hasher.verify("no hash at all", "correct horse")
    assert not hasher.is_outdated(stored)
    assert hasher.is_outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21l$gkmjzGuqiHnBZhAfBmCzRg")


def test_a_code_belongs_to_its_half_minute_and_the_next_ones() -> None:
    import pyotp

    totp = Totp("a secret of the tests")
    sealed = totp.new_secret()
    secret = totp.invitation(sealed, "小李").secret
    assert secret not in sealed
    code = pyotp.TOTP(secret).at(NOON)
    step = totp.step(sealed, code, NOON)
    assert step is not None
    assert totp.step(sealed, f"{code[:3]} {code[3:]}", NOON + timedelta(seconds=30)) == step
    assert totp.step(sealed, code, NOON + timedelta(seconds=60)) is None
    assert totp.step(sealed, "", NOON) is None
    assert totp.step(sealed, "六位数字啊", NOON) is None
    assert Totp("another secret of the tests").step(sealed, code, NOON) is None


def test_an_invitation_is_a_square_of_dark_and_light() -> None:
    totp = Totp("a secret of the tests")
    qr = totp.invitation(totp.new_secret(), "小李").qr
    assert len({len(row) for row in qr} | {len(qr)}) == 1
    assert set("".join(qr)) == {"0", "1"}


def test_who_is_ready_there_and_not_full_takes_new_conversations() -> None:
    ready = Person("小李", Role.AGENT, capacity=2, presence=Presence.READY, seen_at=NOON, load=1)
    assert ready.takes_new(NOON)
    assert not ready.takes_new(NOON + GONE_AFTER)
    assert not Person("小李", Role.AGENT, capacity=1, presence=Presence.READY, seen_at=NOON, load=1).takes_new(NOON)
    assert not Person("小李", Role.AGENT, presence=Presence.BUSY, seen_at=NOON).takes_new(NOON)


def test_skills_are_a_wish_and_team_and_level_a_wall() -> None:
    repairer = Person("小李", Role.AGENT, team="repair", skills=("repair",))
    assert repairer.fits(Need(team="repair", skills=("hant",)))
    assert not repairer.fits(Need(team="service"))
    assert not repairer.fits(Need(team="repair", level=Role.SUPERVISOR))
    assert Person("王主管", Role.SUPERVISOR).fits(Need(team="repair"))
    assert not Person("管理员", Role.ADMIN).fits(Need())
