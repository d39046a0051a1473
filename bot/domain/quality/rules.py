"""The rules of quality: each reads one person's part of a conversation and says how that part of the service was."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.domain.emotion import Level
from bot.domain.message import Message, Sender
from bot.domain.quality.book import Ask, QualityBook
from bot.domain.quality.dialogue import Dialogue, nearest_rank
from bot.domain.quality.finding import Finding, Judgement, Quote, failed, not_applicable, ok, quote
from bot.domain.wording import forbidden_in

MOST_QUOTES = 5
_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]?")
_SLOW_SHARE = 0.95
_SILENT = "没有发过消息"


def inspect(dialogue: Dialogue, book: QualityBook) -> tuple[Finding, ...]:
    """What every rule finds, in the order of the book."""
    return tuple(_finding(rule, RULES[rule](dialogue, book)) for rule in book.rules)


def _finding(rule: str, judgement: Judgement) -> Finding:
    return Finding(rule, judgement.result, judgement.reason, judgement.evidence)


def greeting(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """The first words greet, or say who speaks (A2)."""
    if not dialogue.own:
        return not_applicable(_SILENT)
    words = (*book.words.greeting, dialogue.agent)
    found = _first_quote(dialogue.first_bubbles, words)
    if found:
        return ok(f"开场有问候：“{found.words}”", found)
    return failed("第一句没有问候，也没有说自己是谁", quote(dialogue.own[0]))


def apology_first(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """Who is angry or complains hears an apology before any further question (A2)."""
    upset_from = _upset_from(dialogue, book)
    if upset_from is None:
        return not_applicable("客户没有投诉，也没有生气")
    if not dialogue.own:
        return not_applicable(_SILENT)
    for message in dialogue.own:
        apology, question = _place(message.text, book.words.apology), _place(message.text, book.words.question)
        asks = question is not None and message.seq > upset_from
        if apology is not None and (not asks or question is None or apology < question):
            return ok("先道歉，再了解情况", quote(message))
        if asks:
            return failed("客户在投诉或生气，还没有道歉就先提问", quote(message))
    return failed("客户在投诉或生气，从头到尾没有道歉", quote(dialogue.own[0]))


def _upset_from(dialogue: Dialogue, book: QualityBook) -> int | None:
    """The number of the message from which an apology is owed; None where none is.

    Where only the whole sounded angry, no question can be said to have come before the apology: the last number.
    """
    from_seq = []
    if dialogue.complained_at:
        earlier = [message.seq for message in dialogue.messages if message.sent_at <= dialogue.complained_at]
        from_seq.append(max(earlier, default=0))
    if dialogue.feeling >= Level.ANGRY:
        said = (m for m in dialogue.messages if m.sender is Sender.CUSTOMER)
        last = max((message.seq for message in dialogue.messages), default=0)
        from_seq.append(next((m.seq for m in said if any(word in m.text for word in book.words.upset)), last))
    return min(from_seq, default=None)


def restatement(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """The problem is said back to the customer before a ticket is opened or finished (A9)."""
    if not dialogue.filed:
        return not_applicable("没有登记或办结工单")
    shown = []
    for filed in dialogue.filed:
        before = [message for message in dialogue.own if message.sent_at <= filed.at]
        found = _first_quote(reversed(before), book.words.restatement)
        if not found:
            return failed(f"工单 {filed.number} 登记或办结之前，没有向客户复述确认", *map(quote, before[-1:]))
        shown.append(found)
    return ok("登记或办结工单前复述过", *_distinct(shown))


def promise_with_time(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """Who promises something says by when (A3, D8)."""
    kept: list[Quote] = []
    open_ended: list[Quote] = []
    for bubbles in dialogue.bubbles():
        names_time = any(book.words.times.search(message.text) for message in bubbles)
        promises = [quote(message, said) for message in bubbles for said in _promises(message.text, book)]
        (kept if names_time else open_ended).extend(promises)
    if open_ended:
        return failed("答应了客户，却没有说什么时候", *open_ended[:MOST_QUOTES])
    return ok("答应客户的都说了时间", *kept[:MOST_QUOTES]) if kept else not_applicable("没有答应客户以后要做的事")


def no_forbidden(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """No 忌语 is said to the customer, unless there is a reason for it (A4)."""
    if not dialogue.own:
        return not_applicable(_SILENT)
    bare: list[tuple[Quote, str]] = []
    excused: list[tuple[Quote, str]] = []
    for message in dialogue.own:
        for found in forbidden_in(message.text, book.forbidden):
            why = dialogue.excuses.get(found.phrase, "")
            (excused if why else bare).append((quote(message, found.phrase), why or found.better))
    if bare:
        told, better = bare[0]
        return failed(f"说了忌语“{told.words}”；可以说：{better}", *[said for said, _ in bare[:MOST_QUOTES]])
    if excused:
        told, why = excused[0]
        return ok(f"说了“{told.words}”，写明了理由：{why}", *[said for said, _ in excused[:MOST_QUOTES]])
    return ok("没有忌语")


def no_unbacked_promise(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """Nothing is promised absolutely that no policy backs (A4, A11)."""
    if not dialogue.own:
        return not_applicable(_SILENT)
    vows = []
    for message in dialogue.own:
        text = _without(message.text, book.words.no_vow)
        vows += [quote(message, word) for word in book.words.vow if word in text]
    if vows:
        return failed(f"“{vows[0].words}”说得太满，政策没有这样保证", *vows[:MOST_QUOTES])
    return ok("没有说过头的话")


def first_reply_time(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """Who takes a conversation speaks at once (A3, F2)."""
    wait = dialogue.first_wait()
    if wait is None:
        return not_applicable("接入后没有要答复的消息")
    seconds, message = wait
    limit = book.limits.first_reply_seconds
    if message is None:
        late = f"接入后 {in_time(seconds)}一直没有答复"
        return failed(late) if seconds > limit else not_applicable("接入不久就交给了别人")
    told = f"接入后 {in_time(seconds)}首次答复，要求 {in_time(limit)}内"
    return failed(told, quote(message)) if seconds > limit else ok(told, quote(message))


def reply_times(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """Half of the answers come soon, and nearly all in good time (A3)."""
    waits = dialogue.waits()
    if not waits:
        return not_applicable("客户没有需要答复的消息")
    seconds = [wait for wait, _ in waits]
    median, slow = nearest_rank(seconds, 0.5), nearest_rank(seconds, _SLOW_SHARE)
    limits = book.limits
    told = (
        f"答复 {len(waits)} 次，中位 {in_time(median)}（要求 {in_time(limits.median_reply_seconds)}内），"
        f"95% 在 {in_time(slow)}内（要求 {in_time(limits.slow_reply_seconds)}内）"
    )
    if median <= limits.median_reply_seconds and slow <= limits.slow_reply_seconds:
        return ok(told)
    slowest = sorted(waits, key=lambda wait: -wait[0])[:MOST_QUOTES]
    return failed(told, *[quote(message) for wait, message in slowest if wait > limits.median_reply_seconds])


def no_repeat_question(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """The customer is not asked for what is known already (F6)."""
    if not dialogue.own:
        return not_applicable(_SILENT)
    for message in dialogue.own:
        before = [m for m in dialogue.messages if m.sender is Sender.CUSTOMER and m.seq < message.seq]
        for fact, ask in book.asks.items():
            if not (said := _asks_for(message.text, ask, book)):
                continue
            earlier = next((m for m in before if ask.said and ask.said.search(m.text)), None)
            if earlier:
                return failed(f"客户已经说过{ask.name}，又问了一遍", quote(earlier), quote(message, said))
            if fact in dialogue.known:
                return failed(f"{ask.name}在资料里已经有了，又问了一遍", quote(message, said))
    return ok("没有让客户重复")


def polite_close(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """The last words are a goodbye (A2)."""
    if not dialogue.ended_it:
        return not_applicable("会话不是由本人结束的")
    if not dialogue.own:
        return failed("没有和客户道别就结束了会话")
    found = _first_quote(dialogue.last_bubbles, book.words.goodbye)
    if found:
        return ok(f"结束前有道别：“{found.words}”", found)
    return failed("结束前没有道别，也没有问客户还有没有别的事", quote(dialogue.own[-1]))


def summary_written(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """Whoever ends a conversation writes down what it was about (D6, F8)."""
    if not dialogue.ended_it:
        return not_applicable("会话不是由本人结束的")
    length = len(dialogue.summary.strip())
    if length >= book.limits.summary_chars:
        return ok(f"写了 {length} 个字的小结")
    return failed(f"小结只有 {length} 个字，至少写 {book.limits.summary_chars} 个字")


def safety_answered(dialogue: Dialogue, book: QualityBook) -> Judgement:
    """Where somebody is in danger, the first words are about safety, and they come at once (F2, B6)."""
    if not dialogue.is_danger:
        return not_applicable("没有提到人身安全")
    wait = dialogue.first_wait()
    if wait is None and not dialogue.own:
        return not_applicable(_SILENT)
    found = _first_quote(dialogue.first_bubbles, book.words.safety)
    if not found:
        return failed("客户提到危险，没有先请客户保证安全", *map(quote, dialogue.own[:1]))
    limit = book.limits.safety_reply_seconds
    if wait and wait[0] > limit:
        return failed(f"客户提到危险，接入后 {in_time(wait[0])}才答复，要求 {in_time(limit)}内", found)
    return ok("先说了安全", found)


RULES: Mapping[str, Callable[[Dialogue, QualityBook], Judgement]] = {
    rule.__name__: rule
    for rule in (
        greeting, apology_first, restatement, promise_with_time, no_forbidden, no_unbacked_promise, first_reply_time,
        reply_times, no_repeat_question, polite_close, summary_written, safety_answered,
    )
}  # fmt: skip
"""By id."""


def in_time(seconds: float) -> str:
    """`45 秒`, `3 分 20 秒`, `2 小时 5 分`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} 秒"
    if whole < 3600:
        return f"{whole // 60} 分" + (f" {whole % 60} 秒" if whole % 60 else "钟")
    return f"{whole // 3600} 小时" + (f" {whole % 3600 // 60} 分" if whole % 3600 // 60 else "")


def _first_quote(messages: Iterable[Message], words: Sequence[str]) -> Quote | None:
    return next((quote(m, word) for m in messages for word in words if word in m.text), None)


def _place(text: str, words: Sequence[str]) -> int | None:
    places = [place for word in words if (place := text.find(word)) >= 0]
    return min(places) if places else None


def _promises(text: str, book: QualityBook) -> list[str]:
    """The sentences that promise something."""
    return [
        sentence.strip()
        for sentence in _SENTENCE.findall(text)
        if any(word in sentence for word in book.words.promise)
        and not any(word in sentence for word in book.words.no_promise)
    ]


def _asks_for(text: str, ask: Ask, book: QualityBook) -> str | None:
    """The sentence that asks for it; to check what is known is no such question."""
    for sentence in _SENTENCE.findall(text):
        asks = any(word in sentence for word in ask.words) and any(word in sentence for word in book.words.question)
        if asks and not any(word in sentence for word in book.words.confirming):
            return sentence.strip()
    return None


def _without(text: str, phrases: Sequence[str]) -> str:
    for phrase in phrases:
        text = text.replace(phrase, " ")
    return text


def _distinct(quotes: Sequence[Quote]) -> list[Quote]:
    return list(dict.fromkeys(quotes))[:MOST_QUOTES]
