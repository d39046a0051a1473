"""Splitting a message into the requests that it may hold: 「洗衣机不转了，另外发票怎么开」 (B7)."""

import re

_BREAK = re.compile(
    r"[。!！?？;；\n]+|[,，](?=.{0,3}(?:另外|还有|顺便|再|对了|然后|以及|同时))|(?=另外|还有就?是?|顺便"
    r"|对了[,，]|再问一?下)| {1,}"
)
SHORTEST = 4
MOST = 4


def clauses(text: str) -> list[str]:
    """The parts of a message that could each be a request of their own; [] where there is only one.

    Args:
        text: a message in normal form.
    """
    parts = [part.strip(" ,，、") for part in _BREAK.split(text) if part]
    parts = [part for part in parts if len(part) >= SHORTEST]
    return parts[:MOST] if len(parts) >= 2 else []
