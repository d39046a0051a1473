"""What no article answers is asked of colleagues, and what they answer is taught to the bot (A11, B1)."""

from collections.abc import Collection, Sequence
from itertools import count

from bot.domain.dates import day_in_words, local_day
from bot.domain.errors import InvalidInput, NotFound
from bot.domain.knowledge import Article
from bot.domain.questions import Cluster, Question, State, cluster
from bot.domain.text import mask, mask_addresses
from bot.domain.wording import Forbidden, forbidden_in
from bot.services.ports import Articles, Clock, Likeness, Questions

LONGEST_QUESTION = 400
"""Characters of a question that are kept; the wish of a longer message stands in its beginning."""


class Learning:
    """The questions that wait for colleagues, and their answers on the way into the knowledge base."""

    def __init__(
        self, questions: Questions, articles: Articles, likeness: Likeness, forbidden: Sequence[Forbidden], clock: Clock
    ) -> None:
        self._questions = questions
        self._articles = articles
        self._likeness = likeness
        self._forbidden = forbidden
        self._clock = clock

    def ask_colleagues(self, conversation_id: str, text: str, intent: str, offered: Sequence[str] = ()) -> None:
        """Open a question; the same words in the same conversation open it once.

        Args:
            text: the customer's words in normal form; phone and order numbers and addresses are masked here (E10).
            intent: what they were understood as.
            offered: ids of the articles that the customer may choose from instead.
        """
        masked = mask(mask_addresses(text))[:LONGEST_QUESTION]
        self._questions.add(conversation_id, masked, intent, offered, self._clock())

    def chose(self, conversation_id: str, article_id: str) -> None:
        """The customer took an article that was offered: the question needs no colleague any more."""
        for question in reversed(self._questions.open(conversation_id)):
            if article_id in question.offered:
                self._questions.close([question.id], State.ANSWERED, article_id)
                return

    def clusters(self) -> list[Cluster]:
        """The open questions grouped by meaning, the biggest group first."""
        questions = self._questions.open()
        if not questions:
            return []  # spares the seconds that loading the encoder takes
        return cluster(questions, self._likeness([question.text for question in questions]))

    def attach(self, question_id: int, article_id: str, whole_cluster: bool = False) -> list[Question]:
        """Make the question's wording one of an article's, and close it.

        Args:
            whole_cluster: do so with all questions of its cluster.

        Returns:
            The questions that were closed.

        Raises:
            NotFound: there is no such open question, or no such article.
        """
        question = self._open(question_id)
        article = next((article for article in self._articles.all() if article.id == article_id), None)
        if article is None:
            raise NotFound(
                f"没有文章 {article_id}：文章 id 见 anfu learn list 的“最近的文章”，或 bot/content/knowledge/"
            )
        closed = self._cluster_of(question) if whole_cluster else [question]
        asked = dict.fromkeys(question.text for question in closed)
        if new := [text for text in asked if text not in (article.title, *article.questions)]:
            self._articles.add_wordings(article_id, new)
        self._questions.close([question.id for question in closed], State.ANSWERED, article_id)
        return closed

    def add(
        self, question_id: int, title: str, answer: str, source: str | None = None, intent: str | None = None
    ) -> Article:
        """Answer a question with a new article, and close it.

        Args:
            source: what the answer rests on; the day of the colleague's answer where nothing is named (A11).
            intent: what the article serves; as the question was understood where nothing is named.

        Raises:
            NotFound: there is no such open question.
            InvalidInput: title or answer is empty, the title is taken, or the answer holds a 忌语 (A4).
        """
        question = self._open(question_id)
        title, answer = title.strip(), answer.strip()
        if not title or not answer:
            raise InvalidInput("标题和回答都要写：--title 标题 --answer 回答")
        if found := forbidden_in(answer, self._forbidden):
            raise InvalidInput(f"回答含忌语“{found[0].phrase}”，可改为：{found[0].better}")
        known = self._articles.all()
        if twin := next((article for article in known if article.title == title), None):
            raise InvalidInput(
                f"标题“{title}”已有文章 {twin.id}：换个标题，或用 anfu learn attach {question_id} {twin.id}"
            )
        taken = {article.id for article in known}
        article = Article(
            id=next(name for n in count(1) if (name := f"learned-{n}") not in taken),
            title=title,
            questions=(question.text,),
            answer=answer,
            source=(source or "").strip() or f"客服答复（{day_in_words(local_day(self._clock()))}）",
            intents=(intent or question.intent,),
        )
        self._articles.add(article)
        self._questions.close([question.id], State.ANSWERED, article.id)
        return article

    def dismiss(self, question_ids: Collection[int]) -> None:
        """Take questions off the list that need no answer; all of them, or none where one cannot be.

        Raises:
            NotFound: one of them is no open question.
        """
        for question_id in question_ids:
            self._open(question_id)
        self._questions.close(question_ids, State.DISMISSED)

    def _open(self, question_id: int) -> Question:
        question = self._questions.get(question_id)
        if question is None:
            raise NotFound(f"没有问题 {question_id}：编号见 anfu learn list")
        if question.state is not State.OPEN:
            how = f"由文章 {question.answered_by} 回答" if question.answered_by else "搁下"
            raise NotFound(f"问题 {question_id} 已经{how}，不用再处理")
        return question

    def _cluster_of(self, question: Question) -> list[Question]:
        return next(list(group.questions) for group in self.clusters() if question in group.questions)
