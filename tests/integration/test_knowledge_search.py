"""The knowledge search on our articles: what it finds, and that it knows when it does not (A11)."""

import json
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.content_files import load_articles
from bot.adapters.knowledge import MeaningIndex
from bot.domain.knowledge import Article, Finding, judge
from bot.evaluation.files import Pair, pairs, read_lines
from bot.nlu.encoder import encode, encode_all
from bot.nlu.normaliser import normal_form

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "tests" / "data" / "questions.jsonl"
PAIRS = ROOT.parent / "shared" / "eval" / "faq_pairs_dev.jsonl"


@dataclass(frozen=True)
class Question:
    """A customer's question and the ids of the articles that answer it; often there is none."""

    text: str
    articles: frozenset[str]


def questions() -> list[Question]:
    rows = map(json.loads, QUESTIONS.read_text(encoding="utf-8").splitlines())
    return [Question(normal_form(row["text"]).text, frozenset(row["articles"])) for row in rows]


@cache
def index() -> MeaningIndex:
    return MeaningIndex.build(load_articles(), encode, encode_all)


@cache
def found() -> list[tuple[Question, Finding]]:
    return [(question, judge(index().search(question.text, 10))) for question in questions()]


def test_every_question_names_articles_that_exist_and_many_have_none() -> None:
    known = {article.id for article in load_articles()}
    assert all(question.articles <= known for question in questions())
    assert sum(not question.articles for question in questions()) >= 90
    assert len({question.text for question in questions()}) == len(questions()) >= 260


def test_a_wrong_answer_is_rare() -> None:
    wrong = [
        (question.text, finding.answer.id)
        for question, finding in found()
        if finding.answer and finding.answer.id not in question.articles
    ]
    assert len(wrong) / len(found()) <= 0.03, wrong


def test_most_questions_that_an_article_answers_are_answered_or_offered_it() -> None:
    answerable = [(question, finding) for question, finding in found() if question.articles]
    said = [question for question, finding in answerable if finding.answer and finding.answer.id in question.articles]
    right = [
        question
        for question, finding in answerable
        if question.articles & {article.id for article in (finding.answer, *finding.choices) if article}
    ]
    assert len(said) / len(answerable) >= 0.33
    assert len(right) / len(answerable) >= 0.77


def test_most_questions_that_no_article_answers_are_left_to_a_person() -> None:
    findings = [finding for question, finding in found() if not question.articles]
    assert sum(finding == Finding() for finding in findings) / len(findings) >= 0.59


def test_the_right_article_is_found_first_or_among_five() -> None:
    places = [_place(question) for question in questions() if question.articles]
    assert np.mean([place == 1 for place in places]) >= 0.76
    assert np.mean([place <= 5 for place in places]) >= 0.93


def _place(question: Question) -> int:
    hits = index().search(question.text, len(load_articles()))
    return next(place for place, hit in enumerate(hits, start=1) if hit.article.id in question.articles)


def test_the_exact_wording_of_an_article_brings_that_article() -> None:
    articles = load_articles()
    by_wording: dict[str, set[str]] = {}
    for article in articles:
        for wording in (article.title, *article.questions):
            by_wording.setdefault(normal_form(wording).text, set()).add(article.id)
    lost = [wording for wording, ids in by_wording.items() if index().search(wording, 1)[0].article.id not in ids]
    assert lost == []


@pytest.mark.parametrize("lead_in", ["另外,", "顺便问下", "你好,请问", "还有,我想问一下"])
def test_a_lead_in_changes_nothing(lead_in: str) -> None:
    assert index().search(lead_in + "发票怎么开") == index().search("发票怎么开")
    assert index().search("还有货吗") != index().search("货吗")


def test_articles_that_do_not_hold_today_are_left_out() -> None:
    ended = [replace(article, valid_until=date(2026, 6, 30)) for article in load_articles()]
    search = MeaningIndex.build(ended, encode, encode_all).search
    assert search("怎么开发票", today=date(2026, 7, 1)) == []
    assert search("怎么开发票", today=date(2026, 6, 30))[0].article.id == "invoice-general"


def test_a_base_without_articles_finds_nothing_and_of_one_article_that_one() -> None:
    assert MeaningIndex.build([], encode, encode_all).search("怎么开发票") == []
    only = Article("only", "怎么开发票", (), "在订单页开。", "规则")
    alone = MeaningIndex.build([only], encode, encode_all)
    assert judge(alone.search("怎么开发票")).answer == only
    assert judge(alone.search("红烧肉怎么做")).answer is None


def test_the_encoded_articles_are_read_from_the_cache(tmp_path: Path) -> None:
    articles = load_articles()[:3]
    first = MeaningIndex.build(articles, encode, encode_all, tmp_path)
    again = MeaningIndex.build(articles, encode, lambda texts: pytest.fail("encoded again"), tmp_path)
    assert first.search("保修几年") == again.search("保修几年")


def test_a_large_base_is_searched_as_a_small_one() -> None:
    """Beyond the shortlist's size a coarse look goes first; what it leaves is ranked as ever."""
    chance = np.random.default_rng(1)
    filler = [
        Article(f"filler-{i}", "".join(map(chr, chance.integers(0x4E00, 0x9FA5, 8))), (), "", "") for i in range(4000)
    ]
    vectors = chance.standard_normal((len(filler), 512)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ours = load_articles()
    known = encode_all([wording for article in ours for wording in (article.title, *article.questions)])
    large = MeaningIndex([*ours, *filler], np.concatenate([known, vectors]), encode)
    asked = [question for question in questions() if question.articles]
    same = [large.search(q.text, 1)[0].article.id == index().search(q.text, 1)[0].article.id for q in asked]
    assert np.mean(same) >= 0.9


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60), st.integers(1, 200))
def test_any_text_gives_ranked_hits_between_0_and_1(text: str, most: int) -> None:
    hits = index().search(text, most)
    similarities = [hit.similarity for hit in hits]
    assert len(hits) == min(most, len(load_articles()))
    assert similarities == sorted(similarities, reverse=True)
    assert all(0 <= similarity <= 1 for similarity in similarities)
    assert len({hit.article.id for hit in hits}) == len(hits)


@pytest.mark.skipif(not PAIRS.exists(), reason="the paraphrase pairs lie outside the repository")
def test_paraphrases_of_real_customers_find_their_question() -> None:
    read = pairs(read_lines(PAIRS))
    groups: dict[str, set[str]] = {}
    for pair in read:
        groups.setdefault(normal_form(pair.stored).text, set()).add(pair.group)
    stored = MeaningIndex.build([Article(text, text, (), "", "") for text in groups], encode, encode_all)
    places = np.array([_first_hit(stored, pair, groups) for pair in read])
    assert np.mean(places == 1) >= 0.38
    assert np.mean(places <= 5) >= 0.73
    assert np.mean(1 / places) >= 0.53


def _first_hit(stored: MeaningIndex, pair: Pair, groups: dict[str, set[str]]) -> int:
    """Where the first question of the group stands; the asked wording itself is no candidate."""
    asked = normal_form(pair.asked).text
    ranked = (hit.article.title for hit in stored.search(asked, len(groups)) if hit.article.title != asked)
    return next(place for place, title in enumerate(ranked, start=1) if pair.group in groups[title])
