"""Answers to questions: from the catalogue, the order, or an article; never a guess (A11, B1)."""

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.booking import move_visit
from actions.orders import known_orders, order_told, say_orders
from actions.questions import answer_rights, offer_look_up
from actions.speaking import Speaker
from bot.domain.dates import local_day, moment_in_words
from bot.domain.emotion import Level
from bot.domain.heard import Understood, main_intent
from bot.domain.knowledge import Finding, judge
from bot.domain.message import Button
from bot.domain.order import yuan
from bot.domain.phrases import asks_when
from bot.domain.procedure import PROCEDURES

OFFERED = "订单号"
"""Stands for an answer after which the order number is not asked for in a sentence of its own."""
NOT_OURS = "not-ours"
"""Stands for a product that the catalogue does not have."""
CHOSEN = "我想了解:"
"""How a clicked article announces itself, in normal form."""


class Answer(Action):
    """Answers a consultation question."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """The answer, or which of some articles was meant, or that a colleague will be asked."""
        speaker = Speaker(dispatcher, tracker)
        wanted = speaker.heard.intents[0]
        if (slots := move_visit(speaker)) is not None:
            return speaker.events(**slots)
        if (slots := answer_rights(speaker, tracker)) is not None:
            answer_besides(speaker)
            return speaker.events(last_article=None, offer=None, **slots)
        if _say_price(speaker, wanted):
            return speaker.events(last_article=None)
        finding = find(speaker, wanted)
        last = say_finding(speaker, finding, tracker.get_slot("last_article"))
        if finding.answer:
            answer_besides(speaker)
        waits = offer_look_up(speaker, tracker, finding.answer.answer if finding.answer else OFFERED)
        angry = speaker.heard.emotion >= Level.ANGRY and speaker.offer_person("negative_emotion")  # F4
        answered = (finding.answer or finding.choices) and not angry
        return speaker.events(last_article=last, offer=None if answered else "human", **waits)


_WHERE_IS_IT = re.compile(
    r"到哪|哪儿?了|物流|查|单号|发货|发出|寄出|没[到收]|收到|几天|什么时候|多久|催|加?急|签收|到了?[吗没]"
)
"""What asks for one parcel; 「配送时间能选吗」 asks how things are done."""


class OrderStatus(Action):
    """Answers where an order is."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_order_status"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """The order's status; without an order, what holds in general and the question for its number."""
        speaker = Speaker(dispatcher, tracker)
        if tracker.active_loop_name == "repair_form" and tell_when(speaker, tracker):
            return speaker.events()
        if (slots := move_visit(speaker)) is not None or (slots := answer_rights(speaker, tracker)) is not None:
            return speaker.events(**slots)
        orders = known_orders(speaker, tracker)
        if orders:
            say_orders(speaker, orders)
            return speaker.events(**order_told(orders))
        if speaker.heard.last("order_number"):
            speaker.say("order.unknown")
            return speaker.events(pending="order_status")
        finding = find(speaker, speaker.heard.intents[0])
        if tracker.active_loop_name:  # no second question beside the form's own
            say_finding(speaker, finding, tracker.get_slot("last_article"))
            return speaker.events()
        last = tracker.get_slot("last_article")
        if finding.answer and finding.answer.id != last:
            speaker.answer(finding.answer)
            last = finding.answer.id
        elif finding.choices and not _WHERE_IS_IT.search(speaker.heard.text):
            offer_choices(speaker, finding)
            return speaker.events(last_article=last)
        if not finding.answer or "订单号" not in finding.answer.answer:  # else the article asks for it
            speaker.say("order.ask_number")
        return speaker.events(pending="order_status", last_article=last)


def find(speaker: Speaker, wanted: Understood) -> Finding:
    """The article that answers one request, or those that may be meant."""
    text = wanted.text
    if text.startswith(CHOSEN):
        chosen = speaker.anfu.knowledge.titled(text.removeprefix(CHOSEN).strip())
        if chosen:
            return Finding(answer=chosen.article)
    intent = wanted.name if wanted.confidence >= 0.4 else None
    called = speaker.anfu.orders.product_called
    about = next((p for p in speaker.heard.facts.get("product", ()) if p in text), speaker.product)
    product = called(text) or (called(about) if about else None)
    # Of what we do not sell no article about a product of ours can speak.
    product_id = product.id if product else NOT_OURS if about else None
    today = local_day(speaker.anfu.clock())
    return judge(speaker.anfu.knowledge.search(text, most=10, today=today), intent, product_id)


def say_finding(speaker: Speaker, finding: Finding, last_article: str | None) -> str | None:
    """Say what was found, and ask colleagues where no article answers; returns the id of the article said."""
    if finding.answer and finding.answer.id == last_article:
        # A14: who asks the same again was not helped by the answer.
        speaker.say("knowledge.repeated")
        return None
    wanted = speaker.heard.intents[0]
    if finding.choices:
        offer_choices(speaker, finding)
        return None
    if finding.answer:
        if wanted.text.startswith(CHOSEN):
            speaker.anfu.learning.chose(speaker.conversation_id, finding.answer.id)
        speaker.answer(finding.answer)
        return finding.answer.id
    speaker.anfu.learning.ask_colleagues(speaker.conversation_id, wanted.text, wanted.name)
    if speaker.times_said("knowledge.none"):
        # F3: a second question that no reviewed article answers goes to a person.
        speaker.say("handover.unanswered", handover="no_knowledge")
    else:
        speaker.say("knowledge.none")
    return None


def offer_choices(speaker: Speaker, finding: Finding) -> None:
    """Ask which article was meant; until the customer takes one, nobody has answered and colleagues may."""
    offered = [article.id for article in finding.choices]
    wanted = speaker.heard.intents[0]
    speaker.anfu.learning.ask_colleagues(speaker.conversation_id, wanted.text, wanted.name, offered)
    speaker.say("knowledge.did_you_mean", buttons=article_chips(finding))


def article_chips(finding: Finding) -> list[Button]:
    """One button for each article that may be meant, and one for none of them."""
    chips = [Button(article.title, f"我想了解：{article.title}") for article in finding.choices]
    return [*chips, Button("都不是", "都不是，转人工")]


def answer_besides(speaker: Speaker) -> None:
    """Answer the questions that the message holds besides its first request, where the answer is certain (B7)."""
    for wanted in speaker.heard.intents[1:]:
        if main_intent(wanted.name) == "consult" or wanted.name == "return_exchange_how":
            finding = find(speaker, wanted)
            if finding.answer:
                speaker.say("knowledge.also")
                speaker.answer(finding.answer)


def tell_when(speaker: Speaker, tracker: Tracker) -> bool:
    """In the middle of a form 「多久能来」 is about the ticket to be: its promise is told (D8, A14)."""
    form = tracker.active_loop_name
    if form not in PROCEDURES or speaker.heard.last("ticket_number"):
        return False
    if speaker.heard.intent != "urge" and not asks_when(speaker.heard.text):
        return False
    due = speaker.anfu.ticketing.would_promise(PROCEDURES[form].kind, speaker.emotion, speaker.signals)
    speaker.say("form.when", promise=moment_in_words(due, speaker.anfu.clock()))
    return True


def _say_price(speaker: Speaker, wanted: Understood) -> bool:
    """The catalogue's price where the question names one of our products."""
    if wanted.name != "consult_price":
        return False
    product = speaker.anfu.orders.product_called(wanted.text)
    if not product or any(word in wanted.text for word in ("运费", "邮费", "配件", "安装")):
        return False
    speaker.say("product.price", product=product.name, price=yuan(product.price_fen))
    return True
