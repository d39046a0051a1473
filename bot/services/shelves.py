"""Scripts and articles as the editor sees them: what we ship, how a body is read, checked and heard."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.domain.emotion import Level
from bot.domain.errors import ContentError, InvalidInput
from bot.domain.knowledge import Article, article_body, read_article
from bot.domain.message import Reply
from bot.domain.proofreading import Finding, faults_against, faults_in, faults_in_article
from bot.domain.revision import Kind
from bot.domain.scripts import Script, ScriptBook, Variable, read_script, script_body
from bot.domain.text import clean
from bot.domain.wording import Forbidden
from bot.services.ports import Articles, ScriptConverter

MOST_TELLINGS = 6
"""How often a script is told over in a preview."""
_MUST = {"title": "标题", "answer": "回答", "source": "依据"}
MOST_CASES = 20
MOST_LINES = 100
LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Sample:
    """What a customer would hear.

    Attributes:
        emotion: in which mood; None where the mood makes no difference.
        told: how often it was said before.
        hans, hant: in simplified and in traditional characters.
        variant: which case and which sentence, such as `2.1`.
    """

    hans: Reply
    hant: Reply
    emotion: Level | None = None
    told: int = 0
    variant: str = ""


class Shelf(Protocol):
    """One kind of what staff edit."""

    kind: Kind

    def shipped(self) -> Mapping[str, Mapping[str, Any]]:
        """What we ship: bodies by key."""
        ...

    def read(self, key: str, body: Mapping[str, Any], label: str = "") -> Any:
        """A body as what it is.

        Raises:
            ContentError: it cannot be read; the message says what to do.
        """
        ...

    def shaped(self, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What somebody writes as a draft that can be shown again, however unfinished.

        Raises:
            InvalidInput: it has no such shape.
        """
        ...

    def faults(self, key: str, body: Mapping[str, Any]) -> Iterator[Finding]: ...
    def samples(self, key: str, body: Mapping[str, Any]) -> Iterator[Sample]: ...
    def titled(self, body: Mapping[str, Any]) -> str: ...
    def topic(self, body: Mapping[str, Any]) -> str: ...
    def grounds(self, body: Mapping[str, Any]) -> str:
        """What it rests on: the principles of a script, the source of an article."""
        ...

    def variables(self, key: str) -> dict[str, Variable]:
        """What the code puts into it."""
        ...


