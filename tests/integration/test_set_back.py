"""A clock that was ahead and is set right: nothing waits for its old time, nothing is lost, nothing goes twice."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine

from bot.adapters import tables as t
from bot.adapters.uow import reading
from bot.domain.conversation import Conversation, OwnerChange
from bot.domain.incoming import Media
from bot.domain.message import Reply, Sender
from bot.domain.notice import Fate, Notice, Way
from bot.domain.person import Presence
from bot.services import media_fetching, notices, pulling, sending
from bot.services.notices import Dispatch
from bot.services.ports import LEASE, UnitOfWorkFactory
from bot.services.ports.moments import CLAIMS_LAST, SOON
from bot.services.set_back import SetBack
from tests.integration.fixtures_database import NOON, Clock

HOUR = timedelta(hours=1)
SHORT = timedelta(seconds=5)


class Shop:
    """One conversation, what waits there, and the chore; its clock is an hour ahead at first."""

    def __init__(self, uow: UnitOfWorkFactory, database: Engine, clock: Clock, talk: str) -> None:
        self.uow, self.database, self.clock, self.talk = uow, database, clock, talk
        self.chore = self.restarted()

    def restarted(self) -> SetBack:
        return SetBack(self.uow, reading(self.database), self.clock)

    def set_back(self, by: timedelta = HOUR) -> None:
        self.clock.now -= by

    def says(self, *texts: str, channel: str = "wechat") -> None:
        with self.uow() as work:
            said = work.messages.add(self.talk, Sender.BOT, [Reply(text, {}) for text in texts], self.clock())
            work.outbox.add(said, channel, self.clock())
            work.commit()

    def going_out(self, channel: str = "wechat") -> list[str]:
        with self.uow() as work:
            due = work.outbox.due_conversations(channel, self.clock(), 10)
            return [one.message.text for talk in due for one in work.outbox.waiting(talk)]

    def post(self, key: str) -> None:
        with self.uow() as work:
            work.notices.add(
                Notice(key, key, Way.HOOK, "hook-1", "", {}, created_at=self.clock(), due_at=self.clock())
            )  # fmt: skip
            work.commit()

    def notices_due(self) -> list[str]:
        with self.uow() as work:
            return [one.id for one in work.notices.due(self.clock(), 10)]

    def takes_lease(self, holder: str) -> bool:
        with self.uow() as work:
            taken = work.conversations.take_lease(self.talk, holder, self.clock(), self.clock() + LEASE)
            work.commit()
        return taken is not None

    def conversation(self) -> Conversation:
        with self.uow() as work:
            found = work.conversations.get(self.talk)
        assert found
        return found

    def stored(self) -> list[object]:
        """Everything that the chore may change."""
        with self.database.connect() as connection:
            tables = (t.conversations, t.outbox, t.notices, t.fetches, t.pulls, t.platform_tokens, t.presence)
            return [tuple(row) for table in tables for row in connection.execute(select(table))]


@pytest.fixture
def shop(uow: UnitOfWorkFactory, database: Engine, clock: Clock, open_conversation: Callable[[], str]) -> Shop:
    clock.advance(hours=1)
    return Shop(uow, database, clock, open_conversation())


def test_what_was_on_its_way_goes_out_now_in_its_order_and_not_an_hour_later(shop: Shop) -> None:
    shop.says("一", "二")
    shop.post("通知")
    shop.set_back()
    assert (shop.going_out(), shop.notices_due()) == ([], [])
    assert shop.chore.look() == 3
    assert shop.going_out() == ["一", "二"]
    assert shop.notices_due() == ["通知"]


def test_a_process_that_starts_with_the_right_clock_finds_what_the_one_before_has_left(shop: Shop) -> None:
    shop.says("一")
    shop.set_back()
    shop.restarted().look()
    assert shop.going_out() == ["一"]


def test_what_was_to_wait_waits_as_long_as_it_should(shop: Shop) -> None:
    shop.post("再试")
    with shop.uow() as work:
        [notice] = work.notices.due(shop.clock(), 1)
        work.notices.save(replace(notice, attempts=6, due_at=shop.clock() + timedelta(minutes=10)))
        work.commit()
    shop.set_back()
    shop.chore.look()
    shop.clock.advance(minutes=10, seconds=-1)
    assert not shop.notices_due()
    shop.clock.advance(seconds=1)
    assert shop.notices_due() == ["再试"]


def test_a_lease_from_the_future_is_free_and_one_of_now_is_not(shop: Shop) -> None:
    assert shop.takes_lease("killed")
    shop.set_back()
    assert not shop.takes_lease("other")
    shop.chore.look()
    assert shop.takes_lease("other")
    assert not shop.takes_lease("killed")
    shop.chore.look()
    assert not shop.takes_lease("killed")


def test_a_turn_that_runs_while_the_clock_is_set_back_is_kept(shop: Shop) -> None:
    shop.takes_lease("alive")
    shop.set_back()
    shop.chore.look()
    with shop.uow() as work:
        assert work.conversations.lock_held(shop.talk, "alive"), "nobody has taken it meanwhile"


def test_files_accounts_and_tokens_are_fetched_now(shop: Shop) -> None:
    with shop.uow() as work:
        (message,) = work.messages.add(shop.talk, Sender.CUSTOMER, [Reply("[图片]", {})], shop.clock())
        work.fetches.add(message, "wechat", Media("media-1", "image", ""), shop.clock())
        work.pulls.want("kf", "wk1", "", shop.clock())
        work.pulls.want("kf", "wk2", "", shop.clock())
        assert len(work.pulls.take("kf", "killed", shop.clock(), shop.clock() + pulling.LEASE)) == 2
        work.pulls.want("kf", "wk3", "", shop.clock())
        assert work.platform_tokens.take_refresh("app", "killed", shop.clock(), shop.clock() + SHORT)
        work.commit()
    shop.set_back()
    shop.chore.look()
    now = shop.clock()
    with shop.uow() as work:
        assert [fetch.media.id for fetch in work.fetches.take("wechat", now, now + SHORT, 10)] == ["media-1"]
        assert [pull.account for pull in work.pulls.take("kf", "other", now, now + SHORT)] == ["wk3"]
        later = now + pulling.LEASE + SHORT
        assert {pull.account for pull in work.pulls.take("kf", "other", later, later + SHORT)} == {"wk1", "wk2", "wk3"}
        later = now + 2 * SHORT
        assert work.platform_tokens.take_refresh("app", "other", later, later + SHORT)


def test_what_somebody_may_be_sending_is_left_to_them_as_long_as_they_may_take(shop: Shop) -> None:
    shop.says("一", channel="wechat")
    with shop.uow() as work:
        [one] = work.outbox.waiting(shop.talk)
        work.outbox.claim([one.message.id], "attempt", shop.clock() + sending.IN_HAND)
        work.commit()
    shop.set_back()
    shop.chore.look()

    def taken_up_by(moment: datetime) -> bool:
        with shop.uow() as work:
            return work.outbox.due_conversations("wechat", moment, 10) == [shop.talk]

    assert not taken_up_by(shop.clock() + sending.IN_HAND)
    assert taken_up_by(shop.clock() + sending.IN_HAND + SHORT)
    with shop.uow() as work:
        assert work.outbox.claimed(shop.talk, "attempt"), "who is alive still says what became of it"


def test_what_is_claimed_by_the_right_clock_before_anybody_notices_stays_claimed(shop: Shop) -> None:
    shop.set_back()
    shop.says("一", channel="wechat")
    with shop.uow() as work:
        [one] = work.outbox.waiting(shop.talk)
        work.outbox.claim([one.message.id], "attempt", shop.clock() + sending.IN_HAND)
        work.commit()
    shop.chore.look()
    with shop.uow() as work:
        [one] = work.outbox.waiting(shop.talk)
    assert one.claimed_until == shop.clock() + sending.IN_HAND


async def test_a_notice_that_is_under_way_meanwhile_is_not_brought_again(shop: Shop) -> None:
    begun, go_on, brought = asyncio.Event(), asyncio.Event(), []

    class Slow:
        async def deliver(self, notice: Notice) -> None:
            brought.append(notice.id)
            begun.set()
            await go_on.wait()

    dispatch = Dispatch(shop.uow, {Way.HOOK: Slow()}, shop.clock)
    shop.post("通知")
    under_way = asyncio.create_task(dispatch.send_due())
    await begun.wait()
    shop.set_back()
    shop.chore.look()
    assert await dispatch.send_due() == 0
    go_on.set()
    await under_way
    shop.clock.advance(hours=2)
    assert await dispatch.send_due() == 0
    assert brought == ["通知"]
    assert [notice.id for notice in dispatch.of_state(Fate.SENT)] == ["通知"]


def test_who_waits_for_a_person_keeps_the_place_in_the_queue(shop: Shop, open_conversation: Callable[[], str]) -> None:
    def waits(conversation_id: str) -> None:
        with shop.uow() as work:
            found = work.conversations.lock(conversation_id)
            assert found
            queued = found.queue_for_human("asked", shop.clock())
            change = OwnerChange(queued.id, queued.epoch, queued.owner, "asked", shop.clock())
            work.conversations.save_owner(queued, change)
            work.commit()

    first, second, third = open_conversation(), open_conversation(), open_conversation()
    waits(first)
    shop.clock.advance(seconds=10)
    waits(second)
    shop.set_back()
    shop.chore.look()
    shop.clock.advance(seconds=1)
    waits(third)
    with shop.uow() as work:
        assert [one.id for one in work.routing.waiting()] == [first, second, third]
        assert [one.waiting_since <= shop.clock() for one in work.routing.waiting()] == [True] * 3


def test_who_gives_no_sign_of_life_any_more_is_gone_within_a_minute(shop: Shop) -> None:
    with shop.uow() as work:
        work.users.add("小李", "agent", shop.clock())
        work.users.say("小李", Presence.READY, shop.clock())
        work.commit()
    shop.set_back()
    shop.chore.look()
    shop.clock.advance(minutes=1)
    with shop.uow() as work:
        [person] = work.users.all()
    assert not person.is_there(shop.clock())


def test_it_is_told_once_by_how_much_and_what_to_do(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.says("一")
    shop.set_back()
    shop.chore.look()
    assert "the clock was set back by 1:00:00" in caplog.text
    assert "timedatectl set-ntp true" in caplog.text
    caplog.clear()
    assert shop.chore.look() == 0
    assert shop.restarted().look() == 0
    assert not caplog.text
    assert shop.conversation().touched_at == NOON


def test_it_is_noticed_where_nothing_has_happened_for_long(shop: Shop) -> None:
    shop.post("通知")
    shop.clock.advance(hours=5)
    with shop.uow() as work:
        [notice] = work.notices.due(shop.clock(), 1)
        work.notices.save(replace(notice, attempts=1, due_at=shop.clock() + SHORT))
        work.commit()
    shop.chore.look()
    shop.set_back()
    shop.chore.look()
    shop.clock.advance(seconds=5)
    assert shop.notices_due() == ["通知"]


@pytest.mark.parametrize("passed", [timedelta(0), timedelta(seconds=7), HOUR, -SOON], ids=str)
def test_a_clock_that_is_right_or_goes_forward_changes_nothing(
    shop: Shop, passed: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    shop.says("一", channel="wechat")
    shop.post("通知")
    shop.takes_lease("node")
    with shop.uow() as work:
        work.outbox.hold(shop.talk, shop.clock() + timedelta(hours=48))
        work.commit()
    before = shop.stored()
    shop.clock.now += passed
    assert shop.chore.look() == 0
    assert shop.stored() == before
    assert not caplog.text


def test_an_empty_database_has_no_clock_to_compare_with(
    uow: UnitOfWorkFactory, database: Engine, clock: Clock
) -> None:  # fmt: skip
    assert SetBack(uow, reading(database), clock).look() == 0


def test_two_processes_that_notice_it_together_do_no_more_than_one(shop: Shop) -> None:
    other = shop.restarted()
    shop.says("一")
    shop.post("通知")
    shop.set_back()
    shop.chore.look()
    after = shop.stored()
    assert other.look() == 0
    assert shop.stored() == after


def test_claims_are_no_longer_than_is_taken_for_granted() -> None:
    assert max(sending.IN_HAND, pulling.LEASE, LEASE) <= CLAIMS_LAST
    assert max(notices.LEASE, media_fetching.LEASE) <= SOON, "what is in hand is not taken for what waits"
