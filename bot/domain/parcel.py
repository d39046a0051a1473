"""Packing our sentences into as few messages as a channel's limits allow (W2)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.domain.message import Button, Message, Sender
from bot.domain.reach import Limits

BETWEEN = "\n\n"
FILE = "attachment"
"""The kind of a message's source that is a file."""
_WELCOME = "greeting.welcome"
_FOR_THE_RESERVE = ("handover.", "desk.")
"""How the ids of the sentences begin that bring a person and a customer together."""
_SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?\n]+|[^。！？!?\n]+")


@dataclass(frozen=True)
class Parcel:
    """What goes out as one message.

    Attributes:
        messages: those of ours that are in it.
        text: what it says; for a file the words that stand for it.
        choice_seq: the `seq` of the message whose buttons these are.
        file_id: the attachment that it is; empty for words.
        part: which part of one long message it is, from 0.
        is_last: whether nothing of its messages is left after it.
        is_reserved: a person's word or the handover is in it, for which the reserve is kept.
    """

    messages: tuple[Message, ...]
    text: str = ""
    buttons: tuple[Button, ...] = ()
    choice_seq: int = 0
    file_id: str = ""
    part: int = 0
    is_last: bool = True

    @property
    def id(self) -> str:
        """The same parcel tried again has the same id; at most 32 letters, digits and `-`."""
        return f"{self.messages[0].id.replace('-', '')[:24]}-{len(self.messages)}-{self.part}"

    @property
    def is_reserved(self) -> bool:
        """Whether it may use what is kept in reserve."""
        return any(map(is_for_the_reserve, self.messages))


def went_as(parcel_id: str, messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages that went out as the parcel with this id; none where it is none of these.

    Args:
        messages: of one conversation, in `seq` order.
    """
    first, _, rest = parcel_id.partition("-")
    count = rest.partition("-")[0]
    ours = [message for message in messages if message.sender is not Sender.CUSTOMER and not message.note]
    for place, message in enumerate(ours):
        if count.isdecimal() and message.id.replace("-", "")[:24] == first:
            return tuple(ours[place : place + int(count)])
    return ()


def next_parcel(waiting: Sequence[Message], limits: Limits, part: int = 0) -> Parcel:
    """What goes out first of what waits.

    Args:
        waiting: at least one message, in `seq` order.
        part: how many parts of the first one have gone.
    """
    first = waiting[0]
    if len(waiting) > 1 and _said(first) == _WELCOME:
        first = replace(first, buttons=())  # what may be done is no answer any more, once there is one
    if file_id := file_of(first):
        return Parcel((first,), first.text, file_id=file_id)
    parts = list(_parts(_words(first, limits), limits.text_bytes))
    if len(parts) > 1:
        is_last = part >= len(parts) - 1
        buttons = _buttons(first, limits) if is_last else ()
        return Parcel((first,), parts[min(part, len(parts) - 1)], buttons, first.seq, part=part, is_last=is_last)
    packed, text = [first], parts[0]
    for message in waiting[1:] if limits.merges else ():
        more = text + BETWEEN + _words(message, limits)
        if file_of(message) or not _fits(more, limits.text_bytes):
            break
        packed.append(message)
        text = more
    chosen = next((message for message in reversed(packed) if message.buttons), first)
    return Parcel(tuple(packed), text, _buttons(chosen, limits), chosen.seq)


def file_of(message: Message) -> str:
    """The attachment that a message is; empty where it is words."""
    source = message.source or {}
    return str(source.get("id", "")) if source.get("kind") == FILE else ""


def is_for_the_reserve(message: Message) -> bool:
    """Whether it is a person's word or the handover, which the last messages that may go are kept for."""
    return message.sender is Sender.AGENT or _said(message).startswith(_FOR_THE_RESERVE)


def _said(message: Message) -> str:
    return str((message.source or {}).get("id", ""))


def _words(message: Message, limits: Limits) -> str:
    """A message's text, with what its buttons say where the channel has none."""
    if limits.choices or not message.buttons:
        return message.text
    return f"{message.text}\n（可以回复：{'、'.join(button.title for button in message.buttons)}）"


def _buttons(message: Message, limits: Limits) -> tuple[Button, ...]:
    return message.buttons[: limits.choices]


def _fits(text: str, most: int) -> bool:
    return not most or len(text.encode()) <= most


def _parts(text: str, most: int) -> Iterator[str]:
    """A long text in parts that fit, cut after sentences where that is possible."""
    if _fits(text, most):
        yield text
        return
    part = ""
    for sentence in _SENTENCE.findall(text):
        for piece in _pieces(sentence, most):
            if part and not _fits(part + piece, most):
                yield part.rstrip()
                part = ""
            part = (part + piece).lstrip()
    if part:
        yield part.rstrip()


def _pieces(sentence: str, most: int) -> Iterator[str]:
    """A sentence that is too long by itself, cut between characters."""
    while not _fits(sentence, most):
        cut = len(sentence.encode()[:most].decode(errors="ignore"))
        yield sentence[:cut]
        sentence = sentence[cut:]
    yield sentence
