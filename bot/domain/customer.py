"""A customer's file: who it is, what they like, what care they need (G17, A13)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.domain.errors import InvalidInput

PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}")


class Tier(StrEnum):
    """How much service somebody gets beside what everybody gets (G21)."""

    NORMAL = "normal"
    APPROPRIATE = "appropriate"
    SPECIAL = "special"
    FULL = "full"


@dataclass(frozen=True)
class Customer:
    """Somebody who buys from the company.

    Attributes:
        preferences: what they like, such as when to be called.
        special_care: whether they are old, ill, disabled or a minor (A13).
    """

    id: str
    name: str
    created_at: datetime
    phone: str | None = None
    tier: Tier = Tier.NORMAL
    birthday: date | None = None
    preferences: str = ""
    note: str = ""
    special_care: bool = False
    version: int = 0

    def with_phone(self, phone: str | None) -> "Customer":
        """The customer under this phone.

        Raises:
            InvalidInput: it cannot be a phone.
        """
        if phone and not PHONE.fullmatch(phone):
            raise InvalidInput("电话应是 11 位手机号，或带区号的座机号")
        return replace(self, phone=phone or None)


TELLING = ("phone", "address", "name")
"""Facts that say who somebody is; people see them whole when they ask, and that is noted (E10)."""
_REGION = re.compile(r".{0,15}?[省市区县旗州](?:.{1,8}?[市区县旗])*")
_PHONES = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")


def hidden_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a customer told, without what says who it is: phone, address, name, and phones in what was written."""
    hide = {"phone": hidden_phone, "address": hidden_address, "name": hidden_name}
    return {name: hide[name](value) if name in hide else hidden_phones(value) for name, value in facts.items()}


def hidden_phones(value: Any) -> Any:
    """A value in which no mobile number is whole: 13800138000 → `138****8000`."""
    if isinstance(value, str):
        return _PHONES.sub(r"\1****\2", value)
    if isinstance(value, Mapping):
        return {name: hidden_phones(inner) for name, inner in value.items()}
    return [hidden_phones(inner) for inner in value] if isinstance(value, list | tuple) else value


def hidden_address(address: str) -> str:
    """Which city or district, and no more: 杭州市西湖区文三路 1 号 → `杭州市西湖区****`."""
    region = _REGION.match(address)
    return f"{region[0] if region else address[:2]}****"


def hidden_name(name: str) -> str:
    """The first character: 张三 → `张*`."""
    return name[:1] + "*" * (len(name) - 1)


def hidden_phone(phone: str | None) -> str | None:
    """A phone of which the last four digits are to be seen (E10): 13800138000 → `*******8000`."""
    return phone and "*" * (len(phone) - 4) + phone[-4:]
