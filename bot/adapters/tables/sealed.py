"""Columns that are sealed on their way to the disk and opened on the way back (E10).

The keys belong to the engine: `open_database` puts them on its dialect, where every column finds them. What was stored
before there were keys is read as it is, until `anfu keys rotate` seals it. Empty values tell nothing and stay so.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, String, Text, TypeDecorator, and_, func, literal, literal_column
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import operators

from bot.adapters.sealing import PREFIX, Keyring, Marks, NoKey, stamp
from bot.adapters.ticket_terms import as_query, as_stored
from bot.domain.search_terms import Phrase

MARK_CHARS = 32
PART_CHARS = 12
"""Of the mark of a part: more would only make rows longer."""
PART = 2
"""Characters of a name by which it is found."""
_BYTES = PREFIX.encode()


@dataclass
class Sealing:
    """What a database's columns seal with; without keys nothing personal can be stored, or read where it is sealed."""

    keyring: Keyring | None = None
    marks: Marks | None = None


def sealing_of(dialect: Dialect) -> Sealing:
    """What `open_database` has put there; the plain dialect of a statement that is only printed has none."""
    found: Sealing = getattr(dialect, "anfu_sealing", None) or Sealing()
    return found


def _keyring(dialect: Dialect) -> Keyring:
    if keyring := sealing_of(dialect).keyring:
        return keyring
    raise NoKey("打开数据库时没有给数据密钥：open_database(地址, Keyring(settings.data_keys()))")


def _marks(dialect: Dialect) -> Marks:
    if marks := sealing_of(dialect).marks:
        return marks
    raise NoKey("数据库还没有查找用的密钥：先运行一次 anfu serve，或 migrate(engine)")


class Sealed(TypeDecorator[Any]):
    """A sealed text.

    Args:
        chars: how long SQLite, which enforces no length, was told that it is.
        same: the same text is sealed in the same way, for what must be there once.
    """

    impl = Text
    cache_ok = True

    def __init__(self, chars: int | None = None, same: bool = False) -> None:
        super().__init__()
        self.chars = chars
        self.same = same

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Text, where lengths count."""
        return dialect.type_descriptor(String(self.chars) if self.chars and dialect.name == "sqlite" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal."""
        return _keyring(dialect).seal_text(value, self.same) if value else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Open."""
        return _keyring(dialect).open_text(value) if value and value.startswith(PREFIX) else value

    def stamp(self, raw: str) -> str:
        """Which key has sealed a value, as it lies on the disk."""
        return stamp(raw)


class SealedJSON(TypeDecorator[Any]):
    """Sealed JSON: a JSON text that holds the sealed one."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal."""
        return _keyring(dialect).seal_text(json.dumps(value, ensure_ascii=False)) if value else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Open."""
        is_sealed = isinstance(value, str) and value.startswith(PREFIX)
        return json.loads(_keyring(dialect).open_text(value)) if is_sealed else value

    def stamp(self, raw: str) -> str:
        """Which key has sealed a value, as it lies on the disk."""
        return stamp(raw.strip('"'))


class SealedBytes(TypeDecorator[Any]):
    """Sealed bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal."""
        return _BYTES + _keyring(dialect).seal(value) if value else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Open."""
        is_sealed = value and value.startswith(_BYTES)
        return _keyring(dialect).open(value[len(_BYTES) :]) if is_sealed else value

    def stamp(self, raw: bytes) -> str:
        """Which key has sealed a value, as it lies on the disk."""
        return Keyring.stamp(raw[len(_BYTES) :]) if raw.startswith(_BYTES) else ""


class Mark(TypeDecorator[Any]):
    """The mark of a text, with which a query looks for it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Its digest."""
        return None if value is None else _marks(dialect).of("value", value, MARK_CHARS)


