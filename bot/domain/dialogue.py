"""What the customer told the bot, as the dialogue's stored state holds it (F6: nobody tells a story twice)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.procedure import PROCEDURES, SKIPPED
from bot.domain.rights import Account

_COMMANDS = frozenset(
    {"转人工", "轉人工", "人工", "你好", "您好", "在吗", "我要报修", "我要退换货", "查订单物流", "我要投诉", "继续等"}
)
_FACTS = tuple(dict.fromkeys(fact for p in PROCEDURES.values() for fact in (*p.facts[:-1], "model")))


@dataclass(frozen=True)
class Told:
    """Facts by name, and what rights depend on."""

    facts: Mapping[str, str] = field(default_factory=dict)
    account: Account = field(default_factory=Account)


def told_in(state: bytes | None) -> Told:
    """What a conversation's state holds of the customer's matter; nothing where there is none."""
    slots: Mapping[str, Any] = json.loads(state).get("slots", {}) if state else {}
    facts = {name: str(slots[name]) for name in _FACTS if slots.get(name) and slots[name] != SKIPPED}
    return Told(facts, Account.from_json(slots.get("account") or {}))


def is_command(text: str) -> bool:
    """Whether a text only greets, opens a menu or asks for a person: it tells and asks nothing of the matter."""
    return text.strip("。！？!? ") in _COMMANDS
