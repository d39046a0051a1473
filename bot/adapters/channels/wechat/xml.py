"""The little XML that WeChat speaks, read with suspicion: no DTD, no entities, nothing from elsewhere."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from bot.domain.errors import Unreadable

MOST_BYTES = 128 * 1024
DEEPEST = 8
"""The platform's own go four deep."""
ROOT = "xml"
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML has no way to write."""


def read(body: bytes) -> dict[str, Any]:
    """The fields of `<xml>…</xml>`: strings, dicts of what is nested, and lists of what comes several times.

    Raises:
        Unreadable: it is no such thing, too big, too deep, or brings definitions of its own.
    """
    if len(body) > MOST_BYTES:
        raise Unreadable(f"消息超过 {MOST_BYTES // 1024} KiB，微信不会发这么长的")
    try:
        root = fromstring(body, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"消息不是微信的 XML（{type(error).__name__}）") from None  # its words may hold a customer's
    if root.tag != ROOT:
        raise Unreadable(f"消息不是微信的 XML：最外层应是 <{ROOT}>")
    fields = _value(root, DEEPEST - 1)
    return fields if isinstance(fields, dict) else {}


def write(fields: Mapping[str, str | int]) -> bytes:
    """`<xml>…</xml>` with these fields; what cannot be written is left out of the words."""
    written = (f"<{name}>{_words(value)}</{name}>" for name, value in fields.items())
    return f"<{ROOT}>{''.join(written)}</{ROOT}>".encode()


def _value(element: Element, deeper: int) -> Any:
    if not len(element):
        return element.text or ""
    if not deeper:
        raise Unreadable(f"消息的 XML 超过 {DEEPEST} 层")
    fields: dict[str, Any] = {}
    for child in element:
        value = _value(child, deeper - 1)
        if child.tag not in fields:
            fields[child.tag] = value
        elif isinstance(fields[child.tag], list):
            fields[child.tag].append(value)
        else:
            fields[child.tag] = [fields[child.tag], value]
    return fields


def _words(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return f"<![CDATA[{_UNWRITABLE.sub('', value).replace(']]>', ']]]]><![CDATA[>')}]]>"
