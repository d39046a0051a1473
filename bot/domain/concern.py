"""What the code that runs just now is about, so that each line of the log can tell; nothing else reads it."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the HTTP request that is being answered."""
conversation_id: ContextVar[str] = ContextVar("conversation_id", default="")
"""Of the conversation that is being dealt with; knowing it grants nothing (invariant 10)."""
turn_id: ContextVar[str] = ContextVar("turn_id", default="")
"""Of the turn that is being answered."""
