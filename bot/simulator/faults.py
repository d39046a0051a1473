"""What can go wrong at a platform, to be switched on."""

from dataclasses import dataclass


@dataclass
class Faults:
    """The faults that are on; they meet every call of an interface, unless it says otherwise.

    Attributes:
        slow_seconds: what is asked is done at once, and answered this much later.
        down: connections are cut before anything is done. Where they must be refused, see `Simulator.away`.
        busy: nothing is done, the answer is -1.
        nonsense: nothing is done, the answer is a page of HTML.
        loses_answers: messages are delivered and counted, but who sent them never hears of it.
        wrong_token: every token is taken for a wrong one.
    """

    slow_seconds: float = 0.0
    down: bool = False
    busy: bool = False
    nonsense: bool = False
    loses_answers: bool = False
    wrong_token: bool = False
