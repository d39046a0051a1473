"""Doing once more what the database has undone, because two changes waited for each other."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from bot.domain.errors import Undone

TIMES = 3

Asked = ParamSpec("Asked")
Result = TypeVar("Result")


def again(do: Callable[Asked, Result], *args: Asked.args, **more: Asked.kwargs) -> Result:
    """What `do` gives, which has a commit of its own; it is done again where it had to give way.

    Whoever only waits in line for a conversation may have to, wherever somebody else locks several.

    Raises:
        Undone: it had to give way each time.
    """
    for _ in range(TIMES - 1):
        try:
            return do(*args, **more)
        except Undone:
            continue
    return do(*args, **more)
