"""忌语: what no one may say to a customer (A4)."""

from bot.adapters.content_files import load_articles, load_forbidden
from bot.domain.wording import Forbidden, forbidden_in

FORBIDDEN = load_forbidden()
A, B = Forbidden("不归我管", "推诿", "我帮您转过去"), Forbidden("随便你", "赌气", "都听您的")


def test_every_forbidden_phrase_is_found_in_the_order_of_the_list() -> None:
    assert forbidden_in("随便你吧,这不归我管", (A, B)) == [A, B]
    assert forbidden_in("我帮您转过去", (A, B)) == []


def test_the_list_is_rich_and_names_a_reason_and_a_better_wording_for_each() -> None:
    """A4."""
    assert len(FORBIDDEN) >= 60
    assert len({entry.phrase for entry in FORBIDDEN}) == len(FORBIDDEN)
    assert all(entry.why and entry.better and len(entry.phrase) >= 2 for entry in FORBIDDEN)


def test_no_better_wording_is_itself_forbidden() -> None:
    assert [e.phrase for e in FORBIDDEN if forbidden_in(e.better, FORBIDDEN)] == []


def test_no_reviewed_answer_holds_a_forbidden_phrase() -> None:
    """A4, A11."""
    assert [(a.id, f.phrase) for a in load_articles() for f in forbidden_in(a.answer, FORBIDDEN)] == []
