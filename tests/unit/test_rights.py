"""How people tell and ask about their rights, and how a decision is put in short (A7, A12, E6, E11)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.answers import cited, same_ways, short_day, ways_in_brief, ways_in_lines
from bot.domain.heard import Heard, Mention, Understood
from bot.domain.rights import (
    Account,
    Days,
    Topic,
    account_in,
    as_wish,
    days_of,
    days_told,
    fault_in,
    repairs_told,
    topic_of,
)
from bot.domain.warranty.case import FaultKind, Wish
from bot.domain.warranty.decision import Decision, Remedy
from bot.domain.warranty.law import Option, Side

TODAY = date(2026, 11, 23)


def heard(text: str, **facts: str | tuple[str, ...]) -> Heard:
    told = {name: value if isinstance(value, tuple) else (value,) for name, value in facts.items()}
    return Heard(text, (Understood("inform", 0.9, text),), told)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("买了十天坏了能换吗", Topic.WAYS),
        ("洗衣机买了5天不转了能退吗", Topic.WAYS),
        ("修过三回了还这样,能换新的吗", Topic.WAYS),
        ("修了俩次了又坏了 能退不", Topic.WAYS),
        ("坏了怎么办啊", Topic.WAYS),
        ("202611161259还能退吗", Topic.WAYS),
        ("七天无理由能退吗,拆封了", Topic.NO_REASON),
        ("过了几天还能七天无理由吗", Topic.NO_REASON),
        ("过保了多少钱", Topic.COST),
        ("修要钱吗", Topic.COST),
        ("过保了修一次多少钱", Topic.COST),
        ("充电器坏了免费换吗", Topic.COST),
        ("保修到什么时候", Topic.PERIOD),
        ("还在保修期吗", Topic.PERIOD),
        ("保修期过了没", Topic.PERIOD),
        ("这个还保不保修", Topic.PERIOD),
        ("手机电池坏了保修多久", Topic.PERIOD),
        ("我的空调还在保吗", Topic.PERIOD),
        ("质保多久", Topic.PERIOD),
        ("电视买了三年了还保修吗", Topic.PERIOD),
    ],
)
def test_a_question_about_rights_is_heard_as_one(text: str, topic: Topic) -> None:
    assert topic_of(text) is topic


@pytest.mark.parametrize(
    "text",
    [
        "退货运费谁出",
        "怎么退货",
        "可以换收货地址吗",
        "能换个颜色吗",
        "滤芯多久换一次",
        "退款什么时候到账",
        "积分能换东西吗",
        "发票可以换抬头吗",
        "我要退货",
        "洗衣机不转了",
        "空调安装收费吗",
        "你们几点下班",
        "可以补差价吗",
        "能帮我换个客服吗",
    ],
)
def test_other_business_is_left_to_the_articles(text: str) -> None:
    assert topic_of(text) is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("修了两次还是坏", 2),
        ("修过三回了还这样", 3),
        ("修了俩次了又坏了", 2),
        ("都上门修4次了", 4),
        ("两次上门维修都没好", 2),
        ("修了好几次", 2),
        ("反复修了又坏", 2),
        ("这是第三次坏了", 2),
        ("刚修好又漏水", 1),
        ("上次修过又坏了", 1),
        ("修一次多少钱", 0),
        ("洗衣机坏了要修", 0),
        ("两次都没接电话", 0),
    ],
)
def test_repairs_in_vain_are_counted_as_told(text: str, count: int) -> None:
    assert repairs_told(text) == count


@pytest.mark.parametrize(
    ("text", "symptoms", "fault"),
    [
        ("不转了", ("不转",), FaultKind.PERFORMANCE),
        ("坏了不想要了", ("坏了",), FaultKind.PERFORMANCE),
        ("花屏", (), FaultKind.PERFORMANCE),
        ("屏幕有划痕", (), FaultKind.APPEARANCE),
        ("收到外壳掉漆", ("掉漆",), FaultKind.APPEARANCE),
        ("尺码小了", (), FaultKind.NONE),
        ("就是不喜欢", (), FaultKind.NONE),
        ("没有质量问题,不想要了", (), FaultKind.NONE),
        ("电视没毛病,就是不喜欢了", (), FaultKind.NONE),
        ("噪音太大", ("噪音大",), None),
        ("音质太差", (), None),
        ("我要退货", (), None),
    ],
)
def test_a_fault_is_told_from_dislike_and_from_what_may_be_either(
    text: str, symptoms: tuple[str, ...], fault: FaultKind | None
) -> None:
    assert fault_in(text, symptoms) is fault


def test_goods_repaired_in_vain_are_faulty_whatever_else_is_said() -> None:
    assert account_in(heard("修了两次了")) == Account(fault=FaultKind.PERFORMANCE, repairs=2)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("能退吗", Wish.RETURN),
        ("可以换新的吗", Wish.EXCHANGE),
        ("能退能换吗", None),
        ("想找人修一下", Wish.REPAIR),
        ("不修了,直接退", Wish.RETURN),
        ("能换个电池吗", None),
        ("不转了", None),
    ],
)
def test_the_wish_is_what_is_asked_for_the_goods_themselves(text: str, wish: Wish | None) -> None:
    assert account_in(heard(text)).wish is wish


def test_who_dropped_it_says_so_but_the_parcel_service_is_no_customer() -> None:
    assert account_in(heard("手机摔碎了")).is_misuse
    assert not account_in(heard("快递送来就摔坏了")).is_misuse


def test_the_longest_name_of_a_part_counts() -> None:
    assert account_in(heard("风扇电机坏了"), ["电机", "风扇电机", "屏"]).part == "风扇电机"
    assert account_in(heard("黑屏了"), ["屏"]).part is None


def test_what_belongs_to_another_matter_is_not_this_ones() -> None:
    told = account_in(heard("冰箱不制冷要报修,另外耳机我想退掉"), besides=["另外耳机我想退掉"])
    assert told.wish is Wish.REPAIR
    assert told.fault is FaultKind.PERFORMANCE


def test_later_words_count_and_earlier_ones_stay() -> None:
    told = Account(fault=FaultKind.NONE, repairs=2, wish=Wish.RETURN).with_news(Account(fault=FaultKind.PERFORMANCE))
    assert told == Account(fault=FaultKind.PERFORMANCE, repairs=2, wish=Wish.RETURN)


@given(
    st.builds(
        Account,
        fault=st.none() | st.sampled_from(FaultKind),
        repairs=st.integers(0, 9),
        part=st.none() | st.just("电池"),
        is_misuse=st.booleans(),
        is_damaged=st.booleans(),
        wish=st.none() | st.sampled_from(Wish),
    )
)
def test_an_account_survives_being_kept(account: Account) -> None:
    assert Account.from_json(account.as_json()) == account


@given(st.text(alphabet="退换修保坏了吗能可以七天无理由两次过没第三还在多少钱?，。1", max_size=40))
def test_any_text_can_be_read(text: str) -> None:
    account_in(heard(text))
    assert topic_of(text) in (*Topic, None)


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("2026 年 11 月 13 日", Days(date(2026, 11, 13), date(2026, 11, 13))),
        ("2026-11-13", Days(date(2026, 11, 13), date(2026, 11, 13))),
        ("2026 年 10 月", Days(date(2026, 10, 1), date(2026, 10, 31))),
        ("2026 年 11 月", Days(date(2026, 11, 1), TODAY)),
        ("2025 年", Days(date(2025, 1, 1), date(2025, 12, 31))),
        ("2026", Days(date(2026, 1, 1), TODAY)),
        ("一年内", None),
        ("（未提供）", None),
        ("2026 年 2 月 30 日", None),
        ("2027 年 1 月", None),
        (None, None),
    ],
)
def test_the_day_of_purchase_is_as_exact_as_it_was_told(words: str | None, days: Days | None) -> None:
    assert days_of(words, TODAY) == days


def test_of_several_days_the_one_beside_the_purchase_counts() -> None:
    text = "昨天坏了,去年5月买的"
    message = Heard(
        text, (Understood("repair_fault", 0.9, text),), {"date": ("2026-11-22", "2025-05")},
        mentions=(Mention("date", "2026-11-22", 0, 2), Mention("date", "2025-05", 5, 9)),
    )  # fmt: skip
    assert days_told(message, TODAY) == Days(date(2025, 5, 1), date(2025, 5, 31))


def test_how_long_it_lasted_is_not_when_it_was_bought() -> None:
    text = "买的电视三天就花屏"
    message = Heard(
        text, (Understood("repair_fault", 0.9, text),), {"since": ("2026-11-20",)},
        mentions=(Mention("since", "2026-11-20", 4, 6),),
    )  # fmt: skip
    assert days_told(message, TODAY) is None


def test_time_in_use_tells_it_too_but_time_in_repair_does_not() -> None:
    assert days_told(heard("冰箱用了八个月", since="2026-03"), TODAY) == Days(date(2026, 3, 1), date(2026, 3, 31))
    assert days_told(heard("修了一个月还没修好", since="2026-10"), TODAY) is None


def test_a_bare_day_is_an_answer_where_it_was_asked() -> None:
    assert days_told(heard("双十一", date="2026-11-11"), TODAY) is None
    assert days_told(heard("双十一", date="2026-11-11"), TODAY, is_answer=True) == days_of("2026-11-11", TODAY)


RETURN = Remedy(
    Option.RETURN, ("E1 《消费者权益保护法》第二十四条", "E3 《消费者权益保护法》第二十三条"), ("defect@2014",),
    date(2026, 11, 25), Side.SELLER, Side.SELLER, 219900,
)  # fmt: skip
EXCHANGE = Remedy(
    Option.EXCHANGE, ("E6 《部分商品修理更换退货责任规定》第十条",), deadline=date(2026, 11, 27), freight=Side.SELLER
)
REPAIR = Remedy(
    Option.REPAIR, ("E6 《部分商品修理更换退货责任规定》（三包有效期内免费修理）",), deadline=date(2027, 11, 12),
    freight=Side.SELLER,
)  # fmt: skip


def test_each_way_tells_its_day_its_money_and_its_freight() -> None:
    assert ways_in_lines(Decision((RETURN, EXCHANGE, REPAIR)), TODAY) == (
        "退货：最晚 11 月 25 日提出，退 2199 元，运费我们出",
        "换货：最晚 11 月 27 日提出，运费我们出",
        "免费修：最晚 2027 年 11 月 12 日提出，运费我们出",
    )


def test_a_return_without_reason_says_that_the_customer_pays_the_way_back() -> None:
    back = Remedy(Option.RETURN, freight=Side.BUYER, refund_fen=71800)
    assert ways_in_lines(Decision((back,)), TODAY) == ("退货：退 718 元，寄回的运费您出",)


def test_an_amount_is_never_said_before_it_is_settled() -> None:
    back = Remedy(Option.RETURN, freight=Side.SELLER, is_depreciated=True)
    assert ways_in_lines(Decision((back, Remedy(Option.HUMAN))), TODAY) == (
        "退货：可能按使用天数收折旧，金额由同事核定，运费我们出",
    )
    assert ways_in_lines(Decision((Remedy(Option.RETURN, freight=Side.SELLER),)), TODAY) == (
        "退货：按发票价退，运费我们出",
    )


def test_a_paid_repair_promises_a_quotation_and_nothing_else() -> None:
    assert ways_in_lines(Decision((Remedy(Option.PAID_REPAIR, freight=Side.BUYER),)), TODAY) == (
        "收费修：师傅先报价，您同意了再修",
    )


def test_one_day_for_all_ways_is_said_once() -> None:
    same = [Remedy(option, deadline=date(2026, 11, 30)) for option in (Option.RETURN, Option.EXCHANGE)]
    assert ways_in_brief(Decision(tuple(same)), TODAY) == "退货、换货都可以，最晚 11 月 30 日提出"
    assert (
        ways_in_brief(Decision((EXCHANGE, REPAIR)), TODAY)
        == "换货（最晚 11 月 27 日）、免费修（最晚 2027 年 11 月 12 日）"
    )


def test_each_law_is_cited_once_and_who_proves_the_cause_not_at_all() -> None:
    decision = Decision((RETURN, EXCHANGE, REPAIR))
    assert cited(decision) == "《消费者权益保护法》第二十四条；《部分商品修理更换退货责任规定》第十条"
    assert cited(Decision((Remedy(Option.PAID_REPAIR, ("E6 三包规定（使用不当不实行三包）",)),))) == "三包规定"


def test_ways_are_the_same_whenever_they_end() -> None:
    later = Remedy(Option.REPAIR, deadline=date(2028, 1, 1))
    assert same_ways(Decision((REPAIR,)), Decision((later,)))
    assert not same_ways(Decision((REPAIR,)), Decision((Remedy(Option.PAID_REPAIR),)))


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_a_day_of_this_year_is_said_without_it(day: date) -> None:
    assert ("年" in short_day(day, TODAY)) == (day.year != TODAY.year)


@pytest.mark.parametrize(
    ("words", "wish"),
    [("退货退款", Wish.RETURN), ("退款", Wish.RETURN), ("换货", Wish.EXCHANGE), ("取消订单", None), (None, None)],
)
def test_a_cancellation_is_no_wish_of_the_law(words: str | None, wish: Wish | None) -> None:
    assert as_wish(words) is wish


@given(st.integers(0, 3000))
def test_no_purchase_lies_ahead(ago: int) -> None:
    day = TODAY - timedelta(days=ago)
    for words in (f"{day}", f"{day:%Y-%m}", f"{day:%Y}"):
        found = days_of(words, TODAY)
        assert found and found.first <= day <= found.last <= TODAY
