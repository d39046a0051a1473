"""What the rules of quality find in small conversations (A2-A11, D6, D8, F2, F6)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.quality_files import load_quality
from bot.domain.message import Message, Sender
from bot.domain.quality.dialogue import Dialogue, Filed, Span, nearest_rank
from bot.domain.quality.finding import Finding, Result
from bot.domain.quality.rules import RULES, in_time, inspect

BOOK = load_quality()
START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
OK, FAILED, NONE = Result.OK, Result.FAILED, Result.NOT_APPLICABLE
SENDERS = {"客": Sender.CUSTOMER, "机": Sender.BOT, "李": Sender.AGENT, "王": Sender.AGENT}
NAMES = {"李": "小李", "王": "王主管"}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def said(*lines: str) -> tuple[Message, ...]:
    """`李 20 您好` is what 小李 said 20 seconds after taking the conversation."""
    messages = []
    for seq, line in enumerate(lines, start=1):
        who, seconds, text = line.split(" ", 2)
        source = {"kind": "agent", "id": NAMES[who]} if who in NAMES else None
        messages.append(Message(f"m{seq}", "c", seq, SENDERS[who], text, at(float(seconds)), source=source))
    return tuple(messages)


def part(*lines: str, **facts: Any) -> Dialogue:
    """小李's part, held from the first second to the end."""
    last = float(lines[-1].split(" ", 2)[1]) if lines else 0
    return replace(Dialogue("小李", said(*lines), held=(Span(START, at(last + 60)),)), **facts)


def found(dialogue: Dialogue) -> Mapping[str, Finding]:
    return {finding.rule: finding for finding in inspect(dialogue, BOOK)}


