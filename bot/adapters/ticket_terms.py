"""What a ticket is found by, as each database's full-text search takes it; traditional characters as simplified."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.adapters.characters import simplified
from bot.domain.search_terms import MOST_TERMS, Phrase, phrases_in, searchable, terms_of
from bot.domain.ticket import Ticket

TAIL = 4
"""Last digits of a phone, by which customers are asked for."""


def texts_of(
    number: str,
    phone: str | None,
    fields: Mapping[str, Any],
    record: Mapping[str, Any],
    reasons: Iterable[str],
    customer: str | None,
) -> list[str]:
    """Everything of a ticket that may be looked for."""
    return [number, phone or "", customer or "", *_words(fields), *_words(record), *reasons]


def terms_of_ticket(ticket: Ticket, customer: str | None) -> list[str]:
    """The terms of a ticket and of the name of its customer."""
    reasons = [entry.reason for entry in ticket.history]
    texts = texts_of(ticket.number, ticket.phone, ticket.fields, ticket.record, reasons, customer)
    return ticket_terms_of(texts, ticket.phone)


def ticket_terms_of(texts: Sequence[str], phone: str | None) -> list[str]:
    """The terms of a ticket's texts, with the last digits of its phone."""
    tail = [phone[-TAIL:]] if phone and len(phone) > TAIL else []
    return [*tail, *terms_of(_same(text) for text in texts)][:MOST_TERMS]


def as_stored(terms: Sequence[str], dialect: str) -> str:
    """The terms as the column holds them: words for FTS5, a tsvector's own form for PostgreSQL, without its parser."""
    if dialect != "postgresql":
        return " ".join(terms)
    places = defaultdict(list)
    for place, term in enumerate(terms, start=1):
        places[term].append(str(place))
    return " ".join(f"{_quoted(term)}:{','.join(at[:255])}" for term, at in places.items())


def asked(query: str) -> list[Phrase]:
    """What a search asks for, as it was typed."""
    return phrases_in(_same(query))


def asked_by_word(query: str) -> list[Phrase]:
    """The same, each word by itself."""
    import jieba  # with its dictionary, which the bot has loaded long before the first search

    return phrases_in(_same(query), lambda run: jieba.cut(run, HMM=False))


def as_query(phrases: Sequence[Phrase], dialect: str) -> str:
    """The search in the database's own words: every phrase must be there."""
    return _tsquery(phrases) if dialect == "postgresql" else " AND ".join(map(_fts5_phrase, phrases))


def _tsquery(phrases: Sequence[Phrase]) -> str:
    terms = [" <-> ".join(_lexeme(term) for term in phrase) for phrase in phrases]
    return " & ".join(f"({phrase})" for phrase in terms)


def _lexeme(term: str) -> str:
    return f"{_quoted(term[:-1])}:*" if term.endswith("*") else _quoted(term)


def _fts5_phrase(phrase: Phrase) -> str:
    is_beginning = phrase[-1].endswith("*")
    return f'"{" ".join(phrase).rstrip("*")}"{" *" if is_beginning else ""}'


def _quoted(term: str) -> str:
    return f"'{term}'"  # terms are letters, digits and Chinese only: nothing in them needs an escape


def _same(text: str) -> str:
    return simplified(searchable(text))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _words(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _words(inner)
    elif isinstance(value, str):
        yield value
