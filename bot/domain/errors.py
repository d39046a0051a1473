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


class Conflict(AnfuError):
    """Somebody else was first, or it was done before; what is stored stays as it is."""

    code = "conflict"


class NotAllowed(AnfuError):
    """Who asks may not do this; the message says who may."""

    code = "not_allowed"


class NotRecognised(AnfuError):
    """Nobody known is asking: the name, the password or the session is not good."""

    code = "unauthorized"


class SecondFactorWanted(NotRecognised):
    """The password is right; the code of the second factor is still missing."""

    code = "second_factor"


class SecondFactorWrong(NotRecognised):
    """The code of the second factor is wrong, too old, or was used before."""

    code = "second_factor_wrong"


class PasswordMustChange(NotAllowed):
    """The password was given by somebody else; an own one is needed before anything else."""

    code = "password_change"


class LockedOut(AnfuError):
    """Too many failures; come again later."""

    code = "locked"

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class StorageFull(AnfuError):
    """There is no place for a file; nothing of it was kept."""

    code = "storage_full"


class ContentError(AnfuError):
    """A content file that staff edit is wrong; the message names file, place and cure."""

    code = "content"


class EngineFailure(AnfuError):
    """The dialogue engine gave no usable answer in time; the turn becomes an apology and a handover (F2)."""

    code = "engine"


class CourierFailure(AnfuError):
    """A notice did not arrive; it is tried again later."""

    code = "courier"


class Unreachable(AnfuError):
    """The database does not answer, or has no connection to spare: nothing was changed, and the same may do later."""

    code = "unreachable"


class Undone(AnfuError):
    """Two changes waited for each other, and the database has undone this one: the same again will do."""

    code = "undone"


class Forged(AnfuError):
    """A platform's call that the platform has not made: wrongly signed, for another account, or an old one again."""

    code = "forged"


class Unreadable(AnfuError):
    """A platform's call that is not what the platform sends."""

    code = "unreadable"


class ChannelFailure(AnfuError):
    """A platform could not be reached or did not do its part; it is tried again."""

    code = "channel_failure"


class MediaGone(AnfuError):
    """The platform no longer has a customer's file."""

    code = "media_gone"


class OutOfReach(Conflict):
    """The platform lets nothing through to the customer now; the message says until when, and what else can be done."""

    code = "out_of_reach"
