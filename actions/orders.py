"""Orders as the conversation knows them: which is meant, and where it is (B1)."""

from typing import Any

from rasa_sdk import Tracker

from actions.speaking import Speaker
from bot.domain.dates import day_in_words
from bot.domain.message import Button
from bot.domain.order import Order


def known_orders(speaker: Speaker, tracker: Tracker) -> list[Order]:
    """Orders named in this message or earlier in the conversation."""
    orders = _named_orders(speaker, tracker)
    product = speaker.anfu.orders.product_called(speaker.heard.last("product") or "")
    meant = [order for order in orders if product and order.product.id == product.id]
    return meant or orders


def _named_orders(speaker: Speaker, tracker: Tracker) -> list[Order]:
    directory = speaker.anfu.orders
    if number := speaker.heard.last("order_number"):
        return directory.by_number(number)
    if phone := speaker.heard.last("phone"):
        return directory.by_phone(phone)
    if (number := tracker.get_slot("order_number")) and (found := directory.by_number(number)):
        return found
    return directory.by_phone(phone) if (phone := tracker.get_slot("phone")) else []


def order_told(orders: list[Order]) -> dict[str, Any]:
    """Slots after orders were told: one is what the conversation is about from now on; of several one is to choose."""
    if len({order.number for order in orders}) > 1:
        return {"pending": "order_status"}
    order = orders[0]
    bought = day_in_words(order.bought_on)
    return {"pending": None, "order_number": order.number, "product": order.product.name, "purchased_on": bought}


def say_orders(speaker: Speaker, orders: list[Order]) -> None:
    """Tell the status of the order, or ask which of several."""
    if len({order.number for order in orders}) > 1:
        listed = "\n".join(f"· {o.number} {o.product.name}（{o.status}）" for o in orders[:5])
        chips = [Button(o.product.name, f"订单 {o.number}") for o in orders[:5]]
        speaker.say("order.several", orders=listed, buttons=chips)
        return
    for order in orders:
        say_order(speaker, order)


def say_order(speaker: Speaker, order: Order) -> None:
    """Tell where one order is."""
    common: dict[str, Any] = {"product": order.product.name, "order_number": order.number}
    if order.received_on:
        speaker.say("order.received", received_on=day_in_words(order.received_on), **common)
    elif order.tracking:
        speaker.say("order.shipped", tracking=order.tracking, **common)
    else:
        speaker.say("order.waiting", bought_on=day_in_words(order.bought_on), **common)
