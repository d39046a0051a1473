"""What tickets are found by, which lists there can be, which files may come, and the company's own fields."""

from datetime import UTC, datetime

import pytest

from bot.adapters.ticket_terms import as_query, as_stored, asked, asked_by_word, ticket_terms_of
from bot.domain.attachment import clean_name, type_for
from bot.domain.custom_field import CustomField, FieldKind, read_custom_fields
from bot.domain.errors import ContentError, InvalidInput
from bot.domain.search_terms import MOST_WANTED, phrases_in, terms_of
from bot.domain.ticket import Kind
from bot.domain.ticket_view import Due, Filter, Place, Sort, due_span, opened_span, read_filter, read_place
from bot.gateway.desk.export import safe_cell

NOON = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
"""A Friday, noon in Shanghai."""


def test_chinese_is_found_by_pairs_and_letters_by_words() -> None:
    assert terms_of(["洗衣机 kfr35"]) == ["洗衣", "衣机", "机", "kfr35"]
    assert phrases_in("洗衣机kfr") == [("洗衣", "衣机"), ("kfr*",)]
    assert phrases_in("漏") == [("漏*",)]
    assert phrases_in("！？ \n") == []
    assert sum(map(len, phrases_in("长" * 500))) == MOST_WANTED


def test_traditional_characters_and_full_width_are_found_as_simplified_and_half_width() -> None:
    assert asked("洗衣機ＫＦＲ") == asked("洗衣机kfr")
    assert ticket_terms_of(["空調漏水"], "13800138000")[:4] == ["8000", "空调", "调漏", "漏水"]


def test_a_search_without_spaces_is_taken_by_its_words_too() -> None:
    assert asked_by_word("洗衣机漏水了") == [("洗衣", "衣机"), ("漏水",)]
    assert asked_by_word("漏") == asked("漏")


def test_a_search_is_written_in_each_databases_own_words_and_nothing_typed_acts_in_it() -> None:
    phrases = asked("""洗衣机' OR "x" & | ! <-> *:""")
    assert as_query(phrases, "sqlite") == '"洗衣 衣机" AND "or" * AND "x" *'
    assert as_query(phrases, "postgresql") == "('洗衣' <-> '衣机') & ('or':*) & ('x':*)"
    assert as_stored(["洗衣", "衣机", "洗衣"], "postgresql") == "'洗衣':1,3 '衣机':2"


def test_filters_are_read_from_words_and_written_back() -> None:
    raw = {
        "kind": "repair",
        "priority": "2",
        "running": "true",
        "due": "late",
        "phone": "",
        "opened_from": "2026-11-01",
    }
    wanted = read_filter(raw)
    assert wanted == Filter(kind=Kind.REPAIR, priority=2, running=True, due=Due.LATE, opened_from="2026-11-01")
    assert read_filter(wanted.as_json()) == wanted


@pytest.mark.parametrize(
    "raw",
    [{"kind": "x"}, {"priority": "3"}, {"priority": True}, {"running": "yes"}, {"colour": "red"}, {"level": "customer"},
     {"opened_from": "20261199"}, {"opened_from": ["x"]}, {"phone": {"$ne": 1}}, {"step": "长" * 61},
     {"due": None, "a": 1}],
)  # fmt: skip
def test_filters_that_cannot_be_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        read_filter(raw)


def test_days_and_weeks_end_at_midnight_in_shanghai() -> None:
    assert due_span(Due.TODAY, NOON)[1] == datetime(2026, 11, 27, 16, tzinfo=UTC)
    assert due_span(Due.WEEK, NOON)[1] == datetime(2026, 11, 29, 16, tzinfo=UTC)
    assert opened_span(Filter(opened_from="today", opened_to="2026-11-28"), NOON) == (
        datetime(2026, 11, 26, 16, tzinfo=UTC),
        datetime(2026, 11, 28, 16, tzinfo=UTC),
    )


def test_a_place_in_a_list_is_good_for_that_list_only() -> None:
    place = Place(0, NOON.isoformat(), "BX20261127-0001")
    assert read_place(place.in_words(Sort.OPENED), Sort.OPENED) == place
    for text, sort in ((place.in_words("opened"), "due"), ("x", "opened"), ("🙂", "opened"), ("bnVsbA", "opened")):
        with pytest.raises(InvalidInput):
            read_place(text, sort)
    with pytest.raises(InvalidInput):
        read_place(Place(0, "2026-11-27T04:00:00", "x").in_words("opened"), "opened")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("C:照片.jpg", "照片.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\r\nSet-Cookie: x.png", "x.png"),
        ('<img src=x onerror="alert(1)">.png', "_img src=x onerror=_alert(1)__.png"),
        ("..", "附件"),
        ("", "附件"),
        (".png", "附件.png"),
        ("长" * 300 + ".jpeg", "长" * 75 + ".jpeg"),
    ],
)
def test_names_of_files_lose_what_could_harm(raw: str, name: str) -> None:
    assert clean_name(raw) == name


def test_a_file_is_what_its_content_says_and_its_name_must_not_say_otherwise() -> None:
    assert type_for("照片.JPG", "image/jpeg") == "image/jpeg"
    for name, found in (
        ("a.png", "image/jpeg"),
        ("a.svg", None),
        ("a.html", "text/plain"),
        ("a.exe", "application/x-msdownload"),
        ("a", "image/png"),
    ):
        with pytest.raises(InvalidInput):
            type_for(name, found)


def test_a_cell_is_never_a_formula() -> None:
    for text in ("=1+1", "+86", "-2", "@SUM(A1)", "\t=1"):
        assert safe_cell(text) == f"'{text}"
    assert safe_cell("洗衣机=坏") == "洗衣机=坏"


STEPS = {Kind.REPAIR: ("received", "visit"), Kind.CALLBACK: ("received",)}


def test_own_fields_read_values_of_their_kind() -> None:
    fields = {kind: CustomField("x", "里程", kind, values=("甲",)) for kind in FieldKind}
    good = {"text": "随便", "number": "-12.5", "date": "2026-11-28", "choice": "甲", "flag": True}
    bad = {"text": "长" * 201, "number": "nan", "date": "2026-13-01", "choice": "乙", "flag": "也许"}
    assert [fields[FieldKind(kind)].read(value) for kind, value in good.items()] == [
        "随便",
        "-12.5",
        "2026-11-28",
        "甲",
        "是",
    ]
    for kind, value in bad.items():
        with pytest.raises(InvalidInput):
            fields[FieldKind(kind)].read(value)


@pytest.mark.parametrize(
    "entry",
    [{"id": "a"}, {"id": "a b", "name": "甲", "kind": "text"}, {"id": "a", "name": "甲", "kind": "colour"},
     {"id": "a", "name": "甲", "kind": "choice"}, {"id": "a", "name": "甲", "kind": "text", "required_at": "nowhere"},
     {"id": "a", "name": "甲", "kind": "text", "tickets": ["x"]},
     {"id": "a", "name": "甲", "kind": "text", "sort": 1}, "a"],
)  # fmt: skip
def test_own_fields_that_are_wrong_are_named(entry: object) -> None:
    with pytest.raises(ContentError, match=r"custom_fields\.yml 第 1 项"):
        read_custom_fields([entry], STEPS)
    twice = {"id": "a", "name": "甲", "kind": "text", "required_at": "visit"}
    with pytest.raises(ContentError, match="写了两次"):
        read_custom_fields([twice, twice], STEPS)
