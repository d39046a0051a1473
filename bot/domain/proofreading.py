"""Reading scripts and articles for faults before anybody says them (A1, A4, A11)."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from bot.domain.emotion import Level
from bot.domain.knowledge import Article
from bot.domain.scripts import Script, variables_of
from bot.domain.wording import Forbidden, forbidden_in

LONGEST = 160
"""Characters of one bubble without its variables; longer ones are not read on a phone."""

_PROMISE = re.compile(r"\d+\s*(?:个?小时|分钟|天内|日内|个工作日)|一定|保证|绝对|百分百|(?:肯定|马上就)[能会可]")


@dataclass(frozen=True)
class Finding:
    """What should be changed.

    Attributes:
        text: what is wrong, and what to do.
        place: where: `cases.0.say.1`, `buttons.0`, `answer`, `questions.2`; empty for the whole.
        blocks: it may not be published like this; else it is advice.
    """

    text: str
    place: str = ""
    blocks: bool = True


def faults_in(script: Script, known: Collection[str], forbidden: Sequence[Forbidden]) -> Iterator[Finding]:
    """Faults in a script's sentences: unknown variables, 忌语 (A4), promises without a variable (A11), length.

    Args:
        known: the variables that may be used.
    """
    for number, case in enumerate(script.cases):
        for position, text in enumerate(case.variants):
            place = f"cases.{number}.say.{position}"
            if unknown := sorted(variables_of(text) - set(known)):
                names = "、".join(unknown)
                yield Finding(f"不认识的变量 {names}：请用这条话术已有的；程序新给的要写进 variables.yml", place)
            for entry in forbidden_in(text, forbidden):
                yield Finding(f"含忌语“{entry.phrase}”，可改为：{entry.better}", place)
            if found := _PROMISE.search(text):
                yield Finding(f"“{found[0]}”是没有政策变量的承诺，请改用 {{promise}}", place)
            if len(text) > LONGEST:
                yield Finding(f"{len(text)} 字，超过 {LONGEST} 字：{text[:20]}…", place)
            if "\n\n" in text:
                yield Finding("中间有空行", place)
            if not text.strip():
                yield Finding("这一句是空的，请写上或删去", place)


def faults_against(script: Script, shipped: Script) -> Iterator[Finding]:
    """What a revision may not change about the script that we ship, since the code counts on it; and advice."""
    last = script.cases[-1]
    if (last.emotion, last.repetition) != (Level.CALM, 0):
        yield Finding("最后一组要适用于所有情况：不分情绪，也不分第几次", f"cases.{len(script.cases) - 1}")
    if [button.payload for button in script.buttons] != [button.payload for button in shipped.buttons]:
        yield Finding("按钮的个数和点后发出的话由程序识别，不能改；按钮上的字可以改", "buttons")
    if set(script.principles) != set(shipped.principles):
        yield Finding("这条话术守的准则不能改，请保持原样", "principles")
    for number, case in enumerate(script.cases):
        for position, text in enumerate(case.variants):
            if text in case.variants[:position]:
                yield Finding("和上面的一句重复，请换个说法", f"cases.{number}.say.{position}")
        if len(case.variants) == 1 and any(len(other.variants) > 1 for other in shipped.cases):
            yield Finding("只有一句：再写一句，客户就不会连着听到同样的话", f"cases.{number}", blocks=False)
    if unused := sorted(shipped.variables - script.variables):
        yield Finding(f"没有用到变量 {'、'.join(unused)}，请确认客户不需要知道", blocks=False)


def faults_in_article(
    article: Article, others: Collection[Article], forbidden: Sequence[Forbidden]
) -> Iterator[Finding]:
    """Faults in an article: 忌语 (A4), a title that another has; and advice.

    Args:
        others: the other articles in force.
    """
    for place, text in (("title", article.title), ("answer", article.answer)):
        for entry in forbidden_in(text, forbidden):
            yield Finding(f"含忌语“{entry.phrase}”，可改为：{entry.better}", place)
    if twin := next((other for other in others if other.title == article.title), None):
        yield Finding(f"标题“{article.title}”已有文章 {twin.id}，请换个标题", "title")
    if len(article.answer) > LONGEST:
        yield Finding(f"回答有 {len(article.answer)} 字，{LONGEST} 字以内在手机上才看得完", "answer", blocks=False)
    if not article.questions:
        yield Finding("没有问法：写几句客户会怎么问，才容易找到这篇文章", "questions", blocks=False)
    asked = {question: other.id for other in others for question in other.questions}
    times = Counter(article.questions)
    for position, question in enumerate(article.questions):
        if question in asked:
            yield Finding(f"文章 {asked[question]} 也有这句问法，机器人会分不清", f"questions.{position}", blocks=False)
        if times[question] > 1:
            yield Finding("这句问法写了不止一遍", f"questions.{position}", blocks=False)
    if others and (strange := set(article.intents) - {intent for other in others for intent in other.intents}):
        yield Finding(f"别的文章都没有用过意图 {'、'.join(sorted(strange))}，请确认没有写错", "intents", blocks=False)
