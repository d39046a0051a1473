"""The checker of the fault tests finds what it is there to find."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.faults.history import Filed, History, Phone, Row, Said, Sight, Wrong, check

TALK, OTHER = "talk", "other"
ASKED = Said(TALK, "k1", "洗衣机不转 #w1.1", seq=2)
WANTED = Said(TALK, "k2", "开单 #w1.2", seq=4, rank=1)
GREETING = Row(TALK, 1, "m1", "bot", "您好", source="greeting.welcome")
ROWS = (
    GREETING,
    Row(TALK, 2, "m2", "customer", ASKED.text, "k1"),
    Row(TALK, 3, "m3", "bot", "收到 #w1.1"),
    Row(TALK, 4, "m4", "customer", WANTED.text, "k2"),
    Row(TALK, 5, "m5", "bot", "收到 #w1.2，工单 BX1"),
)
TICKET = Filed("BX1", TALK, "#w1.2")
SEEN = Sight(TALK, 0, tuple((row.seq, row.id, row.text) for row in ROWS))
WHOLE = History((ASKED, WANTED), ROWS, (TICKET,), {"reader": (SEEN,)}, (), {TALK: ()})

TAKEN = (
    GREETING,
    Row(TALK, 2, "m2", "customer", ASKED.text, "k1"),
    Row(TALK, 3, "m3", "system", "排队", source="handover.next"),
    Row(TALK, 4, "m4", "system", "小赵来了", source="desk.joined"),
    Row(TALK, 5, "m5", "agent", "您好 #p1.1", "小赵:k3"),
)
REPLY = Said(TALK, "小赵:k3", "您好 #p1.1", seq=5, by_person=True)
DESK = History((ASKED, REPLY), TAKEN, owners={TALK: (1, 2)})

ON_WECHAT = tuple(replace(row, delivery="sent" if row.sender == "bot" else None) for row in ROWS)
PHONE = Phone(TALK, ("您好\n\n收到 #w1.1", "收到 #w1.2，工单 BX1"))
WECHAT = replace(WHOLE, rows=ON_WECHAT, sights={}, phones=(PHONE,))


def found(history: History) -> list[Wrong]:
    return sorted({violation.wrong for violation in check(history).violations})


def put(rows: Sequence[Row], place: int, **changes: object) -> tuple[Row, ...]:
    return tuple(replace(row, **changes) if row.seq == place else row for row in rows)  # type: ignore[arg-type]


def without(rows: Sequence[Row], place: int) -> tuple[Row, ...]:
    """The message is gone, and the later ones stand closer."""
    return tuple(replace(row, seq=row.seq - (row.seq > place)) for row in rows if row.seq != place)


@pytest.mark.parametrize("history", [WHOLE, DESK, WECHAT], ids=["website", "desk", "wechat"])
def test_a_whole_story_is_clean(history: History) -> None:
    findings = check(history)
    assert findings.violations == ()
    assert findings.sentence == "5 messages checked: 0 lost, 0 duplicated, 0 out of order"


def test_an_acknowledged_message_that_is_not_stored_is_lost() -> None:
    assert Wrong.LOST in found(replace(WHOLE, said=(*WHOLE.said, Said(TALK, "k9", "还在吗 #w1.3"))))


def test_a_message_that_was_never_acknowledged_may_be_missing() -> None:
    assert found(replace(WHOLE, said=(*WHOLE.said, Said(TALK, "k9", "还在吗 #w1.3", is_taken=False)))) == []


def test_a_message_that_is_not_answered_is_lost() -> None:
    rows = without(ROWS, 3)
    assert Wrong.LOST in found(History((replace(ASKED, seq=2), replace(WANTED, seq=3)), rows, (TICKET,)))
    assert Wrong.LOST in found(replace(DESK, rows=put(TAKEN, 2, answered=False)))


def test_a_gap_in_the_numbers_is_a_loss() -> None:
    assert Wrong.LOST in found(replace(WHOLE, rows=tuple(row for row in ROWS if row.seq != 3), sights={}))


def test_what_a_reader_never_saw_is_lost() -> None:
    assert found(replace(WHOLE, sights={"reader": (replace(SEEN, lines=SEEN.lines[:-1]),)})) == [Wrong.LOST]


def test_a_ticket_that_was_promised_and_is_not_there_is_lost() -> None:
    assert Wrong.LOST in found(replace(WHOLE, tickets=()))


def test_what_is_called_sent_and_never_came_is_lost() -> None:
    gone = replace(PHONE, lines=PHONE.lines[:1])
    assert found(replace(WECHAT, phones=(gone,))) == [Wrong.LOST]
    unknown = put(ON_WECHAT, 5, delivery="unknown")
    assert found(replace(WECHAT, rows=unknown, phones=(gone,))) == [], "nobody called it sent"


def test_what_still_waits_to_go_out_is_lost() -> None:
    assert found(replace(WHOLE, undelivered=1)) == [Wrong.LOST]


def test_a_notice_that_is_called_sent_and_never_came_is_lost_and_may_come_twice() -> None:
    told = replace(WHOLE, notices_sent=frozenset({"n1"}), notices_got={"n1": 2})
    assert found(told) == [], "its receiver knows it again by its id"
    assert found(replace(told, notices_got={})) == [Wrong.LOST]
    assert found(replace(told, notices_due=1)) == [Wrong.LOST]
    assert found(replace(told, notices_got={"n1": 1, "n2": 1})) == [Wrong.INVENTED]


def test_a_message_stored_twice_is_found_even_under_another_key() -> None:
    again = Row(TALK, 6, "m6", "customer", ASKED.text, "k7")
    assert Wrong.DUPLICATED in found(replace(WHOLE, rows=(*ROWS, again), sights={}))
    assert Wrong.DUPLICATED in found(replace(WHOLE, rows=(*ROWS, replace(again, key="k1")), sights={}))


def test_two_answers_to_one_message_are_found_a_note_included() -> None:
    again = Row(TALK, 6, "m6", "bot", "收到 #w1.2，工单 BX1")
    assert found(replace(WHOLE, rows=(*ROWS, again), sights={})) == [Wrong.DUPLICATED]
    assert found(replace(WHOLE, rows=(*ROWS, replace(again, note=True)), sights={})) == [Wrong.DUPLICATED]


def test_two_tickets_for_one_wish_are_found() -> None:
    assert found(replace(WHOLE, tickets=(TICKET, replace(TICKET, number="BX2")))) == [Wrong.DUPLICATED]


def test_what_a_reader_saw_twice_is_found_over_connections_too() -> None:
    twice = {"reader": (SEEN, Sight(TALK, 4, SEEN.lines[-1:]))}
    assert found(replace(WHOLE, sights=twice)) == [Wrong.DUPLICATED]


def test_what_came_twice_on_the_phone_is_found_even_when_it_is_called_unknown() -> None:
    twice = replace(PHONE, lines=(*PHONE.lines, PHONE.lines[-1]))
    assert found(replace(WECHAT, rows=put(ON_WECHAT, 5, delivery="unknown"), phones=(twice,))) == [Wrong.DUPLICATED]


def test_one_place_for_two_messages_is_found() -> None:
    assert Wrong.DUPLICATED in found(replace(WHOLE, rows=put(ROWS, 5, seq=4), sights={}))


def test_another_order_than_that_of_sending_is_found() -> None:
    assert found(replace(WHOLE, said=(replace(ASKED, rank=2), WANTED))) == [Wrong.DISORDERED]
    assert found(replace(WHOLE, said=(replace(ASKED, rank=1), WANTED))) == [], "they were sent at the same time"


def test_a_place_other_than_acknowledged_is_found() -> None:
    assert found(replace(WHOLE, said=(replace(ASKED, seq=3), WANTED))) == [Wrong.DISORDERED]


def test_an_answer_before_its_question_and_answers_the_wrong_way_round_are_found() -> None:
    before = (*ROWS[:3], replace(ROWS[4], seq=4), replace(ROWS[3], seq=5))
    assert found(History((ASKED, replace(WANTED, seq=5)), before, (TICKET,))) == [Wrong.DISORDERED]
    rows = put(put(ROWS, 3, text="收到 #w1.2"), 5, text="收到 #w1.1，工单 BX1")
    assert Wrong.DISORDERED in found(replace(WHOLE, rows=rows, sights={}))


def test_frames_in_the_wrong_order_are_found() -> None:
    lines = (*SEEN.lines[:3], SEEN.lines[4], SEEN.lines[3])
    assert found(replace(WHOLE, sights={"reader": (replace(SEEN, lines=lines),)})) == [Wrong.DISORDERED]


def test_another_order_on_the_phone_is_found() -> None:
    assert found(replace(WECHAT, phones=(replace(PHONE, lines=PHONE.lines[::-1]),))) == [Wrong.DISORDERED]


def test_a_skipped_or_repeated_epoch_is_found() -> None:
    assert found(replace(DESK, owners={TALK: (1, 3)})) == [Wrong.DISORDERED]
    assert found(replace(DESK, owners={TALK: (1, 1)})) == [Wrong.DISORDERED]


def test_a_private_note_that_a_customer_saw_is_found() -> None:
    assert found(replace(WHOLE, rows=put(ROWS, 3, note=True))) == [Wrong.INVENTED]


def test_what_nobody_stored_or_sent_or_asked_for_is_found() -> None:
    ghost = {"reader": (replace(SEEN, lines=(*SEEN.lines, (6, "m6", "谁在说话"))),)}
    assert found(replace(WHOLE, sights=ghost)) == [Wrong.INVENTED]
    stranger = Row(TALK, 6, "m6", "customer", "不是我 #w9.9", "k9")
    assert Wrong.INVENTED in found(replace(WHOLE, rows=(*ROWS, stranger), sights={}))
    assert found(replace(WHOLE, tickets=(TICKET, Filed("BX7", TALK, "#w1.1")))) == [Wrong.INVENTED]
    assert Wrong.INVENTED in found(replace(WECHAT, phones=(replace(PHONE, lines=(*PHONE.lines, "乱 #w7.7")),)))


def test_a_bot_that_speaks_while_a_person_holds_the_conversation_is_found() -> None:
    late = Row(TALK, 6, "m6", "bot", "收到 #w1.1")
    assert found(replace(DESK, rows=(*TAKEN, late))) == [Wrong.INVENTED]
    assert found(replace(DESK, rows=(*TAKEN, replace(late, note=True)))) == [], "a note for the person"
    assert check(replace(DESK, rows=(*TAKEN, late))).sentence.endswith("1 wrongly there")
