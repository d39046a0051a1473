"""Signed links: they open one thing for one purpose until they expire; knowing an id grants nothing (invariant 10)."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import NotAllowed, NotFound
from bot.services.links import PATHS, Links, Purpose

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SECRET = "a secret of the tests that is long enough"
PURPOSES = get_args(Purpose)

links = Links(SECRET, "https://anfu.example.com/")


def token_of(link: str) -> str:
    return link.rsplit("/", 1)[1]


@pytest.mark.parametrize(("purpose", "start"), [("agreement", "/a/"), ("task", "/t/"), ("followup", "/f/")])
def test_a_link_leads_to_the_gateway_and_opens_its_thing(purpose: Purpose, start: str) -> None:
    link = links.make(purpose, "8d1f", NOW, days=7)
    assert link.startswith(f"https://anfu.example.com{start}")
    assert links.read(purpose, token_of(link), NOW) == "8d1f"


def test_every_purpose_has_a_path_of_its_own() -> None:
    assert set(PATHS) == set(PURPOSES)
    assert len(set(PATHS.values())) == len(PURPOSES)


@given(st.text(max_size=40), st.sampled_from(PURPOSES), st.sampled_from(PURPOSES))
def test_a_link_opens_nothing_for_another_purpose(id: str, made_for: Purpose, read_for: Purpose) -> None:
    token = token_of(links.make(made_for, id, NOW, days=7))
    if made_for == read_for:
        assert links.read(read_for, token, NOW) == id
    else:
        with pytest.raises(NotFound):
            links.read(read_for, token, NOW)


def test_an_expired_link_says_so_in_the_given_time_and_not_the_machine_s() -> None:
    token = token_of(links.make("task", "8d1f", NOW, days=7))
    assert links.read("task", token, NOW + timedelta(days=7, seconds=-1)) == "8d1f"
    with pytest.raises(NotAllowed, match="链接已过期，请联系客服重新发送"):
        links.read("task", token, NOW + timedelta(days=7))


@given(st.data())
def test_a_changed_token_opens_nothing(data: st.DataObject) -> None:
    token = token_of(links.make("agreement", "8d1f", NOW, days=7))
    place = data.draw(st.integers(0, len(token) - 2))  # the last character holds bits that say nothing
    other = data.draw(st.sampled_from("abcXYZ019-_."))
    changed = token[:place] + other + token[place + 1 :]
    if changed != token:
        with pytest.raises(NotFound):
            links.read("agreement", changed, NOW)


@given(st.text(max_size=200))
def test_no_text_whatever_is_a_link(text: str) -> None:
    with pytest.raises(NotFound):
        links.read("task", text, NOW)


FORGED = {
    "the bare id": "8d1f",
    "signed with another secret": token_of(
        Links("another secret that is as long as ours is", "").make("task", "8d1f", NOW, days=7)
    ),
    "not signed at all": jwt.encode({"sub": "8d1f", "aud": "task", "exp": 4000000000}, "", algorithm="none"),
    "a customer's token, which has the same secret": jwt.encode(
        {"sub": "8d1f", "kind": "customer", "iat": 0, "exp": 4000000000}, SECRET, algorithm="HS256"
    ),
    "without an end": jwt.encode({"sub": "8d1f", "aud": "task"}, SECRET, algorithm="HS256"),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_what_we_did_not_make_opens_nothing(token: str) -> None:
    with pytest.raises(NotFound, match="链接不正确"):
        links.read("task", token, NOW)
