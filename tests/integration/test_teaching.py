"""From a question that no article answers to an article that does, the same on SQLite and PostgreSQL (A11)."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Engine

from bot.adapters.article_files import ArticleFiles
from bot.adapters.content_files import load_forbidden
from bot.adapters.repositories import QuestionRows
from bot.adapters.uow import MIGRATIONS, migrate, open_database
from bot.domain.errors import InvalidInput, NotFound
from bot.domain.questions import Question, State
from bot.domain.text import MAX_MESSAGE_CHARS
from bot.services.learning import Learning
from tests.integration.fixtures_database import KEYS, NOON, Clock

HONEY = "你家蜂蜜是几度波美的"
TENT = "帐篷能住几个人"


def shared_characters(texts: Sequence[str]) -> list[list[float]]:
    """A likeness that a reader can count."""
    return [[len(set(a) & set(b)) / len(set(a) | set(b)) for b in texts] for a in texts]


@pytest.fixture
def rows(database: Engine) -> QuestionRows:
    return QuestionRows(database.begin)


@pytest.fixture
def articles(tmp_path: Path) -> ArticleFiles:
    return ArticleFiles(tmp_path / "knowledge" / "learned.yml")


@pytest.fixture
def learning(rows: QuestionRows, articles: ArticleFiles, clock: Clock) -> Learning:
    return Learning(rows, articles, shared_characters, load_forbidden(), clock)


@pytest.fixture
def ask(learning: Learning, rows: QuestionRows) -> Callable[..., Question]:
    """Opens a question and gives it as stored."""

    def open_question(text: str, conversation: str = "c1", offered: Sequence[str] = ()) -> Question:
        learning.ask_colleagues(conversation, text, "consult_product", offered)
        return rows.open()[-1]

    return open_question


Ask = Callable[..., Question]


# Asking


def test_a_question_comes_back_as_it_was(ask: Ask, rows: QuestionRows) -> None:
    question = ask(HONEY, "c1", ["invoice-general"])
    assert question == Question(question.id, "c1", HONEY, "consult_product", ("invoice-general",), NOON)
    assert rows.get(question.id) == question


def test_the_same_words_in_the_same_conversation_are_asked_once(ask: Ask, rows: QuestionRows) -> None:
    for conversation in ("c1", "c1", "c2"):
        ask(HONEY, conversation)
    ask(TENT, "c1")
    assert [(q.conversation_id, q.text) for q in rows.open()] == [("c1", HONEY), ("c2", HONEY), ("c1", TENT)]
    assert [q.text for q in rows.open("c1")] == [HONEY, TENT]


def test_the_same_words_at_the_same_moment_are_asked_once(learning: Learning, rows: QuestionRows) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: learning.ask_colleagues("c1", HONEY, "consult_product"), range(8)))
    assert len(rows.open()) == 1


def test_phone_and_order_numbers_are_masked(ask: Ask) -> None:
    """E10."""
    assert ask("13812345678 这个号的 202601030001 有积分吗").text == "138****5678 这个号的 202****0001 有积分吗"


def test_the_longest_message_can_be_asked(ask: Ask) -> None:
    """An index entry of PostgreSQL holds 2,700 bytes."""
    assert ask("𠮷" * MAX_MESSAGE_CHARS).text == "𠮷" * 400


def test_whoever_takes_an_offered_article_needs_no_colleague(ask: Ask, learning: Learning, rows: QuestionRows) -> None:
    offered, other = ask(HONEY, "c1", ["service-hours", "service-stores"]), ask(TENT, "c1")
    learning.chose("c2", "service-hours")
    learning.chose("c1", "invoice-general")
    assert rows.open() == [offered, other]
    learning.chose("c1", "service-stores")
    assert rows.open() == [other]
    taken = rows.get(offered.id)
    assert taken and (taken.state, taken.answered_by) == (State.ANSWERED, "service-stores")


# Teaching


def test_questions_are_grouped_by_likeness(ask: Ask, learning: Learning) -> None:
    ask(TENT)
    ask(HONEY)
    ask(HONEY + "呀")
    assert [group.wordings for group in learning.clusters()] == [(HONEY, HONEY + "呀"), (TENT,)]


def test_an_attached_wording_is_one_of_the_article_from_then_on(
    ask: Ask, learning: Learning, articles: ArticleFiles, rows: QuestionRows
) -> None:
    question, alike = ask(HONEY), ask(HONEY + "呀")
    assert learning.attach(question.id, "invoice-general") == [question]
    assert rows.open() == [alike]
    closed = rows.get(question.id)
    assert closed and (closed.state, closed.answered_by) == (State.ANSWERED, "invoice-general")
    assert questions_of(articles, "invoice-general")[-1] == HONEY


def test_a_whole_cluster_is_attached_at_once_each_wording_once(
    ask: Ask, learning: Learning, articles: ArticleFiles, rows: QuestionRows
) -> None:
    question = ask(HONEY)
    ask(HONEY + "呀")
    ask(HONEY, "c2")
    other = ask(TENT)
    assert len(learning.attach(question.id, "invoice-general", whole_cluster=True)) == 3
    assert rows.open() == [other]
    assert questions_of(articles, "invoice-general")[-2:] == (HONEY, HONEY + "呀")


def test_a_wording_that_the_article_has_already_is_not_added_again(
    ask: Ask, learning: Learning, articles: ArticleFiles
) -> None:
    before = questions_of(articles, "invoice-general")
    learning.attach(ask(before[0]).id, "invoice-general")
    assert questions_of(articles, "invoice-general") == before


def test_a_new_article_answers_the_question_and_names_its_source(
    ask: Ask, learning: Learning, articles: ArticleFiles, rows: QuestionRows
) -> None:
    """A11."""
    article = learning.add(ask(HONEY).id, " 蜂蜜度数 ", "42 度波美：以瓶身标签为准。\n")
    assert articles.all()[-1] == article
    assert (article.title, article.answer) == ("蜂蜜度数", "42 度波美：以瓶身标签为准。")
    assert (article.questions, article.intents) == ((HONEY,), ("consult_product",))
    assert article.source == "客服答复（2026 年 11 月 23 日）"
    assert rows.open() == []


def test_learned_articles_get_their_own_ids_and_can_be_attached_to(
    ask: Ask, learning: Learning, articles: ArticleFiles
) -> None:
    first = learning.add(ask(HONEY).id, "蜂蜜度数", "42 度。", source="瓶身标签", intent="consult_usage")
    second = learning.add(ask(TENT).id, "帐篷人数", "两个人。")
    learning.attach(ask("帐篷睡得下仨不").id, second.id)
    assert (first.id, first.source, first.intents) == ("learned-1", "瓶身标签", ("consult_usage",))
    assert questions_of(articles, "learned-2") == (TENT, "帐篷睡得下仨不")


def test_dismissed_questions_are_off_the_list_for_good(ask: Ask, learning: Learning, rows: QuestionRows) -> None:
    learning.dismiss([ask(HONEY).id, ask(TENT).id])
    learning.ask_colleagues("c1", HONEY, "consult_product")
    assert rows.open() == []


def questions_of(articles: ArticleFiles, article_id: str) -> tuple[str, ...]:
    return next(article.questions for article in articles.all() if article.id == article_id)


# Mistakes


def test_what_cannot_be_done_says_why_and_changes_nothing(
    ask: Ask, learning: Learning, articles: ArticleFiles, rows: QuestionRows
) -> None:
    question, before = ask(HONEY), articles.all()
    with pytest.raises(NotFound, match="没有问题 999"):
        learning.attach(999, "invoice-general")
    with pytest.raises(NotFound, match="没有文章 nowhere"):
        learning.attach(question.id, "nowhere")
    with pytest.raises(InvalidInput, match=f"已有文章 {before[0].id}"):
        learning.add(question.id, before[0].title, "回答")
    with pytest.raises(InvalidInput, match="标题和回答都要写"):
        learning.add(question.id, "标题", "  ")
    with pytest.raises(InvalidInput, match="忌语“不可能”"):
        learning.add(question.id, "标题", "这不可能。")
    with pytest.raises(NotFound, match="没有问题 999"):
        learning.dismiss([question.id, 999])
    assert (rows.open(), articles.all()) == ([question], before)


def test_a_question_is_dealt_with_once(ask: Ask, learning: Learning) -> None:
    answered, dismissed = ask(HONEY), ask(TENT)
    learning.attach(answered.id, "invoice-general")
    learning.dismiss([dismissed.id])
    with pytest.raises(NotFound, match="已经由文章 invoice-general 回答"):
        learning.add(answered.id, "标题", "回答")
    with pytest.raises(NotFound, match="已经搁下"):
        learning.attach(dismissed.id, "invoice-general")


# The file


def test_many_who_teach_at_once_lose_nothing(tmp_path: Path) -> None:
    def teach(n: int) -> None:
        ArticleFiles(tmp_path / "learned.yml").add_wordings("invoice-general", [f"第 {n} 种问法"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(teach, range(16)))
    taught = questions_of(ArticleFiles(tmp_path / "learned.yml"), "invoice-general")[-16:]
    assert sorted(taught) == sorted(f"第 {n} 种问法" for n in range(16))
    assert [path.name for path in tmp_path.iterdir()] == ["learned.yml"]


# Migration


def test_a_database_of_the_first_form_keeps_its_rows_and_gets_the_new_table(empty_address: str) -> None:
    engine = open_database(empty_address, KEYS)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO ticket_counters VALUES ('BX20261123', 7)"))
    migrate(engine)
    QuestionRows(engine.begin).add("c1", HONEY, "consult_product", [], NOON)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT last FROM ticket_counters")).scalar_one() == 7
    assert [question.text for question in QuestionRows(engine.begin).open()] == [HONEY]
    engine.dispose()