class ScriptShelf:
    """Scripts: the code knows their keys, so that none can be added."""

    kind = Kind.SCRIPT

    def __init__(self, book: ScriptBook, variables: Mapping[str, Variable], in_script: ScriptConverter) -> None:
        self._book = book
        self._bodies = {script.id: script_body(script) for script in book}
        self._variables = variables
        self._in_script = in_script

    def shipped(self) -> Mapping[str, Mapping[str, Any]]:
        """What we ship: bodies by key."""
        return self._bodies

    def read(self, key: str, body: Mapping[str, Any], label: str = "") -> Script:
        """A body as a script; see `Shelf.read`."""
        _require_mapping(body)
        script = read_script({**body, "id": key}, label, "编辑页")
        if unknown := script.variables - self._book.get(key).variables:
            # The code would not give it, and the sentence could not be said.
            raise ContentError(f"话术 {key} 没有变量 {'、'.join(sorted(unknown))}，请从可用的变量里选")
        return script

    def shaped(self, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A draft of a script; principles and what buttons say are the code's business, and stay as they are."""
        shipped = self._bodies[key]
        cases = [_shaped_case(case) for case in _listed(body, "cases")]
        titles, were = _listed(body, "buttons"), shipped.get("buttons", ())
        if not cases or len(cases) > MOST_CASES or len(titles) != len(were):
            raise InvalidInput("至少留一组话，按钮的个数不能变，请刷新后重新修改")
        buttons = [{**was, "title": _text(button, "title")} for was, button in zip(were, titles, strict=True)]
        shaped = {"id": key, "principles": shipped["principles"], "cases": cases}
        return {**shaped, "buttons": buttons} if buttons else shaped

    def faults(self, key: str, body: Mapping[str, Any]) -> Iterator[Finding]:
        """What is wrong with a body, for publishing and for advice."""
        shipped = self._book.get(key)
        try:
            script = read_script({**body, "id": key}, "", "编辑页")
        except ContentError as error:
            yield Finding(str(error))
            return
        yield from faults_in(script, shipped.variables, self._book.forbidden)
        yield from faults_against(script, shipped)

    def samples(self, key: str, body: Mapping[str, Any]) -> Iterator[Sample]:
        """What a customer hears in each mood, at each telling."""
        script = self.read(key, body)
        book = ScriptBook([script])
        longest = max(case.repetition + len(case.variants) for case in script.cases)
        values: dict[str, Any] = {name: variable.example for name, variable in self.variables(key).items()}
        for emotion in Level:
            for told in range(min(longest, MOST_TELLINGS)):
                reply = book.render(key, emotion=emotion, told=told, **values)
                yield Sample(reply, self._traditional(reply), emotion, told, reply.source["variant"])

    def _traditional(self, reply: Reply) -> Reply:
        return reply.in_script("hant", self._in_script)

    def titled(self, body: Mapping[str, Any]) -> str:
        """Its first words in the common case."""
        return str(body["cases"][-1]["say"][0])[:60]

    def topic(self, body: Mapping[str, Any]) -> str:
        """The first part of its key."""
        return str(body["id"]).split(".")[0]

    def grounds(self, body: Mapping[str, Any]) -> str:
        """The principles that it carries."""
        return " ".join(body["principles"])

    def variables(self, key: str) -> dict[str, Variable]:
        """The variables that the code gives to the script, as the shipped form tells."""
        return {name: self._variables.get(name, Variable(name, name)) for name in sorted(self._book.get(key).variables)}


class ArticleShelf:
    """Articles: staff may add their own."""

    kind = Kind.ARTICLE

    def __init__(self, articles: Articles, forbidden: tuple[Forbidden, ...], in_script: ScriptConverter) -> None:
        self._articles = articles
        self._forbidden = forbidden
        self._in_script = in_script

    def shipped(self) -> Mapping[str, Mapping[str, Any]]:
        """What the files hold: bodies by key."""
        return {article.id: article_body(article) for article in self._articles.shipped()}

    def read(self, key: str, body: Mapping[str, Any], label: str = "") -> Article:
        """A body as an article; see `Shelf.read`."""
        _require_mapping(body)
        return read_article({**body, "id": key}, "编辑页", label or None)

    def shaped(self, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A draft of an article."""
        texts = {name: _text(body, name) for name in ("title", "answer", "source")}
        lists = {
            name: [text.strip() for text in _texts(body, name) if text.strip()]
            for name in ("intents", "questions", "products")
        }
        days = {name: _text(body, name) for name in ("valid_from", "valid_until") if body.get(name)}
        return {"id": key, **texts, **lists, **days}

    def faults(self, key: str, body: Mapping[str, Any]) -> Iterator[Finding]:
        """What is wrong with a body, for publishing and for advice."""
        empty = [name for name in _MUST if not body.get(name)]
        yield from (Finding(f"{_MUST[name]}还没有写", name) for name in empty)
        if empty:
            return
        try:
            article = self.read(key, body)
        except ContentError as error:
            yield Finding(str(error))
            return
        others = [other for other in self._articles.all() if other.id != key]
        yield from faults_in_article(article, others, self._forbidden)

    def samples(self, key: str, body: Mapping[str, Any]) -> Iterator[Sample]:
        """What a customer reads."""
        reply = Reply(self.read(key, body).said, {})
        yield Sample(reply, reply.in_script("hant", self._in_script))

    def titled(self, body: Mapping[str, Any]) -> str:
        """Its title."""
        return str(body["title"])

    def topic(self, body: Mapping[str, Any]) -> str:
        """The first intent that it serves."""
        return str(next(iter(body.get("intents", ())), ""))

    def grounds(self, body: Mapping[str, Any]) -> str:
        """Where it comes from."""
        return str(body["source"])

    def variables(self, key: str) -> dict[str, Variable]:
        """None: an article is said as it stands."""
        return {}


def _require_mapping(body: Any) -> None:
    if not isinstance(body, Mapping):
        raise ContentError("内容应是一个对象")


def _shaped_case(case: Any) -> dict[str, Any]:
    when = case.get("when") or {} if isinstance(case, Mapping) else None
    if not isinstance(when, Mapping):
        raise InvalidInput("cases 应是一组一组的话，请刷新后重新修改")
    emotion, repetition = when.get("emotion", "calm"), when.get("repetition", 0)
    known = emotion in [level.label for level in Level]
    if not known or not isinstance(repetition, int) or not 0 <= repetition <= MOST_CASES:
        raise InvalidInput(f"情绪应是其中之一：{'、'.join(level.label for level in Level)}；次数从 0 到 {MOST_CASES}")
    said = {"emotion": emotion} if emotion != Level.CALM.label else {}
    said |= {"repetition": repetition} if repetition else {}
    return {**({"when": said} if said else {}), "say": [text.strip() for text in _texts(case, "say")] or [""]}


def _listed(body: Mapping[str, Any], name: str) -> list[Any]:
    values = body.get(name) or []
    if not isinstance(values, list) or len(values) > MOST_LINES:
        raise InvalidInput(f"{name} 应是列表，最多 {MOST_LINES} 项")
    return values


def _texts(body: Mapping[str, Any], name: str) -> list[str]:
    return [_text({name: value}, name) for value in _listed(body, name)]


def _text(body: Any, name: str) -> str:
    value = body.get(name) if isinstance(body, Mapping) else None
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise InvalidInput(f"{name} 应是文字，最多 {LONGEST_TEXT} 个字")
    return clean(value)
