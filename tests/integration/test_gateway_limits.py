"""The token bucket."""

import pytest

from bot.gateway.limits import Limiter, address_key


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_as_many_as_allowed_pass_and_the_next_hears_how_long_to_wait() -> None:
    time = Time()
    limiter = Limiter(6, time)
    assert [limiter.take("a") for _ in range(6)] == [0.0] * 6
    assert limiter.take("a") == pytest.approx(10)
    time.now += 4
    assert limiter.take("a") == pytest.approx(6)
    time.now += 6
    assert limiter.take("a") == 0.0
    assert limiter.take("b") == 0.0


def test_who_keeps_knocking_is_let_in_again_at_the_same_pace() -> None:
    time = Time()
    limiter = Limiter(60, time)
    granted = 0
    for _ in range(1200):
        granted += limiter.take("a") == 0.0
        time.now += 0.1
    assert 60 + 118 <= granted <= 60 + 121


def test_old_buckets_are_forgotten_and_busy_ones_kept() -> None:
    time = Time()
    limiter = Limiter(1, time)
    for number in range(1000):
        limiter.take(str(number))
    time.now += 30
    limiter.take("busy")
    assert len(limiter) == 1001
    time.now += 30
    assert limiter.take("busy") == pytest.approx(30)
    assert len(limiter) == 1


def test_a_limit_that_lets_nobody_in_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Limiter(0)


@pytest.mark.parametrize(
    ("remote", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", "no address"),
        (None, "unknown"),
    ],
)
def test_an_address_stands_for_one_peer(remote: str | None, key: str) -> None:
    assert address_key(remote) == key