class Found(Sealed):
    """A sealed text behind its mark: `column == text` and `column.in_(texts)` find it, by an index over the mark."""

    cache_ok = True

    class comparator_factory(Text.Comparator):
        """Compares marks, never what is sealed."""

        def operate(self, op: Any, *other: Any, **options: Any) -> Any:
            """Equality is that of the marks; everything else is as for any column."""
            if op in (operators.eq, operators.ne, operators.in_op, operators.not_in_op) and other[0] is not None:
                return op(mark_of(self.expr), *other, **options)
            return super().operate(op, *other, **options)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal, behind the mark."""
        sealed = super().process_bind_param(value, dialect)
        return _marks(dialect).of("value", value, MARK_CHARS) + sealed if sealed else sealed

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Open."""
        is_sealed = value and value[MARK_CHARS:].startswith(PREFIX)
        return super().process_result_value(value[MARK_CHARS:] if is_sealed else value, dialect)

    def stamp(self, raw: str) -> str:
        """Which key has sealed a value, as it lies on the disk."""
        return stamp(raw[MARK_CHARS:])


class Part(TypeDecorator[Any]):
    """A part of a name, as a pattern looks for it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Its mark between dots."""
        return f"%.{_marks(dialect).of('part', value, PART_CHARS)}.%"


class Named(Found):
    """A sealed name that is found by two characters of it that stand side by side, too."""

    cache_ok = True

    class comparator_factory(Found.comparator_factory):
        """Compares marks, never what is sealed."""

        def holds(self, words: str) -> Any:
            """The name is these words, or holds them."""
            parts = [self.expr.like(literal(part, Part())) for part in _parts(words)]
            return and_(*parts) if parts else mark_of(self.expr) == words

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal, between the mark of the whole and those of its parts."""
        sealed = super().process_bind_param(value, dialect)
        if not sealed:
            return sealed
        return ".".join([sealed, *sorted({_marks(dialect).of("part", part, PART_CHARS) for part in _parts(value)}), ""])

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Open."""
        is_sealed = value and value[MARK_CHARS:].startswith(PREFIX)
        return super().process_result_value(value.partition(".")[0] if is_sealed else value, dialect)


def mark_of(column: Any) -> Any:
    """The mark that stands before a sealed text, as `mark_index` has it."""
    return func.substr(column, literal_column("1"), literal_column(str(MARK_CHARS)), type_=Mark())


def mark_in_index(column: str) -> Any:
    """The same for an index of a table, by the column's name."""
    return literal_column(f"substr({column}, 1, {MARK_CHARS})")


class Terms(TypeDecorator[Any]):
    """The terms of a ticket, as digests that the database's full-text search takes for words."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """What each database searches in."""
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Digests in the same order; behind them those of beginnings, by which a word half typed is found."""
        if value is None:
            return None
        beginnings = sorted(
            {_digest(dialect, "begins", beginning) for term in value for beginning in _beginnings(term)}
        )
        return as_stored([*(_digest(dialect, "term", term) for term in value), *beginnings], dialect.name)


class Wanted(TypeDecorator[Any]):
    """What a search asks for: phrases, or two lists of them of which the second must not be there."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The same of digests, in the database's own words."""
        if value is None:
            return None
        wanted, *without = (
            as_query([_digests(dialect, phrase) for phrase in phrases], dialect.name) for phrases in value
        )
        return wanted if not without else f"({wanted}) NOT ({without[0]})"


def _beginnings(term: str) -> Sequence[str]:
    """What a search may ask for with `*`: one Chinese character, or letters and digits half typed."""
    is_chinese = "\u3400" <= term[0] <= "\u9fff"
    return [term[:n] for n in range(1, 2 if is_chinese else len(term) + 1)]


def _digests(dialect: Dialect, phrase: Phrase) -> Phrase:
    kinds = [("begins", term[:-1]) if term.endswith("*") else ("term", term) for term in phrase]
    return tuple(_digest(dialect, kind, term) for kind, term in kinds)


def _digest(dialect: Dialect, kind: str, term: str) -> str:
    return "x" + _mark_of_term(_marks(dialect), kind, term)  # a word to every parser, never a number


@lru_cache(maxsize=16_384)
def _mark_of_term(marks: Marks, kind: str, term: str) -> str:
    """A ticket has two hundred terms, most of which other tickets have too."""
    return marks.of(kind, term, PART_CHARS)


def _parts(name: str) -> Sequence[str]:
    return [name[i : i + PART] for i in range(len(name) - PART + 1)]


def sealed_columns(table: Any) -> list[Column[Any]]:
    """The columns of a table that are sealed."""
    return [column for column in table.columns if isinstance(column.type, Sealed | SealedJSON | SealedBytes)]
