"""Packing: everything goes, in order, in messages that fit, with the buttons of the last (W2)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.message import Button, Message, Sender
from bot.domain.parcel import Parcel, next_parcel
from bot.domain.reach import Limits

NOON = datetime(2026, 11, 28, 4, tzinfo=UTC)
BYTES = 60
LIMITS = Limits({}, text_bytes=BYTES, merges=True, choices=3)
WORDS = Limits({}, text_bytes=BYTES, merges=True)
MANY = settings(max_examples=300, deadline=None)
ID = "{:02x}1f3a52-2f0e-4bb9-9a35-0d8a2b7f4f11"


def message(
    seq: int, text: str, *buttons: str, sender: Sender = Sender.BOT, source: dict[str, Any] | None = None
) -> Message:
    own = tuple(Button(title, f"/{title}") for title in buttons)
    return Message(ID.format(seq), "talk", seq, sender, text, NOON, own, source)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """What waits: words short and long, with and without buttons, and files between."""
    texts = st.text("好的洗衣机ab 。！？\n", min_size=1, max_size=80).filter(lambda text: bool(text.strip()))
    found = []
    for seq in range(1, draw(st.integers(1, 8)) + 1):
        if draw(st.integers(0, 5)) == 0:
            found.append(message(seq, "[图片] a.png", source={"kind": "attachment", "id": f"file-{seq}"}))
        else:
            titles = draw(st.lists(st.sampled_from(["是", "不是", "转人工", "再看看"]), max_size=4, unique=True))
            found.append(message(seq, draw(texts), *titles))
    return found


def packed(waiting: list[Message], limits: Limits) -> list[Parcel]:
    """All that goes out, one parcel after the other."""
    parcels, part = list[Parcel](), 0
    while waiting:
        parcel = next_parcel(waiting, limits, part)
        parcels.append(parcel)
        part = 0 if parcel.is_last else part + 1
        waiting = waiting[len(parcel.messages) :] if parcel.is_last else waiting
        assert len(parcels) < 200, "it never ends"
    return parcels


def letters(text: str) -> str:
    return "".join(text.split())


@MANY
@given(conversations())
def test_nothing_is_lost_and_the_order_is_kept(waiting: list[Message]) -> None:
    parcels = packed(waiting, LIMITS)
    assert letters("".join(parcel.text for parcel in parcels)) == letters("".join(one.text for one in waiting))
    seqs = [one.seq for parcel in parcels if parcel.is_last for one in parcel.messages]
    assert seqs == [one.seq for one in waiting]


@MANY
@given(conversations(), st.sampled_from([LIMITS, WORDS]))
def test_every_message_fits_and_says_something(waiting: list[Message], limits: Limits) -> None:
    for parcel in packed(waiting, limits):
        assert parcel.text.strip()
        assert parcel.file_id or len(parcel.text.encode()) <= BYTES


@MANY
@given(conversations())
def test_the_buttons_are_those_of_the_last_that_has_some(waiting: list[Message]) -> None:
    for parcel in packed(waiting, LIMITS):
        own = [one for one in parcel.messages if one.buttons]
        if not own or not parcel.is_last:
            assert parcel.buttons == ()
        else:
            assert parcel.buttons == own[-1].buttons[:3]
            assert parcel.choice_seq == own[-1].seq


@MANY
@given(conversations())
def test_the_same_parcel_has_the_same_name_and_no_two_share_one(waiting: list[Message]) -> None:
    names = [parcel.id for parcel in packed(waiting, LIMITS)]
    assert names == [parcel.id for parcel in packed(waiting, LIMITS)]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 32 and name.replace("-", "").isalnum() for name in names)


def test_short_sentences_go_as_one_message() -> None:
    parcel = next_parcel([message(1, "您好"), message(2, "我来看看"), message(3, "请稍等", "好", "不用")], LIMITS)
    assert parcel.text == "您好\n\n我来看看\n\n请稍等"
    assert [button.title for button in parcel.buttons] == ["好", "不用"]
    assert parcel.choice_seq == 3


def test_a_long_text_is_cut_after_its_sentences_and_its_buttons_come_last() -> None:
    text = "第一句话说到这里就完了。第二句话也说到这里为止。第三句。"
    parcels = packed([message(1, text, "好")], LIMITS)
    assert [parcel.text for parcel in parcels] == ["第一句话说到这里就完了。", "第二句话也说到这里为止。第三句。"]
    assert [len(parcel.buttons) for parcel in parcels] == [0, 1]
    assert [parcel.is_last for parcel in parcels] == [False, True]


def test_a_text_of_much_white_space_sends_no_empty_message() -> None:
    parcels = packed([message(1, "好" * 15 + "\n" * 130 + "就这样")], LIMITS)
    assert [parcel.text for parcel in parcels] == ["好" * 15, "就这样"]


def test_a_channel_without_buttons_says_them() -> None:
    parcel = next_parcel([message(1, "要哪种", "维修", "换货")], WORDS)
    assert parcel.text == "要哪种\n（可以回复：维修、换货）"
    assert parcel.buttons == ()


@pytest.mark.parametrize("limits", [replace(LIMITS, text_bytes=200), replace(WORDS, text_bytes=200)])
def test_a_welcome_that_comes_with_an_answer_offers_nothing_of_its_own(limits: Limits) -> None:
    welcome = message(1, "您好", "我要报修", source={"kind": "script", "id": "greeting.welcome"})
    parcel = next_parcel([welcome, message(2, "是哪款电器？")], limits)
    assert (parcel.text, parcel.buttons) == ("您好\n\n是哪款电器？", ())
    alone = next_parcel([welcome], limits)
    assert "我要报修" in alone.text + "".join(button.title for button in alone.buttons)


def test_a_file_goes_by_itself() -> None:
    file = message(2, "[图片] a.png", source={"kind": "attachment", "id": "file-2"})
    parcels = packed([message(1, "看这张"), file, message(3, "就是它")], LIMITS)
    assert [(parcel.text, parcel.file_id) for parcel in parcels] == [
        ("看这张", ""), ("[图片] a.png", "file-2"), ("就是它", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "is_reserved"),
    [
        (message(1, "我来办", sender=Sender.AGENT, source={"kind": "agent", "id": "小李"}), True),
        (message(1, "在转人工", source={"kind": "script", "id": "handover.queued"}), True),
        (message(1, "小李为您服务", sender=Sender.SYSTEM, source={"kind": "script", "id": "desk.joined"}), True),
        (message(1, "您好", source={"kind": "script", "id": "greeting.hello"}), False),
    ],
)
def test_the_reserve_is_for_people_and_for_who_brings_them(one: Message, is_reserved: bool) -> None:
    assert next_parcel([one], LIMITS).is_reserved is is_reserved
    assert next_parcel([message(2, "别的话"), one], LIMITS).is_reserved is is_reserved
