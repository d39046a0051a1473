"""What a company notes on its tickets beside what procedures ask for: fields of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from bot.domain.errors import ContentError, InvalidInput
from bot.domain.text import clean
from bot.domain.ticket import Kind, Ticket

RECORD = "custom"
"""Under this name of a ticket's record they stand."""
LONGEST = 200


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    FLAG = "flag"


@dataclass(frozen=True)
class CustomField:
    """A field of the company's own.

    Attributes:
        tickets: the kinds of ticket that have it; empty is all.
        required_at: the step that a ticket does not leave without it.
        values: what a choice may be.
    """

    id: str
    name: str
    kind: FieldKind
    tickets: tuple[Kind, ...] = ()
    required_at: str | None = None
    values: tuple[str, ...] = ()

    def belongs_to(self, kind: Kind) -> bool:
        """Whether tickets of this kind have it."""
        return not self.tickets or kind in self.tickets

    def read(self, value: Any) -> str:
        """A value as it is kept: always words; empty takes it away.

        Raises:
            InvalidInput: it is none of its kind.
        """
        if isinstance(value, bool):
            value = "是" if value else "否"
        text = clean(str(value)) if isinstance(value, str | int | float) else None
        if text is None or len(text) > LONGEST:
            raise InvalidInput(f"{self.name}最多 {LONGEST} 个字")
        if text and not self._fits(text):
            raise InvalidInput(f"{self.name}应是{self._expected}")
        return text

    def _fits(self, text: str) -> bool:
        try:
            if self.kind is FieldKind.NUMBER:
                return abs(float(text)) < 1e12 and text.isascii()
            if self.kind is FieldKind.DATE:
                return date.fromisoformat(text).isoformat() == text
        except ValueError:
            return False
        if self.kind is FieldKind.CHOICE:
            return text in self.values
        return text in ("是", "否") if self.kind is FieldKind.FLAG else True

    @property
    def _expected(self) -> str:
        return {
            FieldKind.NUMBER: "数字",
            FieldKind.DATE: "日期，例如 2026-11-28",
            FieldKind.CHOICE: f"其中之一：{'、'.join(self.values)}",
            FieldKind.FLAG: "“是”或“否”",
            FieldKind.TEXT: "文字",
        }[self.kind]


def custom_of(ticket: Ticket) -> dict[str, str]:
    """What stands in a ticket's own fields."""
    return dict(ticket.record.get(RECORD, {}))


def missing_at_step(ticket: Ticket, known: Sequence[CustomField]) -> list[str]:
    """The names of the fields without which the ticket does not leave its step."""
    noted = custom_of(ticket)
    return [f.name for f in known if f.belongs_to(ticket.kind) and f.required_at == ticket.step and f.id not in noted]


def noted_custom(ticket: Ticket, given: Mapping[str, Any], known: Sequence[CustomField]) -> dict[str, str]:
    """The ticket's own fields with further values.

    Raises:
        InvalidInput: there is no such field on this kind of ticket, or it cannot have this value.
    """
    fields = {f.id: f for f in known if f.belongs_to(ticket.kind)}
    if unknown := [str(name) for name in given if name not in fields]:
        raise InvalidInput(f"这种工单没有这样的自定义项：{'、'.join(unknown[:5])}")
    noted = {**custom_of(ticket), **{name: fields[name].read(value) for name, value in given.items()}}
    return {name: value for name, value in noted.items() if value}


def read_custom_fields(raw: Any, steps: Mapping[Kind, Sequence[str]]) -> tuple[CustomField, ...]:
    """The fields from their YAML form.

    Args:
        steps: the steps of each kind's procedure.

    Raises:
        ContentError: a field is incomplete, stands twice, or names what there is not.
    """
    found: dict[str, CustomField] = {}
    for number, entry in enumerate(raw or (), start=1):
        try:
            custom = _field(entry, steps)
        except (KeyError, TypeError, ValueError) as error:
            raise ContentError(
                f"custom_fields.yml 第 {number} 项：{error} 缺失或写错，"
                "要写 id、name、kind，可以写 tickets、required_at、values"
            ) from error
        if custom.id in found:
            raise ContentError(f"custom_fields.yml：{custom.id} 写了两次，请删去一个或改名")
        found[custom.id] = custom
    return tuple(found.values())


def _field(entry: Mapping[str, Any], steps: Mapping[Kind, Sequence[str]]) -> CustomField:
    if unknown := set(entry) - {"id", "name", "kind", "tickets", "required_at", "values"}:
        raise ValueError("、".join(sorted(map(str, unknown))))
    custom = CustomField(
        str(entry["id"]), str(entry["name"]), FieldKind(entry["kind"]),
        tuple(Kind(kind) for kind in entry.get("tickets", ())), entry.get("required_at"),
        tuple(map(str, entry.get("values", ()))),
    )  # fmt: skip
    if not (custom.id.isidentifier() and custom.id.isascii()) or not custom.name.strip():
        raise ValueError("id 或 name")
    if (custom.kind is FieldKind.CHOICE) != bool(custom.values):
        raise ValueError("values（只有 choice 要写，而且必须写）")
    kinds = custom.tickets or tuple(steps)
    if custom.required_at and not any(custom.required_at in steps[kind] for kind in kinds):
        raise ValueError(f"required_at：没有步骤 {custom.required_at}")
    return custom
