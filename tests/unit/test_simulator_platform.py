"""The simulator judges what may be sent, so its counting is held against the rules written out in full (W2)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Conflict
from bot.simulator.chat import Reply, Speaker
from bot.simulator.credentials import OPEN_KFID
from bot.simulator.grants import KF, OFFICIAL, Cause, Grants
from bot.simulator.kf import State
from bot.simulator.platform import Platform
from bot.simulator.refusals import COUNT_USED_UP, WINDOW_CLOSED, Refused

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
ANNA = "oAnna"


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform(clock: Clock) -> Platform:
    return Platform(clock)


def words(platform: Platform) -> Reply:
    return Reply("text", "你好", platform.now(), Speaker.CUSTOMER)


def text(customer: str = ANNA, content: str = "您好") -> dict[str, Any]:
    return {"touser": customer, "msgtype": "text", "text": {"content": content}}


def code(send: Any, body: dict[str, Any]) -> int:
    try:
        send(body)
    except Refused as refusal:
        return refusal.code
    return 0


@dataclass
class Rules:
    """The rules as they are written, each event with everything that was sent after it: slow, and easy to believe."""

    events: list[tuple[Cause, datetime, int]] = field(default_factory=list)
    sent: int = 0

    def left(self, now: datetime) -> int:
        return max((most - used for most, used in self._open(now)), default=0)

    def answer(self, now: datetime) -> int:
        """What the platform says to a message."""
        if not self._open(now):
            return WINDOW_CLOSED
        return 0 if self.left(now) > 0 else COUNT_USED_UP

    def _open(self, now: datetime) -> list[tuple[int, int]]:
        """Of each event that still counts: how many it allows, and how many have been sent since."""
        found = []
        for cause, at, before in self.events:
            most, hours = (5, 48.0) if cause is Cause.WROTE else (3, 1 / 60)
            if at <= now < at + timedelta(hours=hours):
                found.append((most, self.sent - before))
        return found


STEPS = st.lists(
    st.tuples(
        st.sampled_from([*Cause, "send", "send", "send"]),
        st.sampled_from([0, 1, 30, 59, 60, 61, 3600, 24 * 3600, 48 * 3600 - 1, 48 * 3600]),
    ),
    max_size=40,
)


class TestGrants:
    @given(STEPS)
    def test_they_are_counted_as_the_rules_say(self, steps: list[tuple[Cause | str, int]]) -> None:
        grants, rules, now = Grants(OFFICIAL), Rules(), NOON
        for step, seconds in steps:
            now += timedelta(seconds=seconds)
            if isinstance(step, Cause):
                grants.open(step, now)
                rules.events.append((step, now, rules.sent))
            else:
                answer = code(lambda _, now=now: grants.check(now), {})
                assert answer == rules.answer(now)
                if answer == 0:
                    grants.count()
                    rules.sent += 1
            assert grants.left(now) == rules.left(now)

    @given(STEPS)
    def test_kf_knows_only_messages(self, steps: list[tuple[Cause | str, int]]) -> None:
        grants, rules, now = Grants(KF), Rules(), NOON
        for step, seconds in steps:
            now += timedelta(seconds=seconds)
            if isinstance(step, Cause):
                grants.open(step, now)
                if step is Cause.WROTE:
                    rules.events.append((step, now, rules.sent))
            elif rules.answer(now) == 0:
                grants.count()
                rules.sent += 1
            assert grants.left(now) == rules.left(now)

    def test_each_message_of_the_customer_begins_anew(self) -> None:
        grants = Grants(OFFICIAL)
        grants.open(Cause.WROTE, NOON)
        for _ in range(5):
            grants.count()
        grants.open(Cause.WROTE, NOON + timedelta(hours=1))

        (grant,) = grants.in_force(NOON + timedelta(hours=1))
        assert (grant.left, grant.until) == (5, NOON + timedelta(hours=49))

    def test_a_click_adds_nothing_to_a_message(self) -> None:
        grants = Grants(OFFICIAL)
        grants.open(Cause.WROTE, NOON)
        grants.open(Cause.MENU, NOON)
        for _ in range(4):
            grants.count()
        assert grants.left(NOON) == 1

    def test_a_click_opens_three_where_five_are_used(self) -> None:
        grants = Grants(OFFICIAL)
        grants.open(Cause.WROTE, NOON)
        for _ in range(5):
            grants.count()
        grants.open(Cause.MENU, NOON)
        assert grants.left(NOON) == 3
        assert grants.left(NOON + timedelta(minutes=1)) == 0


class TestOfficial:
    def test_only_what_is_delivered_counts(self, platform: Platform) -> None:
        platform.official.written(ANNA, words(platform))
        assert code(platform.official.send, {"touser": ANNA, "msgtype": "poem"}) == 40008
        assert code(platform.official.send, text(content="长" * 1000)) == 45002
        assert code(platform.official.send, {"touser": ANNA, "msgtype": "image", "image": {"media_id": "x"}}) == 40007
        assert platform.official.follower(ANNA).grants.left(platform.now()) == 5

    def test_what_no_grant_allows_is_remembered(self, platform: Platform) -> None:
        platform.official.follower(ANNA)
        assert [code(platform.official.send, text()) for _ in range(2)] == [45015, 45015]
        assert platform.sent_beyond_quota == 2

    def test_passive_replies_are_not_counted(self, platform: Platform) -> None:
        platform.official.written(ANNA, words(platform))
        platform.official.answer(ANNA, Reply("text", "您好", platform.now(), is_passive=True))
        assert platform.official.follower(ANNA).grants.left(platform.now()) == 5

    def test_who_left_cannot_write_and_comes_back_with_a_follow(self, platform: Platform) -> None:
        platform.official.written(ANNA, words(platform))
        platform.official.left(ANNA)
        with pytest.raises(Conflict, match="重新关注"):
            platform.official.written(ANNA, words(platform))
        platform.official.followed(ANNA)
        assert platform.official.follower(ANNA).grants.left(platform.now()) == 3

    def test_time_that_is_advanced_ends_grants(self, platform: Platform, clock: Clock) -> None:
        platform.official.written(ANNA, words(platform))
        platform.advance(timedelta(hours=48))
        assert code(platform.official.send, text()) == 45015
        assert platform.clock() == clock.now


class TestTokens:
    def check(self, platform: Platform, token: str) -> int:
        return code(lambda _: platform.official.tokens.check(token), {})

    def test_the_same_is_given_until_five_minutes_before_its_end(self, platform: Platform, clock: Clock) -> None:
        first, seconds = platform.official.tokens.stable()
        clock.passes(seconds=6900)
        assert platform.official.tokens.stable() == (first, 300)
        clock.passes(seconds=1)
        second, _ = platform.official.tokens.stable()
        assert (seconds, second != first, platform.tokens_issued) == (7200, True, 3)

    def test_old_and_new_work_side_by_side_until_the_old_ends(self, platform: Platform, clock: Clock) -> None:
        first, _ = platform.official.tokens.stable()
        clock.passes(seconds=7000)
        second, _ = platform.official.tokens.stable()
        assert [self.check(platform, token) for token in (first, second)] == [0, 0]
        clock.passes(seconds=200)
        assert [self.check(platform, token) for token in (first, second)] == [42001, 0]

    def test_a_forced_one_kills_the_one_before(self, platform: Platform) -> None:
        first, _ = platform.official.tokens.stable()
        second, _ = platform.official.tokens.stable(force=True)
        assert [self.check(platform, token) for token in (first, second)] == [40001, 0]

    def test_it_is_forced_every_30_seconds_and_20_times_a_day(self, platform: Platform, clock: Clock) -> None:
        given_out = []
        for _ in range(25):
            given_out += [platform.official.tokens.stable(force=True)[0] for _ in range(2)]
            clock.passes(seconds=30)
        assert len(set(given_out)) == 20

    def test_each_plain_one_is_new_and_the_one_before_lasts_five_minutes(
        self, platform: Platform, clock: Clock
    ) -> None:
        first, second = platform.official.tokens.plain()[0], platform.official.tokens.plain()[0]
        clock.passes(minutes=5)
        assert [self.check(platform, token) for token in (first, second)] == [42001, 0]

    def test_that_of_kf_is_the_same_until_it_ends(self, platform: Platform, clock: Clock) -> None:
        first, _ = platform.kf.tokens.kept()
        clock.passes(seconds=7199)
        assert platform.kf.tokens.kept() == (first, 1)
        clock.passes(seconds=1)
        assert platform.kf.tokens.kept()[0] != first
        assert code(lambda _: platform.kf.tokens.check("wrong"), {}) == 40014


class TestKf:
    def write(self, platform: Platform, customer: str, *sentences: str) -> None:
        for sentence in sentences:
            line = Reply("text", sentence, platform.now(), Speaker.CUSTOMER)
            content = {"msgtype": "text", "text": {"content": sentence}}
            platform.kf.written(platform.kf.session(OPEN_KFID, customer), line, content)

    def pull(self, platform: Platform, cursor: str = "", **more: Any) -> dict[str, Any]:
        return platform.kf.sync({"cursor": cursor, "token": platform.kf.give_sync_token(), **more})

    @given(st.lists(st.integers(1, 7), max_size=12), st.integers(1, 9))
    def test_a_reader_misses_nothing_and_reads_nothing_twice(self, bursts: list[int], page_size: int) -> None:
        platform = Platform(Clock())
        platform.kf.page_size = page_size
        heard: list[str] = []
        cursor, said = "", 0
        for burst in bursts:
            self.write(platform, "wmBen", *(str(said + number) for number in range(burst)))
            said += burst
            has_more = 1
            while has_more:
                page = self.pull(platform, cursor)
                assert len(page["msg_list"]) <= page_size
                cursor, has_more = page["next_cursor"], page["has_more"]
                heard += [message["text"]["content"] for message in page["msg_list"]]
        assert heard == [str(number) for number in range(said)]

    def test_the_same_cursor_gives_the_same_again(self, platform: Platform) -> None:
        self.write(platform, "wmBen", "一", "二")
        first = self.pull(platform, limit=1)
        assert self.pull(platform, limit=1)["msg_list"] == first["msg_list"]
        assert len(first["next_cursor"]) <= 64

    def test_an_account_is_read_by_itself(self, platform: Platform) -> None:
        platform.kf.accounts["wkOther"] = "另一个"
        self.write(platform, "wmBen", "一")
        assert self.pull(platform, open_kfid="wkOther")["msg_list"] == []
        assert len(self.pull(platform, open_kfid=OPEN_KFID)["msg_list"]) == 1
        assert len(self.pull(platform)["msg_list"]) == 1

    def test_after_three_days_a_message_is_gone(self, platform: Platform, clock: Clock) -> None:
        self.write(platform, "wmBen", "一")
        clock.passes(days=3)
        self.write(platform, "wmBen", "二")
        (message,) = self.pull(platform)["msg_list"]
        assert message["text"]["content"] == "二"

    def test_a_cursor_of_others_is_refused(self, platform: Platform) -> None:
        own = self.pull(platform)["next_cursor"]
        for cursor in ("nonsense", f"{own}9", f"{own[:-1]}x"):
            assert code(platform.kf.sync, {"cursor": cursor, "token": platform.kf.give_sync_token()}) == 40058

    def test_a_session_begins_with_a_message_and_ends_after_48_hours(self, platform: Platform, clock: Clock) -> None:
        session = platform.kf.session(OPEN_KFID, "wmBen")
        assert platform.kf.state_of(session) is State.ENDED
        self.write(platform, "wmBen", "一")
        assert platform.kf.state_of(session) is State.NEW
        clock.passes(hours=48)
        assert platform.kf.state_of(session) is State.ENDED

    def test_who_refuses_is_told_later(self, platform: Platform) -> None:
        self.write(platform, "wmBen", "一")
        platform.kf.session(OPEN_KFID, "wmBen").refuses = True
        assert code(platform.kf.send, {**text("wmBen"), "open_kfid": OPEN_KFID, "msgid": "m-1"}) == 0
        assert platform.kf.replies(OPEN_KFID, "wmBen") == []
        event = self.pull(platform)["msg_list"][-1]["event"]
        assert (event["event_type"], event["fail_msgid"]) == ("msg_send_fail", "m-1")
