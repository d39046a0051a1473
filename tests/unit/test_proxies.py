"""Whose word about a customer's address counts."""

import pytest

from bot.gateway.proxies import first_stranger, read_networks

OURS = read_networks("127.0.0.1, 10.0.0.0/8, fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "customer"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        # What a customer writes there in advance stands to the left of the truth.
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.7, 203.0.113.9", "203.0.113.9"),
        # Nobody else is believed.
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (None, "198.51.100.1", None),
        # Nonsense is no address.
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, _hidden, 10.0.0.2", "10.0.0.2"),
    ],
)
def test_the_address_is_what_our_own_proxies_say(peer: str | None, forwarded: str, customer: str | None) -> None:
    assert first_stranger(peer, forwarded, OURS) == customer


def test_without_proxies_of_ours_the_header_says_nothing() -> None:
    assert first_stranger("127.0.0.1", "203.0.113.9", read_networks("")) == "127.0.0.1"


@pytest.mark.parametrize("listed", ["proxy.example.com", "10.0.0.1/8", "10.0.0.0/33"])
def test_what_is_no_address_is_told_at_the_start(listed: str) -> None:
    with pytest.raises(ValueError, match="ANFU_TRUSTED_PROXIES"):
        read_networks(listed)