ANGRY = {"feeling": 2}
ENDED = {"ended_it": True, "summary": "洗衣机不脱水，已登记维修，明天上门"}
CASES = [
    # (规则, 结果, 对话, 其余事实)
    ("greeting", OK, ["客 -9 在吗", "李 10 您好，请问有什么可以帮您"], {}),
    ("greeting", OK, ["客 -9 在吗", "李 10 小李为您服务"], {}),
    ("greeting", OK, ["客 -9 在吗", "李 10 在的", "李 12 我是客服小李"], {}),
    ("greeting", FAILED, ["客 -9 在吗", "李 10 说吧"], {}),
    ("greeting", FAILED, ["客 -9 在吗", "李 10 说吧", "客 20 洗衣机坏了", "李 30 您好"], {}),
    ("greeting", NONE, ["客 -9 在吗"], {}),
    ("apology_first", NONE, ["客 -9 怎么用", "李 10 您好，哪个型号？"], {}),
    ("apology_first", OK, ["客 -9 骗子", "李 10 对不起，让您遇到这样的事。订单号是多少？"], ANGRY),
    ("apology_first", OK, ["客 -9 骗子", "李 10 您好", "李 12 很抱歉", "李 14 请问是哪一单？"], ANGRY),
    ("apology_first", FAILED, ["客 -9 骗子", "李 10 您好，请问是哪一单？", "李 12 很抱歉"], ANGRY),
    ("apology_first", FAILED, ["客 -9 骗子", "李 10 订单号发一下，抱歉了"], ANGRY),
    ("apology_first", FAILED, ["客 -9 骗子", "李 10 您好，已经登记"], ANGRY),
    ("apology_first", OK, ["客 -9 想问下", "李 10 您好，哪个型号？", "客 20 你们骗子", "李 30 抱歉，哪天？"], ANGRY),
    ("apology_first", FAILED, ["客 -9 想问下", "李 10 您好，哪个型号？", "客 20 你们骗子", "李 30 哪天的事？"], ANGRY),
    ("apology_first", OK, ["客 -9 说好周三到", "李 10 抱歉让您久等。哪一单呢？"], {"complained_at": at(-30)}),
    ("apology_first", FAILED, ["客 -9 说好周三到", "李 10 哪一单，单号多少"], {"complained_at": at(-30)}),
    ("restatement", NONE, ["客 -9 在吗", "李 10 您好"], {}),
    ("restatement", OK, ["客 -9 不脱水", "李 10 跟您确认一下：洗衣机不脱水，对吗"], {"filed": (Filed("BX1", at(60)),)}),
    ("restatement", FAILED, ["客 -9 不脱水", "李 10 好的，给您登记"], {"filed": (Filed("BX1", at(60)),)}),
    ("restatement", FAILED, ["客 -9 不脱水", "李 90 您说的是不脱水"], {"filed": (Filed("BX1", at(60)),)}),
    (
        "restatement", FAILED, ["客 -9 不脱水", "李 10 我记下的是不脱水"],
        {"filed": (Filed("BX1", at(5)), Filed("BX2", at(60)))},
    ),
    ("promise_with_time", NONE, ["客 -9 在吗", "李 10 您好，请稍等"], {}),
    ("promise_with_time", OK, ["客 -9 坏了", "李 10 师傅明天下午联系您"], {}),
    ("promise_with_time", OK, ["客 -9 坏了", "李 10 我给您安排师傅", "李 15 2 个工作日内上门"], {}),
    ("promise_with_time", OK, ["客 -9 坏了", "李 10 今晚 18:30 前给您回电"], {}),
    ("promise_with_time", FAILED, ["客 -9 坏了", "李 10 我们会尽快处理"], {}),
    ("promise_with_time", FAILED, ["客 -9 坏了", "李 10 到时候联系您", "客 20 什么时候", "李 30 周三下午"], {}),
    ("promise_with_time", NONE, ["客 -9 坏了", "李 10 抱歉刚才没能及时回复您"], {}),
    ("promise_with_time", NONE, ["客 -9 坏了", "李 10 需要给您安排上门吗？"], {}),
    ("no_forbidden", OK, ["客 -9 在吗", "李 10 您好"], {}),
    ("no_forbidden", FAILED, ["客 -9 能退吗", "李 10 不可能"], {}),
    ("no_forbidden", OK, ["客 -9 能退吗", "李 10 客户原话：不可能"], {"excuses": {"不可能": "引用客户原话"}}),
    ("no_forbidden", OK, ["客 -9 能退吗", "王 10 不可能", "李 20 我看看"], {}),
    ("no_forbidden", NONE, ["客 -9 能退吗", "王 10 不可能"], {}),
    ("no_unbacked_promise", OK, ["客 -9 能退吗", "李 10 我先帮您查一下规定"], {}),
    ("no_unbacked_promise", FAILED, ["客 -9 能退吗", "李 10 您放心，保证给您退"], {}),
    ("no_unbacked_promise", OK, ["客 -9 能退吗", "李 10 现在还不能保证，审批后告诉您"], {}),
    ("no_unbacked_promise", FAILED, ["客 -9 能退吗", "李 10 不能保证今天，但绝对没问题"], {}),
    ("first_reply_time", OK, ["客 -9 在吗", "李 30 您好"], {}),
    ("first_reply_time", FAILED, ["客 -9 在吗", "李 61 您好"], {}),
    ("first_reply_time", FAILED, ["客 -9 在吗"], {"held": (Span(START, at(600)),)}),
    ("first_reply_time", NONE, ["客 -9 在吗"], {"held": (Span(START, at(20)),)}),
    ("first_reply_time", NONE, ["客 -9 在吗", "李 30 您好"], {"held": ()}),
    ("reply_times", OK, ["客 -9 在吗", "李 20 您好", "客 30 能退吗", "李 60 能"], {}),
    ("reply_times", FAILED, ["客 -9 在吗", "李 90 您好", "客 100 能退吗", "李 190 能"], {}),
    ("reply_times", FAILED, ["客 -9 在吗", "李 20 您好", "客 30 能退吗", "李 400 能"], {}),
    ("reply_times", NONE, ["李 20 您好，给您回访"], {}),
    ("no_repeat_question", OK, ["客 -9 坏了", "李 10 您好，麻烦提供一下手机号？"], {}),
    ("no_repeat_question", FAILED, ["客 -9 我电话 13800138000", "李 10 请问手机号多少？"], {}),
    ("no_repeat_question", OK, ["客 -9 我电话 13800138000", "李 10 手机号还是 138****8000 吗？"], {}),
    ("no_repeat_question", FAILED, ["客 -9 坏了", "李 10 请问收货地址是哪里"], {"known": frozenset({"address"})}),
    ("no_repeat_question", OK, ["客 -9 坏了", "李 10 联系电话我这边有"], {"known": frozenset({"phone"})}),
    ("no_repeat_question", FAILED, ["客 -9 单号 2026112300017", "李 10 订单号发一下"], {}),
    ("no_repeat_question", OK, ["客 -9 我电话 13800138000", "李 10 订单号发一下"], {}),
    ("polite_close", OK, ["客 -9 在吗", "李 10 您好", "客 20 好了", "李 30 不客气，祝您生活愉快"], ENDED),
    ("polite_close", FAILED, ["客 -9 在吗", "李 10 您好", "客 20 好了", "李 30 嗯"], ENDED),
    ("polite_close", FAILED, ["客 -9 在吗"], ENDED),
    ("polite_close", NONE, ["客 -9 在吗", "李 10 您好"], {}),
    ("summary_written", OK, ["客 -9 在吗"], ENDED),
    ("summary_written", FAILED, ["客 -9 在吗"], {"ended_it": True, "summary": "好了"}),
    ("summary_written", NONE, ["客 -9 在吗"], {"summary": ""}),
    ("safety_answered", NONE, ["客 -9 在吗", "李 10 您好"], {}),
    ("safety_answered", OK, ["客 -9 冒烟了", "李 10 请先拔掉插头，人离开远一点"], {"is_danger": True}),
    ("safety_answered", FAILED, ["客 -9 冒烟了", "李 10 什么型号？", "客 20 喂", "李 30 先断电"], {"is_danger": True}),
    ("safety_answered", FAILED, ["客 -9 冒烟了", "李 90 请先断电"], {"is_danger": True}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "result", "lines", "facts"), CASES, ids=[f"{c[0]}: {'/'.join(c[2])}" for c in CASES]
)  # fmt: skip
def test_a_rule_finds(rule: str, result: Result, lines: list[str], facts: dict[str, Any]) -> None:
    finding = found(part(*lines, **facts))[rule]
    assert finding.result is result, finding.reason
    assert finding.reason


