"""Procedures (报修, 退换, 投诉 …): which facts a matter needs, in which order they are asked (B2-B4, A1, A9)."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.ticket import Kind

SKIPPED = "（未提供）"
"""Stands in a fact that the customer could not or would not give."""


@dataclass(frozen=True)
class Procedure:
    """A matter from its first question to its ticket.

    `facts` are asked in this order; `optional` ones may be skipped; the last one is always `confirmed` (A9).
    """

    form: str
    kind: Kind
    facts: tuple[str, ...]
    optional: frozenset[str]


PROCEDURES: Mapping[str, Procedure] = {
    p.form: p
    for p in (
        Procedure(
            "repair_form",
            Kind.REPAIR,
            ("product", "symptom", "purchased_on", "address", "phone", "preferred_time", "confirmed"),
            frozenset({"purchased_on", "preferred_time"}),
        ),
        Procedure(
            "return_exchange_form",
            Kind.RETURN_EXCHANGE,
            ("wish", "order_number", "product", "reason", "condition", "phone", "confirmed"),
            frozenset({"order_number", "condition"}),
        ),
        Procedure(
            "complaint_form",
            Kind.COMPLAINT,
            ("grievance", "demand", "order_number", "phone", "confirmed"),
            frozenset({"order_number", "demand"}),
        ),
        Procedure("callback_form", Kind.CALLBACK, ("phone", "topic", "confirmed"), frozenset({"topic"})),
        Procedure("out_of_stock_form", Kind.OUT_OF_STOCK, ("product", "phone", "confirmed"), frozenset()),
        Procedure("suggestion_form", Kind.SUGGESTION, ("idea", "phone", "confirmed"), frozenset({"phone"})),
    )
}

MATTER_FACTS = (
    "symptom",
    "wish",
    "reason",
    "condition",
    "grievance",
    "demand",
    "topic",
    "idea",
    "preferred_time",
    "visit_at",
    "account",
    "confirmed",
)
"""What belongs to one matter and is forgotten with it; product, order, phone and address stay.

`visit_at` is the free slot that `preferred_time` names, `account` what rights and urgency depend on."""

FREE_TEXT = frozenset(
    {"symptom", "reason", "condition", "grievance", "demand", "topic", "idea", "address", "product", "preferred_time"}
)
"""Facts that customers tell in their own words."""

OPENED_BY = {
    "repair_fault": "repair_form",
    "repair_booking": "repair_form",
    "repair_install": "repair_form",
    "repair_repeat": "repair_form",
    "return_exchange_return": "return_exchange_form",
    "return_exchange_exchange": "return_exchange_form",
    "return_exchange_refund": "return_exchange_form",
    "return_exchange_cancel": "return_exchange_form",
    "complaint_product": "complaint_form",
    "complaint_delivery": "complaint_form",
    "complaint_installation": "complaint_form",
    "complaint_repair": "complaint_form",
    "complaint_fee": "complaint_form",
    "complaint_promotion": "complaint_form",
    "complaint_staff": "complaint_form",
    "complaint_no_reply": "complaint_form",
    "complaint_general": "complaint_form",
    "callback": "callback_form",
    "out_of_stock_notice": "out_of_stock_form",
    "suggestion": "suggestion_form",
}
"""Which intent opens which procedure; `data/rules/` says the same to Rasa, and a test holds the two together."""
