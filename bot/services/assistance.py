"""What an agent may say next, out of what is reviewed: scripts, statutes, articles, steps, 常用语 (A2, A9, A11, D8)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from bot.domain.answers import cited, short_day, ways_in_lines
from bot.domain.canned import OWN_TOPIC, Topic
from bot.domain.dates import local_day
from bot.domain.emotion import Level
from bot.domain.flow import STAFF
from bot.domain.knowledge import Article, Hit, judge
from bot.domain.order import Order
from bot.domain.person import Person
from bot.domain.scripts import ScriptBook
from bot.domain.suggestion import Origin, Rank, Suggestion, best
from bot.domain.text import has_words
from bot.domain.ticket import Kind, Ticket
from bot.domain.warranty.case import Fault, FaultKind
from bot.domain.warranty.decision import Decision
from bot.domain.warranty.law import Option
from bot.domain.wording import Remark, remarks_on
from bot.services.canned import CannedReplies, Kept
from bot.services.casework import Casework
from bot.services.desk import Desk
from bot.services.ports import Clock, KnowledgeIndex, ScriptConverter, UnitOfWork, UnitOfWorkFactory
from bot.services.scene import Scene, scene_of
from bot.services.statutes import Statutes

LONG_WAIT = timedelta(minutes=2)
"""After so long without an answer the customer hears that nobody has forgotten them."""
REMEMBERED = 512
"""Questions whose articles are remembered: a desk asks again with each glance at a conversation."""


class Assistance:
    """Suggests replies, and reads what people are about to send."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        desk: Desk,
        scripts: ScriptBook,
        labels: Mapping[str, Any],
        statutes: Statutes,
        casework: Casework,
        canned: CannedReplies,
        knowledge: KnowledgeIndex,
        normal: Callable[[str], str],
        in_script: ScriptConverter,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._desk = desk
        self._scripts = scripts
        self._labels = labels
        self._statutes = statutes
        self._casework = casework
        self._canned = canned
        self.knowledge = knowledge
        self._normal = normal
        self._in_script = in_script
        self._clock = clock
        # Finding articles is all that takes time; it is done once for each question, until other articles hold.
        self._hits = lru_cache(maxsize=REMEMBERED)(self._search)
        self._searched: Sequence[Article] = ()

    def remarks(self, text: str) -> tuple[Remark, ...]:
        """What to think over before it is sent: 忌语, unbacked promises, open numbers (A4, A11, E10)."""
        return remarks_on(text, self._scripts.forbidden)

    def suggestions(self, conversation_id: str, person: Person) -> tuple[Suggestion, ...]:
        """Up to five replies, best first, in the customer's characters (B7).

        Raises:
            NotFound, NotAllowed: no such conversation, or not theirs to see.
        """
        with self._uow() as uow:
            scene = scene_of(uow, self._desk, conversation_id, person, self._clock)
            candidates = [*self._about_tickets(scene), *self._about_rights(uow, scene), *self._from_canned(uow, scene)]
        candidates += [*self._about_feelings(scene), *self._opening(scene), *self._from_knowledge(scene)]
        script = scene.conversation.script
        written = [replace(one, text=self._in_script(one.text, script)) for one in candidates]
        return best(written, scene.talk, self._scripts.forbidden)

    def _about_feelings(self, scene: Scene) -> Iterator[Suggestion]:
        """Danger, then anger, then long waiting (A2, B6)."""
        talk, waiting = scene.talk, scene.conversation.waiting_since
        if "safety" in scene.conversation.signals and not talk.times_said("safety.general"):
            yield self._script(scene, "safety.general", "客户提到危险，先保证人安全（B6）", Rank.DANGER)
        if scene.mood >= Level.ANGRY and scene.has_spoken and not talk.has_apologised:
            yield self._script(scene, "suggest.apology", "客户很生气，先道歉再谈事（A2）", Rank.FEELING)
        if waiting and scene.now - waiting > LONG_WAIT and scene.has_spoken:
            yield self._script(scene, "suggest.waited", "客户等回复超过两分钟了（A1）", Rank.PERHAPS)

    def _opening(self, scene: Scene) -> Iterator[Suggestion]:
        """The first word, with what is known said back; later only what is known, until it is filed (A9, F6)."""
        summary = scene.summary(self._labels["facts"])
        if not scene.has_spoken:
            agent = scene.person.name
            if summary:
                why = "接起来先问好，把已知的事复述一遍请客户确认（A9、F6）"
                yield self._script(scene, "suggest.opening", why, Rank.OPENING, agent=agent, summary=summary)
            why = "接起来先问好，说明您是谁（A2、F6）"
            rank = Rank.PERHAPS if summary else Rank.OPENING
            yield self._script(scene, "suggest.hello", why, rank, agent=agent)
        elif summary and not scene.tickets:
            why = "登记前把事情复述一遍，请客户确认（A9）"
            yield self._script(scene, "suggest.restate", why, Rank.STEP, summary=summary)

    def _about_tickets(self, scene: Scene) -> Iterator[Suggestion]:
        """What was promised and by when, and what comes next, for the newest open ticket (D8)."""
        if scene.ticket is None:
            return
        ticket, due = scene.ticket, scene.ticket.due_at
        values = scene.ticket_values(ticket, self._labels)
        if due and due < scene.now:
            why = f"工单 {ticket.number} 已超过答应的时间，先认错（D8）"
            yield self._script(scene, "suggest.late", why, Rank.OWED, **values)
        elif due:
            rank = Rank.OWED if scene.talk.asks_when else Rank.PROMISE
            why = f"告诉客户工单 {ticket.number} 答应的时间（D8）"
            yield self._script(scene, "suggest.promise", why, rank, **values)
        yield from self._step(scene, ticket, values)

    def _step(self, scene: Scene, ticket: Ticket, values: Mapping[str, str]) -> Iterator[Suggestion]:
        flow = self._casework.flows[ticket.kind]
        step = flow.step_of(ticket)
        script = f"step.{ticket.kind}_{step.id}"
        if script not in self._scripts:
            return
        if missing := self._asked_next(ticket):
            values = {**values, "ask": missing}
        if self._scripts.get(script).variables - set(values):
            return
        why = f"工单 {ticket.number} 现在是“{step.name}”（{step.clause}）"
        said = self._script(scene, script, why, Rank.STEP, **values)
        source = {**said.source, "kind": "procedure", "ticket": ticket.number, "step": step.id, "clause": step.clause}
        yield replace(said, kind=Origin.PROCEDURE, source=source)

    def _asked_next(self, ticket: Ticket) -> str:
        """Up to three facts that are wanted here, or at the step to which a person moves the ticket next (C2)."""
        flow = self._casework.flows[ticket.kind]
        step = flow.step_of(ticket)
        ahead = [flow.steps[to] for to, cause in step.next.items() if cause == STAFF]
        needs = step.needs or (ahead[0].needs if ahead else ())
        facts = [self._casework.facts[need] for need in needs if need not in ticket.record]
        return "、".join(fact.name for fact in facts if fact.id not in _FOR_US)[:60]

    def _about_rights(self, uow: UnitOfWork, scene: Scene) -> Iterator[Suggestion]:
        """What the law leaves open for the goods of the ticket, or of the story told (E11)."""
        if scene.order is None:
            return
        found = self._decision(uow, scene, scene.order)
        lines = ways_in_lines(found, scene.today) if found else ()
        if found is None or not lines or all(scene.talk.has_said(line) for line in lines):
            return
        basis = f"您 {short_day(scene.order.bought_on, scene.today)}买的{scene.order.product.name}"
        script = "suggest.rights_human" if Option.HUMAN in found.options else "suggest.rights"
        said = self._script(
            scene, script, f"法条计算器按订单 {scene.order.number} 算出（{cited(found)}）", Rank.RIGHTS,
            basis=basis, clause=cited(found), options="\n".join(f"· {line}" for line in lines),
        )  # fmt: skip
        rules = list(found.rules)
        source = {
            "kind": "statute", "id": rules[0] if rules else script, "rules": rules, "clause": cited(found),
            "order": scene.order.number, "script": script,
        }  # fmt: skip
        yield replace(said, kind=Origin.STATUTE, source=source)

    def _decision(self, uow: UnitOfWork, scene: Scene, order: Order) -> Decision | None:
        ticket, account = scene.ticket, scene.told.account
        repairs = self._statutes.repairs_of(uow, order)
        if account.fault is not None:
            fault = Fault(account.fault, scene.today)
            return self._statutes.on_order(order, fault, wish=account.wish, repairs=repairs).decision
        if ticket and ticket.kind is Kind.REPAIR:
            fault = Fault(FaultKind.PERFORMANCE, local_day(ticket.opened_at))
            return self._statutes.on_order(order, fault, repairs=repairs).decision
        return None

    def _from_knowledge(self, scene: Scene) -> Iterator[Suggestion]:
        """The article that answers what was asked last, else those that may."""
        question = scene.talk.question
        if not has_words(question) or scene.talk.is_farewell:
            return
        if self.knowledge.articles is not self._searched:
            self._searched = self.knowledge.articles
            self._hits.cache_clear()
        finding = judge(self._hits(question, scene.today), None, scene.order.product.id if scene.order else None)
        if finding.answer:
            yield _article(finding.answer, f"知识库里回答“{finding.answer.title}”的文章", Rank.ANSWER)
        for article in finding.choices if scene.talk.asks else ():
            yield _article(article, f"客户可能在问“{article.title}”", Rank.PERHAPS)

    def _search(self, question: str, day: date) -> list[Hit]:
        return self.knowledge.search(self._normal(question), most=10, today=day)

    def _from_canned(self, uow: UnitOfWork, scene: Scene) -> Iterator[Suggestion]:
        """常用语 on what is talked about, those that the agent uses most first; none that cannot be filled in."""
        values = scene.values()
        kept = self._canned.seen(uow, scene.person)
        for topic, rank in self._topics(scene):
            fitting = [(one, text) for one in kept if one.reply.topic == topic.id if (text := one.reply.filled(values))]
            yield from (_canned(one, text, rank) for one, text in fitting[:2])

    def _topics(self, scene: Scene) -> Iterator[tuple[Topic, Rank]]:
        named = {topic.id: topic for topic in self._canned.topics if topic.id != OWN_TOPIC}
        if scene.talk.is_farewell and scene.has_spoken:
            yield named["closing"], Rank.FAREWELL
        yield from ((topic, Rank.DEFAULT) for topic in named.values() if topic.is_meant(scene.talk.last_heard))
        if scene.order is None:
            yield named["verifying"], Rank.DEFAULT

    def values_for(self, uow: UnitOfWork, conversation_id: str, person: Person) -> dict[str, str]:
        """What may be filled into 常用语 in a conversation.

        Raises:
            NotFound, NotAllowed: no such conversation, or not theirs to see.
        """
        return scene_of(uow, self._desk, conversation_id, person, self._clock).values()

    def _script(self, scene: Scene, script: str, why: str, rank: Rank, **values: str) -> Suggestion:
        """A script in the customer's mood; said before, it comes in its next wording (A1)."""
        told = scene.talk.times_said(script)
        reply = self._scripts.render(
            script, emotion=scene.mood, told=told, seed=0, rotation=told, buttons=(), **values
        )  # fmt: skip
        return Suggestion(Origin.SCRIPT, reply.text, reply.source, why, rank)


_FOR_US = frozenset({"contacted_by", "contact_notes", "diagnosis", "fault_cause", "eligibility", "goods_check"})
"""Facts that we find out ourselves; no customer is asked for them."""


def _article(article: Article, why: str, rank: Rank) -> Suggestion:
    source = {"kind": "article", "id": article.id, "title": article.title, "source": article.source}
    if article.version:
        source["version"] = article.version
    return Suggestion(Origin.ARTICLE, article.answer, source, why, rank)


def _canned(kept: Kept, text: str, rank: Rank) -> Suggestion:
    source = {"kind": "canned", "id": kept.reply.id, "title": kept.reply.title, "requirement": kept.reply.requirement}
    return Suggestion(Origin.CANNED, text, source, f"常用语“{kept.reply.title}”", rank)
