"""Named errors. Each message tells the reader what to do; the gateway turns them into 4xx answers."""


class AnfuError(Exception):
    """Base of every expected error; `code` is stable and machine-readable."""

    code = "error"


class NotFound(AnfuError):
    """What was asked for does not exist, or the asker may not know that it does."""

    code = "not_found"


class InvalidInput(AnfuError):
    """The input cannot be used as it is; nothing was changed."""

    code = "invalid"


class TooLong(InvalidInput):
    """The input is longer than its limit."""

    code = "too_long"


class IllegalTransition(AnfuError):
    """A status change that `STATUS_FLOW` does not allow."""

    code = "illegal_transition"


class ContentError(AnfuError):
    """A content file that staff edit is wrong; the message names file, place and cure."""

    code = "content"


class EngineFailure(AnfuError):
    """The dialogue engine gave no usable answer in time; the turn becomes an apology and a handover (F2)."""

    code = "engine"
