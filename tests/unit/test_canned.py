"""常用语: what may be kept, and what we ship."""

from dataclasses import replace
from typing import Any

import pytest

from bot.adapters.canned_files import load_canned
from bot.adapters.content_files import load_forbidden
from bot.domain.actor import Role
from bot.domain.canned import VARIABLES, Canned, Sharing, checked
from bot.domain.errors import InvalidInput, NotAllowed
from bot.domain.person import Person
from bot.domain.wording import remarks_on

SHIPPED = load_canned()
FORBIDDEN = load_forbidden()
OWN = Canned("1", "查一下", "{customer}您好，我查一下订单 {order}", "waiting", "/cx", Sharing.OWN, "小李", "service")
LI, WANG = Person("小李", Role.AGENT), Person("王主管", Role.SUPERVISOR)


@pytest.mark.parametrize("reply", SHIPPED.replies, ids=lambda reply: reply.id)
def test_what_we_ship_is_polite_promises_nothing_and_names_what_it_carries(reply: Canned) -> None:
    """A4, A11, F9: no sums, no hours of our own."""
    assert not remarks_on(reply.text, FORBIDDEN)
    assert not any(unit in reply.text for unit in ("元", "小时", "分钟", "块钱"))
    assert reply.requirement[0] in "ABCDEFGH" and reply.requirement[1:].isdigit()
    assert reply.variables <= set(VARIABLES)


def test_we_ship_some_forty_for_every_topic() -> None:
    topics = {topic.id for topic in SHIPPED.topics}
    assert {reply.topic for reply in SHIPPED.replies} == topics
    assert topics == {
        "greeting", "waiting", "verifying", "repair", "return", "complaint", "compensation", "logistics", "closing",
    }  # fmt: skip
    assert len(SHIPPED.replies) >= 40


def test_a_reply_is_filled_in_only_when_everything_is_known() -> None:
    assert OWN.filled({"customer": "王先生", "order": "2026"}) == "王先生您好，我查一下订单 2026"
    assert OWN.filled({"customer": "王先生"}) is None


def test_a_search_finds_by_words_in_any_order_and_by_shortcut() -> None:
    assert OWN.matches("订单 您好") and OWN.matches("/CX") and not OWN.matches("订单 退款")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"title": " "}, "标题"),
        ({"text": ""}, "内容"),
        ({"text": "长" * 1001}, "1000"),
        ({"topic": "weather"}, "分类"),
        ({"shortcut": "cx"}, "快捷码"),
        ({"shortcut": "/c x"}, "快捷码"),
        ({"text": "{name}您好"}, "name"),
        ({"text": "这不归我管"}, "忌语"),
    ],
)
def test_what_cannot_be_said_is_not_kept(change: dict[str, Any], told: str) -> None:
    """A4."""
    with pytest.raises(InvalidInput, match=told):
        checked(replace(OWN, **change), FORBIDDEN, ["waiting"])


def test_own_ones_are_for_their_owner_shared_ones_for_supervisors_shipped_ones_for_nobody() -> None:
    """A11."""
    OWN.require_editable(LI)
    with pytest.raises(NotAllowed):
        OWN.require_editable(WANG)
    shared = replace(OWN, sharing=Sharing.TEAM)
    shared.require_editable(WANG)
    with pytest.raises(NotAllowed):
        shared.require_editable(LI)
    with pytest.raises(NotAllowed):
        SHIPPED.replies[0].require_editable(WANG)


def test_a_team_sees_its_own() -> None:
    shared = replace(OWN, sharing=Sharing.TEAM)
    assert shared.is_seen_by(WANG) and not shared.is_seen_by(Person("小周", Role.AGENT, team="repair"))
    assert not OWN.is_seen_by(WANG)
    assert not replace(OWN, is_removed=True).is_seen_by(LI)
