"""Which sentences reasons are made of, and which values each may use; the words stand in content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Said:
    """A sentence and its values, put into words only when somebody reads them."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


_TERM = frozenset({"start", "length", "due", "last"})
_DEPRECIATION = frozenset({"rate", "days", "start", "repair_days", "today"})
_MONEY = frozenset({"price", "fee", "refund"})

SENTENCES: Mapping[str, frozenset[str]] = {
    "length_in_days": frozenset({"count"}),
    "length_in_months": frozenset({"count"}),
    "extra_days": frozenset({"days"}),
    "term": _TERM,
    "term_moved": _TERM,
    "substandard": frozenset(),
    "no_reason": frozenset({"term"}),
    "no_reason_unsigned": frozenset({"term"}),
    "no_reason_freight": frozenset(),
    "no_reason_not_yet_law": frozenset(),
    "no_reason_store": frozenset(),
    "no_reason_channel_unknown": frozenset(),
    "no_reason_custom_made": frozenset(),
    "no_reason_kept": frozenset({"goods"}),
    "no_reason_if_agreed": frozenset({"goods"}),
    "no_reason_opened": frozenset(),
    "no_reason_not_intact": frozenset(),
    "no_reason_over": frozenset({"term"}),
    "no_reason_receipt_unknown": frozenset({"term"}),
    "what_else": frozenset(),
    "misuse": frozenset(),
    "defect": frozenset({"term", "today", "days"}),
    "defect_unsigned": frozenset({"term", "today", "days"}),
    "later_defect": frozenset({"term", "today", "months"}),
    "later_defect_unsigned": frozenset({"term", "today", "months"}),
    "later_defect_no_stock": frozenset(),
    "later_defect_over": frozenset({"term", "months"}),
    "burden": frozenset({"term", "found", "months"}),
    "burden_on_customer": frozenset(),
    "early_fault": frozenset({"term", "found", "days", "end"}),
    "early_fault_kept": frozenset({"term", "found", "days", "end"}),
    "unit_period": frozenset({"term", "part", "today"}),
    "main_part_period": frozenset({"term", "part", "today"}),
    "accessory_period": frozenset({"term", "part", "today"}),
    "period_unverified": frozenset({"term", "part", "today"}),
    "unverified": frozenset({"clause"}),
    "unit_over": frozenset({"term", "part", "today"}),
    "part_over": frozenset({"term", "part", "today"}),
    "accessory_over": frozenset({"term", "part", "today"}),
    "part_unknown": frozenset({"term", "part"}),
    "found_in_period": frozenset({"term", "found"}),
    "repeated_repair": frozenset({"count", "term"}),
    "main_part_read_kindly": frozenset(),
    "slow_waiting_parts": frozenset({"count", "days", "term"}),
    "slow_repairer_caused": frozenset({"count", "days", "term"}),
    "no_stock": frozenset(),
    "depreciation": _DEPRECIATION | _MONEY,
    "depreciation_unverified": _DEPRECIATION | _MONEY,
    "depreciation_without_price": _DEPRECIATION,
    "no_rate": frozenset(),
    "accessory_amount": frozenset(),
    "nothing_open": frozenset(),
    "category_unknown": frozenset({"category"}),
    "wish_closed": frozenset({"wish", "open"}),
    "repair_booked": frozenset({"day"}),
    "unused_fields": frozenset({"names"}),
    "if_misuse": frozenset({"then"}),
    "if_product": frozenset({"then"}),
    "if_no_stock": frozenset({"then"}),
    "if_return_wanted": frozenset({"then"}),
    "if_main_part": frozenset({"then", "parts"}),
    "if_received_late": frozenset({"then", "since"}),
    "if_not_intact": frozenset({"then"}),
    "if_faulty": frozenset({"then"}),
    "if_substandard": frozenset({"then"}),
}
"""Key → names that may stand in its braces."""
