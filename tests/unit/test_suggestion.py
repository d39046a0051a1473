"""Choosing among suggestions, and reading what people are about to send."""

from datetime import UTC, datetime

import pytest

from bot.domain.message import Message, Sender
from bot.domain.suggestion import Origin, Rank, Suggestion, Talk, best
from bot.domain.wording import Concern, Forbidden, remarks_on

RUDE = Forbidden("不归我管", "推诿", "我帮您转过去")
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def said(seq: int, sender: Sender, text: str, **source: str) -> Message:
    return Message(str(seq), "c", seq, sender, text, NOON, source=source or None)


def suggestion(text: str, rank: Rank = Rank.DEFAULT, name: str = "x") -> Suggestion:
    return Suggestion(Origin.SCRIPT, text, {"kind": "script", "id": name}, "因为", rank)


NOTHING = Talk(())


def test_the_highest_rank_comes_first_and_equals_keep_their_order() -> None:
    found = best([suggestion("甲"), suggestion("乙", Rank.DANGER), suggestion("丙")], NOTHING, ())
    assert [one.text for one in found] == ["乙", "甲", "丙"]


def test_five_at_most_and_nothing_twice() -> None:
    found = best([suggestion(f"第 {n // 2} 句") for n in range(20)], NOTHING, ())
    assert [one.text for one in found] == [f"第 {n} 句" for n in range(5)]


def test_open_places_rude_words_and_what_was_said_are_left_out() -> None:
    """A1, A4."""
    talk = Talk((said(1, Sender.BOT, "已经 说过"),))
    assert not best([suggestion("{promise} 前"), suggestion("这不归我管"), suggestion("已经说过")], talk, [RUDE])
    assert best([suggestion("已经说过")], Talk((said(1, Sender.CUSTOMER, "已经说过"),)), ())


def test_how_often_a_source_was_said_counts_what_agents_made_of_it() -> None:
    talk = Talk(
        (
            said(1, Sender.BOT, "甲", kind="script", id="a.b"),
            said(2, Sender.AGENT, "乙", kind="agent", id="小李", suggested="script:a.b:1.2"),
            said(3, Sender.AGENT, "丙", kind="agent", id="小李"),
        )
    )
    assert talk.times_said("a.b") == 2 and talk.times_said("a") == 0
    assert talk.has_spoken("小李") and not talk.has_spoken("小王")


def test_a_long_message_with_thanks_in_it_is_no_farewell() -> None:
    assert Talk((said(1, Sender.CUSTOMER, "好的，谢谢"),)).is_farewell
    assert not Talk((said(1, Sender.CUSTOMER, "谢谢，可是洗衣机还是不转，而且又漏水了，怎么办呢"),)).is_farewell


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("2 小时内给您答复", "2 小时内给您答复"),
        ("两小时内联系您", "两小时内联系您"),
        ("签收后 7 天内可以无理由退", None),
        ("我们一定办到", "一定"),
        ("一定程度上", None),
        ("保证修好", "保证"),
        ("赔您 500 元", "赔您 500 元"),
        ("给您全额退款", "全额退款"),
        ("马上就能好", "马上就能"),
        ("我马上查", None),
    ],
)
def test_promises_that_nothing_backs_are_pointed_out(text: str, phrase: str | None) -> None:
    """A11."""
    found = [remark.phrase for remark in remarks_on(text, ()) if remark.concern is Concern.PROMISE]
    assert found == ([phrase] if phrase else [])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("卡号 6222 0212 3456 7890 124", None),
        ("卡号 4111-1111-1111-1111", "银行卡号"),
        ("卡号 4111111111111112", None),
        ("身份证 11010519491231002X", "身份证号"),
        ("身份证 110105194912310021", None),
        ("订单 202611051037，电话 13800138000", None),
        ("卡号 4111****1111", None),
    ],
)
def test_card_and_identity_numbers_are_pointed_out(text: str, kind: str | None) -> None:
    """E10."""
    found = [remark for remark in remarks_on(text, ()) if remark.concern is Concern.NUMBER]
    assert bool(found) is bool(kind) and (not found or (kind or "") in found[0].why)


def test_a_rude_phrase_that_also_promises_is_told_once() -> None:
    assert [remark.concern for remark in remarks_on("我保证", [Forbidden("我保证", "承诺", "我盯着")])] == [
        Concern.FORBIDDEN
    ]
