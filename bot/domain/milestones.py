"""Named points on a message's way, so that a test can ask what happens when everything ends right there.

In a running system they do nothing: who watches them is set by tests alone.
"""

from collections.abc import Callable, Mapping

POINTS: Mapping[str, str] = {
    "request received": "A customer's message has reached the gateway; nothing is stored.",
    "callback received": "A platform's call has reached the gateway; nothing is stored.",
    "before the message's commit": "It is written, and not lasting yet.",
    "message stored": "It is lasting, and nobody has been told.",
    "turn noticed": "Its answer is due after the quiet time; the acknowledgement goes out.",
    "turn due": "The quiet time is over; the customer was told long ago that the message is here.",
    "lease taken": "This node has the conversation's turn.",
    "engine asked": "The engine is about to read the turn.",
    "turn understood": "The text is understood, and an action is about to run.",
    "before the ticket's commit": "The ticket is written, and not lasting yet.",
    "ticket stored": "The ticket is lasting, and no answer tells of it.",
    "before the answer's commit": "Answer, state and outbox are written, and not lasting yet.",
    "answer stored": "They are lasting, and nobody was woken.",
    "readers woken": "Who reads or sends it on this node knows; nothing has gone out.",
    "frame ready": "A reader's frame is read, and not on the line yet.",
    "parcel claimed": "What goes to a platform is counted and in hand, and has not gone.",
    "parcel sent": "The platform has answered; what it said is not stored.",
    "parcel settled": "What became of it is stored.",
    "page fetched": "A page of a platform's messages is here; nothing of it is stored.",
    "page stored": "All of it is stored, and no turn was noticed.",
    "conversation taken": "A person holds it now, and nobody has seen that.",
    "desk reply stored": "A person's word is lasting, and nobody was woken.",
    "notice claimed": "A notice is this node's to bring, and has not gone.",
    "notice sent": "Its receiver has it; that it has is not stored.",
}
"""By name: how far the message is there."""

_watcher: Callable[[str], None] | None = None


def passing(point: str) -> None:
    """The message passes a point of `POINTS`."""
    if _watcher:
        _watcher(point)


def watch(watcher: Callable[[str], None] | None) -> None:
    """Let a test see what passes from now on, in whichever thread it does; None sees nothing."""
    global _watcher
    _watcher = watcher
