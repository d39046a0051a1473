"""People, sessions and presence on SQLite and on PostgreSQL."""

import threading
from datetime import timedelta

import pytest

from bot.bootstrap import Anfu
from bot.domain.actor import Actor, Role
from bot.domain.conversation import OwnerChange
from bot.domain.errors import Conflict, LockedOut, NotRecognised
from bot.domain.person import Person, Presence
from bot.domain.sign_in import LOCKED_FOR, MOST_FAILURES, SESSION_LASTS
from tests.integration.fixtures_database import Clock

ADMIN = Actor("管理员", Role.ADMIN)
PASSWORD = "雨后的天空很蓝也很高"


def sign_in(anfu: Anfu, password: str = PASSWORD) -> str:
    return anfu.sign_in.sign_in("小李", password, "", "10.0.0.8", "Firefox")[0]


@pytest.fixture
def li(anfu: Anfu) -> Anfu:
    """小李 has a password."""
    anfu.people.set_password("小李", PASSWORD, ADMIN)
    return anfu


def test_a_session_knows_its_person_until_it_ends(li: Anfu, clock: Clock) -> None:
    token = sign_in(li)
    person, session = li.sign_in.who(token)
    assert (person.name, person.role, session.address) == ("小李", Role.AGENT, "10.0.0.8")
    clock.now += timedelta(hours=1)
    assert li.sign_in.who(token)[1].seen_at == clock.now
    assert [each.id for each in li.sign_in.sessions_of("小李")] == [session.id]
    li.sign_in.sign_out(session)
    with pytest.raises(NotRecognised):
        li.sign_in.who(token)


def test_sessions_that_are_over_are_swept_away(li: Anfu, clock: Clock) -> None:
    first = li.sign_in.who(sign_in(li))[1]
    clock.now += SESSION_LASTS
    sign_in(li)
    with li.uow() as uow:
        assert uow.sessions.get(first.id) is None


def test_many_guesses_at_once_are_no_way_around_the_lock(li: Anfu) -> None:
    outcomes: list[type[Exception] | None] = []

    def guess() -> None:
        try:
            sign_in(li, "错的密码也有十个字呢")
            outcomes.append(None)
        except Exception as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=guess) for _ in range(2 * MOST_FAILURES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(NotRecognised) == MOST_FAILURES
    assert outcomes.count(LockedOut) == MOST_FAILURES


def test_failures_are_forgotten_after_success_and_after_a_while(li: Anfu, clock: Clock) -> None:
    for _ in range(3):
        for _ in range(MOST_FAILURES - 1):
            with pytest.raises(NotRecognised):
                sign_in(li, "错的密码也有十个字呢")
        sign_in(li)
    with pytest.raises(NotRecognised):
        sign_in(li, "错的密码也有十个字呢")
    clock.now += LOCKED_FOR
    with li.uow() as uow:
        assert uow.sessions.failures("小李", clock.now) == (0, clock.now)


def test_a_hash_of_older_rules_is_made_anew_at_the_next_sign_in(li: Anfu) -> None:
    from argon2 import PasswordHasher

    with li.uow() as uow:
        known = uow.users.credentials("小李")
        assert known is not None
        old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        uow.users.save_credentials("小李", type(known)(password_hash=old))
        uow.commit()
    sign_in(li)
    with li.uow() as uow:
        fresh = uow.users.credentials("小李")
    assert fresh is not None and fresh.password_hash and fresh.password_hash != old
    sign_in(li)


def test_a_person_is_stored_as_given(anfu: Anfu) -> None:
    anfu.people.add(Person("小赵", Role.AGENT, "repair", ("repair", "hant"), 3), ADMIN)
    with pytest.raises(Conflict):
        anfu.people.add(Person("小赵", Role.AGENT), ADMIN)
    anfu.people.change("小赵", ADMIN, is_disabled=True)
    with anfu.uow() as uow:
        assert uow.users.role_of("小赵") is None
        assert "小赵" not in [person.name for person in uow.users.all()]
        known = uow.users.get("小赵")
    assert known is not None and known.is_disabled
    assert (known.team, known.skills, known.capacity) == ("repair", ("repair", "hant"), 3)
    anfu.people.change("小赵", ADMIN, is_disabled=False)
    with anfu.uow() as uow:
        assert uow.users.role_of("小赵") == "agent"


def test_people_now_counts_what_each_holds(anfu: Anfu, clock: Clock) -> None:
    for agent in ("小李", "小李", "王主管"):
        opened = anfu.intake.open_conversation("web").id
        with anfu.uow() as uow:
            conversation = uow.conversations.lock(opened)
            assert conversation is not None
            taken = conversation.take(agent, clock())
            change = OwnerChange(taken.id, taken.epoch, taken.owner, "taken", clock(), agent, agent)
            uow.conversations.save_owner(taken, change)
            uow.commit()
    anfu.presence.say("小李", Presence.READY)
    anfu.presence.alive("陈经理")
    now = {person.name: person for person in anfu.presence.people_now()}
    assert {name: person.load for name, person in now.items()} == {"小李": 2, "王主管": 1, "赵主管": 0, "陈经理": 0}
    assert now["小李"].presence is Presence.READY and now["小李"].takes_new(clock())
    assert now["陈经理"].is_there(clock()) and now["陈经理"].presence is Presence.OFF
    assert not now["王主管"].is_there(clock())
