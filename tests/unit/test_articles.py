"""Knowledge files: what is read, and how a broken one is refused (A11)."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bot.adapters.content_files import load_articles
from bot.domain.errors import ContentError

INVOICE = """\
articles:
  - id: invoice
    title: 开发票
    questions: [怎么开票]
    answer: 在订单里申请。
    source: 发票规则
"""
SHIPPING = INVOICE.replace("invoice", "shipping").replace("开发票", "运费")

Load = Callable[..., list]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Writes a shipped file, and a learned one where given, and reads the articles."""

    def write_and_load(shipped: str | bytes, learned: str | None = None) -> list:
        (tmp_path / "knowledge").mkdir(exist_ok=True)
        content = shipped if isinstance(shipped, bytes) else shipped.encode()
        (tmp_path / "knowledge" / "faq.yml").write_bytes(content)
        if learned is not None:
            (tmp_path / "learned.yml").write_text(learned, encoding="utf-8")
        return load_articles(tmp_path, tmp_path / "learned.yml")

    return write_and_load


def test_learned_articles_and_wordings_stand_beside_the_shipped_ones(load: Load) -> None:
    invoice, shipping = load(INVOICE, SHIPPING + "wordings:\n  invoice: [咋开票, 要票]\n  shipping: [邮费]\n")
    assert invoice.questions == ("怎么开票", "咋开票", "要票")
    assert (shipping.title, shipping.questions) == ("运费", ("怎么开票", "邮费"))


def test_without_a_learned_file_there_are_the_shipped_articles(load: Load) -> None:
    assert [article.id for article in load(INVOICE)] == ["invoice"]


def test_an_article_may_hold_from_one_day_to_another(load: Load) -> None:
    [article] = load(INVOICE + "    valid_from: 2026-11-01\n    valid_until: 2026-11-11\n")
    assert (article.valid_from, article.valid_until) == (date(2026, 11, 1), date(2026, 11, 11))


def line(old: str, new: str) -> str:
    assert old in INVOICE
    return INVOICE.replace(old, new)


SECOND = SHIPPING.removeprefix("articles:\n")
BROKEN = {
    "no yaml": (line("title: 开发票", "title: 开发票: 怎么开"), ("faq.yml 第 3 行", "YAML", "冒号")),
    "not closed": (line("[怎么开票]", "[怎么开票"), ("faq.yml 第 5 行", "YAML")),
    "impossible day": (line("开发票", "2026-13-45"), ("faq.yml", "YAML")),
    "gbk": (INVOICE.encode("gbk"), ("faq.yml", "UTF-8")),
    "empty": ("", ("faq.yml", "articles:")),
    "only words": ("开发票在订单里申请", ("faq.yml", "articles:")),
    "no list": ("articles: 开发票\n", ("faq.yml", "articles:")),
    "no article": ("articles:\n  - 开发票\n", ("faq.yml 第 2 行", "id、title")),
    "no title": (line("    title: 开发票\n", ""), ("faq.yml 第 2 行", "invoice", "title")),
    "no id": (line("id: invoice", "products: []"), ("faq.yml 第 2 行", "无 id", "id")),
    "no answer": (line("answer: 在订单里申请。", "answer:"), ("faq.yml 第 2 行", "invoice", "answer")),
    "blank answer": (line("在订单里申请。", '"  "'), ("faq.yml 第 2 行", "invoice", "answer")),
    "no source": (line("    source: 发票规则\n", ""), ("invoice", "source")),
    "no questions": (line("    questions: [怎么开票]\n", ""), ("invoice", "questions")),
    "number for title": (line("开发票", "2026"), ("invoice", "title", "引号")),
    "words for list": (line("[怎么开票]", "怎么开票"), ("invoice", "questions", "列表")),
    "number in list": (line("[怎么开票]", "[12]"), ("invoice", "questions", "引号")),
    "mistyped field": (line("source:", "sauce: 甲\n    source:"), ("invoice", "sauce")),
    "day in words": (INVOICE + "    valid_until: 双十一\n", ("invoice", "valid_until", "2026-11-23")),
    "moment for day": (INVOICE + "    valid_from: 2026-11-01 08:00:00\n", ("invoice", "valid_from")),
    "ends before it begins": (INVOICE + "    valid_from: 2026-11-02\n    valid_until: 2026-11-01\n", ("早于",)),
    "same id": (INVOICE + SECOND.replace("shipping", "invoice"), ("第 7 行", "invoice")),
    "same title": (INVOICE + SECOND.replace("运费", "开发票"), ("第 7 行", "开发票")),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_its_place_and_what_to_do(load: Load, case: str) -> None:
    content, words = BROKEN[case]
    with pytest.raises(ContentError) as refusal:
        load(content)
    for word in words:
        assert word in str(refusal.value)


BROKEN_LEARNED = {
    "shipped id": (SHIPPING.replace("shipping", "invoice"), ("learned.yml 第 2 行", "invoice")),
    "unknown article": ("articles: []\nwordings: {nowhere: [咋开票]}\n", ("learned.yml", "nowhere")),
    "words for list": ("articles: []\nwordings: {invoice: 咋开票}\n", ("learned.yml", "invoice", "列表")),
    "no mapping": ("articles: []\nwordings: [咋开票]\n", ("learned.yml", "wordings")),
    "no articles": ("wordings: {invoice: [咋开票]}\n", ("learned.yml", "articles:")),
}


@pytest.mark.parametrize("case", BROKEN_LEARNED)
def test_a_broken_learned_file_is_refused_too(load: Load, case: str) -> None:
    learned, words = BROKEN_LEARNED[case]
    with pytest.raises(ContentError) as refusal:
        load(INVOICE, learned)
    for word in words:
        assert word in str(refusal.value)