def test_every_rule_has_cases_of_every_result_that_it_can_have() -> None:
    for rule in RULES:
        assert {result for name, result, *_ in CASES if name == rule} >= {OK, FAILED}, rule


def test_evidence_names_the_message_and_quotes_its_words() -> None:
    finding = found(part("客 -9 能退吗", "李 10 您好", "李 12 这个不可能"))["no_forbidden"]
    assert [(quote.seq, quote.words) for quote in finding.evidence] == [(3, "不可能")]
    assert "可以说" in finding.reason


def test_what_a_colleague_said_is_not_held_against_anybody_else() -> None:
    dialogue = part("客 -9 能退吗", "李 10 您好", "王 20 不可能，保证不退", "李 30 我帮您再看看")
    assert not [f.rule for f in found(dialogue).values() if f.result is FAILED]


def test_a_wait_is_counted_from_the_first_unanswered_message_but_not_from_before_the_taking() -> None:
    dialogue = part("客 -500 在吗", "机 -490 在的", "李 20 您好", "客 100 问个事", "客 110 在吗", "李 150 在")
    assert [seconds for seconds, _ in dialogue.waits()] == [20, 50]


def test_half_and_nearly_all_are_counted_by_nearest_rank() -> None:
    assert nearest_rank([5], 0.5) == nearest_rank([5], 0.95) == 5
    assert nearest_rank([1, 2, 3, 4], 0.5) == 2
    assert nearest_rank(list(range(1, 21)), 0.95) == 19
    assert nearest_rank(list(range(1, 20)), 0.95) == 19


def test_durations_are_said_as_people_say_them() -> None:
    assert [in_time(s) for s in (0, 59.4, 60, 200, 3600, 7500)] == [
        "0 秒", "59 秒", "1 分钟", "3 分 20 秒", "1 小时", "2 小时 5 分"
    ]  # fmt: skip
