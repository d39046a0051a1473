"""Small ordinary actions: a ticket number, a price, an order's status; orders and tickets in memory."""

import csv
from datetime import date
from itertools import count
from typing import Any

import yaml
from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.settings import ROOT

DEMO = ROOT / "bot/content/demo"
_numbers = count(1)


def _rows(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


PRODUCTS = {row["product_id"]: row for row in _rows("products.csv")}
ORDERS = {row["order_number"]: row for row in _rows("orders.csv")}


def _answer(name: str, tracker: Tracker) -> str:
    order = ORDERS.get(tracker.get_slot("order_number") or "")
    product = tracker.get_slot("product")
    if name.startswith("action_open_"):
        return f"已登记，单号 BX{date.today():%Y%m%d}-{next(_numbers):04d}。"
    if name in ("action_order_status", "action_inform"):
        return f"订单 {order['order_number']}：{order['status']}。" if order else "请告诉我订单号。"
    if name == "action_answer" and product:
        for row in PRODUCTS.values():
            if product in row["aliases"].split("|"):
                return f"{row['name']}：{int(row['price_fen']) / 100:.2f} 元。"
    return "好的，我在。"


def _action(called: str) -> type[Action]:
    class Said(Action):
        def name(self) -> str:
            return called

        def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
            dispatcher.utter_message(text=_answer(called, tracker))
            return []

    return Said


def _validation(form: str) -> type[Action]:
    class Validate(FormValidationAction):
        def name(self) -> str:
            return f"validate_{form}"

        def validate_phone(
            self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict
        ) -> dict[str, Any]:
            return {"phone": value if len(str(value)) == 11 else None}

        def validate_order_number(
            self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict
        ) -> dict[str, Any]:
            order = ORDERS.get(str(value))
            if order is None:
                return {"order_number": None}
            return {"order_number": value, "product": PRODUCTS[order["product_id"]]["name"]}

    return Validate


def is_stock(action: str) -> bool:
    """Which of our actions an ordinary project has too: Rasa itself asks the forms' questions and fills the slots."""
    own = ("action_ask_", "action_take_facts", "validate_")
    return not action.startswith(own) or action in ("validate_repair_form", "validate_return_exchange_form")


_NAMES = [name for name in yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))["actions"] if is_stock(name)]
ACTIONS = [
    _validation(name.removeprefix("validate_")) if name.startswith("validate_") else _action(name) for name in _NAMES
]
