"""What the words of binding ask for, and codes that are shown once and stored nowhere (E10)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.binding import DIGITS, VALID_FOR, Command, Offer, Refusal, Wish, command_in, digest, new_code
from bot.domain.ticket import Kind, Status, Ticket
from bot.gateway.own_tickets import LONGEST_WHAT, what_of

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def offer(used_at: datetime | None = None) -> Offer:
    return Offer("o", "c", digest("12345678"), NOON + VALID_FOR, used_at)


@pytest.mark.parametrize("text", ["绑定", " 绑定。", "綁定", "绑定微信", "【绑定】", "我要绑定！", "绑 定"])
def test_asking_to_bind(text: str) -> None:
    assert command_in(text) == Command(Wish.BIND)


@pytest.mark.parametrize(
    "text", ["解绑", "解绑！", "解綁", "解除绑定", "取消绑定", "删除我的绑定信息", "刪除我的綁定信息"]
)
def test_asking_to_part(text: str) -> None:
    assert command_in(text) == Command(Wish.UNBIND)


@pytest.mark.parametrize(
    "text",
    [
        "绑定 12345678",
        "绑定12345678",
        "绑定：1234 5678",
        "綁定　１２３４５６７８",
        "“绑定 12345678”",
        "绑定 1234-5678。",
    ],
)
def test_a_code_however_it_is_typed(text: str) -> None:
    assert command_in(text) == Command(Wish.TAKE_UP, "12345678")


@pytest.mark.parametrize("text", ["绑定 1234567", "绑定 123456789"])
def test_a_code_of_another_length_is_still_meant_as_one(text: str) -> None:
    command = command_in(text)
    assert command is not None
    assert command.wish is Wish.TAKE_UP


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678",
        "怎么绑定微信",
        "绑定不了",
        "绑定 一二三四",
        "洗衣机怎么解绑手机",
        "绑定银行卡",
        "绑定的工单",
        "。",
    ],
)
def test_anything_else_is_for_the_bot(text: str) -> None:
    assert command_in(text) is None


@given(st.text(max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    command = command_in(text)
    assert command is None or command.wish in Wish


def test_a_code_is_eight_digits_and_hardly_ever_the_same() -> None:
    codes = {new_code() for _ in range(200)}
    assert all(len(code) == DIGITS and code.isdecimal() for code in codes)
    assert len(codes) > 195


def test_what_is_stored_of_a_code_is_not_the_code() -> None:
    assert "12345678" not in digest("12345678")
    assert digest("12345678") == digest("12345678") != digest("12345679")


def test_an_offer_is_open_for_ten_minutes_and_for_one() -> None:
    almost = NOON + timedelta(minutes=10) - timedelta(seconds=1)
    assert offer().is_open(almost)
    assert offer().refusal(almost) is None
    assert offer().refusal(NOON + timedelta(minutes=10)) is Refusal.EXPIRED
    assert offer(used_at=NOON).refusal(NOON) is Refusal.USED


def ticket(kind: Kind, **fields: str) -> Ticket:
    return Ticket("BX20261123-0001", kind, Status.OPEN, "c", fields, fields.get("phone"), 0, NOON, NOON)


def test_a_ticket_is_told_by_what_it_is_about_and_never_by_who_it_is_of() -> None:
    repair = ticket(
        Kind.REPAIR, product="滚筒洗衣机", symptom="不脱水", phone="13800138000", address="人民路 1 号", model="X1"
    )  # fmt: skip
    assert what_of(repair) == "滚筒洗衣机 · 不脱水"


def test_numbers_in_the_customer_s_own_words_are_hidden() -> None:
    assert what_of(ticket(Kind.COMPLAINT, grievance="打 13800138000 没人接")) == "打 138****8000 没人接"


def test_a_long_story_is_cut() -> None:
    what = what_of(ticket(Kind.COMPLAINT, grievance="很长" * 60))
    assert len(what) == LONGEST_WHAT
    assert what.endswith("…")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_ticket_can_be_told(kind: Kind) -> None:
    assert what_of(ticket(kind)) == ""
