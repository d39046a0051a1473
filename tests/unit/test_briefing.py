"""The summary for whoever takes over: short, complete, and every statement with where it stands (F6)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.domain.briefing import Briefing, Entitlement, Known, Promise, Source, brief
from bot.domain.customer import Customer
from bot.domain.message import Message, Sender
from bot.domain.ticket import Kind, Status, Ticket

NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)
LABELS = {"facts": {"phone": "联系电话", "product": "产品"}, "kinds": {"repair": "报修"}, "statuses": {}}


def talk(*said: tuple[Sender, str], note: int = 0) -> list[Message]:
    return [Message(str(n), "c", n, sender, text, NOW, note=n == note) for n, (sender, text) in enumerate(said, 1)]


def ticket(**changes: Any) -> Ticket:
    fields = {"product": "滚筒洗衣机", "symptom": "不脱水"}
    filed = Ticket(
        "BX20261128-0001", Kind.REPAIR, Status.OPEN, "c", fields, "13800138000", 0, opened_at=NOW, promised_at=NOW
    )  # fmt: skip
    return replace(filed, **changes)


def test_what_was_asked_stands_with_what_was_answered() -> None:
    messages = talk(
        (Sender.BOT, "您好，我是小安。"), (Sender.CUSTOMER, "洗衣机不脱水了"),
        (Sender.BOT, "听着真不方便。是什么型号呢？"), (Sender.CUSTOMER, "XQG100"),
        (Sender.BOT, "您的电话是多少？"), (Sender.CUSTOMER, "13800138000"), (Sender.CUSTOMER, "快点"),
    )  # fmt: skip
    asked = brief(Known(messages)).asked
    assert [(line.name, line.text) for line in asked] == [
        ("是什么型号呢？", "XQG100"),
        ("您的电话是多少？", "138****8000"),
    ]
    assert [line.source for line in asked] == [Source("message", "4"), Source("message", "6")]


def test_the_problem_is_the_open_tickets_else_what_the_form_heard_else_the_first_telling_words() -> None:
    messages = talk((Sender.CUSTOMER, "转人工"), (Sender.CUSTOMER, "空调一直漏水"), (Sender.CUSTOMER, "漏到地板了"))
    (told,) = brief(Known(messages)).problem
    assert (told.text, told.source) == ("空调一直漏水", Source("message", "2"))
    (heard,) = brief(Known(messages, slots={"symptom": "漏到地板"})).problem
    assert (heard.text, heard.source) == ("漏到地板", Source("message", "3"))
    (filed,) = brief(Known(messages, tickets=[ticket()])).problem
    assert (filed.text, filed.source) == ("滚筒洗衣机：不脱水", Source("ticket", "BX20261128-0001"))
    (open_again,) = brief(Known(messages, tickets=[ticket(status=Status.CLOSED)])).problem
    assert open_again.text == "空调一直漏水"


def test_identity_comes_from_the_file_else_the_ticket_else_what_was_said_and_hides_the_phone() -> None:
    customer = Customer("f", "林女士", NOW, phone="13800138000", special_care=True)
    lines = brief(Known([], customer=customer)).identity
    assert [line.text for line in lines] == ["林女士", "*******8000", "档案里注明需要特别照顾"]
    (line,) = brief(Known([], tickets=[ticket()])).identity
    assert (line.text, line.source.ref) == ("*******8000", "BX20261128-0001")
    said = talk((Sender.CUSTOMER, "13900139000"))
    (line,) = brief(Known(said, slots={"phone": "13900139000"})).identity
    assert (line.text, line.source) == ("*******9000", Source("message", "1"))


def test_what_was_told_of_rights_is_repeated_and_else_what_the_orders_give() -> None:
    offered = [Entitlement("滚筒洗衣机", ("免费修：最晚明年提出",), "三包第九条")]
    (line,) = brief(Known([], entitlements=offered)).entitlement
    assert line.source == Source("clause", "三包第九条")
    told = ticket(entitlement={"told": ["换货：最晚 12 月 1 日提出"]})
    (line,) = brief(Known([], tickets=[told], entitlements=offered)).entitlement
    assert (line.name, line.text) == ("已告知", "换货：最晚 12 月 1 日提出")


def test_mood_reason_tickets_and_promises_are_said_in_words() -> None:
    messages = talk((Sender.CUSTOMER, "再不来我就打12315"), (Sender.SYSTEM, "下一位就是您"))
    promises = [Promise("BX20261128-0001", "今天 16:00 前人工答复")]
    found = brief(
        Known(
            messages, tickets=[ticket()], labels=LABELS, emotion=2, signals=["threat"], reason="客户要求人工",
            steps={"BX20261128-0001": "待受理"}, promises=promises,
        )
    )  # fmt: skip
    assert [line.text for line in found.mood] == ["生气", "提到投诉、媒体或起诉"]
    assert [line.text for line in found.handover] == ["客户要求人工"]
    assert [line.text for line in found.tickets] == ["报修 BX20261128-0001：待受理"]
    assert found.summary.splitlines() == [
        "问题：滚筒洗衣机：不脱水", "工单：报修 BX20261128-0001：待受理", "承诺：今天 16:00 前人工答复",
    ]  # fmt: skip


def test_nothing_known_gives_a_calm_summary_and_no_error() -> None:
    found = brief(Known([]))
    assert [line.text for line in found.mood] == ["平静"]
    assert found.summary == ""
    assert found == Briefing(mood=found.mood)


def test_notes_are_no_part_of_the_talk_and_long_words_are_cut() -> None:
    messages = talk((Sender.BOT, "哪里坏了？"), (Sender.BOT, "内部：别理他？"), (Sender.CUSTOMER, "坏" * 300), note=2)
    (line,) = brief(Known(messages)).asked
    assert line.name == "哪里坏了？"
    assert len(line.text) == 80
